"""Take running heads and page numbers out of a PDF's pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ingest.loaders.pdf_page import Line, PageLines
from ingest.text_builder import one_line

_MARGIN = 0.12
"""Of the page's height at its top and bottom, where running heads and page numbers stand."""
_MARGIN_LINES = 3
_REPEATED_SHARE = 0.25
_PAGE_NUMBER = re.compile(
    r"(?:page|página|pág\.?|p\.)?\s*[-–—|]?\s*(?:\d{1,4}|[ivxlc]{1,7})\s*[-–—|]?(?:\s*(?:of|de|/)\s*\d{1,4})?",
    re.IGNORECASE,
)


def without_running_heads(pages: Sequence[PageLines]) -> list[list[Line]]:
    """The lines of each page without those that return on many pages, and without page numbers."""
    margins = [_margin_lines(page) for page in pages]
    seen = Counter(key for lines in margins for key in {_key(line) for line in lines})
    enough = max(3, _REPEATED_SHARE * len(pages))
    places = [{(_key(line), round(line.top / 3)) for line in lines} for lines in margins]
    dropped = []
    for number, (page, lines) in enumerate(zip(pages, margins, strict=True)):
        near = set().union(*places[max(number - 2, 0) : number], *places[number + 1 : number + 3])
        gone = {
            id(line)
            for line in lines
            if seen[_key(line)] >= enough
            or (len(pages) > 1 and _PAGE_NUMBER.fullmatch(line.text.strip()))
            or (_is_chapter_head(line, lines) and (_key(line), round(line.top / 3)) in near)
        }
        dropped.append([line for line in page.lines if id(line) not in gone])
    emptied = sum(not kept and bool(page.lines) for kept, page in zip(dropped, pages, strict=True))
    # Pages that hold nothing but such lines, slides or labels, hold them as their text.
    return dropped if emptied < 0.5 * len(pages) else [list(page.lines) for page in pages]


def _margin_lines(page: PageLines) -> list[Line]:
    by_place = sorted(page.lines, key=lambda line: line.top)
    ends = {id(line): line for line in by_place[:_MARGIN_LINES] + by_place[-_MARGIN_LINES:]}
    high, low = _MARGIN * page.height, (1 - _MARGIN) * page.height
    return [line for line in ends.values() if line.bottom < high or line.top > low]


def _is_chapter_head(line: Line, lines: Sequence[Line]) -> bool:
    # It returns in one place, outermost, on the few pages of its chapter.
    outermost = line.top in (min(other.top for other in lines), max(other.top for other in lines))
    return outermost and sum(map(str.isalpha, line.text)) >= 3


def _key(line: Line) -> str:
    return re.sub(r"\d+", "#", one_line(line.text).lower())
