"""The page that asks: a question answered, within a conversation that is kept and listed beside it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse

from rag.core import Core
from rag.errors import CitaError, InputError
from rag.generation.choice import available_generators
from rag.retrieval import LONGEST_QUESTION
from web.answer_view import answer_context
from web.api_models import AskRequest
from web.asking import answer
from web.examples import SAMPLES, sample_questions, titles_to_ask_about
from web.languages import choose_language
from web.page_stream import page_events
from web.problems import problem_response, validation_sentence
from web.prompts import follow_ups
from web.rendering import Renderer
from web.streaming import MEDIA_TYPE, EventStreamResponse
from web.uploads import MOST_UPLOAD_BYTES

# Marks a sentence for translation.
N_ = str
NEWEST = 100
LISTED = 50
"""Conversations in the list beside the page."""
QuestionQuery = Annotated[str, Query(max_length=LONGEST_QUESTION)]
ConversationId = Annotated[str, Path(max_length=100)]


def ask_router(core: Core, renderer: Renderer) -> APIRouter:
    """The front page, the conversations, and where both send their questions."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    page = AskPage(core, renderer)
    _add_asking(router, core, renderer, page)
    _add_conversations(router, core, renderer, page)
    return router


class AskPage:
    """Draws the page that asks."""

    def __init__(self, core: Core, renderer: Renderer) -> None:
        self._core = core
        self._renderer = renderer

    def draw(self, request: Request, status: int = 200, **context: Any) -> Response:
        """The page with what `context` adds: turns, a problem, what was given."""
        core, language = self._core, choose_language(request)
        newest = core.library.catalogue.documents(limit=NEWEST, sort="ingested_at", descending=True)
        names: dict[str, Any] = {"question": "", "turns": [], "problem": None, "given": {}}
        names |= {
            "examples": sample_questions(newest, language),
            "titles": titles_to_ask_about(newest, language),
            "settings": core.settings,
            "collections": core.library.catalogue.collections(),
            "documents_total": core.library.catalogue.count_documents(),
            "longest": LONGEST_QUESTION,
            "conversation": "",
            "conversations": core.conversations.listed(limit=LISTED),
        }
        if names["documents_total"] == 0:
            names |= first_steps(core)
        return self._renderer.page(request, "ask/page.html", status, **names | context)

    def conversation(self, request: Request, conversation_id: str, **context: Any) -> Response:
        """A conversation with all its turns.

        Raises:
            NotFoundError: there is no such conversation.
        """
        turns = self._core.conversations.turns(conversation_id)
        drawn = [
            self._turn(turn.answer, f"t{number}", is_last=number == len(turns))
            for number, turn in enumerate(turns, 1)
        ]
        title = self._core.conversations.get(conversation_id).title
        return self.draw(
            request,
            **{
                "conversation": conversation_id,
                "turns": drawn,
                "title": title,
                "here": f"/c/{conversation_id}",
            }
            | context,
        )

    def _turn(self, given: Any, turn: str, *, is_last: bool) -> dict[str, Any]:
        suggestions = follow_ups(given, self._core.library.catalogue.text) if is_last else ()
        return answer_context(given, turn, suggestions)


def _add_asking(router: APIRouter, core: Core, renderer: Renderer, page: AskPage) -> None:
    @router.get("/")
    def front(request: Request, question: QuestionQuery = "") -> Response:
        return page.draw(request, question=question)

    @router.get("/ask")
    def ask_again(request: Request) -> Response:
        # What a form posts to; its address alone starts over.
        return RedirectResponse("/", 303)

    @router.post("/ask")
    async def ask(request: Request) -> Response:
        form = await request.form()
        given = {name: value for name, value in form.items() if isinstance(value, str) and value != ""}
        turn = given.pop("turn", "t1")
        conversation = given.pop("conversation", "")
        context = {"given": given, "question": given.get("question", ""), "here": "/"}
        streams = MEDIA_TYPE in request.headers.get("accept", "")
        try:
            asked = AskRequest.model_validate({"question": ""} | given)
        except (ValidationError, InputError) as error:
            sentence = str(error) if isinstance(error, InputError) else validation_sentence(error.errors())
            if streams:
                return problem_response(request, 422, sentence)
            return await run_in_threadpool(page.draw, request, 422, problem=sentence, **context)
        kept = await run_in_threadpool(_begun, core, conversation)
        asked = asked.model_copy(update={"conversation": kept})
        if streams:
            events = page_events(core, renderer, choose_language(request), asked, turn)
            return EventStreamResponse(events)
        try:
            await run_in_threadpool(answer, core, asked)
        except CitaError as error:
            await run_in_threadpool(core.conversations.forget_if_empty, kept)
            return await run_in_threadpool(
                page.draw, request, error.http_status, problem=str(error), **context
            )
        last = await run_in_threadpool(core.conversations.get, kept)
        return RedirectResponse(f"/c/{kept}#t{last.turns}", 303)


def _begun(core: Core, conversation_id: str) -> str:
    """The conversation to go on with; a new one where none is named, or where it has been deleted."""
    known = conversation_id and core.conversations.exists(conversation_id)
    return conversation_id if known else core.conversations.start().id


def _add_conversations(router: APIRouter, core: Core, renderer: Renderer, page: AskPage) -> None:
    @router.get("/c/{conversation_id}")
    def conversation(request: Request, conversation_id: ConversationId) -> Response:
        return page.conversation(request, conversation_id)

    @router.post("/c/{conversation_id}/rename")
    def rename(conversation_id: ConversationId, title: Annotated[str, Form()] = "") -> Response:
        core.conversations.rename(conversation_id, title)
        return RedirectResponse(f"/c/{conversation_id}", 303)

    @router.post("/c/{conversation_id}/delete")
    def delete(conversation_id: ConversationId) -> Response:
        core.conversations.delete(conversation_id)
        return RedirectResponse("/", 303)

    @router.get("/fragments/conversations")
    def listed(request: Request, current: Annotated[str, Query(max_length=100)] = "") -> str:
        return renderer.fragment(
            choose_language(request),
            "ask/conversations.html",
            conversations=core.conversations.listed(limit=LISTED),
            conversation=current,
        )


def first_steps(core: Core) -> dict[str, Any]:
    """What the page of an empty library needs: who would write, and where files go."""
    wanted = core.settings.llm
    able = [one for one in available_generators(core.settings) if one.available]
    writers = [
        one for one in able if one.provider == wanted or (wanted == "auto" and one.provider != "openai")
    ]
    writer = next((one for one in writers if one.provider != "extractive"), None)
    return {
        "writer": writer,
        "samples": SAMPLES.is_dir(),
        "collection": None,
        "most_upload_bytes": MOST_UPLOAD_BYTES,
        "added": ("/", N_("Ask about them")),
    }
