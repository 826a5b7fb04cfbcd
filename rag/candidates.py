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
from rag.records import chunk_id, place_of
from rag.stemming import Wanted

FloatArray = NDArray[np.float32]
DEPTH = 60
"""Chunks asked of each search before they are fused."""
OVERFETCH = 6
"""Times as many where a filter will drop some."""
OVERFETCH_KNOWN = 20
"""The same where it is known how many will: quicker than naming ten thousand chunks to Chroma."""
SPARE = 1.5
"""Times as many as would do if what passes were spread evenly."""
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


Filtered = tuple[dict[str, float], list[str], dict[str, float], dict[int, LiveRevision]]
"""Cosines, chunks whose cosines are to be looked up, BM25, and the revisions that pass."""


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
            cosines, others = self._nearest(vectors, collection, depth)
            bm25 = dict(words.search(wanted, place, depth))
            found = _revisions((*cosines, *others, *bm25))
            revisions = passing(self._library.database.file, filters, collection, found)
        else:
            cosines, others, bm25, revisions = self._filtered(vectors, wanted, collection, depth, filters)
        cosines = _kept(cosines, revisions)
        bm25 = _kept(bm25, revisions)
        others = [one for one in others if _revision(one) in revisions]
        unknown = [one for one in dict.fromkeys((*others, *bm25)) if one not in cosines]
        cosines |= self._cosines(collection, vectors[0], unknown)
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
    ) -> tuple[dict[str, float], list[str]]:
        """The chunks nearest to the first vector with their cosines, and those nearest to the others."""
        store, place = self._library.vectors, self._library.vector_collection(collection)
        found = dict(store.nearest(place, vectors[0], depth, among))
        others = [one for more in vectors[1:] for one, _ in store.nearest(place, more, depth, among)]
        return found, others

    def _cosines(self, collection: str, vector: FloatArray, chunks: list[str]) -> dict[str, float]:
        """Cosines of some chunks; the cache gives their vectors sooner than Chroma, where it has them."""
        if not chunks:
            return {}
        keys = self._library.catalogue.vector_keys(chunks)
        cached = self._library.cache.get(list(keys.values()))
        vectors = {one: cached[key] for one, key in keys.items() if key in cached}
        others = [one for one in chunks if one not in vectors]
        if others:
            place = self._library.vector_collection(collection)
            vectors |= self._library.vectors.vectors(place, others)
        if not vectors:
            return {}
        cosines = np.stack(list(vectors.values())) @ vector
        return dict(zip(vectors, cosines.tolist(), strict=True))

    def _filtered(
        self, vectors: list[FloatArray], wanted: Wanted, collection: str, depth: int, filters: Filters
    ) -> Filtered:
        """Ask for more than is needed and drop; where too little is left, look among what passes.

        A filter's second search in a row knows what passes, and takes the way that is quickest for as much.
        """
        if len(filters.languages) == 1:
            vectors = vectors[:1]  # the others are there to find other languages
        key = (self._library.database.file.state(), filters, collection)
        again = getattr(self._known, "key", None) == key
        self._known.key = key
        if not again:
            self._known.passing = None
            found = self._dropping(vectors, wanted, collection, depth, OVERFETCH * depth)
            revisions = passing(
                self._library.database.file, filters, collection, _revisions(found[0] | found[2])
            )
            if len(_kept(found[0], revisions)) >= depth or len(found[0]) < OVERFETCH * depth:
                return *found, revisions
        if self._known.passing is None:
            self._known.passing = passing(self._library.database.file, filters, collection)
        return self._among(vectors, wanted, collection, depth, self._known.passing)

    def _among(
        self,
        vectors: list[FloatArray],
        wanted: Wanted,
        collection: str,
        depth: int,
        revisions: dict[int, LiveRevision],
    ) -> Filtered:
        """The candidates of a known set of revisions."""
        words = self._library.words
        chunks = sum(one.chunks for one in revisions.values())
        total = max(self._library.centroids(collection).count(), chunks, 1)
        more = round(SPARE * depth * total / max(chunks, 1))
        if chunks > FEW and more <= OVERFETCH_KNOWN * depth:
            return *self._dropping(vectors, wanted, collection, depth, more), revisions
        if chunks > MIDDLING:
            return *self._dropping(vectors, wanted, collection, depth, MOST_FETCHED), revisions
        ids = [chunk_id(one, i) for one, revision in revisions.items() for i in range(revision.chunks)]
        bm25 = dict(words.search(wanted, collection, depth, revisions))
        if chunks <= FEW:
            return self._cosines(collection, vectors[0], ids), [], bm25, revisions
        return *self._nearest(vectors, collection, depth, ids), bm25, revisions

    def _dropping(
        self, vectors: list[FloatArray], wanted: Wanted, collection: str, depth: int, more: int
    ) -> tuple[dict[str, float], list[str], dict[str, float]]:
        """What is found without a filter, more than is needed."""
        more = min(max(more, depth), MOST_FETCHED)
        cosines, others = self._nearest(vectors, collection, more)
        return cosines, others, dict(self._library.words.search(wanted, collection, more))


def _revision(chunk: str) -> int:
    return place_of(chunk)[0]


def _revisions(chunks: Iterable[str]) -> set[int]:
    return {_revision(one) for one in chunks}


def _kept(scores: dict[str, float], revisions: Mapping[int, LiveRevision]) -> dict[str, float]:
    return {one: score for one, score in scores.items() if _revision(one) in revisions}
