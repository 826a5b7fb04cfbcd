"""What PDFium tells of a page: its lines with their places and fonts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of a line; `left` and `right` in points."""

    left: float
    right: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on a page; `left`, `top`, `right`, `bottom` in points from the top left."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float
    """Of its font, in points."""
    bold: bool
    fixed: bool
    """Whether its letters are all of one width, as in code."""
    hyphenated: bool
    """Whether a hyphen at its end was taken away."""
    cells: tuple[Cell, ...] = ()
    """Its parts, where gaps wider than those between words part it."""


@dataclass(frozen=True, slots=True)
class PageLines:
    """A page's lines in reading order; sizes in points."""

    width: float
    height: float
    lines: tuple[Line, ...]
    has_pictures: bool
    """Looked up only where there are no lines."""
