"""A document's text as the page draws it: blocks, pages, an outline, and the cited words marked.

Pure: text, blocks and a range in, plain data out. Nothing here is HTML: the templates escape it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.document_text import Block, DocumentText, Page
from web.table_view import lay_out

PART_CHARACTERS = 60_000
"""A longer document is drawn in parts of about this many characters, so that a book opens at once."""
_LIST_MARKER = re.compile(r"([-*+•]|\(?\d{1,6}[.)])\s+")
# Neighbours of these kinds are drawn together, where no blank line keeps them apart.
_JOINED = ("list_item", "table_row", "quote")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that is cited as a whole or not at all."""

    text: str
    cited: bool
    first: bool = False
    """Whether it is the first cited run: the one that a link jumps to."""


@dataclass(frozen=True, slots=True)
class BlockView:
    """One block, ready to draw."""

    level: int
    """Depth of a list item; of a heading, its level on the page."""
    start: int
    cells: tuple[tuple[Piece, ...], ...]
    """A table row's cells; the other kinds have exactly one."""
    number: int | None = None
    """A numbered list item's number."""

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The runs of the block's only cell."""
        return self.cells[0]


@dataclass(frozen=True, slots=True)
class Group:
    """Blocks that are drawn together: a list, a table, or one block by itself."""

    kind: str
    blocks: tuple[BlockView, ...]
    page: Page | None
    """The page that begins with it, if one does."""
    columns: tuple[str, ...] = ()
    """Names of a table's columns, where it has them."""


@dataclass(frozen=True, slots=True)
class Heading:
    """An entry of the outline."""

    text: str
    level: int
    start: int
    part: int


@dataclass(frozen=True, slots=True)
class DocumentView:
    """One part of a document."""

    groups: tuple[Group, ...]
    outline: tuple[Heading, ...]
    part: int
    """Which part this is, from 1."""
    parts: int
    start: int
    end: int
    """The cited range; the same number twice where nothing is cited."""


def view_document(
    document: DocumentText, start: int = 0, end: int = 0, part: int | None = None
) -> DocumentView:
    """Lay out the part of `document` that holds `start`, or the numbered one, marking `[start, end)`.

    A range that does not lie in the text is drawn as no range at all, and a part beyond the last as
    the last.
    """
    if not 0 <= start < end <= len(document.text):
        start = end = 0
    parts = _parts(_without_title(document, start, end) or _paragraphs(document.text))
    at = _part_of(parts, start) if part is None else min(max(part, 1), len(parts)) - 1
    outline = tuple(
        Heading(document.text[block.start : block.end], block.level, block.start, number + 1)
        for number, members in enumerate(parts)
        for block in members
        if block.kind == "heading"
    )
    groups = _Drawing(document, start, end).groups(parts[at])
    return DocumentView(tuple(groups), outline, at + 1, len(parts), start, end)


def _without_title(document: DocumentText, start: int, end: int) -> Sequence[Block]:
    """The blocks, less a first heading that says the title again, unless it holds the cited words."""
    blocks = document.blocks
    if len(blocks) < 2 or blocks[0].kind != "heading":
        return blocks
    first = document.text[blocks[0].start : blocks[0].end]
    is_cited = start < blocks[0].end and end > blocks[0].start
    return blocks[1:] if first.strip() == document.title.strip() and not is_cited else blocks


def _paragraphs(text: str) -> tuple[Block, ...]:
    """Blocks for a text that has none: what stands between blank lines."""
    return tuple(
        Block(match.start(), match.end(), "paragraph")
        for match in re.finditer(r"\S(?:.*\S)?(?:\n.*\S.*)*", text)
    )


def _parts(blocks: Sequence[Block]) -> list[list[Block]]:
    parts: list[list[Block]] = [[]]
    for block in blocks:
        if parts[-1] and block.end - parts[-1][0].start > PART_CHARACTERS:
            parts.append([])
        parts[-1].append(block)
    return parts


def _part_of(parts: Sequence[Sequence[Block]], offset: int) -> int:
    """Index of the part that holds the character at `offset`."""
    for index, members in enumerate(parts):
        if members and offset < members[-1].end:
            return index
    return len(parts) - 1 if offset else 0


class _Drawing:
    """Draws blocks in order; remembers whether the cited words have begun and which page it is on."""

    def __init__(self, document: DocumentText, start: int, end: int) -> None:
        self._document = document
        self._start = start
        self._end = end
        self._found = False
        self._page: int | None = None
        self._depth = 1

    def groups(self, blocks: Sequence[Block]) -> Iterator[Group]:
        for members in self._joined(blocks):
            page = self._new_page(members[0])
            if members[0].kind == "table_row":
                columns, rows = self._table(members)
                yield Group("table_row", rows, page, columns)
            else:
                yield Group(members[0].kind, tuple(self._block(block) for block in members), page)

    def _joined(self, blocks: Sequence[Block]) -> Iterator[list[Block]]:
        group: list[Block] = []
        for block in blocks:
            if group and not self._belongs(group[-1], block):
                yield group
                group = []
            group.append(block)
        if group:
            yield group

    def _belongs(self, before: Block, block: Block) -> bool:
        if block.kind != before.kind or block.kind not in _JOINED:
            return False
        blank_line = self._document.text.count("\n", before.end, block.start) > 1
        same_page = self._document.page_at(block.start) == self._document.page_at(before.start)
        return same_page and (block.kind == "quote" or not blank_line)

    def _new_page(self, block: Block) -> Page | None:
        number = self._document.page_at(block.start)
        if number is None or number == self._page:
            return None
        self._page = number
        return next(page for page in self._document.pages if page.number == number)

    def _table(self, blocks: Sequence[Block]) -> tuple[tuple[str, ...], tuple[BlockView, ...]]:
        grid = lay_out(self._document.text, [(block.start, block.end) for block in blocks])
        rows = []
        for block, row in zip(blocks, grid.rows, strict=True):
            cells = tuple(self._pieces(*cell) if cell else () for cell in row)
            rows.append(BlockView(block.level, block.start, cells))
        return grid.columns, tuple(rows)

    def _block(self, block: Block) -> BlockView:
        text = self._document.text
        marker = _LIST_MARKER.match(text, block.start, block.end) if block.kind == "list_item" else None
        begin = marker.end() if marker else block.start
        digits = marker.group(1).strip("().") if marker else ""
        number = int(digits) if digits.isdecimal() else None
        level = self._heading_depth(block.level) if block.kind == "heading" else block.level
        return BlockView(level, block.start, (self._pieces(begin, block.end),), number)

    def _heading_depth(self, level: int) -> int:
        """Level on the page, whose own title is the first: no level is left out on the way down."""
        self._depth = min(level + 1, self._depth + 1, 6)
        return self._depth

    def _pieces(self, begin: int, stop: int) -> tuple[Piece, ...]:
        """Cut `text[begin:stop]` where the cited range begins and ends."""
        text = self._document.text
        cited_from, cited_to = max(begin, self._start), min(stop, self._end)
        if cited_from >= cited_to:
            return (Piece(text[begin:stop], cited=False),)
        cited = Piece(text[cited_from:cited_to], cited=True, first=not self._found)
        self._found = True
        around = (Piece(text[begin:cited_from], cited=False), cited, Piece(text[cited_to:stop], cited=False))
        return tuple(piece for piece in around if piece.text)
