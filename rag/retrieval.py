"""From a question to ranked passages: dense and lexical search, fused, the first hits scored again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import perf_counter
from typing import Any

from rag.answer import Passage
from rag.candidates import DEPTH, Asked, CandidateSearch
from rag.errors import InputError
from rag.expansion import Expansion, expanded_vector
from rag.fusion import best_first
from rag.language import detect
from rag.library import Library
from rag.passages import refine
from rag.query import Filters, parse_query
from rag.ranking import Evened, Mode, Ranking, SearchResult, even_out, fuse, passage_of, question_words
from rag.records import FoundChunk
from rag.reranking import RERANKED, Hit, Reranker
from rag.sentence_vectors import SentenceVectors
from rag.settings import Settings
from rag.stemming import wanted

LEAST_APART = 1e-6
SHOWN = 4
"""Times as many chunks as passages are read: near-duplicates and a document's fifth drop out."""
LONGEST_QUESTION = 8000
"""Characters."""


class Retriever:
    """Searches one library."""

    def __init__(
        self, library: Library, encoder: SentenceVectors, settings: Settings, reranker: Reranker | None = None
    ) -> None:
        self._library = library
        self.encoder = encoder
        self.reranker = reranker
        self.expansion: Expansion | None = None
        """Rewrites questions where there is one."""
        self._candidates = CandidateSearch(library)
        self._settings = settings
        # More at once than there are cores wait for the interpreter's lock, and get less done than so many.
        self._workers = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="search")

    def search(
        self,
        question: str,
        *,
        collection: str | None = None,
        filters: Filters | None = None,
        limit: int | None = None,
        mode: Mode | None = None,
        rerank: bool | None = None,
        expand: bool | None = None,
    ) -> SearchResult:
        """The passages that fit a question best, best first, the same each time.

        Args:
            question: a query line: a question, with phrases, -words and filters if there are any.
            collection: where, unless the line says.
            filters: what the passages' documents must be, besides what the line says.
            limit: most passages.
            mode: how dense and lexical search are joined.
            rerank: score the first hits again.
            expand: rewrite the question as the settings say, or not at all where this is False.

        Raises:
            InputError: the question is empty or too long.
        """
        limit = limit or self._settings.search_limit
        # Before the search: a language model takes its time, and a change of model waits for searches.
        rewritings = [] if expand is False else self._rewritings(question)
        return self._workers.submit(
            self._searched,
            question,
            collection=collection,
            filters=filters,
            limit=limit,
            mode=mode,
            rerank=rerank,
            rewritings=rewritings,
        ).result()

    def close(self) -> None:
        """Let the threads that search go; there is no search after it."""
        self._workers.shutdown()
        self._candidates.close()

    def _searched(self, question: str, *, limit: int, **given: Any) -> SearchResult:
        with self._library.searching.together():
            ranking = self.rank(question, limit=limit, **given)
            started = perf_counter()
            passages = tuple(self.passages(ranking, limit))
            encoder = self.encoder
        timings = dict(ranking.timings_ms)
        timings["retrieve"] += _milliseconds(started)
        language = detect(ranking.query.text)
        return SearchResult(passages, language, ranking.vector, ranking.offsets, timings, encoder)

    def passages(self, ranking: Ranking, limit: int) -> list[Passage]:
        """The first passages of a ranking."""
        asked = question_words(ranking.query.text, {"es", "en", *ranking.found.languages.values()})
        return refine((passage_of(one, ranking, asked) for one in self._chunks(ranking, limit)), limit)

    def _chunks(self, ranking: Ranking, limit: int) -> Iterator[FoundChunk]:
        """The chunks of a ranking in its order, read as they are needed."""
        together = limit + 2
        for start in range(0, SHOWN * limit, together):
            some = ranking.order[start : start + together]
            chunks = self._library.catalogue.found(some)
            yield from (chunks[one] for one in some if one in chunks)

    def rank(
        self,
        question: str,
        *,
        collection: str | None = None,
        filters: Filters | None = None,
        limit: int | None = None,
        mode: Mode | None = None,
        rerank: bool | None = None,
        rewritings: Sequence[str] = (),
    ) -> Ranking:
        """The chunks that fit a question best, near its rewritings too; else as `search` has it."""
        query = parse_query(checked_question(question))
        filters = query.filters.merged(filters)
        settings = self._settings
        collection = query.collection or collection or settings.collection
        limit = limit or settings.search_limit
        started = perf_counter()
        vector = expanded_vector(query.text, rewritings, self.encoder.embedder)
        embedded = perf_counter()
        centroids = self._library.centroids(collection)
        asked = Asked(vector, centroids.neutral(vector))
        languages = tuple(dict.fromkeys(("es", "en", *centroids.languages())))
        looked_for = wanted(query.text, languages, query.phrases, query.without)
        found = self._candidates.find(asked, looked_for, collection, max(DEPTH, 2 * limit), filters)
        offsets = centroids.offsets(vector)
        evened = even_out(found, offsets)
        scores = fuse(mode or settings.mode, found, evened, settings.lexical_weight)
        timings = {"embed": round(1000 * (embedded - started)), "retrieve": _milliseconds(embedded)}
        ranking = Ranking(query, vector, offsets, found, scores, best_first(scores), timings, scores)
        if settings.rerank_search if rerank is None else rerank:
            return self._reranked(ranking, evened)
        return ranking

    def _rewritings(self, question: str) -> list[str]:
        if self.expansion is None:
            return []
        return self.expansion.rewritings(parse_query(checked_question(question)).text)

    def _reranked(self, ranking: Ranking, evened: Evened) -> Ranking:
        """The ranking with its first hits in the order of their second scores."""
        started = perf_counter()
        chunks = self._library.catalogue.found(ranking.order[:RERANKED])
        first = [one for one in ranking.order[:RERANKED] if one in chunks]
        if self.reranker is None or not first:
            return ranking
        cosines, words = evened
        hits = [
            Hit(
                chunks[one].text,
                cosines[one],
                words.get(one, 0.0),
                ranking.offsets.get(chunks[one].language, 0.0),
                (chunks[one].title, *chunks[one].heading),
            )
            for one in first
        ]
        again = self.reranker.scores(ranking.query.text, ranking.vector, hits)
        # All of them stay before those that were not scored again.
        rest = ranking.order[RERANKED:]
        lift = max(0.0, ranking.scores[rest[0]] - min(again) + LEAST_APART) if rest else 0.0
        scores = dict(ranking.scores) | {one: score + lift for one, score in zip(first, again, strict=True)}
        order = [*best_first({one: scores[one] for one in first}), *rest]
        timings = {**ranking.timings_ms, "rerank": _milliseconds(started)}
        return replace(ranking, scores=scores, order=order, timings_ms=timings, reranked=frozenset(first))


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


def _milliseconds(since: float) -> int:
    return round(1000 * (perf_counter() - since))
