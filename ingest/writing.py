"""The last step of a document's way in, on a thread of its own: batches go into the library in order.

The languages of the documents are found out here as well: embedding waits for the thread that reads, and
loading the model that tells languages apart takes half a second, before the first file.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from queue import Queue
from time import perf_counter
from types import TracebackType

from ingest.outcomes import Outcome, Tally
from rag.language import detect
from rag.library import Library
from rag.records import NameRecord
from rag.staged import StagedDocument

BATCH_CHUNKS = 1000
"""Chunks written at once: enough to make a commit cheap, few enough to hold."""
BATCH_FILES = 1000
BATCH_SECONDS = 1.5
"""The longest that finished documents wait to be written; the last ones are written when nothing is left to
embed beside it, so they should be few."""
WAITING = 1
"""Batches that may wait for the one being written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one file changes in the library."""

    outcome: Outcome
    name: NameRecord | None = None
    document: StagedDocument | None = None
    left_behind: tuple[str, ...] = ()


class Writer:
    """Writes batches one after the other; what goes wrong is raised at the next call."""

    def __init__(self, library: Library, collection: str, tally: Tally) -> None:
        self._library = library
        self._collection = collection
        self._tally = tally
        self._queue: Queue[list[Entry] | None] = Queue(WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="write", daemon=True)
        self._thread.start()

    def put(self, batch: list[Entry]) -> None:
        """Have a batch written."""
        self._raise()
        if batch:
            self._queue.put(batch)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until everything is written."""
        self._queue.put(None)
        self._thread.join()
        if error is None:
            self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (batch := self._queue.get()) is not None:
            if self._error is None:
                try:
                    self._write(batch)
                except BaseException as error:  # noqa: BLE001 - raised on the caller's thread
                    self._error = error

    def _write(self, batch: list[Entry]) -> None:
        self._tally.tell("writing")
        self._library.write(
            [
                replace(entry.document, language=detect(entry.document.text.text))
                for entry in batch
                if entry.document
            ],
            names=[entry.name for entry in batch if entry.name],
            left=[(self._collection, location) for entry in batch for location in entry.left_behind],
        )
        for entry in batch:
            self._tally.finish("writing", entry.outcome)


class Batch:
    """Entries that wait to be written together."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._entries: list[Entry] = []
        self._chunks = 0
        self._since = perf_counter()

    def add(self, entries: Iterable[Entry]) -> None:
        """Add entries, and write all when they are many or have waited long."""
        for entry in entries:
            self._entries.append(entry)
            self._chunks += entry.outcome.chunks
            if self._chunks >= BATCH_CHUNKS or len(self._entries) >= BATCH_FILES:
                self.write()
        if perf_counter() - self._since > BATCH_SECONDS:
            self.write()

    def write(self) -> None:
        """Hand the entries to the writer."""
        entries, self._entries, self._chunks = self._entries, [], 0
        self._since = perf_counter()
        self._writer.put(entries)
