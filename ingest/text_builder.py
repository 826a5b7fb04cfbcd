"""Put a document's blocks together into its canonical text and the map that goes with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rag.document_text import Block, BlockKind, DocumentText, Page
from rag.errors import UnreadableError

MAX_CHARACTERS = 64_000_000
"""Characters of canonical text that one document may have."""

# What nobody sees: control characters, lone surrogates, zero-width marks, soft hyphens and the tag
# characters that can hide a message. White space and the joiners that scripts need stay.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_LINE_END = re.compile(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]")
_SPACES = re.compile(r"\s+")
_SPACES_IN_LINE = re.compile(r"[^\S\n]+")
_SPACES_AROUND_BREAK = re.compile(r" ?\n[ \n]*")


def visible(text: str) -> str:
    """The text without the characters that nobody sees, its line ends as `\\n`."""
    return _INVISIBLE.sub("", _LINE_END.sub("\n", text))


def one_line(text: str) -> str:
    """The visible text with each run of white space as one space."""
    return _SPACES.sub(" ", visible(text)).strip()


def some_lines(text: str) -> str:
    """As `one_line`, with its single line breaks kept."""
    return _SPACES_AROUND_BREAK.sub("\n", _SPACES_IN_LINE.sub(" ", visible(text))).strip()


class TextBuilder:
    """Collects blocks in reading order; `build` gives the document.

    Blocks are a blank line apart, successive list items and table rows one line break.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._page_starts: list[tuple[int, str, int]] = []
        self._pages_waiting: list[tuple[int, str]] = []
        self._apart = False
        self._first_heading = ""

    @property
    def is_empty(self) -> bool:
        """Whether no block has been added yet."""
        return not self._blocks

    @property
    def first_heading(self) -> str:
        """The text of the first heading, empty where there is none."""
        return self._first_heading

    @property
    def last_kind(self) -> BlockKind | None:
        """The kind of the block added last, None where there is none yet."""
        return self._blocks[-1].kind if self._blocks else None

    def heading(self, text: str, level: int) -> None:
        """Add a heading; `level` is held between 1 and 6."""
        text = one_line(text)
        self._first_heading = self._first_heading or text
        self._add(text, "heading", min(max(level, 1), 6))

    def paragraph(self, text: str) -> None:
        """Add a paragraph; line breaks in it are kept."""
        self._add(some_lines(text), "paragraph")

    def quote(self, text: str) -> None:
        """Add a quoted paragraph."""
        self._add(some_lines(text), "quote")

    def list_item(self, text: str, level: int = 1, marker: str = "-") -> None:
        """Add a list item under its marker (`-`, `3.` or nothing); `level` starts at 1."""
        text = some_lines(text)
        if text:
            level = min(max(level, 1), 20)
            self._add(f"{marker} {text}" if marker else text, "list_item", level, "  " * (level - 1))

    def row(self, cells: Sequence[str], header: Sequence[str] = ()) -> None:
        """Add a table row as `Header: value | Header: value`, empty cells left out."""
        shown = []
        for column, cell in enumerate(cells):
            value = one_line(cell)
            name = one_line(header[column]) if column < len(header) else ""
            if value:
                shown.append(f"{name}: {value}" if name and name != value else value)
        self._add(" | ".join(shown), "table_row")

    def table(self, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
        """Add a table apart from what is around it; without rows the header is shown."""
        self.separate()
        for row in rows:
            self.row(row, header)
        if not rows:
            self.row(header)
        self.separate()

    def code(self, text: str) -> None:
        """Add code, kept as it is but for what nobody sees."""
        lines = [line.rstrip() for line in visible(text).split("\n")]
        while lines and not lines[0]:
            del lines[0]
        code = "\n".join(lines).rstrip()
        bare = code.lstrip()
        self._add(bare, "code", indentation=code[: len(code) - len(bare)])

    def separate(self) -> None:
        """Start what follows after a blank line, also between two lists or two tables."""
        self._apart = True

    def page(self, number: int, label: str = "") -> None:
        """Start a page; it begins with the block that is added next."""
        self._pages_waiting.append((number, label or str(number)))

    def build(
        self,
        title: str,
        media_type: str,
        metadata: Mapping[str, str] | None = None,
        warnings: Sequence[str] = (),
    ) -> DocumentText:
        """The document; `title` should be the best one known, it is only cleaned here."""
        kept = {name: one_line(value) for name, value in (metadata or {}).items() if one_line(value)}
        return DocumentText(
            text="".join(self._parts),
            blocks=tuple(self._blocks),
            title=one_line(title)[:300] or "document",
            media_type=media_type,
            pages=self._pages(),
            metadata=kept,
            warnings=tuple(warnings),
        )

    def _add(self, text: str, kind: BlockKind, level: int = 0, indentation: str = "") -> None:
        if not text:
            return
        gap = self._gap(kind) + indentation
        start = self._length + len(gap)
        self._page_starts += [(*page, self._length + len(gap)) for page in self._pages_waiting]
        self._pages_waiting.clear()
        self._parts += [gap, text]
        self._length = start + len(text)
        self._blocks.append(Block(start, self._length, kind, level))
        self._apart = False
        if self._length > MAX_CHARACTERS:
            raise UnreadableError(
                f"It holds more than {MAX_CHARACTERS // 1_000_000} million characters of text; split it."
            )

    def _gap(self, kind: BlockKind) -> str:
        if not self._blocks:
            return ""
        together = kind in ("list_item", "table_row") and self._blocks[-1].kind == kind
        return "\n" if together and not self._apart else "\n\n"

    def _pages(self) -> tuple[Page, ...]:
        starts = [*self._page_starts, *((*page, self._length) for page in self._pages_waiting)]
        bounds = [0, *(start for _, _, start in starts[1:]), self._length]
        return tuple(
            Page(number, label, bounds[at], bounds[at + 1]) for at, (number, label, _) in enumerate(starts)
        )
