"""Plain text: paragraphs, lists and headings as people write them without marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from ingest.loaders.naming import stem
from ingest.text_builder import TextBuilder, visible
from rag.document_text import DocumentText

_UNDERLINE = re.compile(r"([=~#*^\"'`+:._-])\1{2,}$")
_ITEM = re.compile(r"(?P<indent> *)(?P<marker>[-*+•·–]|\(?(?:\d{1,3}|[a-z])[.)])[ \t]+(?=\S)")
_ATX = re.compile(r"(#{1,6})\s+(\S.{0,150}?)\s*#*$")
_NUMBERED = re.compile(
    r"(?:(?:chapter|capítulo|section|sección|part|parte|appendix|apéndice|anexo)\s+[\dIVXLA-F]+\b|"
    r"(\d+(?:\.\d+){0,4})\.?\s+(?=[A-ZÁÉÍÓÚÑ¿¡]))",
    re.IGNORECASE,
)
_LONGEST_HEADING = 100
_LONG_LINES = 160
"""Where lines are longer than this, each line is a paragraph of its own."""


def load_plain(text: str, name: str) -> DocumentText:
    """The document of a plain text; the title is its first heading or the file's name."""
    builder = TextBuilder()
    add_plain_text(builder, visible(text))
    return builder.build(builder.first_heading or stem(name), "text/plain")


def add_plain_text(builder: TextBuilder, text: str) -> None:
    """Add a plain text's blocks: hard-wrapped lines are joined, headings and lists recognised."""
    lines = text.expandtabs(4).split("\n")
    width = _wrap_width(lines)
    for group in _groups(lines):
        _add_group(builder, group, width)


def _wrap_width(lines: list[str]) -> int:
    """The column at which the text was wrapped by hand, 0 where it was not."""
    lengths = sorted(len(line.rstrip()) for line in lines if line.strip())
    if not lengths or lengths[-1] > 4 * _LONG_LINES:
        return 0
    width = lengths[int(0.95 * (len(lengths) - 1))]
    return width if 40 <= width <= _LONG_LINES else 0


def _groups(lines: list[str]) -> Iterator[list[str]]:
    """Runs of lines without a blank one between them."""
    group: list[str] = []
    for line in lines:
        if line.strip():
            group.append(line.rstrip())
        elif group:
            yield group
            group = []
    if group:
        yield group


def _add_group(builder: TextBuilder, group: list[str], width: int) -> None:
    group = _add_leading_heading(builder, group)
    if not group:
        return
    if len(group) > 1 and all(line.startswith("    ") and not _ITEM.match(line) for line in group):
        builder.code("\n".join(group))
    elif any(_ITEM.match(line) for line in group):
        _add_list(builder, group, width)
    else:
        builder.paragraph(join_lines(group, width))


def _add_leading_heading(builder: TextBuilder, group: list[str]) -> list[str]:
    """Add the heading with which a group begins, if it does; gives the lines that are left."""
    first = group[0].strip()
    if len(group) > 2 and _UNDERLINE.match(first) and first == group[2].strip():
        builder.heading(group[1], 1)
        return group[3:]
    if len(group) > 1 and len(first) <= _LONGEST_HEADING and _UNDERLINE.match(group[1].strip()):
        builder.heading(first, 1 if group[1].strip()[0] in "=#*" else 2)
        return group[2:]
    atx = _ATX.match(first)
    if atx:
        builder.heading(atx[2], len(atx[1]))
        return group[1:]
    if len(group) == 1 and _is_heading(first):
        numbered = _NUMBERED.match(first)
        builder.heading(first, 2 + numbered[1].count(".") if numbered and numbered[1] else 2)
        return []
    if _UNDERLINE.fullmatch(first):
        return group[1:]  # a rule between parts
    return group


def _is_heading(line: str) -> bool:
    """A short line by itself that shouts, or is numbered, and is no sentence."""
    if len(line) > _LONGEST_HEADING or line[-1] in ".,;:!)" or len(line) < 3:
        return False
    shouts = line.isupper() and sum(map(str.isalpha, line)) >= 4
    return shouts or bool(_NUMBERED.match(line))


def _add_list(builder: TextBuilder, group: list[str], width: int) -> None:
    """Add a group with list items: lines before the first one are a paragraph."""
    item: list[str] = []
    marker, level = "", 0
    indents: list[int] = []
    builder.separate()

    def finish() -> None:
        if item and level:
            builder.list_item(join_lines(item, width), level, marker)
        elif item:
            builder.paragraph(join_lines(item, width))
        item.clear()

    for line in group:
        match = _ITEM.match(line)
        if match:
            finish()
            indent = len(match["indent"])
            while indents and indents[-1] >= indent:
                indents.pop()
            indents.append(indent)
            level = len(indents)
            marker = "-" if match["marker"] in "-*+•·–" else match["marker"]
            line = line[match.end() :]
        item.append(line)
    finish()


def join_lines(lines: list[str], width: int) -> str:
    """One text of hard-wrapped lines: a line break is kept where the next word would have fitted."""
    joined = [lines[0].strip()]
    for line, following in pairwise(lines):
        word = following.strip().split(" ", 1)[0]
        wrapped = width and len(line) + 1 + len(word) > width - 4
        joined.append((" " if wrapped else "\n") + following.strip())
    return "".join(joined)
