"""PDFium: the lines of each page with their places, a quote's rectangles, pages as pictures.

PDFium is not safe across threads: everything here takes one lock, page by page, so that a long
document does not keep others waiting.
"""

from __future__ import annotations

import ctypes
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from ingest.loaders.pdf_page import Cell, Line, PageLines
from ingest.loaders.quote_search import Rectangle, find_quote, is_compared, merge_boxes
from rag.errors import NotFoundError, UnreadableError

_LOCK = threading.RLock()
_HYPHEN = 0x2
"""What PDFium puts in the place of a hyphen at a line's end, joining the lines."""
_FIXED_PITCH, _BOLD_WEIGHT = 1, 600
_WIDE_GAP = 0.9
"""Of the font's size: the spaces of a justified line are narrower."""
_GRID = 1_000_000
_MAX_PIXELS = 40_000_000


class DamagedPdfError(UnreadableError):
    """PDFium cannot open the file, and no password would help."""


def read_pages(data: bytes, password: str | None = None) -> Iterator[PageLines]:
    """The pages of a PDF in order.

    Raises:
        UnreadableError: the file is damaged, or encrypted and the password does not open it.
    """
    with _LOCK:
        document = _open(data, password)
        count = len(document)
    try:
        for index in range(count):
            with _LOCK:
                page = _read_page(document, index)
            yield page
    finally:
        with _LOCK:
            document.close()


def quote_rectangles(data: bytes, page: int, quote: str, password: str | None = None) -> list[Rectangle]:
    """Where a quote stands on a page.

    Args:
        data: the PDF.
        page: physical page, from 1.
        quote: text of the document; white space and hyphens may differ from the page's. Of a quote
            that goes on to another page, the part on this one is found.
        password: for an encrypted PDF.

    Returns:
        `(left, top, right, bottom)` as fractions of the page's width and height from its top left;
        empty where the quote is not on the page.

    Raises:
        NotFoundError: there is no such page.
        UnreadableError: the file cannot be opened.
    """
    with _page(data, page, password) as opened:
        textpage = opened.get_textpage()
        codes = _codes(textpage)
        shown = [(index, chr(code)) for index, code in enumerate(codes) if is_compared(chr(code))]
        found = find_quote("".join(mark for _, mark in shown), quote)
        if found is None:
            return []
        boxes = [textpage.get_charbox(index, loose=True) for index, _ in shown[found[0] : found[1]]]
        return merge_boxes([_fractions(opened, box) for box in boxes])


def render_page(data: bytes, page: int, scale: float = 1.5, password: str | None = None) -> bytes:
    """A page as a PNG picture; `scale` 1 is 72 pixels an inch.

    Raises:
        NotFoundError: there is no such page.
        UnreadableError: the file cannot be opened.
    """
    with _page(data, page, password) as opened:
        width, height = opened.get_size()
        scale = min(scale, (_MAX_PIXELS / max(width * height, 1)) ** 0.5)
        picture = opened.render(scale=scale).to_pil()
        buffer = io.BytesIO()
        picture.save(buffer, format="PNG")
        return buffer.getvalue()


def page_sizes(data: bytes, password: str | None = None) -> list[tuple[float, float]]:
    """Width and height of every page in points, rotation taken in.

    Raises:
        UnreadableError: the file cannot be opened.
    """
    with _LOCK:
        document = _open(data, password)
        try:
            return [document.get_page_size(index) for index in range(len(document))]
        finally:
            document.close()


def _open(data: bytes, password: str | None) -> Any:
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        return PdfDocument(data, password=password)
    except PdfiumError as error:
        if "password" in str(error).lower():
            raise UnreadableError(
                "It is encrypted and the password given does not open it."
                if password
                else "It is encrypted; give its password."
            ) from error
        raise DamagedPdfError("It is no PDF that can be opened: the file is damaged or cut short.") from error


@contextmanager
def _page(data: bytes, number: int, password: str | None) -> Iterator[Any]:
    with _LOCK:
        document = _open(data, password)
        try:
            if not 1 <= number <= len(document):
                raise NotFoundError(f"There is no page {number}; the document has {len(document)}.")
            yield document[number - 1]
        finally:
            document.close()


def _read_page(document: Any, index: int) -> PageLines:
    from pypdfium2 import PdfiumError
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

    try:
        page = document[index]
    except PdfiumError:
        return PageLines(0, 0, (), False)  # a damaged page among others
    width, height = page.get_size()
    textpage = page.get_textpage()
    lines = tuple(_lines(page, textpage, width, height))
    pictures = () if lines else page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE], max_depth=3)
    found = PageLines(width, height, lines, any(True for _ in pictures))
    textpage.close()
    page.close()
    return found


