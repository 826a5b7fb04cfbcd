"""An ingest as a stream of events, one at a time over a library."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from queue import SimpleQueue
from typing import Any

from ingest.outcomes import Progress, Report
from ingest.pipeline import PLAIN, Ingestion, IngestOptions, Wanted
from rag.core import Core
from rag.errors import CitaError, StoreError

Events = Generator[tuple[str, Any], None, None]
Step = tuple[str, Any]


class Ingests:
    """Runs ingests for one core; a second one is refused while the first runs."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._one_at_a_time = threading.Lock()

    def run(self, wanted: Sequence[Wanted], collection: str | None, options: IngestOptions = PLAIN) -> Events:
        """Yield (`progress`, data) as files go in, then (`report`, data) or (`error`, data).

        Closing the generator cancels what has not begun; what was finished stays.
        """
        left = threading.Event()
        steps: SimpleQueue[Step | None] = SimpleQueue()

        def work() -> None:
            try:
                with self.turn():
                    ingestion = Ingestion(self._core, collection)
                    report = ingestion.run(wanted, _teller(steps), options, cancelled=left.is_set)
                steps.put(("report", _report(report)))
            except CitaError as error:
                steps.put(("error", {"message": str(error)}))
            finally:
                steps.put(None)

        worker = threading.Thread(target=work, name="ingest")
        worker.start()
        try:
            while (step := steps.get()) is not None:
                yield step
        finally:
            left.set()
            worker.join()

    @contextmanager
    def turn(self, *, wait: bool = False) -> Generator[None, None, None]:
        """The right to write to the library, for as long as it is held.

        Args:
            wait: wait until nobody else has it.

        Raises:
            StoreError: another ingest has it, and it is not waited for.
        """
        if not self._one_at_a_time.acquire(blocking=wait):
            raise StoreError("Another ingest is running; start this one when it is done.")
        try:
            yield
        finally:
            self._one_at_a_time.release()


def _teller(steps: SimpleQueue[Step | None]) -> Callable[[Progress], None]:
    return lambda progress: steps.put(("progress", asdict(progress)))


def _report(report: Report) -> dict[str, Any]:
    return report.to_json()
