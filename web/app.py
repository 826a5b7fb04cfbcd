"""Puts the web application together around an open core; opens nothing itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI, Request, Response
from starlette.types import Lifespan

from ingest.jobs import Jobs
from ingest.watching import Watching
from rag.core import Core
from web.api import api_router
from web.ask_pages import ask_router
from web.assets import Assets
from web.body_limit import BodyLimitMiddleware
from web.conversations_api import conversations_router
from web.document_pages import document_router
from web.job_pages import job_router
from web.jobs_api import jobs_router
from web.library_pages import library_router
from web.map_pages import map_router
from web.model_api import model_router
from web.pages import page_router
from web.problems import install_problem_handlers
from web.reference import reference_router
from web.removal import Removals
from web.rendering import Renderer
from web.report_pages import report_router
from web.security import SecurityMiddleware
from web.similarity_pages import similarity_router
from web.uploads import MOST_UPLOAD_BYTES

MOST_BODY_BYTES = 1_000_000
"""For every request but an upload: far above the longest question, far below what would hurt."""


_LARGE = {"/api/documents": MOST_UPLOAD_BYTES, "/documents/add": MOST_UPLOAD_BYTES}


def create_app(
    core: Core,
    *,
    jobs: Jobs | None = None,
    allowed_hosts: Iterable[str] = (),
    owner_token: str = "",
    renderer: Renderer | None = None,
    on_shutdown: Callable[[], None] | None = None,
) -> FastAPI:
    """The application for `core`, which stays the caller's to close.

    Args:
        core: the open store and models.
        jobs: takes documents in; made here where none is given, and closed here either way.
        allowed_hosts: names, besides `localhost` and plain addresses, that the server answers to.
        owner_token: what a local command shows to have files of this machine brought in; without one
            nobody may.
        renderer: draws the pages; made here where none is given.
        on_shutdown: called once when the server stops.
    """

    jobs = jobs or Jobs(core)
    assets = Assets()
    renderer = renderer or Renderer(assets, stays_here=_stays_here(core))
    app = FastAPI(
        title="Cita",
        summary="Answers from your own documents, with the passage behind every sentence.",
        version=_version(),
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(jobs, Watching(core.settings.watch, jobs), on_shutdown),
    )

    def problem_page(request: Request, status: int, message: str) -> Response:
        return renderer.page(request, "problem.html", status=status, code=status, message=message, here="/")

    @app.get("/static/{version}/{name:path}", include_in_schema=False)
    def static(request: Request, version: str, name: str) -> Response:
        return assets.response(request, version, name)

    app.state.problem_page = problem_page
    install_problem_handlers(app)
    app.include_router(api_router(core))
    app.include_router(jobs_router(jobs, owner_token))
    app.include_router(model_router(core, jobs, owner_token))
    app.include_router(conversations_router(core))
    app.include_router(ask_router(core, renderer))
    app.include_router(page_router(core, renderer))
    app.include_router(library_router(core, renderer, Removals(core), jobs))
    app.include_router(job_router(jobs, renderer))
    app.include_router(document_router(core, renderer))
    app.include_router(map_router(core, renderer))
    app.include_router(similarity_router(core, renderer))
    app.include_router(report_router(core, renderer))
    app.include_router(reference_router(renderer))
    # The last one added is the first to see a request.
    app.add_middleware(BodyLimitMiddleware, most_bytes=MOST_BODY_BYTES, exceptions=_LARGE)
    names = (core.settings.host, *core.settings.allowed_hosts, *allowed_hosts)
    app.add_middleware(SecurityMiddleware, allowed_hosts=names)
    return app


def _lifespan(jobs: Jobs, watching: Watching, on_shutdown: Callable[[], None] | None) -> Lifespan[FastAPI]:
    """What is begun when the server starts, and ended when it stops."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        jobs.start()
        watching.start()
        yield
        watching.close()
        jobs.close()
        if on_shutdown is not None:
            on_shutdown()

    return lifespan


def _version() -> str:
    try:
        return version("cita")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0"


def _stays_here(core: Core) -> bool:
    return core.settings.llm != "openai" and core.settings.chroma_url is None
