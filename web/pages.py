"""The pages for people, and the fragments that their scripts fetch."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse

from rag.core import Core
from rag.errors import CitaError, InputError
from rag.retrieval import LONGEST_QUESTION, Mode
from rag.status import status
from web.answer_view import answer_context
from web.api import CollectionQuery
from web.api_models import AskRequest
from web.asking import answer, plain
from web.document_view import view_document
from web.examples import sample_questions, titles_to_ask_about
from web.languages import COOKIE as LANGUAGE_COOKIE
from web.languages import LANGUAGES, choose_language
from web.listing import Sort, list_documents
from web.page_stream import page_events
from web.problems import problem_response, validation_sentence
from web.rendering import THEME_COOKIE, THEMES, Renderer
from web.streaming import MEDIA_TYPE, EventStreamResponse

DOCUMENTS_PER_PAGE = 50
_NEWEST = 100
_YEAR_SECONDS = 365 * 24 * 3600
QuestionQuery = Annotated[str, Query(max_length=LONGEST_QUESTION)]
Offset = Annotated[int, Query(ge=0)]
Part = Annotated[int | None, Query(ge=1)]


def page_router(core: Core, renderer: Renderer) -> APIRouter:
    """All pages; they stay out of the API's documentation."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    _add_asking(router, core, renderer)
    _add_searching(router, core, renderer)
    _add_documents(router, core, renderer)
    _add_rest(router, core, renderer)
    return router


def _add_asking(router: APIRouter, core: Core, renderer: Renderer) -> None:
    def ask_page(request: Request, status: int = 200, **context: Any) -> Response:
        language = choose_language(request)
        newest = core.library.catalogue.documents(limit=_NEWEST, sort="ingested_at", descending=True)
        names: dict[str, Any] = {"question": "", "answer": None, "problem": None, "given": {}}
        names |= {
            "examples": sample_questions(newest, language),
            "titles": titles_to_ask_about(newest, language),
            "settings": core.settings,
            "collections": core.library.catalogue.collections(),
            "documents_total": core.library.catalogue.count_documents(),
            "longest": LONGEST_QUESTION,
        }
        return renderer.page(request, "ask/page.html", status, **names | context)

    @router.get("/")
    def front(request: Request, question: QuestionQuery = "") -> Response:
        return ask_page(request, question=question)

    @router.get("/ask")
    def ask_again(request: Request) -> Response:
        # The page of a finished answer was sent as a form; reloading its address starts over.
        return RedirectResponse("/", 303)

    @router.post("/ask")
    async def ask(request: Request) -> Response:
        form = await request.form()
        given = {name: value for name, value in form.items() if isinstance(value, str) and value != ""}
        turn = given.pop("turn", "t1")
        context: dict[str, Any] = {"given": given, "question": given.get("question", ""), "here": "/"}
        try:
            asked = AskRequest.model_validate({"question": ""} | given)
        except (ValidationError, InputError) as error:
            sentence = str(error) if isinstance(error, InputError) else validation_sentence(error.errors())
            if MEDIA_TYPE in request.headers.get("accept", ""):
                return problem_response(request, 422, sentence)
            return await run_in_threadpool(ask_page, request, 422, problem=sentence, **context)
        if MEDIA_TYPE in request.headers.get("accept", ""):
            return EventStreamResponse(page_events(core, renderer, choose_language(request), asked, turn))
        try:
            context |= answer_context(await run_in_threadpool(answer, core, asked), turn)
        except CitaError as error:
            return await run_in_threadpool(
                ask_page, request, error.http_status, problem=str(error), **context
            )
        return await run_in_threadpool(ask_page, request, **context)


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


def _add_documents(router: APIRouter, core: Core, renderer: Renderer) -> None:
    @router.get("/documents")
    def documents(
        request: Request,
        offset: Offset = 0,
        sort: Sort = "title",
        filter: Annotated[str, Query(max_length=200)] = "",
        collection: CollectionQuery = None,
    ) -> Response:
        records = list_documents(core, collection, offset, DOCUMENTS_PER_PAGE, sort, filter)
        return renderer.page(
            request,
            "documents/list.html",
            documents=records,
            total=core.library.catalogue.count_documents(collection, filter),
            offset=offset,
            per_page=DOCUMENTS_PER_PAGE,
            sort=sort,
            filter=filter,
        )

    def document_context(document_id: str, start: int, end: int, part: int | None) -> dict[str, Any]:
        text = core.library.catalogue.text(document_id)
        view = view_document(text, start, end, part)
        return {"document": core.library.catalogue.document(document_id), "text": text, "view": view}

    @router.get("/documents/{document_id}")
    def document(
        request: Request, document_id: str, start: int = 0, end: int = 0, part: Part = None
    ) -> Response:
        context = document_context(document_id, start, end, part)
        return renderer.page(request, "documents/document.html", **context)

    @router.get("/fragments/documents/{document_id}")
    def fragment(request: Request, document_id: str, start: int = 0, end: int = 0, part: Part = None) -> str:
        context = document_context(document_id, start, end, part)
        return renderer.fragment(choose_language(request), "documents/panel.html", **context)


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
        response = RedirectResponse(_own_address(next), 303)
        for cookie, value, known in (
            (LANGUAGE_COOKIE, language, LANGUAGES),
            (THEME_COOKIE, theme, THEMES),
        ):
            if value in known:
                response.set_cookie(cookie, str(value), max_age=_YEAR_SECONDS, samesite="lax", httponly=True)
        return response


def _own_address(address: str) -> str:
    """The address, if it is one of this site's own; else the front page."""
    parts = urlsplit(address)
    is_own = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.netloc
    return address if is_own and address.isprintable() else "/"
