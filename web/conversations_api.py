"""The JSON API of conversations: begin, list, read, rename, delete, export."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from rag.core import Core
from web.api_models import ProblemJson

ConversationId = Annotated[str, Path(max_length=100, description="A conversation's id.")]
_NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"model": ProblemJson, "description": "There is no such conversation."},
}


class TitleRequest(BaseModel):
    """A conversation's title."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(default="", max_length=2000, description="Empty: the first question becomes it.")


class ConversationJson(BaseModel):
    """A conversation without its turns."""

    id: str
    title: str
    created_at: str
    changed_at: str
    turns: int


class ConversationsJson(BaseModel):
    """Conversations, the one changed last first."""

    conversations: list[ConversationJson]
    total: int


class TurnJson(BaseModel):
    """A question and its answer."""

    question: str
    standalone: str = Field(description="The question as it was looked up.")
    answer: dict[str, Any] = Field(description="As `POST /api/ask` gave it.")
    created_at: str


class WholeConversationJson(BaseModel):
    """A conversation with its turns in order."""

    id: str
    title: str
    created_at: str
    changed_at: str
    turns: list[TurnJson]


def conversations_router(core: Core) -> APIRouter:
    """All routes under `/api/conversations`."""
    router = APIRouter(prefix="/api/conversations", tags=["Conversations"])
    _add_collection(router, core)
    _add_one(router, core)
    return router


def _add_collection(router: APIRouter, core: Core) -> None:
    @router.get("", response_model=ConversationsJson)
    def listed(
        offset: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> Any:
        """List the conversations, a stretch at a time."""
        found = core.conversations.listed(offset, limit)
        return {"conversations": [asdict(one) for one in found], "total": core.conversations.count()}

    @router.post("", status_code=201, response_model=ConversationJson)
    def start(body: TitleRequest | None = None) -> Any:
        """Begin a conversation; its id goes into `POST /api/ask` as `conversation`."""
        return asdict(core.conversations.start(body.title if body else ""))


def _add_one(router: APIRouter, core: Core) -> None:
    @router.get("/{conversation_id}", response_model=WholeConversationJson, responses=_NOT_FOUND)
    def whole(conversation_id: ConversationId) -> Any:
        """A conversation with its turns."""
        return core.conversations.to_json(conversation_id)

    @router.patch("/{conversation_id}", response_model=ConversationJson, responses=_NOT_FOUND)
    def rename(conversation_id: ConversationId, body: TitleRequest) -> Any:
        """Give a conversation another title."""
        return asdict(core.conversations.rename(conversation_id, body.title))

    @router.delete("/{conversation_id}", status_code=204, responses=_NOT_FOUND)
    def delete(conversation_id: ConversationId) -> Response:
        """Delete a conversation with all its turns."""
        core.conversations.delete(conversation_id)
        return Response(status_code=204)

    @router.get("/{conversation_id}/export", responses=_NOT_FOUND)
    def export(
        conversation_id: ConversationId,
        format: Annotated[Literal["markdown", "json"], Query()] = "markdown",
    ) -> Response:
        """A conversation as a file to keep: Markdown to read, or JSON with everything."""
        if format == "json":
            whole = core.conversations.to_json(conversation_id)
            content, kind, ending = (
                json.dumps(whole, ensure_ascii=False, indent=2),
                "application/json",
                "json",
            )
        else:
            content, kind, ending = core.conversations.to_markdown(conversation_id), "text/markdown", "md"
        headers = {"Content-Disposition": f'attachment; filename="conversation.{ending}"'}
        return Response(content, media_type=f"{kind}; charset=utf-8", headers=headers)
