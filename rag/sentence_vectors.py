"""Vectors of single sentences, computed once and kept.

Each sentence is encoded by itself: pooling sentences out of one pass over their chunk gains nothing
over the chunk's own vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rag.answer import Passage
from rag.embedding import Embedder
from rag.late_interaction import Basis, Pieces
from rag.sentences import split_sentences
from rag.vector_cache import VectorCache

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PassageSentence:
    """A sentence of a passage."""

    passage: int
    """Index into the passages, from 0."""
    start: int
    end: int
    """Offsets into the document's text."""
    text: str


_REFERENCE = (
    "The house by the river was sold last year to a family from the north.",
    "A number of people asked why the work had taken so long.",
    "You can change the settings at any time, but some of them need a restart.",
    "In the second chapter the author explains how the method was tested.",
    "It rained all day, so they stayed at home and read the newspaper.",
    "La casa junto al río se vendió el año pasado a una familia del norte.",
    "Varias personas preguntaron por qué el trabajo había durado tanto.",
    "Puede cambiar los ajustes cuando quiera, pero algunos necesitan un reinicio.",
    "En el segundo capítulo la autora explica cómo se probó el método.",
    "Llovió todo el día, así que se quedaron en casa leyendo el periódico.",
)
"""Everyday sentences: their words' mean is what all words' vectors have in common, and how near a question
is to them is how near it is to anything."""
NEAREST_REFERENCES = 5


@dataclass(frozen=True, slots=True)
class WordVectors:
    """The words of a text, cut at white space, with what each means there."""

    words: list[str]
    vectors: FloatArray
    """Unit vectors, shape (words, dimensions), what all words share taken out."""


OPENING_WORDS = 3
"""Words of the longest sentence that says nothing without the next."""


class SentenceVectors:
    """Encodes sentences through the vector cache."""

    def __init__(self, cache: VectorCache, embedder: Embedder, basis: Basis | None = None) -> None:
        """Prepare to encode.

        Args:
            cache: what has been encoded before.
            embedder: the model.
            basis: its basis for late interaction; without one word pieces are not kept.
        """
        self._cache = cache
        self.embedder = embedder
        self._basis = basis

    def in_background(self) -> SentenceVectors:
        """The same for work that lets everything else go first."""
        return SentenceVectors(self._cache, self.embedder.in_background(), self._basis)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors, shape (texts, dimensions), kept for the next time."""
        if self._basis is not None:
            self.fill([text for text in texts if not self._cache.has(text)])
        return self._cache.documents(texts, self.embedder)[0]

    def encode_with_pieces(self, texts: Sequence[str]) -> tuple[FloatArray, list[Pieces]]:
        """As `encode`, and for each text its word pieces (none without a basis)."""
        if self._basis is None:
            return self.encode(texts), [np.zeros((0, 1), np.int8) for _ in texts]
        keys = [self._cache.key(text) for text in texts]
        components = self._basis.components
        found = self._cache.pieces(keys, components)
        missing = {text: key for text, key in zip(texts, keys, strict=True) if key not in found}
        if missing:
            self.fill(list(missing))
            found |= self._cache.pieces(list(missing.values()), components)
        return self._cache.stacked(keys), [found[key] for key in keys]

    def question_pieces(self, question: str) -> FloatArray | None:
        """The question's projected word pieces, shape (pieces, components); None without a basis."""
        if self._basis is None:
            return None
        return self._basis.project(self.embedder.token_vectors([question], "query")[0])

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Those of some texts whose word pieces are not there."""
        keys = {self._cache.key(text): text for text in texts}
        there = self._cache.pieces_of(list(keys))
        return [text for key, text in keys.items() if key not in there]

    def fill(self, texts: Sequence[str]) -> None:
        """Encode texts, each once, and keep vectors and word pieces."""
        if not texts or self._basis is None:
            return
        distinct = list(dict.fromkeys(texts))
        vectors, pieces = self.embedder.encode_with_pieces(distinct)
        keys = [self._cache.key(text) for text in distinct]
        self._cache.put(dict(zip(keys, vectors, strict=True)))
        packed = [self._basis.packed(one) for one in pieces]
        self._cache.put_pieces(dict(zip(keys, packed, strict=True)))

    def encode_once(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors, shape (texts, dimensions), of texts that will not come again."""
        return self.embedder.encode_documents(texts)

    def word_vectors(self, texts: Sequence[str]) -> list[WordVectors]:
        """The words of each text with their vectors in its context, for texts that will not come again."""
        return [_centred(words, vectors, self._common) for words, vectors in self._raw_words(texts)]

    def background(self, question_vector: FloatArray) -> float:
        """Cosine of a question with sentences about nothing in particular, of the language nearest to it."""
        cosines = self._references @ question_vector
        return float(np.sort(cosines)[-NEAREST_REFERENCES:].mean())

    @cached_property
    def _references(self) -> FloatArray:
        return self.embedder.encode_documents(list(_REFERENCE))

    @cached_property
    def _common(self) -> FloatArray:
        vectors = np.concatenate([vectors for _words, vectors in self._raw_words(_REFERENCE)])
        common: FloatArray = vectors.mean(axis=0)
        return common

    def _raw_words(self, texts: Sequence[str]) -> list[tuple[list[str], FloatArray]]:
        pieces = self.embedder.token_vectors(texts, "document")
        found = []
        for text, vectors in zip(texts, pieces, strict=True):
            words = text.split()
            # Word pieces never cross white space, so each word's number of pieces finds its vectors.
            ends = np.cumsum(self.embedder.count_tokens(words)) if words else np.zeros(0, np.int64)
            starts = np.concatenate([[0], ends[:-1]]) if words else ends
            rows = [
                vectors[start:end].mean(axis=0)
                for start, end in zip(starts, ends, strict=True)
                if start < min(end, len(vectors))  # a very long text is cut by the model
            ]
            shape = (0, self.embedder.description.dimensions)
            found.append((words[: len(rows)], np.stack(rows) if rows else np.zeros(shape, np.float32)))
        return found


def _centred(words: list[str], vectors: FloatArray, common: FloatArray) -> WordVectors:
    moved = vectors - common
    lengths = np.linalg.norm(moved, axis=-1, keepdims=True)
    return WordVectors(words, (moved / np.maximum(lengths, 1e-9)).astype(np.float32))


def sentences_of(passages: Sequence[Passage]) -> list[PassageSentence]:
    """The sentences of passages, in order."""
    found: list[PassageSentence] = []
    for index, passage in enumerate(passages):
        for start, end in _with_their_openings(passage.text):
            text = passage.text[start:end]
            found.append(PassageSentence(index, passage.start + start, passage.start + end, text))
    return found


def _with_their_openings(text: str) -> list[tuple[int, int]]:
    """Sentences, a few words that open a paragraph ("HyDE. Gao and others …") as part of what follows."""
    joined: list[tuple[int, int]] = []
    for start, end in split_sentences(text):
        if joined:
            before, stop = joined[-1]
            if len(text[before:stop].split()) <= OPENING_WORDS and "\n" not in text[stop:start]:
                joined[-1] = before, end
                continue
        joined.append((start, end))
    return joined
