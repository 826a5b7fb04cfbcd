"""Join a PDF's lines to one text: words cut at line ends, code with its indentation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from ingest.loaders.pdf_page import Line

_LAST_PART = re.compile(r"([^\W\d_]+)$")
_FIRST_PART = re.compile(r"[^\W\d_]+")
_COMPOUND_PARTS = frozenset(
    "self non pre post co multi cross well high low fine end state anti semi ex re long short large small "
    "real open close zero one two three few full half all mid sub super inter intra pseudo quasi auto "
    "query key token word sentence character domain task model data time user human machine".split()
)
"""Words after which a hyphen is likely a compound's own."""


def code_of(block: Sequence[Line]) -> str:
    """Lines of code with the indentation that their places show."""
    edge = min(line.left for line in block)
    lines = []
    for line in block:
        text = line.text.strip()
        width = (line.right - line.left) / max(len(text), 1)
        lines.append(" " * round((line.left - edge) / max(width, 1)) + text + "-" * line.hyphenated)
    return "\n".join(lines)


def join_lines(block: Sequence[Line], words: Counter[str], right: dict[int, float] | None) -> str:
    """The text of a block's lines; a break is kept where the next word would have fitted."""
    text = block[0].text.strip()
    for line, following in pairwise(block):
        more = following.text.strip()
        if line.hyphenated or text.endswith(("-", "\xad", "\u2010")):
            text = _dehyphenate(text if not line.hyphenated else text + "-", more, words)
            continue
        word = len(more.split(" ", 1)[0]) + 1
        needed = word * (following.right - following.left) / max(len(more), 1)
        fits = right is not None and line.right + 1.2 * needed < right.get(id(line), 0)
        text += ("\n" if fits and following.top > line.top else " ") + more
    return text


def _dehyphenate(text: str, more: str, words: Counter[str]) -> str:
    """Join a word cut at a line's end; a hyphen that may be its own stays."""
    bare = text.rstrip("-\xad\u2010")
    last, first = _LAST_PART.search(bare), _FIRST_PART.match(more)
    if not last or not first:
        return text + ("" if last or first else " ") + more
    whole, compound = (last[1] + first[0]).lower(), f"{last[1]}-{first[0]}".lower()
    if text.endswith("\xad"):
        return bare + more
    cut_word = (
        first[0].islower()
        and bare[: last.start()][-1:] not in ("-", "'")
        and more[first.end() : first.end() + 1] != "-"
        and last[1].lower() not in _COMPOUND_PARTS
        and min(len(last[1]), len(first[0])) >= 2
    )
    if words[whole] or (cut_word and not words[compound]):
        return bare + more
    return bare + "-" + more
