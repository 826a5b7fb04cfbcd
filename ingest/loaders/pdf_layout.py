"""From a PDF's lines to its blocks: running heads dropped, headings found, paragraphs joined."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.loaders.pdf_heads import without_running_heads
from ingest.loaders.pdf_lines import code_of, join_lines
from ingest.loaders.pdf_page import Line, PageLines
from ingest.loaders.pdf_tables import table_at
from ingest.loaders.tables import with_header
from ingest.text_builder import TextBuilder

_ITEM = re.compile(
    r"(?P<bullet>[•●▪◦‣∙·–—\-*\uf0b7\uf0a7])\s+(?=\S)|(?P<number>\(?(?:\d{1,2}|[a-z])[.)])\s+(?=\S)"
)
_ENDS = re.compile(r"[.!?:…。！？][\"'”’»)\]]*$")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LEADERS = re.compile(r"(?:\. ?){4,}")
"""The dots between an entry of a table of contents and its page."""
_LONGEST_HEADING, _LARGER = 160, 1.12


@dataclass(frozen=True, slots=True)
class Outline:
    """An entry of a PDF's outline."""

    title: str
    level: int
    page: int
    """Physical page, from 1; 0 where it is not known."""


@dataclass(frozen=True, slots=True)
class _Style:
    """What is usual in the document."""

    body: float
    """The size in which most of the text is set."""
    leading: float
    """From one line's top to the next one's, as a multiple of the size."""
    levels: Mapping[float, int]
    """The heading level of each larger size."""
    words: Counter[str]


def add_pages(
    builder: TextBuilder, pages: Sequence[PageLines], labels: Sequence[str], outline: Sequence[Outline]
) -> str:
    """Add the blocks of all pages; each page is opened in the builder, also an empty one.

    Returns:
        The title: what is set largest on the first page with text, empty where nothing stands out.
    """
    bodies = without_running_heads(pages)
    style = _style(bodies)
    entries: dict[int, list[Outline]] = {}
    for entry in outline:
        entries.setdefault(entry.page, []).append(entry)
    for number, lines in enumerate(bodies, start=1):
        builder.page(number, labels[number - 1] if number <= len(labels) else "")
        _add_page(builder, lines, style, entries.get(number, []))
    return _title(next((lines for lines in bodies if lines), []), style)


def _title(lines: Sequence[Line], style: _Style) -> str:
    large = [line for line in lines if line.size in style.levels and any(map(str.isalpha, line.text))]
    if not large:
        return ""
    largest = max(line.size for line in large)
    parts = [line for line in large if line.size >= 0.98 * largest][:3]
    kept = parts[:1]
    for line in parts[1:]:
        if 0 < line.top - kept[-1].top < 2 * largest:
            kept.append(line)
    return (
        join_lines(kept, style.words, None)
        if sum(len(line.text) for line in kept) <= _LONGEST_HEADING
        else ""
    )


def _style(bodies: Sequence[Sequence[Line]]) -> _Style:
    sizes: Counter[float] = Counter()
    leadings: Counter[float] = Counter()
    words: Counter[str] = Counter()
    for lines in bodies:
        for line in lines:
            sizes[line.size] += len(line.text)
            words.update(word.lower() for word in _WORD.findall(line.text))
        for line, following in pairwise(lines):
            distance = following.top - line.top
            if line.size == following.size and 0 < distance < 3 * line.size:
                leadings[round(distance / line.size, 1)] += 1
    body = sizes.most_common(1)[0][0] if sizes else 10.0
    larger = sorted((size for size in sizes if size >= _LARGER * body), reverse=True)
    # Sizes that differ by less than a tenth are one level.
    levels: dict[float, int] = {}
    level, last = 0, 0.0
    for size in larger:
        if not last or size < 0.93 * last:
            level, last = level + 1, size
        levels[size] = min(level, 5)
    leading = leadings.most_common(1)[0][0] if leadings else 1.2
    return _Style(body, leading, levels, words)


def _add_page(builder: TextBuilder, lines: list[Line], style: _Style, entries: list[Outline]) -> None:
    block: list[Line] = []
    kind: tuple[str, int] = ("paragraph", 0)
    right = _right_edges(lines)
    after_table = 0
    for at, line in enumerate(lines):
        if at < after_table:
            continue
        rows, after_table = table_at(lines, at)
        if rows:
            if block:
                _add_block(builder, block, kind, style, right)
                block = []
            header, body = with_header(rows)
            builder.table(body, header)
            continue
        own = _kind(line, style, entries)
        if block and not _continues(block, line, kind, own, style, right):
            _add_block(builder, block, kind, style, right)
            block = []
        if not block:
            kind = own
        block.append(line)
    if block:
        _add_block(builder, block, kind, style, right)


