"""What an ingest did, file by file."""

from __future__ import annotations

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
    name: str = ""
    outcome: Outcome | None = None
    """The file that was just finished, if one was."""


OnProgress = Callable[[Progress], None]


@dataclass(slots=True)
class Report:
    """The outcomes of one ingest."""

    outcomes: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0

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
            "outcomes": [asdict(outcome) for outcome in self.outcomes],
        }
