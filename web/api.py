"""The JSON API: asking, searching, documents, and the program's state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response

from rag.core import Core
from rag.errors import NotFoundError
from rag.query import make_filters
from rag.ranking import Mode
from rag.retrieval import LONGEST_QUESTION
from rag.settings import COLLECTION_PATTERN
from rag.status import status
from web.api_models import (
    AnswerJson,
    AskRequest,
    DocumentsJson,
    DocumentTextJson,
    FilterValue,
    ProblemJson,
    SearchJson,
)
from web.asking import answer, answer_events, plain
from web.listing import Sort, list_documents
from web.streaming import MEDIA_TYPE, EventStreamResponse

CollectionQuery = Annotated[
    str | None, Query(pattern=COLLECTION_PATTERN, description="Only documents of this collection.")
]
FilterQuery = Annotated[Sequence[FilterValue], Query(max_length=50, description="As in the query line.")]
DocumentId = Annotated[str, Path(max_length=200, description="A document's id.")]
QueryText = Annotated[
    str,
    Query(
        description=f"What to look for, 1 to {LONGEST_QUESTION:,} characters.",
        examples=["atención de varias cabezas"],
    ),
]

_STREAM_EXAMPLE = (
    'event: passages\ndata: [{"document_id": "…", "text": "…"}]\n\n'
    'event: token\ndata: {"text": "La atención "}\n\n'
    'event: sentence\ndata: {"index": 0, "text": "…", "status": "supported", "citations": [1]}\n\n'
    'event: answer\ndata: {"question": "…", "answer": "… [1]"}\n\n'
)
PROBLEMS: dict[int | str, dict[str, Any]] = {
    422: {"model": ProblemJson, "description": "The request cannot be served; the sentence says why."},
}
_NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"model": ProblemJson, "description": "There is no such document."},
}


def api_router(core: Core) -> APIRouter:
    """The routes that ask and read, and the two that tell whether the server lives and is ready."""
    router = APIRouter()
    _add_asking(router, core)
    _add_documents(router, core)
    _add_state(router, core)
    return router


def _add_asking(router: APIRouter, core: Core) -> None:
    @router.post(
        "/api/ask",
        tags=["Asking"],
        response_model=AnswerJson,
        responses=PROBLEMS
        | {
            200: {
                "description": "The answer, or its events when the request accepts `text/event-stream`.",
                "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _STREAM_EXAMPLE}},
            }
        },
    )
    def ask(request: Request, body: AskRequest) -> Any:
        """Answer a question from the documents, each sentence with the passage that supports it."""
        if MEDIA_TYPE in request.headers.get("accept", ""):
            return EventStreamResponse(answer_events(core, body))
        return answer(core, body)

    @router.get("/api/search", tags=["Searching"], response_model=SearchJson, responses=PROBLEMS)
    def search(
        q: QueryText,
        limit: Annotated[int | None, Query(ge=1, le=200, description="Most results to return.")] = None,
        collection: CollectionQuery = None,
        mode: Mode | None = None,
        rerank: Annotated[bool | None, Query(description="Score the first hits again.")] = None,
        document: FilterQuery = (),
        path: FilterQuery = (),
        language: FilterQuery = (),
        date: FilterQuery = (),
        tag: FilterQuery = (),
    ) -> Any:
        """Find the passages nearest to a query, without writing an answer.

        Filters may be repeated, any of one kind will do; they may stand in the query too: `path:*.pdf`.
        """
        filters = make_filters(document, path, language, date, tag)
        result = core.retriever.search(
            q, collection=collection, filters=filters, limit=limit, mode=mode, rerank=rerank
        )
        return {
            "query": q,
            "language": result.language,
            "results": plain(result.passages),
            "timings_ms": result.timings_ms,
        }


def _add_documents(router: APIRouter, core: Core) -> None:
    @router.get("/api/documents", tags=["Documents"], response_model=DocumentsJson, responses=PROBLEMS)
    def documents(
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        sort: Sort = "title",
        filter: Annotated[str, Query(max_length=200, description="Words of the title or the name.")] = "",
        collection: CollectionQuery = None,
    ) -> Any:
        """List the documents, a stretch at a time."""
        records = list_documents(core, collection, offset, limit, sort, filter)
        return {
            "documents": plain(records),
            "total": core.library.catalogue.count_documents(collection, filter),
        }

    @router.get(
        "/api/documents/{document_id}",
        tags=["Documents"],
        response_model=DocumentTextJson,
        responses=_NOT_FOUND,
    )
    def document(document_id: DocumentId) -> Any:
        """A document with its text, and the blocks and pages of that text as offsets into it."""
        text = core.library.catalogue.text(document_id)
        return plain(core.library.catalogue.document(document_id)) | {
            "text": text.text,
            "blocks": plain(text.blocks),
            "page_spans": plain(text.pages),
            "warnings": list(text.warnings),
        }

    @router.get("/api/documents/{document_id}/original", tags=["Documents"], responses=_NOT_FOUND)
    def original(document_id: DocumentId) -> Response:
        """The document's file as it was taken in, to download."""
        record = core.library.catalogue.document(document_id)
        content = core.library.originals.read(record.sha256)
        if content is None:
            raise NotFoundError(
                f"The original of {record.title} is not kept here; open it at {record.source}."
            )
        # Never drawn by the browser: an HTML file of a stranger must not run as a page of ours.
        name = quote(record.source.rsplit("/", 1)[-1], safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        return Response(content, media_type="application/octet-stream", headers=headers)

    @router.delete("/api/documents/{document_id}", tags=["Documents"], status_code=204, responses=_NOT_FOUND)
    def remove(document_id: DocumentId) -> Response:
        """Remove a document, its chunks and its vectors."""
        core.library.remove(document_id)
        return Response(status_code=204)


def _add_state(router: APIRouter, core: Core) -> None:
    @router.get("/api/status", tags=["State"])
    def state() -> dict[str, Any]:
        """Models, folders, counts, memory and versions; sizes in bytes."""
        return status(core)

    @router.get("/api/models", tags=["State"])
    def list_models() -> dict[str, Any]:
        """The embedding model and who can write answers now."""
        state = status(core)
        return {name: state[name] for name in ("embedding_model", "llm", "generators")}

    @router.get("/healthz", tags=["State"])
    def healthz() -> dict[str, str]:
        """Whether the server lives."""
        return {"status": "ok"}

    @router.get("/readyz", tags=["State"])
    def readyz() -> dict[str, Any]:
        """Whether the store and the models are open: it reads the store to answer."""
        return {"status": "ready", "documents": core.library.catalogue.count_documents()}