def _codes(textpage: Any) -> list[int]:
    from pypdfium2.raw import FPDFText_GetUnicode

    handle = textpage.raw
    return [FPDFText_GetUnicode(handle, index) for index in range(textpage.count_chars())]


def _lines(page: Any, textpage: Any, width: float, height: float) -> Iterator[Line]:
    codes = _codes(textpage)
    start = 0
    for at, code in enumerate([*codes, 10]):
        if code not in (10, 13, _HYPHEN):
            continue
        shown = [index for index in range(start, at) if not chr(codes[index]).isspace() and codes[index]]
        if shown:
            text = "".join(map(chr, codes[shown[0] : shown[-1] + 1]))
            first = _fractions(page, textpage.get_charbox(shown[0], loose=True))
            last = _fractions(page, textpage.get_charbox(shown[-1], loose=True))
            size, bold, fixed = _font(textpage, shown[(len(shown) - 1) // 4])
            # A name in fixed pitch within a sentence makes no line of code.
            fixed = fixed and all(_font(textpage, shown[at * (len(shown) - 1) // 4])[2] for at in (0, 2, 4))
            yield Line(
                text,
                min(first[0], last[0]) * width,
                min(first[1], last[1]) * height,
                max(first[2], last[2]) * width,
                max(first[3], last[3]) * height,
                size,
                bold,
                fixed,
                code == _HYPHEN,
                _cells(page, textpage, codes, shown, size, width),
            )
        start = at + 1


def _cells(
    page: Any, textpage: Any, codes: list[int], shown: list[int], size: float, width: float
) -> tuple[Cell, ...]:
    """The parts of a line between wide gaps; none where there is only one."""
    from pypdfium2.raw import FPDFText_GetCharBox

    left, right, low, high = (ctypes.c_double() for _ in range(4))
    cuts = [shown[0]]
    for last, first in pairwise(shown):
        if first == last + 1:
            continue
        FPDFText_GetCharBox(textpage.raw, last, left, right, low, high)
        end = right.value
        FPDFText_GetCharBox(textpage.raw, first, left, right, low, high)
        if left.value - end > _WIDE_GAP * size:
            cuts.append(first)
    if len(cuts) == 1:
        return ()
    cells = []
    for start, after in zip(cuts, [*cuts[1:], shown[-1] + 1], strict=True):
        text = "".join(map(chr, codes[start:after])).rstrip()
        edges = [_fractions(page, textpage.get_charbox(index)) for index in (start, start + len(text) - 1)]
        cells.append(Cell(edges[0][0] * width, edges[1][2] * width, text))
    return tuple(cells)


def _font(textpage: Any, index: int) -> tuple[float, bool, bool]:
    """The size in points, weight and pitch of the font of one character."""
    from pypdfium2 import raw

    matrix, flags = raw.FS_MATRIX(), ctypes.c_int()
    size = raw.FPDFText_GetFontSize(textpage.raw, index)
    if raw.FPDFText_GetMatrix(textpage.raw, index, matrix):
        size *= (matrix.b**2 + matrix.d**2) ** 0.5
    name = ctypes.create_string_buffer(128)
    raw.FPDFText_GetFontInfo(textpage.raw, index, name, 128, flags)
    lower = name.value.lower()
    bold = b"bold" in lower or b"black" in lower or b"cmbx" in lower
    bold = bold or raw.FPDFText_GetFontWeight(textpage.raw, index) >= _BOLD_WEIGHT
    fixed = bool(flags.value & _FIXED_PITCH) or any(
        part in lower for part in (b"mono", b"courier", b"consol", b"cmtt", b"typewriter", b"menlo")
    )
    return round(size, 1), bold, fixed


def _fractions(page: Any, box: Rectangle) -> Rectangle:
    """A box in the page's own coordinates as fractions from its top left, rotation taken in."""
    from pypdfium2.raw import FPDF_PageToDevice

    across, down = ctypes.c_int(), ctypes.c_int()
    corners = []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        FPDF_PageToDevice(page.raw, 0, 0, _GRID, _GRID, 0, x, y, across, down)
        corners.append((across.value / _GRID, down.value / _GRID))
    (left, top), (right, bottom) = corners
    return min(left, right), min(top, bottom), max(left, right), max(top, bottom)
