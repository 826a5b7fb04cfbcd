"""Vectors of single sentences, computed once and kept.

Each sentence is encoded by itself: pooling sentences out of one pass over their chunk gains nothing
over the chunk's own vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.answer import Passage
from rag.embedding import Embedder
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


class SentenceVectors:
    """Encodes sentences through the vector cache."""

    def __init__(self, cache: VectorCache, embedder: Embedder) -> None:
        self._cache = cache
        self._embedder = embedder

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors, shape (texts, dimensions), kept for the next time."""
        return self._cache.documents(texts, self._embedder)[0]

    def encode_once(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors, shape (texts, dimensions), of texts that will not come again."""
        return self._embedder.encode_documents(texts)


def sentences_of(passages: Sequence[Passage]) -> list[PassageSentence]:
    """The sentences of passages, in order."""
    found: list[PassageSentence] = []
    for index, passage in enumerate(passages):
        for start, end in split_sentences(passage.text):
            text = passage.text[start:end]
            found.append(PassageSentence(index, passage.start + start, passage.start + end, text))
    return found
