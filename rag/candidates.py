"""The chunks that may answer a question: what dense and lexical search find, checked against SQLite."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rag.filters import LiveRevision, passing
from rag.library import Library
from rag.query import Filters
from rag.records import chunk_id
from rag.words import Wanted

FloatArray = NDArray[np.float32]
DEPTH = 60
"""Chunks asked of each search before they are fused."""
OVERFETCH = 6
"""Times as many where a filter will drop some."""
MOST_FETCHED = 4000
FEW = 1500
"""Chunks whose vectors are compared one by one rather than looked for in the graph."""
MIDDLING = 50_000
"""Chunks that are named to Chroma; beyond, it is quicker to ask for more and drop."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Live chunks that pass the filters, by chunk id."""

    cosines: Mapping[str, float]
    bm25: Mapping[str, float]
    """Shares of the most that BM25 could give, for those that lexical search found."""
    coverage: Mapping[str, float]
    """Shares of the question's words, weighted by rarity."""
    languages: Mapping[str, str]
    documents: Mapping[str, str]
    """Document ids."""


class CandidateSearch:
    """Runs both searches over one library."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._known = threading.local()

    def find(
        self, vectors: list[FloatArray], wanted: Wanted, collection: str, depth: int, filters: Filters
    ) -> Candidates:
        """The candidates of a question.

        Args:
            vectors: the question's vector first, then others whose neighbours are looked at too.
            wanted: the question's words. A phrase that nothing has is text like any other: in a question
                the marks may stand for doubt, or the phrase be in another language.
            collection: where.
            depth: chunks asked of each search.
            filters: what their documents must be.
        """
        found = self._find(vectors, wanted, collection, depth, filters)
        if wanted.phrases and not found.cosines:
            return self._find(vectors, replace(wanted, phrases=()), collection, depth, filters)
        return found

    def _find(
        self, vectors: list[FloatArray], wanted: Wanted, collection: str, depth: int, filters: Filters
    ) -> Candidates:
        alone = self._library.is_only_collection(collection)
        place = None if alone else collection
        words = self._library.words
        if not filters:
            cosines = self._nearest(vectors, collection, depth)
            bm25 = dict(words.search(wanted, place, depth))
            found = _revisions((*cosines, *bm25))
            revisions = passing(self._library.database.file, filters, collection, found)
        else:
            cosines, bm25, revisions = self._filtered(vectors, wanted, collection, depth, filters)
        cosines = _kept(cosines, revisions)
        bm25 = _kept(bm25, revisions)
        cosines |= self._cosines(collection, vectors[0], [one for one in bm25 if one not in cosines])
        coverage = words.coverage(wanted, list(cosines))
        if wanted.phrases or wanted.without:
            cosines = {one: cosine for one, cosine in cosines.items() if one in coverage}
        return Candidates(
            cosines,
            {one: share for one, share in bm25.items() if one in cosines},
            coverage,
            {one: revisions[_revision(one)].language for one in cosines},
            {one: revisions[_revision(one)].document_id for one in cosines},
        )

    def _nearest(
        self, vectors: list[FloatArray], collection: str, depth: int, among: list[str] | None = None
    ) -> dict[str, float]:
        store, place = self._library.vectors, self._library.vector_collection(collection)
        found = dict(store.nearest(place, vectors[0], depth, among))
        others = [one for more in vectors[1:] for one, _ in store.nearest(place, more, depth, among)]
        return found | self._cosines(collection, vectors[0], [one for one in others if one not in found])

    def _cosines(self, collection: str, vector: FloatArray, chunks: list[str]) -> dict[str, float]:
        if not chunks:
            return {}
        place = self._library.vector_collection(collection)
        stored = self._library.vectors.vectors(place, chunks)
        return {one: float(other @ vector) for one, other in stored.items()}

    def _filtered(
        self, vectors: list[FloatArray], wanted: Wanted, collection: str, depth: int, filters: Filters
    ) -> tuple[dict[str, float], dict[str, float], dict[int, LiveRevision]]:
        """Ask for more than is needed and drop; where too little is left, look among what passes."""
        file, words = self._library.database.file, self._library.words
        more = min(OVERFETCH * depth, MOST_FETCHED)
        cosines = self._nearest(vectors, collection, more)
        bm25 = dict(words.search(wanted, collection, more))
        revisions = passing(file, filters, collection, _revisions((*cosines, *bm25)))
        if len(_kept(cosines, revisions)) >= depth or len(cosines) < more:
            return cosines, bm25, revisions
        revisions = self._all_passing(filters, collection)
        chunks = sum(one.chunks for one in revisions.values())
        if chunks > MIDDLING:
            cosines = self._nearest(vectors, collection, MOST_FETCHED)
            bm25 = dict(words.search(wanted, collection, MOST_FETCHED))
            return cosines, bm25, revisions
        ids = [chunk_id(one, i) for one, revision in revisions.items() for i in range(revision.chunks)]
        if chunks <= FEW:
            cosines = self._cosines(collection, vectors[0], ids)
        else:
            cosines = self._nearest(vectors, collection, depth, ids)
        return cosines, dict(words.search(wanted, collection, depth, revisions)), revisions

    def _all_passing(self, filters: Filters, collection: str) -> dict[int, LiveRevision]:
        """Every revision that passes, remembered until the database changes."""
        state = self._library.database.file.state()
        known = getattr(self._known, "passing", None)
        if known is None or known[0] != (state, filters, collection):
            found = passing(self._library.database.file, filters, collection)
            known = self._known.passing = ((state, filters, collection), found)
        revisions: dict[int, LiveRevision] = known[1]
        return revisions


def _revision(chunk: str) -> int:
    return int(chunk.partition("-")[0])


def _revisions(chunks: Iterable[str]) -> set[int]:
    return {_revision(one) for one in chunks}


def _kept(scores: dict[str, float], revisions: Mapping[int, LiveRevision]) -> dict[str, float]:
    return {one: score for one, score in scores.items() if _revision(one) in revisions}
