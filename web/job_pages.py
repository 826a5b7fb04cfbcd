"""What the library page shows of jobs: those that wait or run, and those that ended a moment ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from ingest.jobs import Jobs
from web.languages import choose_language
from web.rendering import Renderer

LATELY = timedelta(minutes=5)
"""How long a job that is over is shown."""
FAILURES = 100
"""Most files whose reasons are shown."""


def shown_jobs(jobs: Jobs) -> list[dict[str, Any]]:
    """Unfinished jobs, oldest first, then those that failed or had failures lately, with the reasons."""
    since = (datetime.now(UTC) - LATELY).isoformat(timespec="seconds")
    listed = jobs.listed()
    unfinished = [one for one in reversed(listed) if one["finished_at"] is None]
    ended = [
        one
        for one in listed
        if one["finished_at"] and one["finished_at"] >= since
        if one["state"] != "done" or one["counts"].get("failed")
    ]
    return [one | {"failures": _failures(jobs, one)} for one in (*unfinished, *ended)]


def job_router(jobs: Jobs, renderer: Renderer) -> APIRouter:
    """The part of the library page that tells of jobs, and what ends one."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @router.get("/fragments/jobs")
    def fragment(request: Request) -> Response:
        shown = shown_jobs(jobs)
        html = renderer.fragment(choose_language(request), "documents/jobs.html", jobs=shown)
        running = sum(one["finished_at"] is None for one in shown)
        return HTMLResponse(html, headers={"X-Running": str(running), "Cache-Control": "no-store"})

    @router.post("/jobs/{job_id}/cancel")
    def cancel(job_id: Annotated[str, Path(max_length=50)]) -> Response:
        jobs.cancel(job_id)
        return RedirectResponse("/documents", 303)

    return router


def _failures(jobs: Jobs, job: dict[str, Any]) -> list[dict[str, Any]]:
    if not job["counts"].get("failed"):
        return []
    outcomes = jobs.job(job["id"], limit=10_000)["outcomes"]
    return [one for one in outcomes if one["status"] == "failed"][:FAILURES]
