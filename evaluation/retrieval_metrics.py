"""ir_measures, met here only: what a ranking is worth, how sure that is, and whether two differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluation.retrieval_sets import RetrievalQuestion

METRICS = ("nDCG@10", "R@1", "R@5", "R@10", "R@100", "RR@10")
RESAMPLES = 2000
SEED = 7
Values = NDArray[np.float64]
"""One value a question, in the questions' order."""


def measure(questions: Sequence[RetrievalQuestion], rankings: Sequence[Sequence[str]]) -> dict[str, Values]:
    """Each metric of each question.

    Args:
        rankings: for each question its documents, best first, none twice.
    """
    import ir_measures

    names = [str(number) for number in range(len(questions))]
    wanted = {name: dict(one.relevant) for name, one in zip(names, questions, strict=True)}
    # Falling scores: libraries of this kind order by score, and break ties in ways of their own.
    found = {
        name: {document: float(len(ranking) - place) for place, document in enumerate(ranking)}
        for name, ranking in zip(names, rankings, strict=True)
        if ranking
    }
    measures = {ir_measures.parse_measure(name): name for name in METRICS}
    values = {name: np.zeros(len(questions)) for name in METRICS}
    for one in ir_measures.iter_calc(list(measures), wanted, found):
        values[measures[one.measure]][int(one.query_id)] = one.value
    return values


def interval(values: Values) -> tuple[float, float]:
    """The mean's 95% interval, by 2,000 bootstrap samples of the questions."""
    drawn = np.random.default_rng(SEED).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), (2.5, 97.5))
    return float(low), float(high)


def difference(ours: Values, theirs: Values) -> dict[str, float]:
    """By how much the first is better over the same questions, with its 95% interval and p.

    `p` is how often a difference as large comes about when each question's two values change places at
    random (Fisher's paired randomisation test, two-sided; Smucker, Allan and Carterette, CIKM 2007).
    """
    apart = ours - theirs
    low, high = interval(apart)
    observed = abs(apart.mean())
    changed = apart[apart != 0]
    signs = np.random.default_rng(SEED).choice((-1.0, 1.0), (RESAMPLES, len(changed)))
    by_chance = np.abs(signs @ changed) / len(apart)
    extreme = int(np.sum(by_chance >= observed - 1e-12))
    return {
        "mean": float(apart.mean()),
        "low": low,
        "high": high,
        "p": (extreme + 1) / (RESAMPLES + 1),
    }


def means(values: Mapping[str, Values]) -> dict[str, float]:
    """Each metric over all questions, to four places."""
    return {name: round(float(one.mean()), 4) for name, one in values.items()}
