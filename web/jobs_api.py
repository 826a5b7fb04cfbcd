"""The JSON API of ingestion: files are sent or named, a job takes them in."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Header, Path, Query, Response, UploadFile
from fastapi.responses import JSONResponse

from ingest.jobs import Jobs
from ingest.pipeline import IngestOptions
from rag.lock import TOKEN_HEADER
from rag.settings import COLLECTION_PATTERN
from web.api import PROBLEMS
from web.api_models import NO_TOKEN, IngestRequest, JobJson, JobsJson, ProblemJson, ReportJson
from web.security import require_owner
from web.streaming import MEDIA_TYPE, EventStreamResponse
from web.uploads import Upload, submit

ONLY_INGEST = (
    "Files of this machine are brought in by the `cita ingest` command only; from elsewhere, upload them."
)
JobId = Annotated[str, Path(max_length=50, description="A job's id.")]
_UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {"model": ProblemJson, "description": "There is no such job."},
}
_EXAMPLE = (
    'event: outcome\ndata: {"name": "notes.md", "status": "added", "chunks": 4}\n\n'
    'event: progress\ndata: {"id": "…", "state": "running", "files_done": 1, "files": 3}\n\n'
    'event: job\ndata: {"id": "…", "state": "done", "counts": {"added": 3}}\n\n'
)


def jobs_router(jobs: Jobs, owner_token: str = "") -> APIRouter:
    """What starts, tells of and ends jobs.

    Args:
        jobs: does them.
        owner_token: what a caller shows to prove that it may read this machine's files.
    """
    router = APIRouter(tags=["Ingestion"])
    _add_starting(router, jobs, owner_token)
    _add_following(router, jobs)
    return router


def _add_starting(router: APIRouter, jobs: Jobs, owner_token: str) -> None:
    @router.post(
        "/api/documents",
        responses=PROBLEMS | {200: {"model": ReportJson, "description": "With `wait`: what became of each."}},
        response_model=JobJson,
        status_code=202,
    )
    def upload(
        response: Response,
        files: Annotated[list[UploadFile], File(description="One or more files.")],
        path: Annotated[list[str] | None, Form(description="Each file's path, to know it by.")] = None,
        collection: Annotated[str | None, Form(pattern=COLLECTION_PATTERN)] = None,
        wait: Annotated[bool, Query(description="Answer when it is over, with its report.")] = False,
    ) -> Any:
        """Have files taken in by a job; what was sent is safe when this answers."""
        names = path if path and len(path) == len(files) else [file.filename or "" for file in files]
        sent = [Upload(name, file.file) for name, file in zip(names, files, strict=True)]
        record = submit(jobs, sent, collection)
        if wait:
            return JSONResponse(jobs.wait(record.id))
        return _accepted(jobs, record.id, response)

    @router.post(
        "/api/ingest",
        responses=PROBLEMS | {403: NO_TOKEN},
        response_model=JobJson,
        status_code=202,
    )
    def ingest(
        response: Response,
        body: IngestRequest,
        token: Annotated[str, Header(alias=TOKEN_HEADER)] = "",
    ) -> Any:
        """Have files of this machine, and addresses, taken in by a job.

        For the `cita` command only: it proves with the data folder's token that it may read the disk.
        """
        require_owner(token, owner_token, ONLY_INGEST)
        options = IngestOptions(
            body.prune, body.dry_run, tuple(body.include), tuple(body.exclude), body.password, body.spare
        )
        with ExitStack() as stack:
            sent = [
                (name, stack.enter_context(FilePath(path).open("rb"))) for name, path in body.given.items()
            ]
            record = jobs.submit(body.paths, body.collection, options, sent=sent)
        return _accepted(jobs, record.id, response)


def _add_following(router: APIRouter, jobs: Jobs) -> None:
    @router.get("/api/jobs", response_model=JobsJson)
    def listed(limit: Annotated[int, Query(ge=1, le=100)] = 100) -> Any:
        """The jobs that wait, run or are over, the newest first."""
        return {"jobs": jobs.listed(limit)}

    @router.get("/api/jobs/{job_id}", response_model=JobJson, responses=_UNKNOWN)
    def job(
        job_id: JobId,
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=0, le=10_000)] = 500,
    ) -> Any:
        """A job with what became of its files, a stretch at a time."""
        return jobs.job(job_id, offset, limit)

    @router.get(
        "/api/jobs/{job_id}/events",
        response_model=None,
        responses=_UNKNOWN
        | {
            200: {
                "description": "`outcome` for each file, `progress` between, `job` when it is over.",
                "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}},
            }
        },
    )
    def events(job_id: JobId) -> EventStreamResponse:
        """A job as it goes, from its first file on; leaving does not end it."""
        jobs.job(job_id, limit=0)
        return EventStreamResponse(jobs.events(job_id))

    @router.post("/api/jobs/{job_id}/cancel", response_model=JobJson, responses=_UNKNOWN)
    def cancel(job_id: JobId) -> Any:
        """End a job; what is finished stays."""
        jobs.cancel(job_id)
        return jobs.job(job_id, limit=0)


def _accepted(jobs: Jobs, job_id: str, response: Response) -> dict[str, Any]:
    response.headers["Location"] = f"/api/jobs/{job_id}"
    return jobs.job(job_id, limit=0)
