"""Fusing the scores of dense and lexical search.

Absolute fusion adds to the cosine the share of its highest possible score that BM25 gave, so that a
question that shares no words with any chunk (another language, say) is left to the vectors.
Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009) sees ranks only and is kept for
comparison.
"""

from __future__ import annotations

from collections.abc import Mapping

RRF_CONSTANT = 60


def absolute(cosines: Mapping[str, float], shares: Mapping[str, float], weight: float) -> dict[str, float]:
    """Cosine plus `weight` times the lexical share (0 to 1) for every id of `cosines`."""
    return {one: cosine + weight * shares.get(one, 0.0) for one, cosine in cosines.items()}


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
