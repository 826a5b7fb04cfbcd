"""Takes the language out of similarities.

Multilingual models place texts by language as well as by meaning, so that in a library of several
languages the passages in the question's own language crowd out better ones in another. The mean
vector of each language's chunks tells how near the question is to that language as such; that much is
taken off its chunks' cosines. In a library of one language nothing changes.

Measured with multilingual-e5-small on XQuAD, half of the articles in Spanish and half in English:
nDCG@10 .809 to .927 for Spanish questions and .881 to .936 for English ones; the questions whose
paragraph is in their own language lose nothing (`benchmarks/mixed_languages.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
PRIOR = 20
"""Chunks' worth of the whole collection's mean in each language's: a few chunks tell of their subject."""


@dataclass(slots=True)
class _Sum:
    count: int
    total: NDArray[np.float64]


class Centroids:
    """The mean vector of each language's chunks in one collection, kept up to date by sums."""

    def __init__(self) -> None:
        self._sums: dict[str, _Sum] = {}

    def add(self, language: str, count: int, total: FloatArray, sign: int = 1) -> None:
        """Count in (or, with sign -1, out) `count` chunks whose vectors sum to `total`."""
        known = self._sums.setdefault(language, _Sum(0, np.zeros(total.shape, np.float64)))
        known.count += sign * count
        known.total += sign * total.astype(np.float64)
        if known.count <= 0:
            del self._sums[language]

    def count(self) -> int:
        """Chunks in all."""
        return sum(one.count for one in self._sums.values())

    def languages(self) -> list[str]:
        """The languages that have chunks, the one with the most first."""
        return sorted(self._sums, key=lambda one: (-self._sums[one].count, one))

    def neutral(self, question: FloatArray) -> FloatArray:
        """The question without what tells languages apart, a unit vector; in one language as it is.

        Its nearest chunks are in any language: the question's own nearest may all be in its own.
        """
        if len(self._sums) < 2:
            return question
        mean = self._mean()
        apart = np.stack([self._smoothed(one, mean) - mean for one in self._sums.values()])
        _left, sizes, directions = np.linalg.svd(apart, full_matrices=False)
        basis = directions[sizes > 1e-6 * sizes[0]] if sizes[0] > 0 else directions[:0]
        rest = question - (basis @ question) @ basis
        neutral: FloatArray = (rest / max(float(np.linalg.norm(rest)), 1e-12)).astype(np.float32)
        return neutral

    def offsets(self, question: FloatArray) -> Mapping[str, float]:
        """For each language, how much nearer its chunks are to a unit vector than chunks as a whole."""
        if len(self._sums) < 2:
            return {}
        mean = self._mean()
        return {
            language: float((self._smoothed(one, mean) - mean) @ question)
            for language, one in self._sums.items()
        }

    def _mean(self) -> NDArray[np.float64]:
        total = np.sum([one.total for one in self._sums.values()], axis=0)
        mean: NDArray[np.float64] = total / sum(one.count for one in self._sums.values())
        return mean

    @staticmethod
    def _smoothed(one: _Sum, mean: NDArray[np.float64]) -> NDArray[np.float64]:
        return (one.total + PRIOR * mean) / (one.count + PRIOR)
