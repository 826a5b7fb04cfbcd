"""How likely it is that what was found answers a question, told before anything is written.

A small logistic model joins the best sentence's nearness to the question, its lead over the other
sentences, the words and names of the question that no passage has, and the lexical score. Its weights
were fitted by `cita evaluate refusal --fit` on half of XQuAD's articles (Spanish, English, and questions
of each asked of the other; each question also with its paragraph taken away) and half of the questions
of `corpus/questions.jsonl`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp

import numpy as np
from numpy.typing import NDArray

from rag.answer import Passage
from rag.facts import calendar_words
from rag.grounding import Evidence
from rag.names import missing_names, names_of
from rag.stemming import fold, stems
from rag.support import COMMON_WORDS, vocabulary

FloatArray = NDArray[np.float32]
WEIGHTS: Mapping[str, float] = {
    "best": 25.88,
    "lead": 33.64,
    "lexical": 5.331,
    "names_missing": -0.7847,
    "words_missing": -0.5754,
    "cross": 3.47,
}
BIAS = -26.23
LEAD_OVER = slice(5, 20)
"""Ranks of the evidence sentences that the best one's lead is measured against; where there are fewer, the
places are taken by sentences about nothing, so that a library of one sentence can answer too."""
SHORTEST_WORD = 3


def answerability_features(
    question: str, language: str, evidence: Evidence, cosines: FloatArray, background: float
) -> dict[str, float]:
    """What speaks for and against an answer being there.

    Args:
        cosines: of the question with each sentence of the evidence, languages evened out.
        background: cosine of the question with sentences about nothing in particular.
    """
    passages = evidence.passages
    best = int(cosines.argmax())
    source = passages[evidence.sentences[best].passage]
    ranked = np.sort(cosines)[::-1]
    padding = np.full(max(0, LEAD_OVER.stop - len(ranked)), background, np.float32)
    others = np.sort(np.concatenate([ranked[1:], padding]))[::-1][LEAD_OVER.start - 1 : LEAD_OVER.stop - 1]
    cross = bool(source.language) and source.language != language
    words = frozenset().union(*(vocabulary(_all_text(one)) for one in passages))
    asked = names_of(question) - calendar_words(language)
    return {
        "best": float(ranked[0]),
        "lead": float(ranked[0] - others.mean()),
        "lexical": 0.0 if cross else max(one.lexical for one in passages),
        "names_missing": float(len(missing_names(asked, words, same_language=not cross))),
        "words_missing": 0.0 if cross else _words_missing(question, language, passages),
        "cross": float(cross),
    }


def answerability(
    question: str, language: str, evidence: Evidence, cosines: FloatArray, background: float
) -> float:
    """Probability, 0 to 1, that the evidence answers the question; 0 without evidence.

    Args: as `answerability_features`.
    """
    if not len(cosines):
        return 0.0
    return likelihood(answerability_features(question, language, evidence, cosines, background))


def likelihood(
    features: Mapping[str, float], weights: Mapping[str, float] = WEIGHTS, bias: float = BIAS
) -> float:
    """Probability, 0 to 1, that there is an answer, from what speaks for and against it."""
    total = bias + sum(weight * features[name] for name, weight in weights.items())
    return 1 / (1 + exp(-max(-30.0, min(30.0, total))))


def _words_missing(question: str, language: str, passages: Sequence[Passage]) -> float:
    """Share of the question's own words whose stems no passage has."""
    own = [word for word in fold(question) if word not in COMMON_WORDS and len(word) >= SHORTEST_WORD]
    asked = set(stems(" ".join(own), language))
    there = {stem for one in passages for stem in stems(_all_text(one), language)}
    return len(asked - there) / max(1, len(asked))


def _all_text(passage: Passage) -> str:
    return " ".join((passage.title, *passage.heading, passage.text))
