"""Fits the weights that the program carries: `python -m evaluation.calibration grounding`.

Those of the refusal come from `cita evaluate refusal --fit`, which needs a library to search.

Logistic regression by Newton's method with a small penalty on the weights of standardised features, so
that the same data give the same weights. The weights are printed as they stand in the code.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evaluation.grounding_pairs import Pair, match_pair, read_pairs
from rag.core import open_core
from rag.sentence_vectors import SentenceVectors
from rag.settings import load_settings

PENALTY = 1.0
EXPECTED: Mapping[str, float] = {
    "facts": -4, "negation": -3, "exception": -3, "universal": -3, "order": -3,
    "replaced": -1.5,
}  # fmt: skip
"""Weights towards which the penalty pulls: what rare kinds of change ought to weigh, seen or not."""
TRUST = 200.0
"""How much harder the penalty pulls where a weight is expected."""
STEPS = 30
UNRELATED = 7
"""Passages further on from which an unrelated sentence is taken."""
FloatArray = NDArray[np.float64]


def fit(
    rows: Sequence[Mapping[str, float]],
    labels: Sequence[bool],
    penalty: float = PENALTY,
    expected: Mapping[str, float] = EXPECTED,
    counts: Sequence[float] | None = None,
) -> tuple[dict[str, float], float]:
    """Weights by feature and the bias of a logistic model of `labels`.

    Args:
        counts: how much each row counts; all the same where none are given.
    """
    names = list(rows[0])
    values = np.array([[row[name] for name in names] for row in rows], np.float64)
    mean, spread = values.mean(axis=0), values.std(axis=0)
    spread[spread < 1e-9] = 1.0
    inputs = np.column_stack([(values - mean) / spread, np.ones(len(rows))])
    prior = np.array([*(expected.get(name, 0.0) * s for name, s in zip(names, spread, strict=True)), 0.0])
    much = np.ones(len(rows)) if counts is None else np.array(counts, np.float64)
    weights = _newton(inputs, np.array(labels, np.float64), much, penalty, prior)
    scaled = weights[:-1] / spread
    return dict(zip(names, scaled.tolist(), strict=True)), float(weights[-1] - scaled @ mean)


def _newton(
    inputs: FloatArray, labels: FloatArray, counts: FloatArray, penalty: float, prior: FloatArray
) -> FloatArray:
    ridge = np.full(inputs.shape[1], penalty)
    ridge[:-1][prior[:-1] != 0] *= TRUST
    ridge[-1] = 0.0
    weights = prior.copy()
    for _step in range(STEPS):
        likely = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (counts * (likely - labels)) + ridge * (weights - prior)
        curve = (inputs * (counts * likely * (1 - likely))[:, None]).T @ inputs + np.diag(ridge)
        weights = weights - np.linalg.solve(curve, slope)
    return weights


def grounding_examples(
    pairs: Sequence[Pair], encoder: SentenceVectors
) -> tuple[list[dict[str, float]], list[bool]]:
    """Features and labels of the pairs, and of sentences set against passages on something else."""
    passages = list({pair.passage_id: pair for pair in pairs}.values())
    place = {pair.passage_id: index for index, pair in enumerate(passages)}
    unrelated = []
    for pair in pairs[::4]:
        other = passages[(place[pair.passage_id] + UNRELATED) % len(passages)]
        unrelated.append(
            replace(
                pair, passage=other.passage, passage_id=other.passage_id,
                passage_language=other.passage_language, supported=False, kind="unrelated",
            )
        )  # fmt: skip
    rows, labels = [], []
    for pair in [*pairs, *unrelated]:
        match = match_pair(pair, encoder)
        if match is not None and match.features:  # word for word there is nothing to weigh
            rows.append(match.features)
            labels.append(pair.supported)
    return rows, labels


def print_weights(weights: Mapping[str, float], bias: float) -> None:
    """Print weights as they stand in the code."""
    print("WEIGHTS = {")
    for name, weight in weights.items():
        print(f'    "{name}": {weight:.4g},')
    print(f"}}\nBIAS = {bias:.4g}")


def main(what: str) -> None:
    """Fit and print the weights of the grounding."""
    if what != "grounding":
        raise SystemExit("python -m evaluation.calibration grounding")
    with open_core(load_settings()) as core:
        encoder = SentenceVectors(core.library.cache, core.embedder)
        pairs = [pair for pair in read_pairs() if pair.part == "tune"]
        print_weights(*fit(*grounding_examples(pairs, encoder)))


if __name__ == "__main__":
    main(*sys.argv[1:2] or [""])
