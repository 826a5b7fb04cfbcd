"""From a question to ranked passages: dense and lexical search, fused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rag.answer import Passage
from rag.candidates import DEPTH, Candidates, CandidateSearch
from rag.embedding import Embedder
from rag.errors import InputError
from rag.fusion import absolute, best_first, evened_out, reciprocal_rank
from rag.language import detect
from rag.library import Library
from rag.passages import refine
from rag.query import Filters, parse_query
from rag.records import FoundChunk
from rag.settings import Settings
from rag.words import fold, stems, wanted

Mode = Literal["hybrid", "dense", "lexical", "rrf"]
FloatArray = NDArray[np.float32]
SHOWN = 4
"""Times as many chunks as passages are read: near-duplicates and a document's fifth drop out."""
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
        self._candidates = CandidateSearch(library)
        self._embedder = embedder
        self._settings = settings

    def search(
        self,
        question: str,
        *,
        collection: str | None = None,
        filters: Filters | None = None,
        limit: int | None = None,
        mode: Mode | None = None,
    ) -> SearchResult:
        """The passages that fit a question best, best first, the same each time.

        Args:
            question: a query line: a question, with phrases, -words and filters if there are any.
            collection: where, unless the line says.
            filters: what the passages' documents must be, besides what the line says.
            limit: most passages.
            mode: how dense and lexical search are joined.

        Raises:
            InputError: the question is empty or too long.
        """
        query = parse_query(checked_question(question))
        filters = query.filters.merged(filters)
        settings = self._settings
        collection = query.collection or collection or settings.collection
        limit = limit or settings.search_limit
        started = perf_counter()
        vector = self._embedder.encode_queries([query.text])[0]
        embedded = perf_counter()
        centroids = self._library.centroids(collection)
        neutral = centroids.neutral(vector)
        vectors = [vector] if neutral is None else [vector, neutral]
        languages = tuple(dict.fromkeys(("es", "en", *centroids.languages())))
        looked_for = wanted(query.text, languages, query.phrases, query.without)
        found = self._candidates.find(vectors, looked_for, collection, max(DEPTH, 2 * limit), filters)
        offsets = centroids.offsets(vector)
        fused = _fuse(mode or settings.mode, found, offsets, settings.lexical_weight)
        ranked = best_first(fused)[: SHOWN * limit]
        chunks = self._library.catalogue.found(ranked)
        asked = _question_words(query.text)
        passages = refine(
            (_passage(chunks[one], fused[one], found, asked) for one in ranked if one in chunks), limit
        )
        timings = {
            "embed": round(1000 * (embedded - started)),
            "retrieve": round(1000 * (perf_counter() - embedded)),
        }
        return SearchResult(tuple(passages), detect(query.text), vector, offsets, timings)


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


def _fuse(mode: Mode, found: Candidates, offsets: Mapping[str, float], weight: float) -> dict[str, float]:
    languages = found.languages
    cosines = {one: cosine - offsets.get(languages[one], 0.0) for one, cosine in found.cosines.items()}
    if mode == "dense":
        return cosines
    if mode == "lexical":
        return dict(found.bm25)
    if mode == "rrf":
        return reciprocal_rank(cosines, found.bm25)
    return absolute(cosines, evened_out(found.coverage, cosines, languages), weight)


def _question_words(question: str) -> dict[str, str]:
    """The question's words by each of their stems."""
    return {stem: word for word in fold(question) for lang in ("es", "en") for stem in stems(word, lang)}


def _passage(chunk: FoundChunk, score: float, found: Candidates, asked: dict[str, str]) -> Passage:
    one = chunk.chunk_id
    share = found.coverage.get(one, 0.0)
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
        cosine=round(found.cosines[one], 6),
        lexical=round(share, 6),
        words=tuple(words),
        language=chunk.language,
    )
