"""The smallest parts of a document that chunks are made of, with what cutting before each costs.

Costs are on the scale of `((tokens - target) / target) ** 2`, which is what a chunk's size costs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag.document_text import Block, DocumentText
from rag.sentences import split_sentences

_AFTER_HEADING = 50.0  # a heading never ends a chunk
_INSIDE_SENTENCE = 3.0
_INSIDE_PARAGRAPH = 1.0
_INSIDE_CODE = 0.8
_AFTER_LEAD_IN = 0.8  # "…the following:" and what follows
_BETWEEN_ROWS = 0.5
_BETWEEN_BLOCKS = 0.25
_JOIN_SECTIONS = 0.3
_JOIN_PARENTS = 1.2

_SHORTEST_PART = 24
"""Characters below which a sentence stays with the one after it."""
_CODE_PART = 120
"""Characters of code that are kept on one unit where there is no blank line."""
_LONGEST_TOKEN = 8
"""A text of more characters than this for each token has more tokens, in any script."""
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")

CountTokens = Callable[[Sequence[str]], list[int]]


@dataclass(slots=True)
class Unit:
    """A part `text[start:end]` that is cut only if it is too long for a chunk; units tile the text."""

    start: int
    end: int
    tokens: int = 0
    cutting: float = 0.0
    """What it costs to start a chunk with it."""
    joining: float = 0.0
    """What it costs to have it in a chunk that started before it."""
    is_heading: bool = False


def find_units(document: DocumentText) -> list[Unit]:
    """The units of a document, their tokens not yet counted."""
    found: list[Unit] = []
    previous: Block | None = None
    level = 0
    for block in _all_blocks(document):
        lead_in = previous is not None and document.text[previous.end - 1 : previous.end] == ":"
        cutting = _cost_before(block, previous, lead_in)
        joining = 0.0
        if block.kind == "heading":
            if previous is not None and previous.kind != "heading":
                joining = _JOIN_PARENTS if block.level < level else _JOIN_SECTIONS
            level = block.level
        for start, cost in _parts(document.text, block, cutting):
            found.append(Unit(start, start, 0, cost, joining, block.kind == "heading"))
            joining = 0.0
        previous = block
    if not found:
        return [Unit(0, len(document.text))]
    # Each unit reaches to the next one, so that the white space between them belongs to one.
    for unit, following in pairwise(found):
        unit.end = following.start
    found[-1].end = len(document.text)
    found[0].start = 0
    return found


def fit_units(
    text: str, units: Sequence[Unit], rooms: Sequence[int], count_tokens: CountTokens
) -> list[Unit]:
    """Count the units' tokens and cut those that are too long for the room that a chunk has.

    Args:
        text: the document's text.
        units: its units.
        rooms: the most tokens that each unit may have, as many as units.
        count_tokens: called once for all units, and again only for the parts of long ones.

    Returns:
        The units with their tokens, in order; each has at most its room.
    """
    settled: list[Unit] = []
    waiting = [
        (part, room)
        for unit, room in zip(units, rooms, strict=True)
        for part in _cut(text, unit, -(-(unit.end - unit.start) // (_LONGEST_TOKEN * room)))
    ]
    while waiting:
        counts = count_tokens([text[part.start : part.end] for part, _ in waiting])
        again = []
        for (part, room), tokens in zip(waiting, counts, strict=True):
            if tokens <= room or part.end - part.start <= 1:
                part.tokens = tokens
                settled.append(part)
            else:
                again += [(smaller, room) for smaller in _cut(text, part, 1 + int(tokens / (0.8 * room)))]
        waiting = again
    return sorted(settled, key=lambda unit: unit.start)


def _all_blocks(document: DocumentText) -> Iterator[Block]:
    """The document's blocks, and a paragraph for any text that they leave out."""
    at = 0
    for block in [*document.blocks, Block(len(document.text), len(document.text), "paragraph")]:
        gap = document.text[at : block.start]
        if gap and not gap.isspace():
            start = at + len(gap) - len(gap.lstrip())
            yield Block(start, at + len(gap.rstrip()), "paragraph")
        if block.end > max(block.start, at):
            yield block
        at = max(at, block.end)


def _cost_before(block: Block, previous: Block | None, lead_in: bool) -> float:
    if previous is None:
        return 0.0
    if previous.kind == "heading":
        return _AFTER_HEADING
    if block.kind == "heading":
        return 0.0
    if block.kind == previous.kind and block.kind in ("list_item", "table_row"):
        return _BETWEEN_ROWS
    return _AFTER_LEAD_IN if lead_in else _BETWEEN_BLOCKS


def _parts(text: str, block: Block, cutting: float) -> Iterator[tuple[int, float]]:
    """Where the units of a block start, each with what cutting there costs."""
    yield block.start, cutting
    if block.kind == "code":
        yield from _code_parts(text, block)
    elif block.kind not in ("heading", "table_row"):
        last = block.start
        for start, _ in split_sentences(text, block.start, block.end)[1:]:
            if start - last >= _SHORTEST_PART:
                yield start, _INSIDE_PARAGRAPH
                last = start


def _code_parts(text: str, block: Block) -> Iterator[tuple[int, float]]:
    last = block.start
    for match in re.finditer(r"\n", text[block.start : block.end]):
        line = block.start + match.end()
        blank = bool(_BLANK_LINE.match(text, line - 1, block.end))
        after_blank = text[line - 2 : line] == "\n\n"
        if line - last >= (_CODE_PART // 3 if after_blank else _CODE_PART) and not blank:
            yield line, _BETWEEN_ROWS if after_blank else _INSIDE_CODE
            last = line


def _cut(text: str, unit: Unit, parts: int) -> list[Unit]:
    """The unit in about `parts` parts of like length, cut after white space where there is some."""
    length = unit.end - unit.start
    parts = min(parts, length)
    if parts <= 1:
        return [unit]
    cuts = [unit.start]
    for part in range(1, parts):
        wanted = unit.start + length * part // parts
        space = max(text.rfind(mark, cuts[-1] + 1, wanted) for mark in " \n\t")
        cuts.append(space + 1 if space > cuts[-1] else max(wanted, cuts[-1] + 1))
    cuts.append(unit.end)
    pieces = [
        replace(unit, start=start, end=end, cutting=_INSIDE_SENTENCE, joining=0.0, is_heading=False)
        for start, end in pairwise(cuts)
    ]
    pieces[0] = replace(unit, end=pieces[0].end)
    return pieces
