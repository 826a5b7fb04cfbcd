"""The program's own sentences, errors above all, in the reader's language.

An error is raised in English, with names and numbers in it. Its translation is kept with the same
sentence, where `{1}`, `{2}` stand for those parts, so that the modules that raise it know no languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from babel.messages.pofile import read_po

from web.languages import DEFAULT_LANGUAGE, TRANSLATIONS_DIRECTORY

HOLE = re.compile(r"\{(\d+)\}")


class Sentences:
    """Translations of one language, found by the sentence as it was raised."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._whole: dict[str, str] = {}
        patterns: list[tuple[int, re.Pattern[str], list[str], str]] = []
        for english, own in pairs:
            if HOLE.search(english):
                fixed = len(HOLE.sub("", english))
                patterns.append((fixed, _pattern(english), HOLE.findall(english), own))
            else:
                self._whole[english] = own
        # The sentence with the most words of its own is the one that was meant.
        self._patterns = sorted(patterns, key=lambda one: -one[0])

    def translated(self, sentence: str) -> str:
        """The sentence in this language; as it is where it is not known."""
        if sentence in self._whole:
            return self._whole[sentence]
        for _fixed, pattern, numbers, own in self._patterns:
            found = pattern.fullmatch(sentence)
            if found:
                return _filled(own, dict(zip(numbers, map(self.translated, found.groups()), strict=True)))
        return sentence


def _filled(own: str, parts: Mapping[str, str]) -> str:
    return HOLE.sub(lambda hole: parts.get(hole.group(1), ""), own)


def load_sentences(language: str) -> Sentences:
    """Read a language's sentences; none for English and for a language without a catalogue."""
    path = TRANSLATIONS_DIRECTORY / language / "LC_MESSAGES" / "sentences.po"
    if language == DEFAULT_LANGUAGE or not path.is_file():
        return Sentences()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    return Sentences((str(entry.id), str(entry.string)) for entry in catalogue if entry.id and entry.string)


def _pattern(english: str) -> re.Pattern[str]:
    pieces = HOLE.split(english)
    return re.compile("(.+?)".join(map(re.escape, pieces[::2])), re.DOTALL)
