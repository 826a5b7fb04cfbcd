"""DOCX: paragraphs, lists, tables, text boxes and footnotes, as the document shows them.

An own walk over the XML: python-docx's paragraphs leave out content controls, text boxes, tracked
insertions and footnotes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.loaders.archive import Archive, core_properties
from ingest.loaders.markup import local_name, visit
from ingest.loaders.naming import stem
from ingest.loaders.tables import with_header
from ingest.loaders.word_styles import Numbering, Styles, attribute, child, value
from ingest.text_builder import TextBuilder
from rag.document_text import DocumentText

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_PART = "word/document.xml"
_LEFT_OUT = frozenset(
    "ppr rpr del movefrom instrtext deltext fallback txbxcontent annotationref footnoteref endnoteref "
    "proofErr sectpr".lower().split()
)
_TRANSPARENT = frozenset("sdt sdtcontent customxml ins moveto smarttag".split())


def load_word(archive: Archive, name: str) -> DocumentText:
    """The document of a DOCX file."""
    fields = core_properties(archive)
    builder = TextBuilder()
    walk = _Walk(builder, archive)
    for body in archive.xml(_PART).iter("{*}body"):
        walk.add(body)
    title = fields.pop("title", "") or builder.first_heading or stem(name)
    return builder.build(title, MEDIA_TYPE, fields)


class _Walk:
    """Adds the blocks of a document's body in order."""

    def __init__(self, builder: TextBuilder, archive: Archive) -> None:
        self._builder = builder
        self._styles = Styles(archive)
        self._numbering = Numbering(archive)
        self._notes = _notes(archive)
        self._code: list[str] = []

    def add(self, container: Any) -> None:
        """Add the blocks of a body, a cell or a text box."""
        for element in _blocks(container):
            if local_name(element) == "p":
                self._add_paragraph(element)
            else:
                self._flush_code()
                self._add_table(element)
        self._flush_code()

    def _add_paragraph(self, paragraph: Any) -> None:
        text = paragraph_text(paragraph)
        style = self._styles.of(paragraph)
        if style.kind == "code":
            self._code.append(text)
            return
        self._flush_code()
        item = self._numbering.item(paragraph, style.numbering) if text.strip() else None
        if style.level:
            self._builder.heading(text, style.level)
        elif item:
            self._builder.list_item(text, *item)
        elif style.kind == "quote":
            self._builder.quote(text)
        else:
            self._builder.paragraph(text)
        for box in _outer(paragraph, "txbxcontent"):
            self.add(box)
        for reference in paragraph.iter("{*}footnoteReference", "{*}endnoteReference"):
            note = self._notes.get((local_name(reference)[:-9], attribute(reference, "id")))
            if note is not None:
                self._builder.paragraph("\n".join(paragraph_text(part) for part in _blocks(note)))

    def _flush_code(self) -> None:
        if self._code:
            self._builder.code("\n".join(self._code))
            self._code = []

    def _add_table(self, table: Any) -> None:
        rows, nested = _rows(table), len(_outer(table, "tbl")) > 0
        if nested or max((len(row) for row in rows), default=0) < 2:
            for cell in _outer(table, "tc"):
                self.add(cell)
            return
        header, body = with_header(rows)
        self._builder.table(body, header)


def paragraph_text(paragraph: Any) -> str:
    """What a paragraph shows: without deleted and hidden text, fields' codes and text boxes."""
    shown: list[str] = []

    def enter(element: Any) -> bool:
        tag = local_name(element)
        if tag in _LEFT_OUT or (tag == "r" and _is_hidden(element)):
            return False
        if tag == "t":
            shown.append(element.text or "")
        elif tag == "tab":
            shown.append("\t")
        elif tag in ("br", "cr") and attribute(element, "type") != "page":
            shown.append("\n")
        elif tag == "nobreakhyphen":
            shown.append("-")
        return True

    visit(paragraph, enter, lambda element: None)
    return "".join(shown)


def _is_hidden(run: Any) -> bool:
    properties = child(run, "rpr")
    vanish = None if properties is None else child(properties, "vanish")
    return vanish is not None and value(vanish) not in ("0", "false")


def _blocks(container: Any) -> Iterator[Any]:
    """The paragraphs and tables of a container, also those within content controls."""
    for element in container.iterchildren():
        tag = local_name(element)
        if tag in ("p", "tbl"):
            yield element
        elif tag in _TRANSPARENT and not _is_contents(element):
            yield from _blocks(element)


def _is_contents(control: Any) -> bool:
    """Whether a content control is the table of contents, which repeats the headings."""
    return any(
        "table of contents" in value(gallery).lower()
        for gallery in control.iterfind("{*}sdtPr//{*}docPartGallery")
    )


def _outer(element: Any, tag: str) -> list[Any]:
    """The outermost elements of a name within an element."""
    found = []

    def enter(inner: Any) -> bool:
        if inner is element:
            return True
        name = local_name(inner)
        if name == tag:
            found.append(inner)
        return name not in (tag, "fallback")

    visit(element, enter, lambda inner: None)
    return found


def _rows(table: Any) -> list[list[str]]:
    rows: list[list[str]] = []
    for row in _outer(table, "tr"):
        cells: list[str] = []
        for cell in _outer(row, "tc"):
            properties = child(cell, "tcpr")
            merged = None if properties is None else child(properties, "vmerge")
            wide = None if properties is None else child(properties, "gridspan")
            text = " ".join(paragraph_text(paragraph) for paragraph in cell.iter("{*}p"))
            if (
                merged is not None
                and value(merged) in ("", "continue")
                and rows
                and len(cells) < len(rows[-1])
            ):
                text = rows[-1][len(cells)]
            span = int(value(wide)) if wide is not None and value(wide).isdecimal() else 1
            cells += [text] + [""] * (min(span, 100) - 1)
        rows.append(cells)
    return [row for row in rows if any(cell.strip() for cell in row)]


def _notes(archive: Archive) -> dict[tuple[str, str], Any]:
    notes = {}
    for kind in ("footnote", "endnote"):
        if f"word/{kind}s.xml" in archive:
            for note in archive.xml(f"word/{kind}s.xml").iter(f"{{*}}{kind}"):
                notes[kind, attribute(note, "id")] = note
    return notes
