"""Answers that were given before: the same question on the same documents, by the same model, at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from copy import deepcopy
from time import perf_counter
from typing import Any

from rag.answer import Event
from rag.drafts import milliseconds

KEPT = 256
"""Answers; the one that was not asked for longest goes first."""


class AnswerCache:
    """Finished answers with their steps, in memory; a change of the documents is a change of the key."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._steps: OrderedDict[Hashable, list[Event]] = OrderedDict()
        self._lock = threading.Lock()

    def replay(self, key: Hashable) -> Iterator[Event] | None:
        """The steps of the answer that is kept under a key, marked as such; None where there is none."""
        with self._lock:
            steps = self._steps.get(key)
            if steps is None:
                return None
            self._steps.move_to_end(key)
        return _replayed(steps)

    def keep(self, key: Hashable, steps: list[Event]) -> None:
        """Keep the steps of a finished answer."""
        with self._lock:
            self._steps[key] = deepcopy(steps)
            self._steps.move_to_end(key)
            while len(self._steps) > self._kept:
                self._steps.popitem(last=False)


def _replayed(steps: list[Event]) -> Iterator[Event]:
    started = perf_counter()
    for event in steps:
        # A copy: whoever reads an answer may write into it.
        data: Any = deepcopy(event.data)
        if event.kind == "answer":
            data["cached"] = True
            data["timings_ms"] = dict.fromkeys(data["timings_ms"], 0) | {"total": milliseconds(started)}
        yield Event(event.kind, data)
