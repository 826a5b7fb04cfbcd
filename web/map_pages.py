"""The map of a collection: the page, its points, and where a question falls among them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import HTMLResponse, JSONResponse

from rag.core import Core
from rag.retrieval import LONGEST_QUESTION
from rag.settings import COLLECTION_PATTERN
from web.asking import plain
from web.languages import choose_language
from web.map_data import Map, Maps
from web.rendering import Renderer

Collection = Annotated[str | None, Query(pattern=COLLECTION_PATTERN)]
Question = Annotated[str, Query(max_length=LONGEST_QUESTION)]


def map_router(core: Core, renderer: Renderer) -> APIRouter:
    """`/map` and what its script asks for."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    maps = Maps(core)

    def retrieved(question: str, collection: str) -> dict[str, Any]:
        result = core.retriever.search(question, collection=collection, limit=core.settings.passages)
        drawn = maps.get(collection)
        at = drawn.place(result.question_vector, result.language) if drawn else (0.0, 0.0)
        return {"at": at, "passages": plain(result.passages)}

    @router.get("/map")
    def page(request: Request, collection: Collection = None, question: Question = "") -> Response:
        chosen = collection or core.settings.collection
        drawn = maps.get(chosen)
        found = retrieved(question, chosen)["passages"] if drawn and question.strip() else None
        return renderer.page(
            request,
            "map.html",
            drawn=drawn,
            collection=chosen,
            collections=core.library.catalogue.collections(),
            question=question,
            passages=found,
        )

    @router.get("/fragments/map/points")
    def points(collection: Collection = None) -> Response:
        drawn = maps.get(collection or core.settings.collection)
        return JSONResponse(_points(drawn) if drawn else {"documents": [], "points": []})

    @router.get("/fragments/map/question")
    def ask(request: Request, question: Question, collection: Collection = None) -> Response:
        found = retrieved(question, collection or core.settings.collection)
        html = renderer.fragment(choose_language(request), "map_found.html", passages=found["passages"])
        places = [[one["document_id"], one["start"], one["end"]] for one in found["passages"]]
        return JSONResponse({"at": found["at"], "places": places, "html": html})

    return router


def _points(drawn: Map) -> dict[str, Any]:
    """Documents once each, and of each chunk: x, y, document, start, end, heading."""
    documents: dict[str, dict[str, Any]] = {}
    rows = []
    for chunk, (x, y) in zip(drawn.chunks, drawn.positions.tolist(), strict=True):
        new = {"id": chunk.document_id, "title": chunk.title, "number": len(documents)}
        number = documents.setdefault(chunk.document_id, new)["number"]
        heading = chunk.heading[-1] if chunk.heading else ""
        rows.append([round(x, 4), round(y, 4), number, chunk.start, chunk.end, heading])
    return {"documents": list(documents.values()), "points": rows}
