"""Find tables in a PDF's lines: rows whose parts stand under each other."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.loaders.pdf_page import Cell, Line

_NEAR = 4.0
"""Points by which the edges of one column may differ."""
_LONGEST_CELL = 60
"""Characters, on average, beyond which the parts are columns of running text."""
_MARKER = re.compile(r"[•●▪◦‣∙·–—*-]|\(?(?:\d{1,2}|[a-z])[.)]")
_MAX_DISTANCE = 4.0


def table_at(lines: Sequence[Line], start: int) -> tuple[list[list[str]], int]:
    """The rows of the table that begins with a line, and the line after it.

    Returns:
        No rows where no table begins there; a table has at least two rows under the first one.
    """
    first = lines[start]
    if not _is_row(first):
        return [], start
    rows = [[cell.text for cell in first.cells]]
    columns = list(first.cells)
    at = start + 1
    while at < len(lines):
        line, last = lines[at], lines[at - 1]
        distance = line.top - last.top
        if not 0 < distance < _MAX_DISTANCE * max(line.size, last.size):
            break
        if _is_row(line) and len(line.cells) == len(columns) and _aligned(line.cells, columns):
            rows.append([cell.text for cell in line.cells])
            columns = [_widened(column, cell) for column, cell in zip(columns, line.cells, strict=True)]
        elif distance < 1.5 * line.size:
            if not _continue_row(rows[-1], line, columns):
                break
        else:
            row = _row_with_gaps(line, columns)
            if not row:
                break
            rows.append(row)
        at += 1
    length = sum(len(cell) for row in rows for cell in row) / (len(rows) * len(columns))
    return (rows, at) if len(rows) >= 3 and length <= _LONGEST_CELL else ([], start)


def _is_row(line: Line) -> bool:
    return len(line.cells) >= 2 and not line.fixed and not _MARKER.fullmatch(line.cells[0].text)


def _aligned(cells: Sequence[Cell], columns: Sequence[Cell]) -> bool:
    """Whether each cell shares an edge or the middle with its column, and touches no other one."""
    for number, (cell, column) in enumerate(zip(cells, columns, strict=True)):
        middle = abs(cell.left + cell.right - column.left - column.right) / 2
        if min(abs(cell.left - column.left), abs(cell.right - column.right), middle) > _NEAR:
            return False
        if number + 1 < len(columns) and cell.right > columns[number + 1].right:
            return False
    return True


def _row_with_gaps(line: Line, columns: Sequence[Cell]) -> list[str]:
    """The cells of a line that has some for only a part of the columns; none if it is no such row."""
    row = [""] * len(columns)
    for cell in line.cells if _is_row(line) else ():
        near = [at for at, column in enumerate(columns) if not row[at] and _aligned([cell], [column])]
        if not near:
            return []
        row[near[0]] = cell.text
    return row if any(row) else []


def _widened(column: Cell, cell: Cell) -> Cell:
    return Cell(min(column.left, cell.left), max(column.right, cell.right), column.text)


def _continue_row(row: list[str], line: Line, columns: Sequence[Cell]) -> bool:
    """Add a line that goes on in some of the row's cells; whether it does."""
    parts = line.cells or (Cell(line.left, line.right, line.text),)
    places = []
    for part in parts:
        near = [at for at, column in enumerate(columns) if abs(part.left - column.left) <= _NEAR]
        if not near or line.fixed:
            return False
        places.append(near[0])
    if len(parts) == 1 and places == [0]:
        return False  # a paragraph after the table begins at its left edge too
    for at, part in zip(places, parts, strict=True):
        row[at] += " " + part.text
    return True
