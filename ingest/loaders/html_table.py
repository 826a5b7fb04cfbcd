"""HTML tables as rows of cells under a header."""

from __future__ import annotations

import re
from typing import Any

from ingest.loaders.markup import local_name, visit
from ingest.text_builder import one_line

_MAX_SPAN = 100
_LONGEST_CELL = 2000
_NOT_DATA = ("table", "h1", "h2", "h3", "pre", "form", "article", "section")
_HIDDEN = ("script", "style", "template", "noscript")


def data_rows(table: Any) -> tuple[list[str], list[list[str]]] | None:
    """The header and rows of a table that holds data, None for one that only lays out the page."""
    if table.get("role") in ("presentation", "none"):
        return None
    if any(element is not table for element in table.iter(*_NOT_DATA)):
        return None
    rows = _grid(table)
    if max((len(row) for row, _ in rows), default=0) < 2:
        return None
    if any(len(cell) > _LONGEST_CELL for row, _ in rows for cell in row):
        return None
    if rows[0][1]:
        return rows[0][0], [row for row, _ in rows[1:]]
    return [], [row for row, _ in rows]


def caption(table: Any) -> str:
    """The table's caption, empty where it has none."""
    element = table.find("caption")
    return "" if element is None else visible_text(element)


def visible_text(element: Any) -> str:
    """An element's text on one line; its blocks are a space apart."""
    shown: list[str] = []

    def enter(inner: Any) -> bool:
        tag = local_name(inner)
        if tag in _HIDDEN or inner.get("hidden") is not None:
            return False
        if tag in ("br", "p", "div", "li", "ul", "ol"):
            shown.append(" ")
        elif tag == "img" and inner.get("alt"):
            shown.append(inner.get("alt"))
        shown.append(inner.text or "")
        return True

    def leave(inner: Any) -> None:
        if local_name(inner) in ("p", "div", "li"):
            shown.append(" ")
        if inner is not element:
            shown.append(inner.tail or "")

    visit(element, enter, leave)
    return one_line("".join(shown))


def _grid(table: Any) -> list[tuple[list[str], bool]]:
    """Rows of cells with spans filled in, each with whether all of its cells are headers."""
    rows: list[tuple[list[str], bool]] = []
    hanging: dict[int, tuple[int, str]] = {}  # column -> rows that are left, text
    for line in table.iter("tr"):
        cells: list[str] = []
        tags = []
        for cell in line.iterchildren("td", "th"):
            _fill(cells, hanging)
            text = visible_text(cell)
            tags.append(local_name(cell))
            for column in range(_span(cell, "colspan")):
                down = _span(cell, "rowspan")
                if down > 1:
                    hanging[len(cells)] = (down - 1, text)
                cells.append(text if column == 0 else "")
        _fill(cells, hanging)
        if cells:
            is_header = local_name(line.getparent()) == "thead" or (bool(tags) and set(tags) == {"th"})
            rows.append((cells, is_header))
    return rows


def _fill(cells: list[str], hanging: dict[int, tuple[int, str]]) -> None:
    """Add the cells of earlier rows that reach down into this place."""
    while len(cells) in hanging:
        left, text = hanging.pop(len(cells))
        if left > 1:
            hanging[len(cells)] = (left - 1, text)
        cells.append(text)


def _span(cell: Any, name: str) -> int:
    digits = re.match(r"\s*(\d{1,4})", cell.get(name) or "")
    return min(max(int(digits[1]), 1), _MAX_SPAN) if digits else 1
