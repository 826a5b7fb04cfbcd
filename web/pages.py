"""The pages that search, tell the state and keep preferences."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from rag.core import Core
from rag.retrieval import LONGEST_QUESTION, Mode
from rag.status import status
from web.asking import plain
from web.languages import COOKIE as LANGUAGE_COOKIE
from web.languages import LANGUAGES, choose_language
from web.rendering import THEME_COOKIE, THEMES, Renderer, own_address

# Marks a sentence for translation.
N_ = str
_NEWEST = 100
_YEAR_SECONDS = 365 * 24 * 3600
QuestionQuery = Annotated[str, Query(max_length=LONGEST_QUESTION)]


def page_router(core: Core, renderer: Renderer) -> APIRouter:
    """All pages; they stay out of the API's documentation."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    _add_searching(router, core, renderer)
    _add_rest(router, core, renderer)
    return router


def _add_searching(router: APIRouter, core: Core, renderer: Renderer) -> None:
    def found(q: str, collection: str | None, mode: Mode | None) -> dict[str, Any]:
        if not q.strip():
            return {"query": "", "results": None, "milliseconds": 0}
        result = core.retriever.search(q, collection=collection, mode=mode)
        return {
            "query": q,
            "results": plain(result.passages),
            "milliseconds": sum(result.timings_ms.values()),
        }

    @router.get("/search")
    def search(request: Request, q: str = "", collection: str = "", mode: Mode | None = None) -> Response:
        context = found(q, collection or None, mode)
        context |= {"collection": collection, "mode": mode or core.settings.mode}
        context |= {"collections": core.library.catalogue.collections(), "settings": core.settings}
        return renderer.page(request, "search/page.html", **context)

    @router.get("/fragments/search")
    def results(request: Request, q: str = "", collection: str = "", mode: Mode | None = None) -> str:
        context = found(q, collection or None, mode)
        return renderer.fragment(choose_language(request), "search/results.html", **context)


def _add_rest(router: APIRouter, core: Core, renderer: Renderer) -> None:
    @router.get("/status")
    def show_status(request: Request) -> Response:
        return renderer.page(request, "status.html", state=status(core), settings=core.settings)

    @router.post("/preferences")
    def prefer(
        next: Annotated[str, Form()] = "/",
        language: Annotated[str | None, Form()] = None,
        theme: Annotated[str | None, Form()] = None,
    ) -> Response:
        response = RedirectResponse(own_address(next), 303)
        for cookie, value, known in (
            (LANGUAGE_COOKIE, language, LANGUAGES),
            (THEME_COOKIE, theme, THEMES),
        ):
            if value in known:
                response.set_cookie(cookie, str(value), max_age=_YEAR_SECONDS, samesite="lax", httponly=True)
        return response
