"""Pages of a PDF as pictures, and where a quote stands on them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from ingest.loaders.pdfium import page_sizes, quote_rectangles, render_page
from rag.core import Core
from rag.document_text import DocumentText
from rag.errors import NotFoundError, UnreadableError
from rag.records import DocumentRecord

SHEETS_AT_ONCE = 60
"""Pages in one view; a longer document is drawn in stretches, so that it opens at once."""
SCALES = (1.0, 2.0, 3.0)
"""What a page is drawn at, 1 being 72 pixels an inch; the browser takes the one that its screen needs."""
PDF = "application/pdf"
_KEPT = 64
"""Drawings and page sizes kept, of some hundred kilobytes at the most."""
Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page, ready to draw."""

    number: int
    label: str
    width: int
    height: int
    boxes: tuple[Rectangle, ...]
    """Where the quoted words stand: left, top, width, height in the page's own units."""
    first: bool
    """Whether it holds the beginning of the quote: where a link jumps to."""


@dataclass(frozen=True, slots=True)
class SheetsView:
    """A stretch of a document's pages."""

    sheets: tuple[Sheet, ...]
    first: int
    last: int
    total: int
    quote: str
    found: bool
    """Whether the quoted words were found on their page."""


class PageImages:
    """Draws pages of the kept originals; what was drawn last is kept for a while."""

    def __init__(self, core: Core) -> None:
        self._library = core.library
        self._sizes: OrderedDict[str, list[tuple[float, float]]] = OrderedDict()
        self._pictures: OrderedDict[tuple[str, int, float], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def view(
        self, record: DocumentRecord, text: DocumentText, start: int, end: int, page: int | None
    ) -> SheetsView | None:
        """The stretch of pages with the quote `[start, end)`, or with `page`; None where there are none."""
        sizes = self._page_sizes(record)
        if not sizes:
            return None
        quoted = 0 <= start < end <= len(text.text)
        at = page or (text.page_at(start) if quoted else None) or 1
        first = (min(at, len(sizes)) - 1) // SHEETS_AT_ONCE * SHEETS_AT_ONCE
        last = min(first + SHEETS_AT_ONCE, len(sizes))
        boxes = self._boxes(record, text, start, end) if quoted else {}
        begins = min(boxes, default=0)
        labels = {one.number: one.label for one in text.pages}
        sheets = tuple(
            _sheet(number, labels.get(number, str(number)), sizes[number - 1], boxes.get(number, []), begins)
            for number in range(first + 1, last + 1)
        )
        quote = text.text[start:end] if quoted else ""
        return SheetsView(sheets, first + 1, last, len(sizes), quote, bool(boxes))

    def picture(self, record: DocumentRecord, page: int, scale: float) -> bytes:
        """A page as PNG.

        Raises:
            NotFoundError: the document has no such page, or its original is not kept.
        """
        key = (record.sha256, page, scale)
        with self._lock:
            if key in self._pictures:
                self._pictures.move_to_end(key)
                return self._pictures[key]
        picture = render_page(self._original(record), page, scale)
        with self._lock:
            self._pictures[key] = picture
            if len(self._pictures) > _KEPT:
                self._pictures.popitem(last=False)
        return picture

    def _page_sizes(self, record: DocumentRecord) -> list[tuple[float, float]]:
        if record.media_type != PDF:
            return []
        with self._lock:
            known = self._sizes.get(record.sha256)
        if known is None:
            try:
                known = page_sizes(self._original(record))
            except (NotFoundError, UnreadableError):
                known = []  # damaged or not kept: its text is shown instead
            with self._lock:
                self._sizes[record.sha256] = known
                if len(self._sizes) > _KEPT:
                    self._sizes.popitem(last=False)
        return known

    def _boxes(
        self, record: DocumentRecord, text: DocumentText, start: int, end: int
    ) -> dict[int, list[Rectangle]]:
        data = self._original(record)
        found = {}
        for page in text.pages:
            if page.start < end and start < page.end:
                part = text.text[max(start, page.start) : min(end, page.end)]
                if part.strip() and (boxes := quote_rectangles(data, page.number, part)):
                    found[page.number] = boxes
        return found

    def _original(self, record: DocumentRecord) -> bytes:
        data = self._library.originals.read(record.sha256)
        if data is None:
            raise NotFoundError(f"The original of {record.title} is not kept here.")
        return data


def _sheet(number: int, label: str, size: tuple[float, float], boxes: list[Rectangle], begins: int) -> Sheet:
    width, height = round(size[0]), round(size[1])
    placed = tuple(
        (
            round(left * width - 1, 1),
            round(top * height - 1, 1),
            round((right - left) * width + 2, 1),
            round((bottom - top) * height + 2, 1),
        )
        for left, top, right, bottom in boxes
    )
    return Sheet(number, label, width, height, placed, number == begins)
