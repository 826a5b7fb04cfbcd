"""Fusing the evidence of dense and lexical search.

Absolute fusion adds to the cosine the share of the question's words, weighted by rarity, that a chunk
has, so that a question that shares no words with any chunk (another language, say) is left to the
vectors. In a library of several languages the words would speak for the chunks in the question's own
language as such; `evened_out` takes that out as `rag.centroids` does for the cosines. Reciprocal rank
fusion (Cormack, Clarke and Büttcher, SIGIR 2009) sees ranks only and is kept for comparison.
"""

from __future__ import annotations

from collections.abc import Mapping

RRF_CONSTANT = 60
NEAREST = 5
"""Chunks of each language whose mean share is what a chunk of that language has to exceed."""


def absolute(cosines: Mapping[str, float], shares: Mapping[str, float], weight: float) -> dict[str, float]:
    """Cosine plus `weight` times the lexical share (0 to 1) for every id of `cosines`."""
    return {one: cosine + weight * shares.get(one, 0.0) for one, cosine in cosines.items()}


def evened_out(
    shares: Mapping[str, float], cosines: Mapping[str, float], languages: Mapping[str, str]
) -> dict[str, float]:
    """Shares less what the five chunks nearest by cosine of the same language have on average.

    In one language that changes no order. A language with fewer chunks has the less taken off.
    """
    if len(set(languages.values())) < 2:
        return dict(shares)
    nearest: dict[str, list[float]] = {}
    for one in best_first(cosines):
        own = nearest.setdefault(languages[one], [])
        if len(own) < NEAREST:
            own.append(shares.get(one, 0.0))
    return {one: shares.get(one, 0.0) - sum(nearest[languages[one]]) / NEAREST for one in cosines}


def reciprocal_rank(*rankings: Mapping[str, float]) -> dict[str, float]:
    """Sum over the rankings of 1 / (60 + rank), rank counted from 1."""
    fused: dict[str, float] = {}
    for ranking in rankings:
        for rank, one in enumerate(best_first(ranking), start=1):
            fused[one] = fused.get(one, 0.0) + 1.0 / (RRF_CONSTANT + rank)
    return fused


def best_first(scores: Mapping[str, float]) -> list[str]:
    """The ids by falling score; ties by id, so that the order is the same each time."""
    return sorted(scores, key=lambda one: (-scores[one], one))
