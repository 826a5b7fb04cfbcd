"""Measures the refusal before anything is written, and fits its weights; a model is asked for the look alone.

Each question of a set is asked as it is and again with its gold documents out of sight, where sister
paragraphs of the same article remain. Documents fall into two halves by their titles: weights are fitted
on the one and figures reported on the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from zlib import crc32

from evaluation.answer_sets import AnsweredQuestion
from evaluation.calibration import fit
from rag.answerability import answerability_features, likelihood
from rag.answering import Searcher
from rag.generation.base import Generator
from rag.grounding import gather_evidence
from rag.packing import pack, sentence_cosines, sentence_scores
from rag.prompting import build_prompt, look_messages
from rag.second_look import is_open, joined, logit
from rag.sentence_vectors import SentenceVectors

THRESHOLDS = tuple(step / 20 for step in range(2, 17))
Half = Literal["tune", "report"]


@dataclass(frozen=True, slots=True)
class Example:
    """What speaks for an answer being there, and whether it is."""

    set: str
    half: Half
    features: Mapping[str, float]
    answerable: bool
    yes: float | None = None
    """What a second look says, where one was taken."""


class BlindSearcher(Searcher, Protocol):
    """A search that leaves documents out."""

    hidden: frozenset[str]


def half_of(name: str) -> Half:
    """The half that a document's title, or a question without documents, falls into; always the same."""
    return "tune" if crc32(name.encode()) % 2 else "report"


def refusal_examples(
    name: str,
    questions: Sequence[AnsweredQuestion],
    ids: Mapping[str, str],
    titles: Mapping[str, str],
    search: BlindSearcher,
    encoder: SentenceVectors,
    *,
    hide: bool,
    limit: int,
    generator: Generator | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Example]:
    """Two examples of each question, one where gold documents cannot be hidden or are not there.

    Args:
        ids: document ids by the names that the questions call them.
        titles: titles by document id; questions on one title stay in one half.
        hide: ask again with the gold documents out of sight.
        limit: passages that an answer looks at.
        generator: takes a second look where the scores leave it open; none is taken without one.
    """
    found = []
    for done, question in enumerate(questions):
        on_progress(done, len(questions))
        gold = frozenset(ids[one] for one in question.gold if one in ids)
        half = half_of(titles.get(min(gold, default=""), "") or question.id)
        again = hide and gold and not question.unanswerable
        for hidden in (frozenset[str](), gold) if again else (frozenset[str](),):
            search.hidden = hidden
            seen = _seen(question.text, search, encoder, limit, generator)
            if seen is not None:
                features, yes = seen
                found.append(Example(name, half, features, not hidden and not question.unanswerable, yes))
    on_progress(len(questions), len(questions))
    return found


def _seen(
    question: str, search: Searcher, encoder: SentenceVectors, limit: int, generator: Generator | None
) -> tuple[Mapping[str, float], float | None] | None:
    """The features and the look; None where nothing was found, which is refused without being weighed."""
    found = search.search(question, limit=limit, rerank=True)
    evidence = gather_evidence(found.passages, encoder)
    cosines = sentence_cosines(found.question_vector, found.language_offsets, evidence)
    if not len(cosines):
        return None
    background = encoder.background(found.question_vector)
    features = answerability_features(question, found.language, evidence, cosines, background)
    if generator is None or not is_open(likelihood(features)):
        return features, None
    scores = sentence_scores(question, cosines, evidence)
    packed = pack(evidence, scores, generator.prompt_budget, generator.count_tokens)
    prompt = build_prompt(question, found.language, evidence, packed)
    return features, generator.yes_probability(look_messages(prompt))


def balanced(examples: Sequence[Example]) -> list[float]:
    """Weights that make each set count the same, and in each set answerable and unanswerable."""
    counts: dict[tuple[str, bool], int] = {}
    for one in examples:
        counts[one.set, one.answerable] = counts.get((one.set, one.answerable), 0) + 1
    share = len(examples) / len(counts)
    return [share / counts[one.set, one.answerable] for one in examples]


def measure_refusal(
    examples: Sequence[Example], half: Half, weights: Mapping[str, float], bias: float
) -> dict[str, Any]:
    """By set: `n`, `auc` and for each threshold `false_refusal` and `refusal_recall`."""
    scores: dict[str, Any] = {}
    for name in dict.fromkeys(one.set for one in examples):
        rows = [one for one in examples if one.set == name and one.half == half]
        there = [_probability(one, weights, bias) for one in rows if one.answerable]
        absent = [_probability(one, weights, bias) for one in rows if not one.answerable]
        if there and absent:
            scores[name] = {
                "n": len(rows),
                "auc": _auc(there, absent),
                "thresholds": [
                    {
                        "threshold": threshold,
                        "false_refusal": _below(there, threshold),
                        "refusal_recall": _below(absent, threshold),
                    }
                    for threshold in THRESHOLDS
                ],
            }
    return scores


def _look_features(example: Example, weights: Mapping[str, float], bias: float) -> dict[str, float]:
    """What a second look is joined by: the log-odds of the scores and of the look."""
    assert example.yes is not None
    return {"scores": logit(likelihood(example.features, weights, bias)), "look": logit(example.yes)}


def fit_look(
    examples: Sequence[Example], weights: Mapping[str, float], bias: float
) -> tuple[dict[str, float], float]:
    """Weights of the scores and of the look, and the bias, fitted where the scores leave it open."""
    left = [
        one for one in examples if one.yes is not None and is_open(likelihood(one.features, weights, bias))
    ]
    rows = [_look_features(one, weights, bias) for one in left]
    return fit(rows, [one.answerable for one in left], expected={}, counts=balanced(left))


def _probability(example: Example, weights: Mapping[str, float], bias: float) -> float:
    likely = likelihood(example.features, weights, bias)
    return joined(likely, example.yes) if example.yes is not None and is_open(likely) else likely


def _auc(there: Sequence[float], absent: Sequence[float]) -> float:
    wins = sum((one > other) + 0.5 * (one == other) for one in there for other in absent)
    return round(wins / (len(there) * len(absent)), 4)


def _below(values: Sequence[float], threshold: float) -> float:
    return round(sum(value < threshold for value in values) / len(values), 4)
