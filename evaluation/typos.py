"""Questions as fingers write them: one slip in each."""

from __future__ import annotations

import random
import re

_WORD = re.compile(r"[^\W\d_]{4,}")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def with_typo(text: str, seed: int = 0) -> str:
    """The text with one letter of one word left out, doubled, exchanged with its neighbour or mistyped.

    The word has four letters at least, the letter is not its first, and the same text always gets the same
    slip; a text without such a word stays as it is.
    """
    drawn = random.Random(f"{seed} {text}")
    words = list(_WORD.finditer(text))
    if not words:
        return text
    word = drawn.choice(words)
    at = drawn.randrange(word.start() + 1, word.end() - 1)
    letter, after = text[at], text[at + 1]
    slips = [after + letter, after, letter + letter + after, _beside(letter, drawn) + after]
    different = [slip for slip in slips if slip != letter + after]
    return text[:at] + drawn.choice(different) + text[at + 2 :]


def _beside(letter: str, drawn: random.Random) -> str:
    """A key next to a letter's."""
    for row in _ROWS:
        at = row.find(letter.lower())
        if at >= 0:
            return drawn.choice(row[max(0, at - 1) : at] + row[at + 1 : at + 2])
    return "a"
