"""ODT (and, by the same elements, ODS and ODP): headings, paragraphs, lists, tables."""

from __future__ import annotations

import re
from typing import Any

from ingest.loaders.archive import Archive, core_properties
from ingest.loaders.markup import local_name, visit
from ingest.loaders.naming import stem
from ingest.loaders.tables import with_header
from ingest.loaders.word_styles import attribute
from ingest.text_builder import TextBuilder
from rag.document_text import DocumentText

_LEFT_OUT = frozenset(
    "annotation tracked-changes table-of-content alphabetical-index sequence-decls variable-decls forms "
    "bookmark ruby-text title desc".split()
)
_CODE = re.compile(r"preformatted|code|source", re.IGNORECASE)
_QUOTE = re.compile(r"quotation|^quote", re.IGNORECASE)
_MAX_REPEATED = 100


def load_opendocument(archive: Archive, name: str, media_type: str) -> DocumentText:
    """The document of an OpenDocument file."""
    fields = core_properties(archive, "meta.xml")
    builder = TextBuilder()
    root = archive.xml("content.xml")
    for body in root.iterfind("{*}body"):
        _Walk(builder, _parents(archive, root)).add(body)
    title = fields.pop("title", "") or builder.first_heading or stem(name)
    return builder.build(title, media_type, fields)


def _parents(archive: Archive, root: Any) -> dict[str, str]:
    """Automatic styles and the named ones that they come from."""
    return {
        attribute(style, "name"): attribute(style, "parent-style-name") or attribute(style, "name")
        for style in root.iter("{*}style")
    }


class _Walk:
    """Adds the blocks of a body in order."""

    def __init__(self, builder: TextBuilder, parents: dict[str, str]) -> None:
        self._builder = builder
        self._parents = parents
        self._lists = 0
        self._marker = ""
        self._code: list[str] = []

    def add(self, body: Any) -> None:
        """Add the blocks of an element and all it holds."""
        visit(body, self._enter, self._leave)
        self._flush_code()

    def _enter(self, element: Any) -> bool:
        tag = local_name(element)
        if tag in _LEFT_OUT:
            return False
        if tag in ("p", "h"):
            self._add_text(element, tag)
            return False
        self._flush_code()
        if tag == "table":
            return not self._add_table(element)
        if tag == "list":
            if not self._lists:
                self._builder.separate()
            self._lists += 1
        elif tag == "list-item":
            self._marker = "-"
        elif tag == "page":
            self._builder.separate()
        return True

    def _leave(self, element: Any) -> None:
        if local_name(element) == "list":
            self._lists -= 1
            self._marker = ""

    def _add_text(self, element: Any, tag: str) -> None:
        text, boxes = paragraph_text(element)
        style = attribute(element, "style-name")
        style = self._parents.get(style, style)
        if tag == "p" and _CODE.search(style):
            self._code.append(text)
            return
        self._flush_code()
        if tag == "h" or style in ("Title", "Subtitle"):
            level = attribute(element, "outline-level")
            self._builder.heading(text, int(level) if level.isdecimal() else 1 + (style == "Subtitle"))
        elif self._lists:
            self._builder.list_item(text, self._lists, self._marker)
            self._marker = ""
        elif _QUOTE.search(style):
            self._builder.quote(text)
        else:
            self._builder.paragraph(text)
        for box in boxes:
            _Walk(self._builder, self._parents).add(box)

    def _flush_code(self) -> None:
        if self._code:
            self._builder.code("\n".join(self._code))
            self._code = []

    def _add_table(self, table: Any) -> bool:
        """Add a table that holds data; whether it did."""
        if any(inner is not table for inner in table.iter("{*}table")):
            return False
        rows = []
        for line in table.iter("{*}table-row"):
            row: list[str] = []
            for cell in line.iterchildren("{*}table-cell", "{*}covered-table-cell"):
                text = " ".join(paragraph_text(part)[0] for part in cell.iter("{*}p", "{*}h"))
                times = attribute(cell, "number-columns-repeated")
                repeated = int(times) if times.isdecimal() and len(times) < 4 else 1
                row += [text] * (min(repeated, _MAX_REPEATED) if text or repeated < _MAX_REPEATED else 0)
            while row and not row[-1].strip():
                row.pop()
            if row:
                rows.append(row)
        if max((len(row) for row in rows), default=0) < 2:
            return False
        header, body = with_header(rows)
        self._builder.table(body, header)
        return True


def paragraph_text(paragraph: Any) -> tuple[str, list[Any]]:
    """What a paragraph shows, and the text boxes and notes that hang on it."""
    shown: list[str] = []
    boxes: list[Any] = []

    def enter(element: Any) -> bool:
        tag = local_name(element)
        if tag in _LEFT_OUT:
            return False
        if tag in ("text-box", "note-body"):
            boxes.append(element)
            return False
        if tag == "s":
            count = attribute(element, "c")
            shown.append(" " * min(int(count), 200) if count.isdecimal() and len(count) < 9 else " ")
        elif tag == "tab":
            shown.append("\t")
        elif tag == "line-break":
            shown.append("\n")
        if tag != "note-citation":
            shown.append(element.text or "")
        return True

    def leave(element: Any) -> None:
        if element is not paragraph:
            shown.append(element.tail or "")

    visit(paragraph, enter, leave)
    return "".join(shown), boxes
