"""The pages for people, and the fragments that their scripts fetch."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse

from rag.core import Core
from rag.errors import CitaError, InputError
from rag.generation.choice import available_generators
from rag.retrieval import LONGEST_QUESTION, Mode
from rag.status import status
from web.answer_view import answer_context
from web.api_models import AskRequest
from web.asking import answer, plain
from web.examples import sample_questions, titles_to_ask_about
from web.languages import COOKIE as LANGUAGE_COOKIE
from web.languages import LANGUAGES, choose_language
from web.page_stream import page_events
from web.problems import problem_response, validation_sentence
from web.prompts import follow_ups
from web.rendering import THEME_COOKIE, THEMES, Renderer, own_address
from web.streaming import MEDIA_TYPE, EventStreamResponse
from web.uploads import MOST_UPLOAD_BYTES

# Marks a sentence for translation.
N_ = str
_NEWEST = 100
_YEAR_SECONDS = 365 * 24 * 3600
QuestionQuery = Annotated[str, Query(max_length=LONGEST_QUESTION)]


def page_router(core: Core, renderer: Renderer) -> APIRouter:
    """All pages; they stay out of the API's documentation."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    _add_asking(router, core, renderer)
    _add_searching(router, core, renderer)
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
        if names["documents_total"] == 0:
            names |= _first_steps(core)
        return renderer.page(request, "ask/page.html", status, **names | context)

    def answered(asked: AskRequest, turn: str) -> dict[str, Any]:
        given = answer(core, asked)
        return answer_context(given, turn, follow_ups(given, core.library.catalogue.text))

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
            context |= await run_in_threadpool(answered, asked, turn)
        except CitaError as error:
            return await run_in_threadpool(
                ask_page, request, error.http_status, problem=str(error), **context
            )
        return await run_in_threadpool(ask_page, request, **context)


def _first_steps(core: Core) -> dict[str, Any]:
    """What the page of an empty library needs: who would write, and where files go."""
    wanted = core.settings.llm
    able = [one for one in available_generators(core.settings) if one.available]
    writers = [
        one for one in able if one.provider == wanted or (wanted == "auto" and one.provider != "openai")
    ]
    writer = next((one for one in writers if one.provider != "extractive"), None)
    return {
        "writer": writer,
        "collection": None,
        "most_upload_bytes": MOST_UPLOAD_BYTES,
        "added": ("/", N_("Ask about them")),
    }


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
