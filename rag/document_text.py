"""A document's canonical text and the map that goes with it.

A loader yields the text once; from then on everything speaks in character offsets `[start, end)`
into it, counted in Unicode code points.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

BlockKind = Literal["heading", "paragraph", "list_item", "table_row", "code", "quote"]


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the text: `text[start:end]` without the white space around it."""

    start: int
    end: int
    kind: BlockKind
    level: int = 0
    """Depth of a heading (1 to 6) or of a list item (1 and up); 0 for the other kinds."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a paged document; pages follow each other and cover the text."""

    number: int
    """Physical page, from 1."""
    label: str
    """What the document prints on it ("iv", "12")."""
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DocumentText:
    """What a loader makes of a document's bytes."""

    text: str
    blocks: tuple[Block, ...]
    title: str
    media_type: str
    pages: tuple[Page, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    """Author, date and the like, where the format has them."""
    warnings: tuple[str, ...] = ()
    """What the reader should know, such as pages that hold no text."""

    def page_at(self, offset: int) -> int | None:
        """The physical page that holds the character at `offset`, None where there are no pages."""
        for page in self.pages:
            if page.start <= offset < page.end:
                return page.number
        return self.pages[-1].number if self.pages else None
