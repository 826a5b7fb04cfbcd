"""An answer in the making, as the fragments of HTML that the page puts in their place.

The same templates draw the finished answer, so both look alike and text is escaped in one place.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from rag.core import Core
from web.answer_view import SentenceView, StreamedText, answer_context
from web.api_models import AskRequest
from web.asking import answer_events
from web.prompts import follow_ups
from web.rendering import Renderer


def page_events(
    core: Core, renderer: Renderer, language: str, request: AskRequest, turn: str
) -> Generator[tuple[str, Any], None, None]:
    """Yield (kind, data) for the page's script; `turn` is the prefix of the fragment's ids."""
    text = StreamedText()
    cited: dict[int, Any] = {}
    events = answer_events(core, request)
    try:
        for kind, data in events:
            if kind == "passages":
                yield kind, {"html": renderer.fragment(language, "ask/passages.html", passages=data)}
            elif kind == "token":
                text.add(data["text"])
                yield kind, data
            elif kind == "sentence":
                cited |= {citation["number"]: citation for citation in data.get("new_citations", ())}
                yield kind, _sentence(renderer, language, data, cited, text, turn)
            elif kind == "answer":
                context = answer_context(data, turn, follow_ups(data, core.library.catalogue.text))
                html = renderer.fragment(language, "ask/turn_body.html", **context)
                yield (
                    kind,
                    {
                        "html": html,
                        "refused": data["refused"],
                        "conversation": data.get("conversation", ""),
                    },
                )
            elif kind == "error":
                yield kind, {"message": renderer.said(language, data["message"])}
            else:
                yield kind, data
    finally:
        events.close()
        if request.conversation:
            core.conversations.forget_if_empty(request.conversation)


def _sentence(
    renderer: Renderer, language: str, data: Any, cited: dict[int, Any], text: StreamedText, turn: str
) -> dict[str, Any]:
    citations = tuple(cited[number] for number in data["citations"] if number in cited)
    sentence = SentenceView(data["text"], data["status"], citations)
    begins_paragraph = text.check(data["text"])
    return {
        "html": renderer.fragment(language, "ask/sentence.html", sentence=sentence, turn=turn),
        "paragraph": begins_paragraph,
        "pending": text.pending.lstrip("\n") if text.pending.strip() else "",
        "sources": renderer.fragment(
            language, "ask/sources.html", citations=data.get("new_citations", ()), turn=turn
        ),
    }
