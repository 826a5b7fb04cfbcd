"""Find out what a document's bytes are, by content first and by name second, and load them."""

from __future__ import annotations

import re

from ingest.loaders import epub, opendocument, slides, spreadsheet, word
from ingest.loaders.archive import Archive
from ingest.loaders.delimited import load_delimited
from ingest.loaders.encoding import MAX_TEXT_BYTES, decode
from ingest.loaders.html import declared_encoding, load_html
from ingest.loaders.json_records import load_json, load_json_lines
from ingest.loaders.mail import load_mail, looks_like_mail
from ingest.loaders.markdown import load_markdown
from ingest.loaders.naming import extension
from ingest.loaders.pdf import load_pdf
from ingest.loaders.plain import load_plain
from ingest.loaders.rst import load_rst
from ingest.loaders.signatures import refusal
from ingest.loaders.source_code import LANGUAGES, load_source_code
from rag.document_text import DocumentText
from rag.errors import UnreadableError

SUPPORTED: dict[str, str] = {
    ".pdf": "PDF",
    ".html": "HTML",
    ".htm": "HTML",
    ".xhtml": "HTML",
    ".md": "Markdown",
    ".markdown": "Markdown",
    ".mdx": "Markdown",
    ".txt": "plain text",
    ".text": "plain text",
    ".log": "plain text",
    ".rst": "reStructuredText",
    ".rest": "reStructuredText",
    ".docx": "Word",
    ".docm": "Word",
    ".pptx": "PowerPoint",
    ".pptm": "PowerPoint",
    ".xlsx": "Excel",
    ".xlsm": "Excel",
    ".csv": "CSV",
    ".tsv": "CSV",
    ".odt": "OpenDocument",
    ".ods": "OpenDocument",
    ".odp": "OpenDocument",
    ".epub": "EPUB",
    ".ipynb": "Jupyter notebook",
    ".json": "JSON",
    ".jsonl": "JSON lines",
    ".ndjson": "JSON lines",
    ".eml": "e-mail",
    **LANGUAGES,
}
"""What is read: extension to what people call it. The content decides; this is for folders and help."""

_HTML = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.I | re.S,
)
_MARKDOWN = re.compile(r"^(?:#{1,6} \S|```|\|[ :-]+\||[-*] \[.\] |.*\]\(https?://)", re.MULTILINE)
_JSON_LINE = re.compile(r"\s*\{.*\}\s*$")
_SNIFFED = 50_000


def load(data: bytes, name: str, *, password: str | None = None) -> DocumentText:
    """The canonical text of a document.

    Args:
        data: the document's bytes.
        name: its file name or address, for its extension and, at worst, its title.
        password: opens an encrypted PDF.

    Raises:
        UnreadableError: with one sentence that names the reason; the caller names the document.
    """
    if not data.strip():
        raise UnreadableError("It is empty.")
    document = _load(data, name, password)
    if not document.text:
        raise UnreadableError("It holds no text.")
    return document


def _load(data: bytes, name: str, password: str | None) -> DocumentText:
    if b"%PDF-" in data[:1024]:
        return load_pdf(data, name, password)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _load_archive(data, name)
    reason = refusal(data)
    if reason:
        raise UnreadableError(reason)
    kind = extension(name)
    if kind in _NEEDS_ARCHIVE or kind == ".pdf":
        raise UnreadableError(
            f"It is no {SUPPORTED[kind]} file, or it is damaged: its first bytes are wrong."
        )
    if kind == ".eml" or (kind in ("", ".txt") and looks_like_mail(data)):
        return load_mail(data, name)
    return _load_text(_decode(data), name, kind)


def _load_archive(data: bytes, name: str) -> DocumentText:
    archive = Archive(data)
    if "word/document.xml" in archive:
        return word.load_word(archive, name)
    if "ppt/presentation.xml" in archive:
        return slides.load_slides(archive, name)
    if "xl/workbook.xml" in archive:
        return spreadsheet.load_spreadsheet(data, archive, name)
    media_type = (
        archive.read("mimetype")[:100].decode("ascii", "replace").strip() if "mimetype" in archive else ""
    )
    if media_type == epub.MEDIA_TYPE or "META-INF/container.xml" in archive:
        return epub.load_epub(archive, name)
    if media_type.startswith("application/vnd.oasis.opendocument.") and "content.xml" in archive:
        return opendocument.load_opendocument(archive, name, media_type)
    if extension(name) in _NEEDS_ARCHIVE:
        raise UnreadableError(f"It is no {SUPPORTED[extension(name)]} file: its parts are missing.")
    raise UnreadableError("It is an archive; unpack it and ingest the files in it.")


def _decode(data: bytes) -> str:
    """The text, by the encoding that an HTML page names where it is not UTF-8."""
    declared = declared_encoding(data)
    if declared and len(data) <= MAX_TEXT_BYTES:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            try:
                return data.decode(declared, errors="replace")
            except LookupError:
                pass  # a name that means nothing
    return decode(data)


def _load_text(text: str, name: str, kind: str) -> DocumentText:
    if kind in _BY_NAME:
        return _BY_NAME[kind](text, name)
    if _HTML.match(text[:_SNIFFED]):
        return load_html(text, name)
    if kind in LANGUAGES:
        return load_source_code(text, name)
    if kind not in (".txt", ".text", ".log"):
        sniffed = _sniff(text, name)
        if sniffed is not None:
            return sniffed
    return load_plain(text, name)


def _sniff(text: str, name: str) -> DocumentText | None:
    """The document of a text whose name tells nothing, None where it is plain."""
    start = text.lstrip()[:1]
    if start and start in "{[":
        lines = text[:_SNIFFED].split("\n")
        try:
            several = len(lines) > 1 and all(map(_JSON_LINE.match, lines[:2]))
            return load_json_lines(text, name) if several else load_json(text, name)
        except UnreadableError:
            return None
    return load_markdown(text, name) if len(_MARKDOWN.findall(text[:_SNIFFED])) >= 2 else None


_NEEDS_ARCHIVE = (".docx", ".docm", ".pptx", ".pptm", ".xlsx", ".xlsm", ".odt", ".ods", ".odp", ".epub")
_BY_NAME = {
    ".html": load_html,
    ".htm": load_html,
    ".xhtml": load_html,
    ".md": load_markdown,
    ".markdown": load_markdown,
    ".mdx": load_markdown,
    ".rst": load_rst,
    ".rest": load_rst,
    ".csv": load_delimited,
    ".tsv": load_delimited,
    ".json": load_json,
    ".ipynb": load_json,
    ".jsonl": load_json_lines,
    ".ndjson": load_json_lines,
}
