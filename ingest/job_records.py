"""Jobs as SQLite keeps them: what is to be ingested, how far it came, what became of each file."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ingest.outcomes import Outcome
from ingest.pipeline import IngestOptions
from rag.errors import NotFoundError
from rag.sqlite import Row, SqliteFile

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, state TEXT NOT NULL, collection TEXT NOT NULL, wanted TEXT NOT NULL,
    given TEXT NOT NULL, options TEXT NOT NULL, created_at TEXT NOT NULL, started_at TEXT, finished_at TEXT,
    seconds REAL NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS outcomes (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, name TEXT NOT NULL, status TEXT NOT NULL,
    message TEXT NOT NULL, document_id TEXT NOT NULL, chunks INTEGER NOT NULL, embedded INTEGER NOT NULL,
    PRIMARY KEY (job_id, name)
);
"""
KEPT = 100
"""Jobs that are over and still listed."""
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
OVER: frozenset[JobState] = frozenset(("done", "failed", "cancelled"))


@dataclass(frozen=True, slots=True)
class JobRecord:
    """An ingest that the server does in its own time."""

    id: str
    state: JobState
    collection: str
    wanted: tuple[str, ...]
    """Paths and addresses."""
    given: Mapping[str, str]
    """Names of what was sent, with the files that hold it."""
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    seconds: float = 0.0
    """What it took, without the time that the server was not running."""
    error: str = ""
    """Why it failed as a whole."""
    options: IngestOptions = field(default_factory=IngestOptions)


class JobRecords:
    """The jobs of one data folder."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            StoreError: the file is damaged, locked or cannot be written.
        """
        self._file = SqliteFile(path, SCHEMA)

    def add(
        self, identifier: str, collection: str, wanted: Sequence[str], given: Mapping[str, str],
        options: IngestOptions,
    ) -> JobRecord:  # fmt: skip
        """Write down a job that is to be done; a password is not written down."""
        record = JobRecord(
            identifier, "queued", collection, tuple(wanted), dict(given), _now(), options=options
        )
        kept = json.dumps(asdict(options) | {"password": None})
        with self._file.transaction() as connection:
            connection.execute(
                "INSERT INTO jobs (id, state, collection, wanted, given, options, created_at)"
                " VALUES (?, 'queued', ?, ?, ?, ?, ?)",
                [identifier, collection, json.dumps(wanted), json.dumps(given), kept, record.created_at],
            )
            connection.execute(
                "DELETE FROM jobs WHERE finished_at IS NOT NULL AND id NOT IN"
                " (SELECT id FROM jobs WHERE finished_at IS NOT NULL ORDER BY rowid DESC LIMIT ?)",
                [KEPT],
            )
        return record

    def begin(self, job_id: str) -> None:
        """A job is being done, for the first time or again."""
        with self._file.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET state = 'running', started_at = coalesce(started_at, ?) WHERE id = ?",
                [_now(), job_id],
            )

    def note(self, job_id: str, outcomes: Iterable[Outcome], seconds: float) -> None:
        """Add what became of files; a file that an earlier start took in is not called unchanged."""
        with self._file.transaction() as connection:
            connection.executemany(
                "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (job_id, name) DO UPDATE SET"
                " status = excluded.status, message = excluded.message, document_id = excluded.document_id,"
                " chunks = excluded.chunks, embedded = excluded.embedded"
                " WHERE excluded.status != 'unchanged'",
                [
                    (job_id, one.name, one.status, one.message, one.document_id, one.chunks, one.embedded)
                    for one in outcomes
                ],
            )
            connection.execute("UPDATE jobs SET seconds = seconds + ? WHERE id = ?", [seconds, job_id])

    def end(self, job_id: str, state: JobState, error: str = "") -> None:
        """A job is over."""
        with self._file.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, error = ?, finished_at = ? WHERE id = ?",
                [state, error, _now(), job_id],
            )

    def get(self, job_id: str) -> JobRecord:
        """One job.

        Raises:
            NotFoundError: there is none of that id.
        """
        row = self._file.row("SELECT * FROM jobs WHERE id = ?", [job_id])
        if row is None:
            raise NotFoundError(f"There is no job {job_id}; the last {KEPT} are listed at /api/jobs.")
        return _record(row)

    def listed(self, limit: int = KEPT) -> list[JobRecord]:
        """Jobs, the newest first."""
        rows = self._file.rows("SELECT * FROM jobs ORDER BY rowid DESC LIMIT ?", [limit])
        return [_record(row) for row in rows]

    def unfinished(self) -> list[JobRecord]:
        """Jobs that are not over, the oldest first."""
        rows = self._file.rows("SELECT * FROM jobs WHERE finished_at IS NULL ORDER BY rowid")
        return [_record(row) for row in rows]

    def outcomes(self, job_id: str, offset: int = 0, limit: int = -1) -> list[Outcome]:
        """What became of a job's files, in the order in which they were finished."""
        rows = self._file.rows(
            "SELECT name, status, message, document_id, chunks, embedded FROM outcomes WHERE job_id = ?"
            " ORDER BY rowid LIMIT ? OFFSET ?",
            [job_id, limit, offset],
        )
        return [Outcome(**dict(row)) for row in rows]

    def counts(self, job_id: str) -> dict[str, int]:
        """A job's files by status."""
        rows = self._file.rows(
            "SELECT status, count(*) AS files FROM outcomes WHERE job_id = ? GROUP BY status", [job_id]
        )
        return {str(row["status"]): int(row["files"]) for row in rows}

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def new_job_id() -> str:
    """An id that cannot be guessed and can be a folder's name."""
    return secrets.token_hex(8)


def _record(row: Row) -> JobRecord:
    values: dict[str, Any] = dict(row)
    options = json.loads(values.pop("options"))
    options |= {name: tuple(options[name]) for name in ("include", "exclude")}
    values["wanted"] = tuple(json.loads(values["wanted"]))
    values["given"] = json.loads(values["given"])
    return JobRecord(**values, options=IngestOptions(**options))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
