"""Choosing the weight of words beside the cosine: `python -m benchmarks.weights`; the last line is JSON.

XQuAD's whole paragraphs, asked in their own language and in the other: the weight with the best mean nDCG@10
over all four on half of the paragraphs, and what it gives on the other half, beside dense search alone and
reciprocal rank fusion.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.xquad import XQUAD
from cli.evaluation_store import open_set
from evaluation.configurations import Configuration
from evaluation.remembering import RememberingEmbedder
from evaluation.retrieval import measure_retrieval
from evaluation.retrieval_sets import RetrievalSet, read_retrieval_set
from rag.core import Core
from rag.cross_encoder import SENTENCES
from rag.retrieval import Retriever
from rag.sentence_vectors import SentenceVectors
from rag.settings import load_settings

WEIGHTS = (0.0, 0.06, 0.09, 0.12, 0.15, 0.2, 0.3)
LANGUAGES = ("es", "en")
Values = NDArray[np.float64]


def main() -> None:
    """Measure every weight on every pair of languages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--xquad", type=Path, default=XQUAD, help="Folder with XQuAD in `es` and `en`.")
    folder = parser.parse_args().xquad
    tried = [Configuration("hybrid", weight, False, SENTENCES) for weight in WEIGHTS]
    tried.append(Configuration("rrf", 0.0, False, SENTENCES))
    chosen_on: dict[str, list[float]] = {}
    reported: dict[str, list[float]] = {}
    for asked in LANGUAGES:
        for there in LANGUAGES:
            given = read_retrieval_set(folder / there, None if asked == there else folder / asked)
            first = np.array([next(iter(one.relevant)) for one in given.questions])
            names = sorted(set(first))
            half = np.array([names.index(one) % 2 == 0 for one in first])
            values = _measured(given, tried)
            chosen_on[f"{asked} → {there}"] = [float(one[half].mean()) for one in values]
            reported[f"{asked} → {there}"] = [float(one[~half].mean()) for one in values]
            sys.stderr.write(f"{asked} → {there}: {[round(float(one.mean()), 4) for one in values]}\n")
    best = int(np.mean([row[:-1] for row in chosen_on.values()], axis=0).argmax())
    figures = {
        "weight": WEIGHTS[best],
        "other_half": {
            pair: {"dense": round(row[0], 4), "rrf": round(row[-1], 4), "chosen": round(row[best], 4)}
            for pair, row in reported.items()
        },
    }
    sys.stdout.write(json.dumps(figures, ensure_ascii=False) + "\n")


def _measured(given: RetrievalSet, tried: list[Configuration]) -> list[Values]:
    """nDCG@10 of each question under each configuration."""
    settings = load_settings(llm="extractive")
    with open_set(settings, given.documents, given.key, lambda done, total: None, whole=True) as core:
        embedder = RememberingEmbedder(core.embedder, core.library.cache)
        embedder.encode_queries([one.text for one in given.questions])
        encoder = SentenceVectors(core.library.cache, embedder)
        return [_values(core, encoder, given, one) for one in tried]


def _values(core: Core, encoder: SentenceVectors, given: RetrievalSet, one: Configuration) -> Values:
    retriever = Retriever(core.library, encoder, one.applied(core.settings))
    measured = measure_retrieval(
        given.questions, lambda text, limit: retriever.rank(text, limit=limit), ids={}
    )
    return measured.values["nDCG@10"]


if __name__ == "__main__":
    main()
