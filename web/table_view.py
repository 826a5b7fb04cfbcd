"""Rows of a table, which the canonical text writes as `Column: value | Column: value`, as a grid.

Pure: text and spans in, spans out. Where rows do not name their columns they are drawn cell by cell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

Span = tuple[int, int]
_BORDER = re.compile(r" \| ")
_NAME = re.compile(r"([^|:\n]{1,80}): (?=\S)")


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: the names of its columns, empty if they have none, and each row's cells as spans."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Span | None, ...], ...]


def lay_out(text: str, rows: Sequence[Span]) -> Grid:
    """Put the rows, spans of `text`, into a grid."""
    cells = [_cells(text, row) for row in rows]
    named = [[(_NAME.match(text, *cell), cell) for cell in row] for row in cells]
    names = [[match.group(1) if match else "" for match, _ in row] for row in named]
    columns = _in_order(names)
    # A column's name may stand only once in a row: else the colons are part of the values.
    if not columns or any("" in row or len(set(row)) < len(row) for row in names):
        return Grid((), tuple(tuple(row) for row in cells))
    grid = []
    for row, row_names in zip(named, names, strict=True):
        values = {
            name: (match.end() if match else cell[0], cell[1])
            for name, (match, cell) in zip(row_names, row, strict=True)
        }
        grid.append(tuple(values.get(column) for column in columns))
    return Grid(columns, tuple(grid))


def _cells(text: str, row: Span) -> list[Span]:
    borders = [match.span() for match in _BORDER.finditer(text, *row)]
    starts = [row[0], *(end for _, end in borders)]
    ends = [*(start for start, _ in borders), row[1]]
    return list(zip(starts, ends, strict=True))


def _in_order(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """All columns; one that the first row leaves out goes behind the one it follows elsewhere."""
    columns: list[str] = []
    for row in rows:
        at = 0
        for name in row:
            if name in columns:
                at = columns.index(name) + 1
            else:
                columns.insert(at, name)
                at += 1
    return tuple(columns)
