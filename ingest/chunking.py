"""Cut a document into chunks: pure, text and blocks in, chunks out.

The text is cut into units (sentences, list items, table rows, lines of code), and the cheapest
way to group them is found by dynamic programming: a chunk costs what it is away from the target
size, a cut what it breaks (nothing before a heading, little between paragraphs, much inside one).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.units import CountTokens, Unit, find_units, fit_units
from rag.document_text import DocumentText

MAX_PREFIX_BYTES = 240
"""UTF-8 bytes of the heading path in front of an embedded chunk, and so at most as many tokens."""
_MAX_UNITS = 64
"""Units that one chunk may hold: keeps the time linear where units are tiny."""
_CRUMBS = 4
"""How many times the size at which the most units make a chunk crumbs are joined to."""
_HALF_SECTION = 0.6
_SEPARATOR = " > "
LEAST_LETTERS = 2
"""Letters of a title that says something."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """An exact slice of a document, `text[start:end]`; chunks tile the text."""

    start: int
    end: int
    heading: tuple[str, ...]
    """The headings above the chunk, outermost first; of several sections, those they share."""
    page: int | None
    """The physical page on which it starts."""
    tokens: int
    """Tokens of its text and of the heading path embedded with it; never too few."""


def split_into_chunks(
    document: DocumentText, count_tokens: CountTokens, *, target: int = 200, limit: int = 480
) -> list[Chunk]:
    """Cut a document into chunks of about `target` tokens, never above `limit` with their headings.

    Args:
        document: the text with its blocks and pages.
        count_tokens: tokens of each of many texts. Called once for the heading paths and once for
            all the sentences; again only for sentences that must be cut.
        target: tokens that a chunk's own text should have.
        limit: tokens that a chunk's text and its heading path may have together.

    Returns:
        Chunks in order: contiguous, from 0 to the text's end.
    """
    if not document.text:
        return []
    paths = heading_paths(document)
    starts = [offset for offset, _ in paths]
    units = find_units(document)
    above = _prefix_tokens(document.title, {path for _, path in paths}, count_tokens)

    def path_at(unit: Unit) -> tuple[str, ...]:
        return paths[bisect_right(starts, unit.start) - 1][1]

    def room(unit: Unit) -> int:
        return max(limit - above[path_at(unit)], limit // 2, 1)

    units = fit_units(document.text, units, [room(unit) for unit in units], count_tokens)
    units = _without_crumbs(units, target)
    cuts = _cheapest_cuts(units, [room(unit) for unit in units], target)
    page_starts = [page.start for page in document.pages]
    chunks = []
    for first, after in zip(cuts, [*cuts[1:], len(units)], strict=True):
        own = units[first:after]
        heading = _shared([path_at(unit) for unit in own if unit.is_heading or unit is own[0]])
        page = document.pages[bisect_right(page_starts, own[0].start) - 1].number if page_starts else None
        tokens = sum(unit.tokens for unit in own) + above[heading]
        chunks.append(Chunk(own[0].start, own[-1].end, heading, page, tokens))
    return chunks


def embedding_text(document: DocumentText, chunk: Chunk) -> str:
    """The text to embed for a chunk: the path above it on a line, then its own text, stripped.

    A heading with which the chunk itself begins is not said twice.
    """
    body = document.text[chunk.start : chunk.end].strip()
    path = chunk.heading
    for depth, heading in enumerate(path):
        if body.startswith(heading):
            path = path[:depth]
            break
    title = document.title
    if body.startswith(title) or (title.isascii() and sum(map(str.isalpha, title)) < LEAST_LETTERS):
        title = ""  # a file called p17 or 2024-05 says nothing about its text
    prefix = _prefix(title, path)
    return f"{prefix}\n{body}" if prefix else body


def heading_paths(document: DocumentText) -> list[tuple[int, tuple[str, ...]]]:
    """Where the heading path changes: offsets in order, from 0, each with the path from there on."""
    paths: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    above: list[tuple[int, str]] = []
    for block in document.blocks:
        if block.kind == "heading":
            while above and above[-1][0] >= block.level:
                above.pop()
            above.append((block.level, document.text[block.start : block.end]))
            paths.append((block.start, tuple(text for _, text in above)))
    return paths


def heading_path(document: DocumentText, offset: int) -> tuple[str, ...]:
    """The headings above the character at `offset`, outermost first."""
    paths = heading_paths(document)
    return paths[bisect_right([start for start, _ in paths], offset) - 1][1]


def _prefix(title: str, path: tuple[str, ...]) -> str:
    """Title and headings on one line of at most `MAX_PREFIX_BYTES`; the middle ones go first."""
    parts = [part for part in (title, *path) if part]
    if len(parts) > 1 and parts[0] == parts[1]:
        del parts[0]
    while len(parts) > 2 and _size(_SEPARATOR.join(parts)) > MAX_PREFIX_BYTES:
        del parts[1]
    share = MAX_PREFIX_BYTES // max(len(parts), 1) - len(_SEPARATOR)
    if _size(_SEPARATOR.join(parts)) > MAX_PREFIX_BYTES:
        parts = [part.encode()[:share].decode(errors="ignore").rstrip() for part in parts]
    return _SEPARATOR.join(parts)


def _prefix_tokens(
    title: str, paths: Iterable[tuple[str, ...]], count_tokens: CountTokens
) -> dict[tuple[str, ...], int]:
    """The most tokens that a path, or any path it begins with, takes in front of a chunk."""
    wanted = {path[:depth] for path in paths for depth in range(len(path) + 1)}
    texts = {path: _prefix(title, path) + "\n" for path in wanted}
    own = dict(zip(texts, count_tokens(list(texts.values())), strict=True))
    return {path: max(own[path[:depth]] for depth in range(len(path) + 1)) for path in own}


def _shared(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The headings with which all the paths begin."""
    lowest, highest = min(paths), max(paths)
    depth = 0
    while depth < min(len(lowest), len(highest)) and lowest[depth] == highest[depth]:
        depth += 1
    return lowest[:depth]


