"""The words of a text as the index has them: lower case, without accents, stemmed in the text's language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat
from typing import Any

RULES = "3"
"""Changes with whatever changes what a text's words are, so that indexes are made anew."""
MOST_WORDS = 64
"""Words of a question that are looked up; the rest of a longer one is left to the vectors."""
REMEMBERED = 50_000
"""Words whose stems are kept; stemming a passage is mostly meeting the same ones again."""
WORD = re.compile(r"\w+(?:[.,'’-]\w+)*")
JOINTS = re.compile(r"[.,'’_-]")
HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Where `getUserName` and `HTTPServer` have their words."""
GROUPED = re.compile(r"[1-9]\d{0,2}(?:([.,'’])\d{3})(?:\1\d{3})*")
"""A number of a thousand or more, written with marks between its groups."""
GROUPED_OR_DECIMAL = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
"""More than three thousand, or three and an eighth."""
ADDRESS = re.compile(r"{0}(?:\.{0}){{3}}".format("(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"))
"""Four parts of at most 255, none of them written with a nought before it."""
OTHER_DIGIT = re.compile(r"[^\D0-9]")
DECIMAL = re.compile(r"\d+,\d+")
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"
)
"""Runs of Thai, Lao, Burmese, Khmer, Japanese and Chinese, whose words no space parts."""
STEMMERS = {
    "ar": "arabic", "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish",
    "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for, as the index has it."""

    forms: tuple[tuple[str, ...], ...]
    """For each word of the question the stems it may have."""
    phrases: tuple[tuple[str, ...], ...] = ()
    """Folded words that must follow one another."""
    without: tuple[tuple[str, ...], ...] = ()
    """Folded words that must not."""


def fold(text: str) -> list[str]:
    """The words of a text in order, lower case and without accents."""
    words: list[str] = []
    for match in WORD.finditer(_bare(_plain(text).casefold())):
        words += _with_parts(match.group())
    return words


def stems(text: str, language: str) -> list[str]:
    """The stems of a text's words in order, folded."""
    return [stem for word in _words(text) for stem in _stemmed(word, language)]


def distinct_stems(text: str, language: str) -> set[str]:
    """The stems of a text, in no order: quicker than all of them in turn."""
    return set(chain.from_iterable(map(_stemmed, set(_words(text)), repeat(language))))


def hidden_words(text: str) -> list[str]:
    """The words inside names such as `getUserName`, lower case, which only capitals part."""
    names = [name for name in re.findall(r"[A-Za-z0-9]+", text) if HUMPS.search(name)]
    return [word.casefold() for name in names for word in HUMPS.split(name)]


def wanted(
    text: str,
    languages: Sequence[str] = ("es", "en"),
    phrases: Iterable[str] = (),
    without: Iterable[str] = (),
) -> Wanted:
    """What to look for in chunks of these languages."""
    return Wanted(
        tuple(tuple(forms) for forms in word_forms(text, languages)),
        tuple(words for one in phrases if (words := tuple(fold(one)))),
        tuple(words for one in without if (words := tuple(fold(one)))),
    )


def word_forms(question: str, languages: Sequence[str] = ("es", "en")) -> list[list[str]]:
    """For each word of a question the stems it may have, without repeats."""
    # One word for a number that may be read in two ways: texts have it however they write it.
    words = [_numbers(word) for word in _words(question)]
    columns = [[stem for word in words for stem in _stemmed(word, one)] for one in languages]
    forms: list[list[str]] = []
    for row in zip(*columns, strict=True):
        distinct = sorted(set(row))
        if distinct not in forms:
            forms.append(distinct)
    return forms[:MOST_WORDS]


def _words(text: str) -> list[str]:
    return WORD.findall(unicodedata.normalize("NFKC", _plain(text).casefold()))


def _plain(text: str) -> str:
    """The text with the digits of every script as 0 to 9."""
    return text if text.isascii() else OTHER_DIGIT.sub(lambda match: str(int(match.group())), text)


def _numbers(word: str) -> str:
    """A number as it is written without marks between thousands and with a point before decimals.

    "1.190", "1,190" and "1190" are then one word, as are "3,5" and "3.5", in whatever language.
    """
    if GROUPED.fullmatch(word) and not ADDRESS.fullmatch(word):
        return JOINTS.sub("", word)
    return word.replace(",", ".") if DECIMAL.fullmatch(word) else word


def _parts(word: str) -> list[str]:
    """The parts of "GPT-3.5"; pairs of characters of scripts that write no spaces between words."""
    parts: list[str] = []
    for part in JOINTS.split(word):
        at = 0
        for run in UNSPACED.finditer(part):
            parts += [part[at : run.start()], *_pairs(run.group())]
            at = run.end()
        parts.append(part[at:])
    return [part for part in parts if part]


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(max(1, len(run) - 1))]


@lru_cache(maxsize=REMEMBERED)
def _with_parts(word: str) -> tuple[str, ...]:
    """The word and, of "GPT-3.5", its parts, so that it is found by either."""
    word = _numbers(word)
    parts = _parts(word)
    return (word,) if parts == [word] else (word, *parts)


@lru_cache(maxsize=REMEMBERED)
def _stemmed(word: str, language: str) -> tuple[str, ...]:
    stemmer = _stemmer(language)
    number = _numbers(word)
    parts = _parts(word if GROUPED_OR_DECIMAL.fullmatch(word) else number)
    whole = [_bare(number)] if len(parts) > 1 else []
    return (*whole, *(_bare(stemmer.stemWord(part) if stemmer else part) for part in parts))


def _bare(text: str) -> str:
    return text if text.isascii() else _marks().sub("", unicodedata.normalize("NFKD", text))


@lru_cache
def _marks() -> re.Pattern[str]:
    """The marks that Unicode sets over and under letters."""
    marks = "".join(chr(code) for code in range(0x300, 0xFE30) if unicodedata.combining(chr(code)))
    return re.compile(f"[{marks}]+")


@lru_cache
def _stemmer(language: str) -> Any:
    import Stemmer

    name = STEMMERS.get(language)
    return Stemmer.Stemmer(name) if name else None
