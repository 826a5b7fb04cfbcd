"""PDF: text by PDFium, metadata, outline and page labels by pypdf, scans by tesseract."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.loaders.naming import stem
from ingest.loaders.ocr import HOW_TO_GET, OcrUnavailableError, read_picture
from ingest.loaders.pdf_layout import Outline, add_pages
from ingest.loaders.pdf_page import PageLines
from ingest.loaders.pdfium import DamagedPdfError, read_pages, render_page
from ingest.text_builder import TextBuilder, one_line
from rag.document_text import DocumentText
from rag.errors import UnreadableError

MEDIA_TYPE = "application/pdf"
MAX_PAGES = 20_000
_MAX_OUTLINE = 5_000
_OCR_SCALE = 300 / 72
_NO_TITLE = re.compile(
    r"untitled|sin título|microsoft \w+ - |.*\.(?:docx?|pdf|tex|indd|dvi|odt|pptx?)$|document\d*$",
    re.IGNORECASE,
)
# What pypdf may raise on files that only PDFium understands; all it reads here is an extra.
_PYPDF_ERRORS = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
    OSError,
    NotImplementedError,
    ImportError,
    OverflowError,
    AssertionError,
)


@dataclass(frozen=True, slots=True)
class _Extras:
    """What pypdf knows about a file."""

    metadata: dict[str, str]
    outline: tuple[Outline, ...]
    labels: tuple[str, ...]


def load_pdf(data: bytes, name: str, password: str | None = None) -> DocumentText:
    """The document of a PDF; the title is its metadata's or its largest first line.

    Raises:
        UnreadableError: it is damaged, encrypted, too long, or a scan that cannot be read here.
    """
    builder = TextBuilder()
    warnings: list[str] = []
    largest = ""
    extras = _extras(data, password)
    try:
        pages = _pages(data, password)
    except DamagedPdfError:
        _add_by_pypdf(builder, data, password, extras.labels)
        if builder.is_empty:
            raise
        title = extras.metadata.pop("title", "") or stem(name)
        warnings.append("It is damaged; text may be missing.")
        return builder.build(title, MEDIA_TYPE, extras.metadata, warnings)
    if any(page.lines for page in pages):
        largest = add_pages(builder, pages, extras.labels, extras.outline)
        empty = [number for number, page in enumerate(pages, 1) if page.has_pictures and not page.lines]
        if empty:
            warnings.append(_about_scanned(empty, len(pages)))
    elif any(page.has_pictures for page in pages):
        _add_scanned(builder, data, password, extras.labels, len(pages))
        warnings.append("It is a scan; its text was read by tesseract and may have mistakes.")
    else:
        _add_by_pypdf(builder, data, password, extras.labels)
    title = extras.metadata.pop("title", "")
    if len(title) < 3 or _NO_TITLE.match(title):
        title = largest or builder.first_heading or stem(name)
    return builder.build(title, MEDIA_TYPE, extras.metadata, warnings)


def _pages(data: bytes, password: str | None) -> list[PageLines]:
    """All pages by PDFium; none where only pypdf may still find something."""
    pages: list[PageLines] = []
    for page in read_pages(data, password):
        pages.append(page)
        if len(pages) > MAX_PAGES:
            raise UnreadableError(f"It has more than {MAX_PAGES} pages; split it.")
    if not pages:
        raise UnreadableError("It is a PDF without pages.")
    return pages


def _about_scanned(empty: Sequence[int], count: int) -> str:
    shown = ", ".join(map(str, empty[:10])) + (" …" if len(empty) > 10 else "")
    return f"{len(empty)} of its {count} pages are pictures without text and were left out: {shown}."


def _add_scanned(
    builder: TextBuilder, data: bytes, password: str | None, labels: Sequence[str], count: int
) -> None:
    """Add the text that tesseract reads in the pictures of the pages."""
    for number in range(1, count + 1):
        builder.page(number, labels[number - 1] if number <= len(labels) else "")
        try:
            text = read_picture(render_page(data, number, _OCR_SCALE, password))
        except OcrUnavailableError as error:
            raise UnreadableError(f"It is a scan, pictures without text: {HOW_TO_GET}.") from error
        for paragraph in re.split(r"\n\s*\n", text):
            builder.paragraph(one_line(re.sub(r"(?<=[^\W\d_])-\n(?=[a-zà-ÿ])", "", paragraph)))


def _add_by_pypdf(builder: TextBuilder, data: bytes, password: str | None, labels: Sequence[str]) -> None:
    """Add the text that pypdf finds where PDFium found none."""
    for number, text in enumerate(_texts_by_pypdf(data, password), start=1):
        builder.page(number, labels[number - 1] if number <= len(labels) else "")
        for paragraph in re.split(r"\n\s*\n", text):
            builder.paragraph(paragraph)


def _texts_by_pypdf(data: bytes, password: str | None) -> Iterator[str]:
    from pypdf.errors import PyPdfError

    try:
        for page in _reader(data, password).pages:
            yield page.extract_text()
    except (PyPdfError, *_PYPDF_ERRORS):
        return


def _reader(data: bytes, password: str | None) -> Any:
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of every oddity
    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted:
        reader.decrypt(password or "")
    return reader


def _extras(data: bytes, password: str | None) -> _Extras:
    from pypdf.errors import PyPdfError

    metadata: dict[str, str] = {}
    outline: list[Outline] = []
    labels: tuple[str, ...] = ()
    try:
        reader = _reader(data, password)
        for key in ("title", "author", "subject", "creation_date"):
            value = getattr(reader.metadata, key, None)
            if value:
                metadata["date" if key == "creation_date" else key] = str(value)
        if "/PageLabels" in reader.root_object:
            labels = tuple(reader.page_labels)
        if "/Outlines" in reader.root_object:
            outline.extend(_flat_outline(reader))
    except (PyPdfError, *_PYPDF_ERRORS):
        pass  # the text does not depend on it
    return _Extras(metadata, tuple(outline), labels)


def _flat_outline(reader: Any) -> Iterator[Outline]:
    """The outline's entries in order with their depth and page."""
    numbers = {page.indirect_reference.idnum: number for number, page in enumerate(reader.pages, start=1)}
    waiting: list[tuple[Any, int]] = [(entry, 1) for entry in reversed(reader.outline)]
    given = 0
    while waiting and given < _MAX_OUTLINE:
        entry, level = waiting.pop()
        if isinstance(entry, list):
            waiting += [(inner, level + 1) for inner in reversed(entry)]
            continue
        given += 1
        page = getattr(entry.page, "idnum", None)
        yield Outline(one_line(str(entry.title)), min(level, 6), numbers.get(page, 0))
