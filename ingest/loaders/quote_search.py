"""Find a quote among the characters of a page, whatever its line ends and hyphens."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Rectangle = tuple[float, float, float, float]

_SKIPPED = frozenset("-\xad\u2010\u2011\u200b\u2060\ufeff\x02\ufffe")
_SHORTEST_PART = 16
"""Characters of a quote that must be found where only part of it is on the page."""

_NAMES_OF_COLUMNS = re.compile(r"(?:^|(?<=\n)|\s\|\s)(?:[^|:\n]{1,80}:\s)?")


def is_compared(mark: str) -> bool:
    """Whether a character counts when a quote is looked for: no white space, hyphen or control."""
    return not mark.isspace() and mark not in _SKIPPED and mark.isprintable()


def find_quote(page: str, quote: str) -> tuple[int, int] | None:
    """Where a quote stands in a page's compared characters: all of it, or its longest end or beginning.

    The names of columns, which the text of a table row has before its values, may be missing.
    """
    for variant in (quote, _NAMES_OF_COLUMNS.sub("", quote)):
        compared = "".join(filter(is_compared, variant))
        at = page.find(compared)
        if at >= 0 and compared:
            return at, at + len(compared)
    return _find_part(page, "".join(filter(is_compared, quote)))


def _find_part(page: str, quote: str) -> tuple[int, int] | None:
    begun = _longest(lambda length: quote[:length] in page, len(quote))
    ended = _longest(lambda length: quote[-length:] in page, len(quote))
    if max(begun, ended) < _SHORTEST_PART:
        return None
    if begun >= ended:
        at = page.rfind(quote[:begun])
        return at, at + begun
    at = page.find(quote[-ended:])
    return at, at + ended


def _longest(is_there: Callable[[int], bool], length: int) -> int:
    """The largest length for which `is_there` holds; where it holds it does for all smaller ones."""
    least, most = 0, length
    while least < most:
        middle = (least + most + 1) // 2
        if is_there(middle):
            least = middle
        else:
            most = middle - 1
    return least


def merge_boxes(boxes: Sequence[Rectangle]) -> list[Rectangle]:
    """The boxes of characters in reading order as one box for each line that they make up.

    Boxes are `(left, top, right, bottom)` with the top above the bottom, in any unit.
    """
    merged: list[Rectangle] = []
    for box in boxes:
        if merged and _on_one_line(merged[-1], box):
            last = merged[-1]
            merged[-1] = (last[0], min(last[1], box[1]), max(last[2], box[2]), max(last[3], box[3]))
        else:
            merged.append(box)
    return merged


def _on_one_line(line: Rectangle, box: Rectangle) -> bool:
    overlap = min(line[3], box[3]) - max(line[1], box[1])
    return overlap > 0.5 * min(line[3] - line[1], box[3] - box[1]) and box[0] >= line[0]
