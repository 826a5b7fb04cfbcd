"""Changing a running server over to another embedding model, for the `cita reembed` command."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import asdict
from queue import SimpleQueue
from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field

from ingest.jobs import Jobs
from ingest.reembedding import Reembedding
from rag.core import Core
from rag.embedding import open_embedder
from rag.errors import CitaError
from rag.lock import TOKEN_HEADER
from web.api_models import NO_TOKEN
from web.security import require_owner
from web.streaming import MEDIA_TYPE, EventStreamResponse

_EXAMPLE = (
    'event: progress\ndata: {"what": "Building the new index", "done": 1, "total": 3}\n\n'
    'event: changed\ndata: {"model": "…", "changed": true, "documents": 3, "chunks": 40, "embedded": 0}\n\n'
)
ONLY_REEMBED = "The embedding model is changed by the `cita reembed` command only; run it on this machine."
Told = tuple[str, dict[str, Any]]


class ModelRequest(BaseModel):
    """The embedding model that is wanted."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(min_length=1, max_length=4000, description="A prepared model's hub name or folder.")


class _LeftError(Exception):
    """Whoever asked for the change is gone, or the server stops."""


def model_router(core: Core, jobs: Jobs, owner_token: str) -> APIRouter:
    """What changes the embedding model.

    Args:
        core: answers throughout.
        jobs: stand still meanwhile.
        owner_token: what a caller shows to prove that it may read this machine's files.
    """
    router = APIRouter(tags=["Models"])

    @router.post(
        "/api/embedding-model",
        response_model=None,
        responses={
            200: {
                "description": "`progress`, then `changed`, or `error`.",
                "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}},
            },
            403: NO_TOKEN,
        },
    )
    def change(
        body: ModelRequest, token: Annotated[str, Header(alias=TOKEN_HEADER)] = ""
    ) -> EventStreamResponse:
        """Go on with another embedding model, its index built anew; questions are answered throughout.

        For the `cita reembed` command only, which embeds the documents first. Leaving gives the change up.
        """
        require_owner(token, owner_token, ONLY_REEMBED)
        return EventStreamResponse(model_events(core, jobs, body.model))

    return router


def model_events(core: Core, jobs: Jobs, model: str) -> Generator[Told, None, None]:
    """The change as it goes; closing the generator gives it up."""
    told: SimpleQueue[Told | None] = SimpleQueue()
    left = threading.Event()

    def tell(what: str, done: int, total: int) -> None:
        if left.is_set() or jobs.closing:
            raise _LeftError
        told.put(("progress", {"what": what, "done": done, "total": total}))

    def work() -> None:
        try:
            settings = core.settings.model_copy(update={"embedding_model": model})
            embedder = open_embedder(settings)
            tell("Waiting for what is being taken in", 0, 0)
            with jobs.paused():
                report = Reembedding(settings, embedder, tell).change_over(core)
            told.put(("changed", asdict(report)))
        except CitaError as error:
            told.put(("error", {"message": str(error)}))
        except _LeftError:
            pass
        finally:
            told.put(None)

    worker = threading.Thread(target=work, name="model-change", daemon=True)
    worker.start()
    try:
        while (event := told.get()) is not None:
            yield event
    finally:
        left.set()
        worker.join()
