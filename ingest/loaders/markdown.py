"""Markdown: what a reader sees of it, by markdown-it's tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ingest.loaders.html import add_fragment
from ingest.loaders.naming import stem
from ingest.loaders.plain import add_plain_text
from ingest.text_builder import TextBuilder, visible
from rag.document_text import DocumentText

MAX_CHARACTERS = 8_000_000
MAX_PARAGRAPH = 100_000
MAX_MARKS = 20_000
"""Characters and possible marks of one paragraph. Beyond these the parser would take too long, and
the text is read as plain text."""
_MAX_NESTING = 60
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(r"^([A-Za-z][\w-]*):[ \t]*(.+)$", re.MULTILINE)
_LIST = re.compile(r"^([A-Za-z][\w-]*):[ \t]*\n((?:[ \t]*-[ \t]+.+(?:\n|\Z))+)", re.MULTILINE)
_KEPT = frozenset(
    "title author authors date created published modified description lang language tags keywords categories "
    "category subject source".split()
)
_BLANK_LINES = re.compile(r"\n[ \t]*\n")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def load_markdown(text: str, name: str) -> DocumentText:
    """The document of a Markdown text; the title is its front matter's or its first heading."""
    text = visible(text)
    fields, text = _front_matter(text)
    builder = TextBuilder()
    warnings: list[str] = []
    tokens = _parse(text)
    if tokens is None:
        add_plain_text(builder, text)
        warnings.append("It is too large or too deeply nested for Markdown and was read as plain text.")
    else:
        _Walk(builder).add(tokens)
    title = fields.pop("title", "") or builder.first_heading or stem(name)
    return builder.build(title, "text/markdown", fields, warnings)


def add_markdown(builder: TextBuilder, text: str) -> None:
    """Add the blocks of a Markdown text to a document that is being built."""
    text = visible(text)
    tokens = _parse(text)
    if tokens is None:
        add_plain_text(builder, text)
    else:
        _Walk(builder).add(tokens)


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    match = _FRONT_MATTER.match(text)
    if not match:
        return {}, text
    written = _LIST.sub(_on_one_line, match[1])
    fields = {key.lower(): value.strip().strip("\"'") for key, value in _FIELD.findall(written)}
    return {key: value for key, value in fields.items() if key in _KEPT}, text[match.end() :]


def _on_one_line(listed: re.Match[str]) -> str:
    """`tags: a, b` for a list with an item a line."""
    items = [line.strip().removeprefix("-").strip().strip("\"'") for line in listed[2].splitlines()]
    return f"{listed[1]}: {', '.join(items)}\n"


def _parse(text: str) -> Sequence[Any] | None:
    """The tokens, None where the text is too large or too deeply nested to be parsed."""
    from markdown_it import MarkdownIt

    if len(text) > MAX_CHARACTERS or any(map(_is_tangle, _BLANK_LINES.split(text))):
        return None
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"])
    try:
        tokens = parser.parse(text)
    except RecursionError:
        return None
    # At its limit the parser drops what is nested deeper.
    return None if any(token.level >= _MAX_NESTING - 1 for token in tokens) else tokens


def _is_tangle(paragraph: str) -> bool:
    # The parser's time grows with the square of the marks that might open something.
    return len(paragraph) > MAX_PARAGRAPH and sum(map(paragraph.count, "[*_<`&~")) > MAX_MARKS


class _Walk:
    """Goes through the tokens and adds a block for each that holds text."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._heading = 0
        self._lists = 0
        self._quotes = 0
        self._marker: str | None = None
        """The marker of the list item whose first text is still to come."""
        self._header: list[str] = []
        self._cells: list[str] = []
        self._rows: list[list[str]] = []

    def add(self, tokens: Sequence[Any]) -> None:
        """Add the blocks of all the tokens."""
        for token in tokens:
            if token.type == "inline":
                self._add_text(_inline(token.children or []))
            elif token.type in ("fence", "code_block"):
                self._builder.code(token.content)
            elif token.type == "html_block":
                add_fragment(self._builder, token.content)
            elif token.type.startswith(("table", "tr", "thead", "tbody", "th", "td")):
                self._in_table(token.type)
            else:
                self._in_block(token)

    def _in_block(self, token: Any) -> None:
        if token.type == "heading_open":
            self._heading = int(token.tag[1:])
        elif token.type == "heading_close":
            self._heading = 0
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            if not self._lists:
                self._builder.separate()
            self._lists += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            self._lists -= 1
            self._marker = None
        elif token.type == "list_item_open":
            self._marker = f"{token.info}{token.markup}" if token.info else "-"
        elif token.type == "blockquote_open":
            self._quotes += 1
        elif token.type == "blockquote_close":
            self._quotes -= 1

    def _in_table(self, kind: str) -> None:
        if kind == "table_open":
            self._rows, self._header = [], []
        elif kind == "tr_open":
            self._cells = []
        elif kind == "tr_close":
            self._rows.append(self._cells)
        elif kind == "thead_close":
            self._header = self._rows.pop() if self._rows else []
        elif kind == "table_close":
            self._builder.table(self._rows, self._header)
        self._in_cell = kind in ("th_open", "td_open")

    _in_cell = False

    def _add_text(self, text: str) -> None:
        if self._in_cell:
            self._cells.append(text)
        elif self._heading:
            self._builder.heading(text, self._heading)
        elif self._lists:
            self._builder.list_item(text, self._lists, self._marker or "")
            self._marker = None
        elif self._quotes:
            self._builder.quote(text)
        else:
            self._builder.paragraph(text)


def _inline(children: Sequence[Any]) -> str:
    """What a reader sees of a line of marks: links by their text, images by their description."""
    shown = []
    for child in children:
        if child.type in ("text", "code_inline", "text_special"):
            shown.append(child.content)
        elif child.type == "softbreak":
            shown.append(" ")
        elif child.type == "hardbreak" or (child.type == "html_inline" and _BREAK.match(child.content)):
            shown.append("\n")
        elif child.type == "image":
            shown.append(child.content)
    return "".join(shown)
