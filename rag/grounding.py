"""Checks each sentence of an answer against the passages, in code, whatever generator wrote it.

A sentence is matched to the evidence sentence that says most nearly the same: cosine of their vectors,
and the share of the sentence's own words that the evidence has. A number that the evidence does not
have, or a name that its passage does not have, makes a sentence unsupported, however near it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.answer import Citation, Passage, Sentence
from rag.sentence_vectors import PassageSentence, SentenceVectors, sentences_of
from rag.words import fold, stems

FloatArray = NDArray[np.float32]
MARK = re.compile(r"\s*\[(\d{1,3})(?:\s*[,;]\s*\d{1,3})*\]")
NUMBER = re.compile(r"\d+(?:[.,\u00a0\u202f ]\d{3})*(?:[.,]\d+)?")
NAME = re.compile(r"(?<![.!?¿¡:\n])\s([A-ZÁÉÍÓÚÑÜ][\w-]*[\w])")
SUPPORTED = 0.86
"""Cosine plus a fifth of the word share from which evidence says what the sentence says."""
WORD_WEIGHT = 0.2
FAR_LANGUAGE = 0.06
"""Added where sentence and evidence are in different languages and so can share few words."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that an answer may be grounded in: the passages' sentences with their vectors."""

    passages: Sequence[Passage]
    sentences: Sequence[PassageSentence]
    vectors: FloatArray
    """Unit vectors of the sentences, shape (sentences, dimensions)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the documents say of one sentence."""

    sentence: Sentence
    new_citations: tuple[Citation, ...]


def gather_evidence(passages: Sequence[Passage], encoder: SentenceVectors) -> Evidence:
    """The sentences of passages with their vectors."""
    sentences = sentences_of(passages)
    return Evidence(passages, sentences, encoder.encode([one.text for one in sentences]))


class Grounder:
    """Grounds the sentences of one answer, one after the other, and numbers their citations."""

    def __init__(self, evidence: Evidence, encoder: SentenceVectors, language: str) -> None:
        self._evidence = evidence
        self._encoder = encoder
        self._language = language
        self._numbers: dict[tuple[str, int, int], int] = {}
        self.citations: list[Citation] = []

    def check(self, text: str) -> Verdict:
        """Ground one sentence; `text` may carry the generator's own marks such as `[2]`."""
        marked = [int(match.group(1)) for match in MARK.finditer(text)]
        bare = MARK.sub("", text).strip()
        best = self._best(bare)
        if best is None:
            return Verdict(Sentence(bare, "unsupported", ()), ())
        source = self._evidence.sentences[best]
        citation, fresh = self._cite(source)
        moved = bool(marked) and source.passage + 1 not in marked
        status = Sentence(bare, "re-attributed" if moved else "supported", (citation.number,))
        return Verdict(status, (citation,) if fresh else ())

    def _best(self, text: str) -> int | None:
        """Index of the evidence sentence that supports `text` best, None where none does."""
        if not text or not self._evidence.sentences:
            return None
        cosines = self._evidence.vectors @ self._encoder.encode_once([text])[0]
        scored = [
            (self._score(text, index, float(cosines[index])), -index) for index in np.argsort(-cosines)[:12]
        ]
        score, negative = max(scored)
        return -int(negative) if score >= SUPPORTED else None

    def _score(self, text: str, index: int, cosine: float) -> float:
        source = self._evidence.sentences[index]
        passage = self._evidence.passages[source.passage]
        around = " ".join((passage.title, *passage.heading, passage.text))
        if not numbers(text) <= numbers(source.text) or not names(text) <= set(fold(around)):
            return 0.0
        if passage.language != self._language:
            return cosine + FAR_LANGUAGE
        own = set(stems(text, self._language))
        shared = own & set(stems(source.text, passage.language))
        return cosine - WORD_WEIGHT / 2 + WORD_WEIGHT * len(shared) / max(1, len(own))

    def _cite(self, source: PassageSentence) -> tuple[Citation, bool]:
        passage = self._evidence.passages[source.passage]
        key = (passage.document_id, source.start, source.end)
        if key in self._numbers:
            return self.citations[self._numbers[key] - 1], False
        self._numbers[key] = len(self.citations) + 1
        citation = Citation(
            number=self._numbers[key],
            document_id=passage.document_id,
            title=passage.title,
            source=passage.source,
            page=passage.page,
            heading=passage.heading,
            start=source.start,
            end=source.end,
            quote=source.text,
        )
        self.citations.append(citation)
        return citation, True


def numbers(text: str) -> set[str]:
    """The numbers in a text, their thousands' separators taken out and the decimal sign a point."""
    found = set()
    for match in NUMBER.finditer(text):
        plain = re.sub(r"[.,\u00a0\u202f ](?=\d{3}(?!\d))", "", match.group())
        found.add(plain.replace(",", "."))
    return found


def names(text: str) -> set[str]:
    """Folded words inside the text's sentences that begin with a capital letter."""
    found: set[str] = set()
    for match in NAME.finditer(unicodedata.normalize("NFC", text)):
        found.update(fold(match.group(1)))
    return found