def _size(text: str) -> int:
    return len(text.encode())


def _without_crumbs(units: list[Unit], target: int) -> list[Unit]:
    """The units, neighbours joined where they are so tiny that the most of them would make no whole chunk."""
    if sum(unit.tokens for unit in units) * _MAX_UNITS >= len(units) * target:
        return units
    most = _CRUMBS * target // _MAX_UNITS
    joined = [units[0]]
    for unit in units[1:]:
        last = joined[-1]
        if unit.is_heading or last.is_heading or last.tokens + unit.tokens > most:
            joined.append(unit)
        else:
            last.end = unit.end
            last.tokens += unit.tokens
    return joined


def _cheapest_cuts(units: Sequence[Unit], room: Sequence[int], target: int) -> list[int]:
    """The units with which a chunk starts, so that the sum of all costs is the least."""
    best = [0.0] * (len(units) + 1)
    came_from = [0] * (len(units) + 1)
    tokens_of = [unit.tokens for unit in units]
    joining = [unit.joining for unit in units]
    # Starting inside a section and going on into the next is worse than joining whole sections.
    starting = [0.0 if unit.is_heading else _HALF_SECTION for unit in units]
    starting[0] = 0.0
    cutting = [unit.cutting for unit in units]
    for end in range(1, len(units) + 1):
        cost, origin, tokens, joined = math.inf, end - 1, 0, 0.0
        for start in range(end - 1, max(end - 1 - _MAX_UNITS, -1), -1):
            tokens += tokens_of[start]
            if tokens > room[start] and start < end - 1:
                break
            away = (tokens - target) / target
            here = best[start] + cutting[start] + away * away + joined
            if joined:
                here += starting[start]
            if here < cost:
                cost, origin = here, start
            joined += joining[start]
        best[end], came_from[end] = cost, origin
    cuts = []
    end = len(units)
    while end:
        end = came_from[end]
        cuts.append(end)
    return cuts[::-1]
