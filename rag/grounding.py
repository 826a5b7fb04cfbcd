"""Checks each sentence of an answer against the passages, in code, whatever generator wrote it.

A sentence is compared with the stretches of evidence nearest to it, single sentences and pairs of
adjacent ones (`rag.support` says how). The best of them is quoted, word for word; where none is likely
enough to say what the sentence says, the sentence is unsupported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rag.answer import Citation, Passage, Sentence
from rag.language import detect
from rag.sentence_vectors import PassageSentence, SentenceVectors, sentences_of
from rag.support import (
    Source,
    Text,
    joined,
    probability,
    read_text,
    support_features,
    vocabulary,
)

FloatArray = NDArray[np.float32]
MARK = re.compile(r"\s*\[(\d{1,3})(?:\s*[,;]\s*\d{1,3})*\]")
SUPPORTED = 0.5
"""Probability from which evidence says what the sentence says."""
CANDIDATES = 4
"""Evidence sentences compared word by word; the others are too far off by their vectors."""
PAIRED = 2
"""Of these, how many are also compared together with the sentence before and after."""
FRAGMENT_WORDS = 6
"""Words up to which an answer's sentence is taken to lean on the question."""
DETECTABLE = 60
"""Characters of a sentence from which its language can be told for sure."""


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
    probability: float = 0.0
    """That the evidence says what the sentence says, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Match:
    """A stretch of evidence that a sentence was compared with."""

    sentences: tuple[int, ...]
    """Indexes of the adjacent evidence sentences that make it up."""
    features: dict[str, float]
    probability: float


def is_fragment(text: str) -> bool:
    """Whether an answer's sentence is a few words that lean on the question ("In 1903")."""
    return len(text.split()) <= FRAGMENT_WORDS


def gather_evidence(passages: Sequence[Passage], encoder: SentenceVectors) -> Evidence:
    """The sentences of passages with their vectors."""
    sentences = sentences_of(passages)
    return Evidence(passages, sentences, encoder.encode([one.text for one in sentences]))


class Grounder:
    """Grounds the sentences of one answer, one after the other, and numbers their citations."""

    def __init__(
        self, evidence: Evidence, encoder: SentenceVectors, language: str, question: str = ""
    ) -> None:
        """Prepare to check sentences.

        Args:
            language: of the answer, where a sentence does not tell its own.
            question: what is answered; a few words alone ("In 1903") are read together with it.
        """
        self._question = question
        self._evidence = evidence
        self._encoder = encoder
        self._language = language
        self._texts: dict[int, Text] = {}
        self._numbers: dict[tuple[str, int, int], int] = {}
        self.citations: list[Citation] = []

    def check(self, text: str) -> Verdict:
        """Ground one sentence; `text` may carry the generator's own marks such as `[2]`."""
        marked = [int(match.group(1)) for match in MARK.finditer(text)]
        bare = MARK.sub("", text).strip()
        if self._verbatim(text, ()) is not None:  # the marks are the document's own
            marked, bare = [], text.strip()
        match = self.best_match(bare, marked)
        if match is None or match.probability < SUPPORTED:
            return Verdict(Sentence(bare, "unsupported", ()), (), match.probability if match else 0.0)
        citation, fresh = self._cite(match.sentences)
        number = self._evidence.sentences[match.sentences[0]].passage + 1
        moved = bool(marked) and number not in marked
        sentence = Sentence(bare, "re-attributed" if moved else "supported", (citation.number,))
        return Verdict(sentence, (citation,) if fresh else (), match.probability)

    def best_match(self, text: str, marked: Sequence[int] = ()) -> Match | None:
        """The stretch of evidence that most likely says what `text` says; None without evidence.

        Args:
            marked: numbers, from 1, of the passages that the generator cited for it.
        """
        if not any(character.isalnum() for character in text) or not self._evidence.sentences:
            return None
        if (same := self._verbatim(text, marked)) is not None:
            return Match((same,), {}, 1.0)
        fragment = bool(self._question) and is_fragment(text)
        meant = f"{self._question} {text}" if fragment else text
        cosines = self._evidence.vectors @ self._encoder.encode_once([meant])[0]
        nearest = [int(index) for index in np.argsort(-cosines, kind="stable")[:CANDIDATES]]
        spans = [(index,) for index in nearest] + self._pairs(nearest[:PAIRED])
        self._read({index for span in spans for index in span})
        language = detect(text, self._language) if len(text) >= DETECTABLE else self._language
        claim = replace(
            read_text(text, language, self._encoder.word_vectors([meant])[0]),
            asked=vocabulary(self._question),
            fragment=fragment,
        )
        matches = []
        for span in spans:
            features = support_features(claim, self._source(span), float(cosines[list(span)].max()))
            matches.append(Match(span, features, probability(features)))
        # The shorter quote where it will do.
        alone = [one for one in matches if len(one.sentences) == 1 and one.probability >= SUPPORTED]
        return max(alone or matches, key=lambda one: one.probability)

    def _verbatim(self, text: str, marked: Sequence[int]) -> int | None:
        """The evidence sentence that is the text, word for word; of several one in a marked passage."""
        words, sentences = text.split(), self._evidence.sentences
        found = [at for at, one in enumerate(sentences) if one.text.split() == words]
        cited = (at for at in found if sentences[at].passage + 1 in marked)
        return next(cited, found[0] if found else None)

    def _pairs(self, indexes: Iterable[int]) -> list[tuple[int, ...]]:
        """Each sentence with the one before and the one after it in its passage."""
        pairs = {(first, first + 1) for index in indexes for first in (index - 1, index)}
        return sorted(pair for pair in pairs if self._same_passage(*pair))

    def _same_passage(self, first: int, second: int) -> bool:
        sentences = self._evidence.sentences
        inside = first >= 0 and second < len(sentences)
        return inside and sentences[first].passage == sentences[second].passage

    def _read(self, indexes: Iterable[int]) -> None:
        fresh = sorted(set(indexes) - self._texts.keys())
        sentences = [self._evidence.sentences[index] for index in fresh]
        words = self._encoder.word_vectors([one.text for one in sentences])
        for index, one, known in zip(fresh, sentences, words, strict=True):
            language = self._evidence.passages[one.passage].language
            self._texts[index] = read_text(one.text, language, known)

    def _source(self, span: Sequence[int]) -> Source:
        first, last = self._evidence.sentences[span[0]], self._evidence.sentences[span[-1]]
        passage = self._evidence.passages[first.passage]
        own = self._texts[span[0]]
        if len(span) > 1:
            own = joined(own, self._texts[span[-1]], self._stretch(passage, first.start, last.end))
        before = self._stretch(passage, passage.start, last.end)
        above = "\n".join((passage.title, *passage.heading))
        return Source(own, f"{above}\n{passage.text}", f"{above}\n{before}")

    def _stretch(self, passage: Passage, start: int, end: int) -> str:
        return passage.text[start - passage.start : end - passage.start]

    def _cite(self, span: Sequence[int]) -> tuple[Citation, bool]:
        first, last = self._evidence.sentences[span[0]], self._evidence.sentences[span[-1]]
        passage = self._evidence.passages[first.passage]
        key = (passage.document_id, first.start, last.end)
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
            start=first.start,
            end=last.end,
            quote=self._stretch(passage, first.start, last.end),
        )
        self.citations.append(citation)
        return citation, True
