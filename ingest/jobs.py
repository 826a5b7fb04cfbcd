"""Ingests that a server does in its own time: one after another, watched, cancelled, resumed.

A job and what was sent for it are on the disk before the sender is told so, and stay until it is over:
a server that stops in the middle goes on with it when it starts again, and since what went in before is
unchanged then, nothing is embedded twice.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO

from ingest.job_records import KEPT, OVER, JobRecord, JobRecords, JobState, new_job_id
from ingest.outcomes import Outcome, Progress
from ingest.pipeline import PLAIN, Ingestion, IngestOptions, Wanted
from ingest.running_job import RunningJob
from ingest.sources import given_file
from rag.core import Core
from rag.errors import CitaError

DATABASE = "jobs.sqlite"
FOLDER = "jobs"
"""What was sent, below the data folder, until its job is over."""
NOTED_SECONDS = 1.0
"""How often what became of files is written down while a job runs."""
TOLD_SECONDS = 0.2
"""The shortest time between two events of progress."""
TRIED_AGAIN = ("failed", "unchanged", "gone")
"""What an earlier start's word is not kept of."""
Events = Generator[tuple[str, Any], None, None]


class Jobs:
    """The ingests of one server; whatever goes in through it is one of these."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._records = JobRecords(core.settings.data_dir / DATABASE)
        self._folder = core.settings.data_dir / FOLDER
        self._passwords: dict[str, str] = {}
        self._running: RunningJob | None = None
        self._changed = threading.Condition()
        self._worker: threading.Thread | None = None
        self.closing = False
        """Whether the server stops."""
        self._paused = False
        self._one_pause = threading.Lock()

    def start(self) -> None:
        """Go on with what was left undone."""
        if not self.closing and self._records.unfinished():
            self._wake()

    def close(self) -> None:
        """Stop; the job under way goes on when a server starts again."""
        self.closing = True
        self._stand_still()
        with self._one_pause:  # whoever has a pause gives up when it sees that
            self._records.close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing goes in meanwhile; the job under way is stopped after its files, and goes on later.

        Closing waits for the pause: whoever has one looks at `closing`.
        """
        with self._one_pause:
            self._paused = True
            self._stand_still()
            try:
                yield
            finally:
                self._paused = False
                self.start()

    def submit(
        self,
        wanted: Sequence[str | Path],
        collection: str | None = None,
        options: IngestOptions = PLAIN,
        *,
        sent: Sequence[tuple[str, BinaryIO]] = (),
    ) -> JobRecord:
        """Put an ingest at the end of the queue.

        Args:
            wanted: absolute paths, and addresses.
            collection: the collection's name, the settings' if none is given.
            options: how; the password is kept in memory only.
            sent: names with contents, which are copied before this returns.
        """
        identifier = new_job_id()
        given: dict[str, str] = {}
        for number, (name, content) in enumerate(sent):
            path = self._folder / identifier / str(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                shutil.copyfileobj(content, file)
            # Of two files of one name the later one counts, as if they had been sent one after the other.
            given[name] = str(path.absolute())
        if options.password:
            self._passwords[identifier] = options.password
        record = self._records.add(
            identifier,
            collection or self._core.settings.collection,
            [str(one) for one in wanted],
            given,
            options,
        )
        self._wake()
        return record

    def cancel(self, job_id: str) -> None:
        """End a job; what is finished stays. One that is over stays as it is.

        Raises:
            NotFoundError: there is no such job.
        """
        with self._changed:
            record = self._records.get(job_id)
            if self._running and self._running.record.id == job_id:
                self._running.cancelled = True
            elif record.state not in OVER:
                self._end(record, "cancelled")
            self._changed.notify_all()

    def listed(self, limit: int = KEPT) -> list[dict[str, Any]]:
        """All jobs without their files, the newest first."""
        return [self._plain(record) for record in self._records.listed(limit)]

    def job(self, job_id: str, offset: int = 0, limit: int = 500) -> dict[str, Any]:
        """One job with a stretch of its files' `outcomes`.

        Raises:
            NotFoundError: there is no such job.
        """
        plain = self._plain(self._records.get(job_id))
        outcomes = self._outcomes(job_id)[offset : offset + limit]
        return plain | {"outcomes": [asdict(one) for one in outcomes]}

    def report(self, job_id: str) -> dict[str, Any]:
        """What an ingest of the same would have reported, once the job is over."""
        record = self._records.get(job_id)
        outcomes = self._records.outcomes(job_id)
        return {
            "counts": self._records.counts(job_id),
            "chunks": sum(one.chunks for one in outcomes),
            "embedded": sum(one.embedded for one in outcomes),
            "seconds": round(record.seconds, 3),
            "dry_run": record.options.dry_run,
            "cancelled": record.state == "cancelled",
            "outcomes": [asdict(one) for one in outcomes],
        }

    def wait(self, job_id: str) -> dict[str, Any]:
        """Wait until a job is over, and give its report.

        Raises:
            CitaError: the job failed as a whole.
        """
        for _event in self.events(job_id):
            pass
        record = self._records.get(job_id)
        if record.state == "failed":
            raise CitaError(record.error)
        return self.report(job_id)

    def wait_a_while(self, job_ids: Sequence[str], seconds: float) -> None:
        """Wait until all of some jobs are over, but not longer than some seconds in all.

        Raises:
            NotFoundError: there is no such job.
        """

        def over() -> bool:
            return self.closing or all(self._records.get(one).state in OVER for one in job_ids)

        with self._changed:
            self._changed.wait_for(over, seconds)

    def events(self, job_id: str) -> Events:
        """A job as it goes: `outcome` for each file, also those before, `progress` between, `job` at the end.

        Raises:
            NotFoundError: there is no such job.
        """
        told, told_at, last, known = 0, 0.0, None, self._running
        while True:
            with self._changed:
                record = self._records.get(job_id)
                if self._running is not known:
                    known = self._running
                    # Started again, it has forgotten those that it tries once more.
                    told = min(told, known.kept) if known and known.record.id == job_id else told
                fresh = self._outcomes(job_id)[told:]
                over = record.state in OVER or self.closing
                if not fresh and not over and self._plain(record) == last:
                    self._changed.wait(1.0)
                    continue
                last = self._plain(record)
            for outcome in fresh:
                yield "outcome", asdict(outcome)
            told += len(fresh)
            if over:
                yield "job", last
                return
            pause = told_at + TOLD_SECONDS - monotonic()
            if pause > 0:
                threading.Event().wait(pause)
            told_at = monotonic()
            yield "progress", last

    def _stand_still(self) -> None:
        """Stop the job under way, and wait until it stands still."""
        with self._changed:
            if self._running:
                self._running.interrupted = True
            self._changed.notify_all()
            worker = self._worker
        if worker:
            worker.join()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
            if self.closing or self._paused or (self._worker and self._worker.is_alive()):
                return
            self._worker = threading.Thread(target=self._work, name="jobs", daemon=True)
            self._worker.start()

    def _work(self) -> None:
        while True:
            with self._changed:
                waiting = self._records.unfinished()
                if not waiting or self.closing or self._paused:
                    self._worker = None
                    return
                self._running = self._begun(waiting[0])
            self._run(self._running)

    def _begun(self, record: JobRecord) -> RunningJob:
        self._records.begin(record.id)
        earlier = [one for one in self._records.outcomes(record.id) if one.status not in TRIED_AGAIN]
        known = {one.name for one in earlier}
        return RunningJob(record, outcomes=earlier, known=known, kept=len(earlier), noted=len(earlier))

    def _run(self, running: RunningJob) -> None:
        state: JobState = "failed"
        error = "It ended unexpectedly; the server's log says why. Start it again."
        record = running.record
        password = self._passwords.get(record.id, record.options.password)
        options = replace(record.options, password=password)
        try:
            ingestion = Ingestion(self._core, record.collection, background=True)
            report = ingestion.run(
                _wanted(record),
                lambda progress: self._told(running, progress),
                options,
                cancelled=lambda: running.cancelled or running.interrupted,
            )
            # What stood for no file, and what has gone, is told at the end only.
            running.outcomes += [one for one in report.outcomes if one.name not in running.known]
            state, error = ("cancelled" if running.cancelled else "done"), ""
        except CitaError as failure:
            error = str(failure)
        finally:
            with self._changed:
                self._note(running)
                if not running.interrupted or running.cancelled:
                    self._end(record, state, error)
                self._running = None
                self._changed.notify_all()

    def _told(self, running: RunningJob, progress: Progress) -> None:
        with self._changed:
            running.tell(progress)
            if monotonic() - running.noted_at > NOTED_SECONDS:
                self._note(running)
            self._changed.notify_all()

    def _note(self, running: RunningJob) -> None:
        now = monotonic()
        self._records.note(running.record.id, running.outcomes[running.noted :], now - running.noted_at)
        running.noted, running.noted_at = len(running.outcomes), now

    def _end(self, record: JobRecord, state: JobState, error: str = "") -> None:
        self._records.end(record.id, state, error)
        self._passwords.pop(record.id, None)
        shutil.rmtree(self._folder / record.id, ignore_errors=True)

    def _outcomes(self, job_id: str) -> list[Outcome]:
        running = self._running
        if running and running.record.id == job_id:
            return running.outcomes
        return self._records.outcomes(job_id)

    def _plain(self, record: JobRecord) -> dict[str, Any]:
        running = self._running if self._running and self._running.record.id == record.id else None
        return {
            "id": record.id,
            "state": record.state,
            "collection": record.collection,
            "wanted": [*record.wanted, *record.given],
            "created_at": record.created_at,
            "started_at": record.started_at,
            "finished_at": record.finished_at,
            "error": record.error,
            "counts": self._records.counts(record.id),
            **(running.figures() if running else {"seconds": round(record.seconds, 1)}),
        }


def _wanted(record: JobRecord) -> list[Wanted]:
    return [*record.wanted, *(given_file(Path(path), name) for name, path in record.given.items())]
