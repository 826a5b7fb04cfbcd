"""What an ingest did, file by file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal[
    "added", "updated", "unchanged", "duplicate", "moved", "gone", "removed", "skipped", "failed"
]
Stage = Literal["finding", "reading", "embedding", "writing", "done"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    name: str
    status: Status
    message: str = ""
    """Why it failed or was skipped, or what the reader should know."""
    document_id: str = ""
    chunks: int = 0
    embedded: int = 0
    """Chunks whose vectors had to be computed."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest has come."""

    stage: Stage
    files_done: int
    files: int
    chunks_done: int = 0
    """Chunks that have their vectors."""
    name: str = ""
    outcome: Outcome | None = None
    """The file that was just finished, if one was."""
    bytes_done: int = 0
    """Bytes of the files that are finished."""
    bytes: int = 0
    """Bytes of all files, as far as they are known before they are read."""


OnProgress = Callable[[Progress], None]


@dataclass(slots=True)
class Report:
    """The outcomes of one ingest."""

    outcomes: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0
    dry_run: bool = False
    """Nothing was written: the outcomes say what would have been done."""
    cancelled: bool = False
    """It was ended early; what was finished by then stays."""

    @property
    def failed(self) -> list[Outcome]:
        """The files that did not go in."""
        return [outcome for outcome in self.outcomes if outcome.status == "failed"]

    def counts(self) -> dict[str, int]:
        """Files by status."""
        counted: dict[str, int] = {}
        for outcome in self.outcomes:
            counted[outcome.status] = counted.get(outcome.status, 0) + 1
        return counted

    def to_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "counts": self.counts(),
            "chunks": sum(outcome.chunks for outcome in self.outcomes),
            "embedded": sum(outcome.embedded for outcome in self.outcomes),
            "seconds": round(self.seconds, 3),
            "dry_run": self.dry_run,
            "cancelled": self.cancelled,
            "outcomes": [asdict(outcome) for outcome in self.outcomes],
        }


class Tally:
    """Counts what has been done and tells it; finished files come from two threads."""

    def __init__(self, report: Report, on_progress: OnProgress, sizes: dict[str, int], failures: int) -> None:
        """Start counting.

        Args:
            report: where outcomes go.
            on_progress: called for each step, by one thread at a time.
            sizes: bytes of each file by its name.
            failures: names that stand for no file, which are counted as done.
        """
        self._report = report
        self._on_progress = on_progress
        self._sizes = sizes
        self._files = len(sizes) + failures
        self._done = failures
        self._bytes_done = 0
        self._bytes = sum(sizes.values())
        self._chunks = 0
        self._lock = threading.Lock()

    def tell(self, stage: Stage, name: str = "", *, chunks: int = 0) -> None:
        """Say what is being done; `chunks` more have got their vectors."""
        with self._lock:
            self._chunks += chunks
            self._on_progress(self._progress(stage, name, None))

    def finish(self, stage: Stage, outcome: Outcome) -> None:
        """Count a file as finished."""
        with self._lock:
            self._done += 1
            self._bytes_done += self._sizes.get(outcome.name, 0)
            self._report.outcomes.append(outcome)
            self._on_progress(self._progress(stage, outcome.name, outcome))

    def _progress(self, stage: Stage, name: str, outcome: Outcome | None) -> Progress:
        return Progress(
            stage, self._done, self._files, self._chunks, name, outcome, self._bytes_done, self._bytes
        )
