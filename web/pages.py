"""The pages that search, tell the state and keep preferences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from rag.core import Core
from rag.query import make_filters
from rag.ranking import Mode
from rag.retrieval import LONGEST_QUESTION
from rag.status import status
from web.asking import plain
from web.languages import COOKIE as LANGUAGE_COOKIE
from web.languages import LANGUAGES, choose_language
from web.rendering import THEME_COOKIE, THEMES, Renderer, own_address

# Marks a sentence for translation.
N_ = str
_YEAR_SECONDS = 365 * 24 * 3600
QuestionQuery = Annotated[str, Query(max_length=LONGEST_QUESTION)]


def page_router(core: Core, renderer: Renderer) -> APIRouter:
    """All pages; they stay out of the API's documentation."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    _add_searching(router, core, renderer)
    _add_rest(router, core, renderer)
    return router


@dataclass(frozen=True, slots=True)
class Asked:
    """What a search page was asked for; an empty string leaves a filter out."""

    q: str = ""
    collection: str = ""
    language: Annotated[str, Query(max_length=20)] = ""
    document: Annotated[str, Query(max_length=200)] = ""
    mode: Mode | None = None


def _add_searching(router: APIRouter, core: Core, renderer: Renderer) -> None:
    def found(asked: Asked, expand: bool | None = None) -> dict[str, Any]:
        if not asked.q.strip():
            return {"query": "", "results": None, "milliseconds": 0}
        named, spoken = ([one.strip()] if one.strip() else [] for one in (asked.document, asked.language))
        result = core.retriever.search(
            asked.q,
            collection=asked.collection or None,
            filters=make_filters(named, languages=spoken),
            mode=asked.mode,
            expand=expand,
        )
        return {
            "query": asked.q,
            "results": plain(result.passages),
            "milliseconds": sum(result.timings_ms.values()),
        }

    @router.get("/search")
    def search(request: Request, asked: Annotated[Asked, Depends()]) -> Response:
        catalogue = core.library.catalogue
        context = found(asked) | {
            "asked": asked,
            "mode": asked.mode or core.settings.mode,
            "collections": catalogue.collections(),
            "spoken": catalogue.languages(),
            "documents_total": catalogue.count_documents(),
            "settings": core.settings,
        }
        return renderer.page(request, "search/page.html", **context)

    @router.get("/fragments/search")
    def results(request: Request, asked: Annotated[Asked, Depends()]) -> str:
        # Asked for at every pause of typing: too often for the language model to rewrite each of them.
        context = found(asked, expand=False)
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
