"""What formats with tables share."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST_NAME = 80


def with_header(rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """The header of a table, empty where its first row is none, and its other rows."""
    shown = [list(row) for row in rows]
    if len(shown) > 1 and is_header(shown[0], max(len(row) for row in shown)):
        return shown[0], shown[1:]
    return [], shown


def is_header(row: Sequence[str], width: int) -> bool:
    """Whether a row names its columns: short texts, no two the same, most columns, no numbers."""
    names = [cell.strip() for cell in row if cell.strip()]
    if len(names) < max(2, width / 2) or len(set(names)) < len(names):
        return False
    return all(len(name) <= _LONGEST_NAME and not is_number(name) for name in names)


def is_number(text: str) -> bool:
    """Whether a cell holds a figure, a date or a share rather than words."""
    bare = text.strip().strip("€$£%+-()<>~≈ ")
    digits = sum(character.isdigit() for character in bare)
    letters = sum(character.isalpha() for character in bare)
    return digits > 0 and letters <= 1 and not (digits == 4 and bare.isdigit())
