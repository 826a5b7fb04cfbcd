"""EPUB: its chapters in reading order, each read as HTML."""

from __future__ import annotations

from typing import Any

from ingest.loaders.archive import Archive, core_properties
from ingest.loaders.encoding import decode
from ingest.loaders.html import add_page
from ingest.loaders.naming import stem
from ingest.text_builder import TextBuilder
from rag.document_text import DocumentText
from rag.errors import UnreadableError

MEDIA_TYPE = "application/epub+zip"
_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"


def load_epub(archive: Archive, name: str) -> DocumentText:
    """The document of an EPUB book.

    Raises:
        UnreadableError: the book is damaged or protected.
    """
    package = _package(archive)
    root = archive.xml(package)
    chapters = _chapters(archive, package, root)
    if _ENCRYPTION in archive:
        locked = {str(entry.get("URI")) for entry in archive.xml(_ENCRYPTION).iter("{*}CipherReference")}
        if locked.intersection(chapters):
            raise UnreadableError("It is protected by the shop that sold it (DRM) and cannot be read.")
    fields = core_properties(archive, package)
    builder = TextBuilder()
    for chapter in chapters:
        builder.separate()
        add_page(builder, decode(archive.read(chapter)))
    title = fields.pop("title", "") or builder.first_heading or stem(name)
    return builder.build(title, MEDIA_TYPE, fields)


def _package(archive: Archive) -> str:
    for entry in archive.xml(_CONTAINER).iter("{*}rootfile"):
        if str(entry.get("full-path")) in archive:
            return str(entry.get("full-path"))
    raise UnreadableError("It is damaged: the book's list of chapters is missing.")


def _chapters(archive: Archive, package: str, root: Any) -> list[str]:
    """The names of the parts in reading order, without the table of contents."""
    items = {str(item.get("id")): item for item in root.iter("{*}item")}
    chapters = []
    for entry in root.iter("{*}itemref"):
        item = items.get(str(entry.get("idref")))
        if item is None or "nav" in (item.get("properties") or "").split():
            continue
        part = archive.beside(package, str(item.get("href")))
        if part in archive and "html" in (item.get("media-type") or "html"):
            chapters.append(part)
    return chapters
