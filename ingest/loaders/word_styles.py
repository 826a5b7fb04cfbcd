"""What a DOCX paragraph's style and numbering make of it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from ingest.loaders.archive import Archive
from ingest.loaders.markup import local_name

_HEADING = re.compile(r"(?:heading|título|titulo|encabezado|überschrift|titre)\s*(\d)$", re.IGNORECASE)
_CODE = re.compile(r"code|código|source|preformatted|verbatim|macro text", re.IGNORECASE)
_QUOTE = re.compile(r"quote|^cita\b|block text", re.IGNORECASE)
_MAX_CHAIN = 20


@dataclass(frozen=True, slots=True)
class ParagraphStyle:
    """What a paragraph is."""

    level: int = 0
    """Of a heading, 0 for what is none."""
    kind: Literal["", "code", "quote"] = ""
    numbering: Any = None
    """The `numPr` element that its style gives it."""


class Styles:
    """The paragraph styles of a DOCX file."""

    def __init__(self, archive: Archive) -> None:
        self._styles: dict[str, Any] = {}
        self._known: dict[str, ParagraphStyle] = {}
        if "word/styles.xml" in archive:
            for style in archive.xml("word/styles.xml").iter("{*}style"):
                self._styles[attribute(style, "styleId")] = style

    def of(self, paragraph: Any) -> ParagraphStyle:
        """The style of a paragraph, with the outline level that it may have of its own."""
        properties = child(paragraph, "ppr")
        if properties is None:
            return ParagraphStyle()
        name = child(properties, "pstyle")
        style = self._named("" if name is None else value(name))
        own = _outline_level(properties)
        return style if own is None else ParagraphStyle(own, style.kind, style.numbering)

    def _named(self, identifier: str) -> ParagraphStyle:
        if identifier not in self._known:
            self._known[identifier] = self._work_out(identifier)
        return self._known[identifier]

    def _work_out(self, identifier: str) -> ParagraphStyle:
        level: int | None = None
        kind: Literal["", "code", "quote"] = ""
        numbering = None
        for _ in range(_MAX_CHAIN):  # a chain of styles may run in a circle
            style = self._styles.get(identifier)
            shown = None if style is None else child(style, "name")
            name = identifier if shown is None else value(shown)
            if level is None:
                heading = _HEADING.match(name)
                level = int(heading[1]) if heading else 1 if name.lower() in ("title", "título") else None
            kind = kind or ("code" if _CODE.search(name) else "quote" if _QUOTE.search(name) else "")
            properties = None if style is None else child(style, "ppr")
            if properties is not None:
                level = _outline_level(properties) if level is None else level
                numbering = child(properties, "numpr") if numbering is None else numbering
            base = None if style is None else child(style, "basedon")
            if base is None:
                break
            identifier = value(base)
        return ParagraphStyle(level or 0, kind, numbering)


class Numbering:
    """Counts the items of a DOCX file's lists."""

    def __init__(self, archive: Archive) -> None:
        self._formats: dict[tuple[str, int], str] = {}
        self._counts: Counter[tuple[str, int]] = Counter()
        if "word/numbering.xml" not in archive:
            return
        root = archive.xml("word/numbering.xml")
        abstract: dict[str, dict[int, str]] = {}
        for element in root.iter("{*}abstractNum"):
            levels = {}
            for level in element.iter("{*}lvl"):
                shape = child(level, "numfmt")
                levels[_number(attribute(level, "ilvl"))] = "bullet" if shape is None else value(shape)
            abstract[attribute(element, "abstractNumId")] = levels
        for element in root.iter("{*}num"):
            of = child(element, "abstractnumid")
            for depth, shape in abstract.get("" if of is None else value(of), {}).items():
                self._formats[attribute(element, "numId"), depth] = shape

    def item(self, paragraph: Any, from_style: Any) -> tuple[int, str] | None:
        """The level and marker of a list item, None for a paragraph that is none."""
        properties = child(paragraph, "ppr")
        own = None if properties is None else child(properties, "numpr")
        numbering = from_style if own is None else own
        identifier = None if numbering is None else child(numbering, "numid")
        if identifier is None or value(identifier) == "0":
            return None
        at = child(numbering, "ilvl")
        depth = 0 if at is None else _number(value(at))
        list_id = value(identifier)
        self._counts[list_id, depth] += 1
        for deeper in range(depth + 1, 9):
            self._counts[list_id, deeper] = 0
        shape = self._formats.get((list_id, depth), "bullet")
        number = self._counts[list_id, depth]
        if shape in ("bullet", "none"):
            return depth + 1, "-"
        letter = shape.endswith("Letter") and number <= 26
        return depth + 1, f"{chr(96 + number)})" if letter else f"{number}."


def child(element: Any, name: str) -> Any | None:
    """The first child of a local name in lower case."""
    return next((inner for inner in element.iterchildren() if local_name(inner) == name), None)


def attribute(element: Any, name: str) -> str:
    """An attribute by its local name, empty where it is missing."""
    return next((str(text) for key, text in element.attrib.items() if key.rsplit("}", 1)[-1] == name), "")


def value(element: Any) -> str:
    """The `val` attribute."""
    return attribute(element, "val")


def _outline_level(properties: Any) -> int | None:
    element = child(properties, "outlinelvl")
    if element is None:
        return None
    depth = _number(value(element))
    return depth + 1 if depth < 6 else 0


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 4 else 0
