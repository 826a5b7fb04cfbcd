"""From a request to the events of its answer, the same for the API and for the page."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import asdict, is_dataclass
from typing import Any

from rag.answer import Event
from rag.answering import Request
from rag.core import Core
from rag.errors import CitaError
from rag.standalone import Exchange
from web.api_models import AskRequest


def answer_events(core: Core, request: AskRequest) -> Generator[tuple[str, Any], None, None]:
    """Yield the answer's events as (kind, plain data); an error ends them as an `error` event.

    Closing the generator stops the generation.
    """
    events: Iterator[Event] | None = None
    try:
        events = core.dialogue.ask(_core_request(core, request))
        for event in events:
            yield event.kind, plain(event.data)
    except CitaError as error:
        yield "error", {"message": str(error)}
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()


def answer(core: Core, request: AskRequest) -> dict[str, Any]:
    """The finished answer as plain data.

    Raises:
        CitaError: the question cannot be answered.
    """
    return core.dialogue.answer(_core_request(core, request))


def plain(data: Any) -> Any:
    """Dataclasses, and tuples of them, as the dictionaries and lists that JSON knows."""
    if is_dataclass(data) and not isinstance(data, type):
        return plain(asdict(data))
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [plain(item) for item in data]
    return data


def _core_request(core: Core, request: AskRequest) -> Request:
    return Request(
        request.question,
        collection=request.collection,
        filters=request.filters.filters() if request.filters else None,
        passages=request.passages,
        provider=request.provider,
        model=request.model,
        sampling=request.sampling(core.settings),
        strict=request.strict,
        explain=request.explain,
        conversation=request.conversation,
        history=tuple(Exchange(one.question, one.answer) for one in request.history),
    )
