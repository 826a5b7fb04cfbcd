"""The chunks that may answer a question: what dense and lexical search find, checked against SQLite."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

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

LARGE = 250_000
"""Chunks from which both searches run at once: one core more for a question, so that fewer are answered when
many ask; below that it wins nothing."""


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


class Asked(NamedTuple):
    """A question as dense search takes it, unit vectors."""

    question: FloatArray
    near: FloatArray
    """The direction in which chunks are looked for: in a library of several languages the question without
    what tells them apart, for its own neighbours may all be in its own."""


class _Hits(NamedTuple):
    """What both searches found, those that the filters drop too."""

    near: Mapping[str, float]
    """Cosines to `direction`."""
    direction: FloatArray
    bm25: Mapping[str, float]
    passing: Mapping[int, LiveRevision]
    """The revisions that pass the filters, of the hits at least."""


class CandidateSearch:
    """Runs both searches over one library."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._known = threading.local()
        self._beside = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="words")

    def close(self) -> None:
        """Let the threads go."""
        self._beside.shutdown()

    def find(self, asked: Asked, wanted: Wanted, collection: str, depth: int, filters: Filters) -> Candidates:
        """The candidates of a question.

        Args:
            asked: the question's vector, and the one whose neighbours are looked for.
            wanted: the question's words. A phrase that nothing has is text like any other: in a question
                the marks may stand for doubt, or the phrase be in another language.
            collection: where.
            depth: chunks asked of each search.
            filters: what their documents must be.
        """
        found = self._find(asked, wanted, collection, depth, filters)
        if wanted.phrases and not found.cosines:
            return self._find(asked, replace(wanted, phrases=()), collection, depth, filters)
        return found

    def _find(
        self, asked: Asked, wanted: Wanted, collection: str, depth: int, filters: Filters
    ) -> Candidates:
        hits = self._hits(asked, wanted, collection, depth, filters)
        revisions = hits.passing
        near, bm25 = _kept(hits.near, revisions), _kept(hits.bm25, revisions)
        cosines = near if hits.direction is asked.question else {}
        unknown = [one for one in dict.fromkeys((*near, *bm25)) if one not in cosines]
        cosines |= self._cosines(collection, asked.question, unknown)
        coverage = self._library.words.coverage(wanted, list(cosines))
        if wanted.phrases or wanted.without:
            cosines = {one: cosine for one, cosine in cosines.items() if one in coverage}
        return Candidates(
            cosines,
            {one: share for one, share in bm25.items() if one in cosines},
            coverage,
            {one: revisions[_revision(one)].language for one in cosines},
            {one: revisions[_revision(one)].document_id for one in cosines},
        )

    def _hits(self, asked: Asked, wanted: Wanted, collection: str, depth: int, filters: Filters) -> _Hits:
        if filters:
            return self._filtered(asked, wanted, collection, depth, filters)
        place = None if self._library.is_only_collection(collection) else collection
        hits = self._both(asked, wanted, collection, place, depth)
        return self._passing(hits, filters, collection)

    def _both(self, asked: Asked, wanted: Wanted, collection: str, place: str | None, depth: int) -> _Hits:
        """What dense and lexical search find, the words looked up meanwhile where the graph takes long."""
        words = self._library.words
        if self._library.centroids(collection).count() < LARGE:
            near = self._nearest(asked.near, collection, depth)
            return _Hits(near, asked.near, dict(words.search(wanted, place, depth)), {})
        found = self._beside.submit(words.search, wanted, place, depth)
        near = self._nearest(asked.near, collection, depth)
        return _Hits(near, asked.near, dict(found.result()), {})

    def _passing(self, hits: _Hits, filters: Filters, collection: str) -> _Hits:
        found = {_revision(one) for one in (*hits.near, *hits.bm25)}
        return hits._replace(passing=passing(self._library.database.file, filters, collection, found))

    def _nearest(
        self, direction: FloatArray, collection: str, depth: int, among: list[str] | None = None
    ) -> dict[str, float]:
        place = self._library.vector_collection(collection)
        return dict(self._library.vectors.nearest(place, direction, depth, among))

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

    def _filtered(self, asked: Asked, wanted: Wanted, collection: str, depth: int, filters: Filters) -> _Hits:
        """Ask for more than is needed and drop; where too little is left, look among what passes.

        A filter's second search in a row knows what passes, and takes the way that is quickest for as much.
        """
        if len(filters.languages) == 1:
            asked = asked._replace(near=asked.question)
        key = (self._library.database.file.state(), filters, collection)
        again = getattr(self._known, "key", None) == key
        self._known.key = key
        if not again:
            self._known.passing = None
            more = OVERFETCH * depth
            hits = self._passing(self._dropping(asked, wanted, collection, depth, more), filters, collection)
            if len(_kept(hits.near, hits.passing)) >= depth or len(hits.near) < more:
                return hits
        if self._known.passing is None:
            self._known.passing = passing(self._library.database.file, filters, collection)
        return self._among(asked, wanted, collection, depth, self._known.passing)

    def _among(
        self,
        asked: Asked,
        wanted: Wanted,
        collection: str,
        depth: int,
        revisions: Mapping[int, LiveRevision],
    ) -> _Hits:
        """The candidates of a known set of revisions."""
        chunks = sum(one.chunks for one in revisions.values())
        total = max(self._library.centroids(collection).count(), chunks, 1)
        more = round(SPARE * depth * total / max(chunks, 1))
        if chunks > MIDDLING or (chunks > FEW and more <= OVERFETCH_KNOWN * depth):
            more = more if more <= OVERFETCH_KNOWN * depth else MOST_FETCHED
            return self._dropping(asked, wanted, collection, depth, more)._replace(passing=revisions)
        ids = [chunk_id(one, i) for one, revision in revisions.items() for i in range(revision.chunks)]
        bm25 = dict(self._library.words.search(wanted, collection, depth, revisions))
        if chunks <= FEW:
            cosines = self._cosines(collection, asked.question, ids)
            return _Hits(cosines, asked.question, bm25, revisions)
        return _Hits(self._nearest(asked.near, collection, depth, ids), asked.near, bm25, revisions)

    def _dropping(self, asked: Asked, wanted: Wanted, collection: str, depth: int, more: int) -> _Hits:
        """What is found without a filter, more than is needed."""
        more = min(max(more, depth), MOST_FETCHED)
        return self._both(asked, wanted, collection, collection, more)


def _revision(chunk: str) -> int:
    return place_of(chunk)[0]


def _kept(scores: Mapping[str, float], revisions: Mapping[int, LiveRevision]) -> dict[str, float]:
    return {one: score for one, score in scores.items() if _revision(one) in revisions}
