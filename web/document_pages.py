"""A document's own page, the same beside an answer, and its pages as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import HTMLResponse

from rag.core import Core
from rag.errors import NotFoundError
from web.document_states import document_states, readable_again
from web.document_view import view_document
from web.languages import choose_language
from web.page_images import PDF, SCALES, PageImages
from web.prompts import heading_questions
from web.rendering import Renderer

View = Literal["pages", "text", "chunks"]
CHUNKS_AT_ONCE = 100
_YEAR_SECONDS = 365 * 24 * 3600
Offset = Annotated[int, Query(ge=0)]
Numbered = Annotated[int | None, Query(ge=1)]
Scale = Annotated[float, Query(description="1 is 72 pixels an inch.")]


class _Views:
    """What the templates need of a document."""

    def __init__(self, core: Core) -> None:
        self._catalogue = core.library.catalogue
        self._images = PageImages(core)

    def context(
        self, document_id: str, start: int, end: int, part: int | None, page: int | None, view: View | None
    ) -> dict[str, Any]:
        """The text or the pages, whichever was asked for; of a PDF the pages where nothing was."""
        document, text = self._catalogue.document(document_id), self._catalogue.text(document_id)
        drawn = view_document(text, start, end, part)
        wants_pages = view == "pages" or (view is None and part is None)
        sheets = self._images.view(document, text, start, end, page) if wants_pages else None
        shown = "pages" if sheets else "chunks" if view == "chunks" else "text"
        return {
            "document": document,
            "text": text,
            "view": drawn,
            "sheets": sheets,
            "shown": shown,
            "has_pages": document.media_type == PDF,
            "scales": SCALES,
        }

    def chunks(self, document_id: str, offset: int) -> Mapping[str, Any]:
        """One stretch of a document's chunks with their texts."""
        text = self._catalogue.text(document_id).text
        chunks = self._catalogue.chunks(document_id)
        part = chunks[offset : offset + CHUNKS_AT_ONCE]
        return {
            "chunks": [{"record": one, "text": text[one.start : one.end]} for one in part],
            "chunks_total": len(chunks),
            "offset": offset,
            "per_page": CHUNKS_AT_ONCE,
        }

    def picture(self, document_id: str, page: int, scale: float) -> bytes:
        """A page as PNG, at one of the scales that are drawn."""
        if scale not in SCALES:
            raise NotFoundError("Pages are drawn at the scales 1, 2 and 3; ask for one of them.")
        return self._images.picture(self._catalogue.document(document_id), page, scale)


def document_router(core: Core, renderer: Renderer) -> APIRouter:
    """Reading one document."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    views = _Views(core)

    @router.get("/documents/{document_id}")
    def document(
        request: Request,
        document_id: str,
        start: int = 0,
        end: int = 0,
        part: Numbered = None,
        page: Numbered = None,
        view: View | None = None,
        offset: Offset = 0,
    ) -> Response:
        context = views.context(document_id, start, end, part, page, view)
        if context["shown"] == "chunks":
            context |= views.chunks(document_id, offset)
        catalogue = core.library.catalogue
        context["state"] = document_states(catalogue, [context["document"]])[document_id]
        context["readable_again"] = bool(readable_again(catalogue, [document_id]))
        context["prompts"] = heading_questions(context["document"].title, context["text"])
        return renderer.page(request, "documents/document.html", **context)

    @router.get("/fragments/documents/{document_id}")
    def fragment(
        request: Request,
        document_id: str,
        start: int = 0,
        end: int = 0,
        part: Numbered = None,
        page: Numbered = None,
        view: View | None = None,
    ) -> str:
        context = views.context(document_id, start, end, part, page, view)
        return renderer.fragment(choose_language(request), "documents/panel.html", **context)

    @router.get("/documents/{document_id}/pages/{page}.png")
    def picture(document_id: str, page: Annotated[int, Path(ge=1)], scale: Scale = 2.0) -> Response:
        # Its address holds the content's hash: a browser may keep it.
        headers = {"Cache-Control": f"private, max-age={_YEAR_SECONDS}, immutable"}
        return Response(views.picture(document_id, page, scale), media_type="image/png", headers=headers)

    return router