def _right_edges(lines: Sequence[Line]) -> dict[int, float]:
    """For each line, by its identity, how far the lines of its column reach to the right."""
    columns: list[tuple[float, float, list[Line]]] = []
    for line in sorted(lines, key=lambda line: line.left - line.right):
        for left, right, members in columns:
            if line.left >= left - 2 and line.right <= right + 2:
                members.append(line)
                break
        else:
            columns.append((line.left, line.right, [line]))
    return {id(line): right for _, right, members in columns for line in members}


def _kind(line: Line, style: _Style, entries: list[Outline]) -> tuple[str, int]:
    text = line.text.strip()
    for entry in entries:
        if _same_words(entry.title, text):
            return "heading", entry.level
    if line.fixed:
        return "code", 0
    if _LEADERS.search(text):
        return "contents", 0
    if len(text) <= _LONGEST_HEADING and any(map(str.isalpha, text)):
        if line.size in style.levels:
            return "heading", style.levels[line.size]
        if (
            line.bold
            and line.size >= style.body
            and len(text) < 90
            and not text.endswith((".", ":", ",", ";"))
        ):
            return "heading", min(len(set(style.levels.values())) + 1, 6)
    match = _ITEM.match(text)
    return ("list_item", 1) if match else ("paragraph", 0)


def _same_words(title: str, line: str) -> bool:
    plain_title = re.sub(r"[\W_]+", "", title).lower()
    plain_line = re.sub(r"[\W_]+", "", line).lower()
    if len(plain_title) > 2 and plain_line in (plain_title, re.sub(r"^\d+", "", plain_title)):
        return True
    return len(plain_title) > 5 and re.sub(r"^\d+", "", plain_line) == plain_title


def _continues(
    block: list[Line],
    line: Line,
    kind: tuple[str, int],
    own: tuple[str, int],
    style: _Style,
    right: dict[int, float],
) -> bool:
    """Whether a line belongs to the block before it."""
    last = block[-1]
    distance = line.top - last.top
    near = -1 <= distance <= max(style.leading * 1.35, 1.4) * max(last.size, line.size)
    if kind[0] == "heading" or own[0] == "heading":
        return kind == own and near and last.size == line.size and not _ENDS.search(last.text)
    if kind[0] == "code" or own[0] == "code":
        return kind == own and (near or 0 < distance < 3.5 * last.size)
    if "contents" in (kind[0], own[0]):
        return False
    if own[0] == "list_item":
        return _is_number_inside(line, last, near, right)
    if not near:
        # The next column: the sentence goes on there.
        jumped = distance < 0 and not _ENDS.search(last.text) and line.text.lstrip()[:1].islower()
        return jumped or (last.hyphenated and distance < 0)
    if abs(line.size - last.size) > 0.15 * last.size:
        return False
    if kind[0] == "list_item":
        return line.left >= block[0].left - 1 and not (
            _is_short(last, right) and line.left <= block[0].left + 1
        )
    indented = line.left > min(other.left for other in block) + 0.8 * line.size
    ended = bool(_ENDS.search(last.text))
    return not (ended and (indented or _is_short(last, right)))


def _is_number_inside(line: Line, last: Line, near: bool, right: dict[int, float]) -> bool:
    # "…as Table\n2. The next" is no list: the line before is full and no sentence ends there.
    number = line.text.lstrip()[:1].isdigit()
    return (
        near
        and number
        and not _is_short(last, right)
        and not _ENDS.search(last.text)
        and line.left <= last.left + 1
    )


def _is_short(line: Line, right: dict[int, float]) -> bool:
    """Whether a line ends well before its column does."""
    edge = right.get(id(line), line.right)
    return line.right < edge - 0.08 * max(edge - line.left, 1)


def _add_block(
    builder: TextBuilder, block: list[Line], kind: tuple[str, int], style: _Style, right: dict[int, float]
) -> None:
    if kind[0] == "code":
        builder.code(code_of(block))
        return
    if kind[0] == "heading":
        builder.heading(join_lines(block, style.words, None), kind[1])
        return
    text = join_lines(block, style.words, right)
    match = _ITEM.match(text) if kind[0] == "list_item" else None
    if match:
        builder.list_item(text[match.end() :], 1, match["number"] or "-")
    else:
        builder.paragraph(text)
