"""What is known of a job while it runs, and is not on the disk yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from ingest.job_records import JobRecord
from ingest.outcomes import Outcome, Progress


@dataclass(slots=True)
class RunningJob:
    """A job under way."""

    record: JobRecord
    progress: Progress = field(default_factory=lambda: Progress("finding", 0, 0))
    outcomes: list[Outcome] = field(default_factory=list)
    """Those of an earlier start first, but what failed then is tried again."""
    known: set[str] = field(default_factory=set)
    """Names that have an outcome."""
    began: float = field(default_factory=monotonic)
    kept: int = 0
    """Outcomes of earlier starts."""
    noted: int = 0
    """Outcomes that are on the disk."""
    noted_at: float = field(default_factory=monotonic)
    cancelled: bool = False
    """Somebody wants it to end; it is over."""
    interrupted: bool = False
    """The server stops, or wants the library to itself; it goes on another time."""

    def tell(self, progress: Progress) -> None:
        """Take in how far it has come."""
        self.progress = progress
        outcome = progress.outcome
        if outcome and (outcome.status != "unchanged" or outcome.name not in self.known):
            self.outcomes.append(outcome)
            self.known.add(outcome.name)

    def figures(self) -> dict[str, Any]:
        """Stage, counts, rate and time left."""
        progress = self.progress
        seconds = monotonic() - self.began
        counts: dict[str, int] = {}
        for outcome in self.outcomes:
            counts[outcome.status] = counts.get(outcome.status, 0) + 1
        left = None
        if progress.bytes_done and progress.bytes:
            left = round(seconds * (progress.bytes - progress.bytes_done) / progress.bytes_done)
        return {
            "counts": counts,
            "stage": progress.stage,
            "name": progress.name,
            "files_done": progress.files_done,
            "files": progress.files,
            "bytes_done": progress.bytes_done,
            "bytes": progress.bytes,
            "chunks_done": progress.chunks_done,
            "chunks_a_second": round(progress.chunks_done / max(seconds, 1e-3), 1),
            "seconds": round(self.record.seconds + seconds, 1),
            "seconds_left": left,
        }
