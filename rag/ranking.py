"""What a search makes of its candidates: scores, their order, and the passages that are shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rag.answer import Passage
from rag.candidates import Candidates
from rag.fusion import absolute, evened_out, reciprocal_rank
from rag.query import Query
from rag.records import FoundChunk
from rag.sentence_vectors import SentenceVectors
from rag.stemming import distinct_stems, fold, stems

Mode = Literal["hybrid", "dense", "lexical", "rrf"]
FloatArray = NDArray[np.float32]
Evened = tuple[dict[str, float], dict[str, float]]
"""Cosines and shares of words by chunk id, languages evened out."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The chunks that may answer a question, before their texts are read."""

    query: Query
    vector: FloatArray
    """The question's unit vector."""
    offsets: Mapping[str, float]
    """How much nearer each language is to the question as such."""
    found: Candidates
    scores: Mapping[str, float]
    """What the order was made by, by chunk id; comparable within one ranking only."""
    order: Sequence[str]
    """Chunk ids, best first."""
    timings_ms: Mapping[str, int]
    fused: Mapping[str, float]
    """The scores before any second scoring."""
    reranked: frozenset[str] = frozenset()
    """The chunks that were scored again."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What was found for a question."""

    passages: tuple[Passage, ...]
    language: str
    question_vector: FloatArray
    language_offsets: Mapping[str, float]
    """How much nearer each language is to the question as such."""
    timings_ms: dict[str, int]
    """embed, retrieve, rerank."""
    encoder: SentenceVectors
    """Of the model that the question's vector is of, for what is compared with it."""


def even_out(found: Candidates, offsets: Mapping[str, float]) -> Evened:
    """Cosines and shares of words without what a chunk's language alone gives it."""
    languages = found.languages
    cosines = {one: cosine - offsets.get(languages[one], 0.0) for one, cosine in found.cosines.items()}
    return cosines, evened_out(found.coverage, cosines, languages)


def fuse(mode: Mode, found: Candidates, evened: Evened, weight: float) -> dict[str, float]:
    """The score of each candidate; `weight` is that of words beside the cosine."""
    cosines, words = evened
    if mode == "dense":
        return cosines
    if mode == "lexical":
        return dict(found.bm25)
    if mode == "rrf":
        return reciprocal_rank(cosines, found.bm25)
    return absolute(cosines, words, weight)


def question_words(question: str, languages: Collection[str]) -> dict[str, str]:
    """The question's words by each of the stems that they have in some languages."""
    return {stem: word for word in fold(question) for one in languages for stem in stems(word, one)}


def passage_of(chunk: FoundChunk, ranking: Ranking, asked: dict[str, str]) -> Passage:
    """A chunk as it is shown; `asked` are the question's words by their stems."""
    one, found = chunk.chunk_id, ranking.found
    share = found.coverage.get(one, 0.0)
    present = distinct_stems(chunk.text, chunk.language)
    words = dict.fromkeys(word for stem, word in asked.items() if stem in present) if share else {}
    return Passage(
        document_id=chunk.document_id,
        chunk_id=chunk.chunk_id,
        title=chunk.title,
        source=chunk.source,
        page=chunk.page,
        heading=chunk.heading,
        start=chunk.start,
        end=chunk.end,
        text=chunk.text,
        score=round(ranking.scores[one], 6),
        cosine=round(found.cosines[one], 6),
        lexical=round(share, 6),
        words=tuple(words),
        language=chunk.language,
        bm25=round(found.bm25.get(one, 0.0), 6),
        fused=round(ranking.fused[one], 6),
        reranked=one in ranking.reranked,
    )
