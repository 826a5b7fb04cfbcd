"""From a question to ranked passages: dense and lexical search, fused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rag.answer import Passage
from rag.embedding import Embedder
from rag.errors import InputError
from rag.fusion import absolute, best_first, reciprocal_rank
from rag.language import detect
from rag.library import Library
from rag.passages import refine
from rag.records import FoundChunk
from rag.settings import Settings
from rag.words import fold, stems

Mode = Literal["hybrid", "dense", "lexical", "rrf"]
FloatArray = NDArray[np.float32]
DEPTH = 60
"""Chunks asked of each search, for each language of the collection, before they are fused."""
LONGEST_QUESTION = 8000
"""Characters."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What was found for a question."""

    passages: tuple[Passage, ...]
    language: str
    question_vector: FloatArray
    language_offsets: Mapping[str, float]
    """How much nearer each language is to the question as such."""
    timings_ms: dict[str, int]
    """embed, retrieve."""


class Retriever:
    """Searches one library."""

    def __init__(self, library: Library, embedder: Embedder, settings: Settings) -> None:
        self._library = library
        self._embedder = embedder
        self._settings = settings

    def search(
        self,
        question: str,
        *,
        collection: str | None = None,
        limit: int | None = None,
        mode: Mode | None = None,
    ) -> SearchResult:
        """The passages that fit a question best, best first, the same each time.

        Raises:
            InputError: the question is empty or too long.
        """
        question = checked_question(question)
        settings = self._settings
        collection = collection or settings.collection
        limit = limit or settings.search_limit
        started = perf_counter()
        vector = self._embedder.encode_queries([question])[0]
        embedded = perf_counter()
        centroids = self._library.centroids(collection)
        depth = max(DEPTH, 2 * limit) * len(centroids.languages() or "x")
        cosines, shares = self._candidates(question, vector, collection, depth)
        found = self._library.catalogue.found(list(cosines))
        offsets = centroids.offsets(vector)
        centred = {one: cosines[one] - offsets.get(chunk.language, 0.0) for one, chunk in found.items()}
        fused = _fuse(mode or settings.mode, centred, shares, settings.lexical_weight)
        ranked = best_first(fused)
        asked = _question_words(question)
        passages = refine(
            (_passage(found[one], fused[one], cosines[one], shares.get(one, 0.0), asked) for one in ranked),
            limit,
        )
        timings = {
            "embed": round(1000 * (embedded - started)),
            "retrieve": round(1000 * (perf_counter() - embedded)),
        }
        return SearchResult(tuple(passages), detect(question), vector, offsets, timings)

    def _candidates(
        self, question: str, vector: FloatArray, collection: str, depth: int
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Cosines and lexical shares of the chunks that either search put among its first `depth`."""
        library = self._library
        place = library.vector_collection(collection)
        cosines = dict(library.vectors.nearest(place, vector, depth))
        shares = dict(library.words.search(question, collection, depth))
        unseen = [one for one in shares if one not in cosines]
        for one, stored in library.vectors.vectors(place, unseen).items():
            cosines[one] = float(stored @ vector)
        return cosines, shares


def checked_question(question: str) -> str:
    """The question without white space around it.

    Raises:
        InputError: it is empty or longer than 8,000 characters.
    """
    question = question.strip()
    if not question:
        raise InputError("The question is empty; write what you want to know.")
    if len(question) > LONGEST_QUESTION:
        raise InputError(
            f"The question has {len(question):,} characters; "
            f"shorten it to {LONGEST_QUESTION:,}, or ingest the text as a document and ask about it."
        )
    return question


def _fuse(mode: Mode, cosines: dict[str, float], shares: dict[str, float], weight: float) -> dict[str, float]:
    if mode == "dense":
        return cosines
    if mode == "lexical":
        return {one: share for one, share in shares.items() if one in cosines}
    if mode == "rrf":
        fused = reciprocal_rank(cosines, shares)
        return {one: score for one, score in fused.items() if one in cosines}
    return absolute(cosines, shares, weight)


def _question_words(question: str) -> dict[str, str]:
    """The question's words by each of their stems."""
    return {stem: word for word in fold(question) for lang in ("es", "en") for stem in stems(word, lang)}


def _passage(chunk: FoundChunk, score: float, cosine: float, share: float, asked: dict[str, str]) -> Passage:
    present = set(stems(chunk.text, chunk.language))
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
        score=round(score, 6),
        cosine=round(cosine, 6),
        lexical=round(share, 6),
        words=tuple(words),
        language=chunk.language,
    )
