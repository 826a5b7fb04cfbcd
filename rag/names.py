"""Names in a text, found by their capitals, and whether another text has them, in any language.

A name may be written otherwise in another language (Lisboa, Lisbon): there, names that begin alike or
are spelt nearly alike are the same, and countries are known from the locale data of CLDR.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache

CAPITAL = re.compile(r"[^\W\d_][\w’'-]*\w|[A-ZÁÉÍÓÚÑÜ]")
NEAR_SPELLING = 0.72
ALIKE_LETTERS = 4
_LANGUAGES = ("es", "en")


def names_of(text: str) -> set[str]:
    """Folded words inside the text's sentences that begin with a capital letter."""
    found: set[str] = set()
    plain = unicodedata.normalize("NFC", text)
    for match in CAPITAL.finditer(plain):
        word = match.group()
        inner = any(letter.isupper() for letter in word[1:])
        if word[0].isupper() and (inner or not _opens(plain, match.start())):
            found.add(folded(word))
    return found


def opening_word(text: str) -> str:
    """The folded first word if it begins with a capital letter, else nothing; it may be a name."""
    match = CAPITAL.search(unicodedata.normalize("NFC", text))
    return folded(match.group()) if match and match.group()[0].isupper() else ""


def missing_names(claimed: Iterable[str], source_words: frozenset[str], *, same_language: bool) -> set[str]:
    """The names that are not among the words of the source."""
    return {name for name in claimed if not _has(name, source_words, same_language)}


def folded(word: str) -> str:
    """Lower case, without accents and without an English possessive."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"['’]s?$", "", bare)


def _opens(text: str, at: int) -> bool:
    before = text[:at].rstrip(" \"'«“(¿¡[*_")
    return not before or before[-1] in ".!?:\n…"


def _has(name: str, words: frozenset[str], same_language: bool) -> bool:
    if name in words or any(part in words for part in name.split("-") if len(part) > 2):
        return True
    if same_language:
        # Plurals and short forms of one name: "Panther" and "Panthers".
        return any(_plural(name, word) for word in words)
    territory = _territories().get(name)
    if territory and any(_territories().get(word) == territory for word in words):
        return True
    return any(_alike(name, word) for word in words)


def _plural(name: str, word: str) -> bool:
    return len(name) > 3 and (name + "s" == word or word + "s" == name)


def _alike(name: str, word: str) -> bool:
    if min(len(name), len(word)) < ALIKE_LETTERS or name[0] != word[0]:
        return False
    if name[:ALIKE_LETTERS] == word[:ALIKE_LETTERS]:
        return True
    return SequenceMatcher(None, name, word).ratio() >= NEAR_SPELLING


@lru_cache(maxsize=1)
def _territories() -> dict[str, str]:
    """Codes of countries by their folded one-word names."""
    from babel import Locale

    known: dict[str, str] = {}
    for language in _LANGUAGES:
        for code, name in Locale(language).territories.items():
            if code.isalpha() and " " not in name:
                known[folded(name)] = code
    return known
