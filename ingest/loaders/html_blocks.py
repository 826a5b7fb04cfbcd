"""Turn a tree of HTML elements into blocks of text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ingest.loaders.html_main import is_left_out
from ingest.loaders.html_table import caption, data_rows
from ingest.loaders.markup import local_name, text_of, visit
from ingest.text_builder import TextBuilder

_BLOCKS = frozenset(
    "html body main article section div p h1 h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote pre table caption "
    "thead tbody tfoot tr td th figure figcaption header footer address hr form fieldset legend details "
    "summary center nav aside hgroup search menu".split()
)
_LISTS = ("ul", "ol", "menu", "dl")
_ITEMS = ("li", "dt", "dd")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SOURCE_SPACE = re.compile(r"[ \t\r\n\f]+")


@dataclass(slots=True)
class _List:
    ordered: bool
    number: int = 1
    marker: str = ""
    """Of the item whose first text is still to come."""


class BlockCollector:
    """Walks elements in document order and adds a block for each run of text they show."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._text: list[str] = []
        self._lists: list[_List] = []
        self._heading = 0
        self._quotes = 0
        self._articles = 0
        self._root: Any = None
        self._left_out: Any = None

    def add(self, root: Any) -> None:
        """Add the blocks of an element and all it holds."""
        self._root = root
        visit(root, self._enter, self._leave)
        self._flush()

    def _enter(self, element: Any) -> bool:
        entered = self._take_in(element)
        if not entered:
            self._left_out = element
        return entered

    def _take_in(self, element: Any) -> bool:
        """Take in an element's start; whether what it holds is to be visited."""
        tag = local_name(element)
        if element is not self._root and is_left_out(element, self._articles > 0):
            return False
        if tag == "pre":
            self._flush()
            self._builder.code(text_of(element))
            return False
        if tag == "table":
            self._flush()
            if self._add_table(element):
                return False
        elif tag in _BLOCKS:
            self._open(tag, element)
        elif tag == "br":
            self._text.append("\n")
        elif tag == "img" and element.get("alt"):
            self._text.append(f" {element.get('alt')} ")
        self._text.append(_SOURCE_SPACE.sub(" ", element.text or ""))
        return True

    def _leave(self, element: Any) -> None:
        tag = local_name(element)
        if tag in _BLOCKS:
            self._flush()
        if element is self._left_out:
            self._left_out = None
        else:
            self._close(tag)
        if element is not self._root:
            self._text.append(_SOURCE_SPACE.sub(" ", element.tail or ""))

    def _open(self, tag: str, element: Any) -> None:
        self._flush()
        if tag in _LISTS:
            if not self._lists:
                self._builder.separate()
            start = element.get("start") or ""
            self._lists.append(_List(tag == "ol", int(start) if start.isdecimal() and len(start) < 9 else 1))
        elif tag in _ITEMS and self._lists:
            own = self._lists[-1]
            own.marker = f"{own.number}." if own.ordered else "-" if tag == "li" else ""
            own.number += 1
        elif tag in _HEADINGS:
            self._heading = _HEADINGS[tag]
        self._quotes += tag == "blockquote"
        self._articles += tag in ("article", "main")

    def _close(self, tag: str) -> None:
        if tag in _LISTS and self._lists:
            self._lists.pop()
        elif tag in _HEADINGS:
            self._heading = 0
        self._quotes -= tag == "blockquote"
        self._articles -= tag in ("article", "main")

    def _add_table(self, table: Any) -> bool:
        """Add a table that holds data; whether it did."""
        found = data_rows(table)
        if found is None:
            return False
        header, rows = found
        self._builder.paragraph(caption(table))
        self._builder.table(rows, header)
        return True

    def _flush(self) -> None:
        """Add the text since the last block, as the kind that its place makes it."""
        text = "".join(self._text)
        self._text.clear()
        if not text.strip():
            return
        if self._heading:
            self._builder.heading(text, self._heading)
        elif self._lists:
            own = self._lists[-1]
            self._builder.list_item(text, len(self._lists), own.marker)
            own.marker = ""
        elif self._quotes > 0:
            self._builder.quote(text)
        else:
            self._builder.paragraph(text)
