"""Measures rankings on questions whose documents are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.retrieval_metrics import Values, difference, interval, means, measure
from evaluation.retrieval_sets import RetrievalQuestion
from rag.language import detect
from rag.ranking import Ranking

DEEPEST = 100
SHOWN = 5
"""Documents that a failure's line tells of."""
Rank = Callable[[str, int], Ranking]
"""From a question and a number to a ranking with at least that many chunks, where there are."""
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Found:
    """What came for one question."""

    documents: Sequence[str]
    """Up to 100 documents, best first: a document is as good as its best chunk."""
    scores: Mapping[str, float]
    chunks: Mapping[str, str]
    """Each document's best chunk."""
    ranking: Ranking


@dataclass(frozen=True, slots=True)
class Measured:
    """All questions under one configuration."""

    found: Sequence[Found]
    values: Mapping[str, Values]


def measure_retrieval(
    questions: Sequence[RetrievalQuestion],
    rank: Rank,
    ids: Mapping[str, str],
    on_progress: OnProgress = lambda done, total: None,
) -> Measured:
    """Rank the documents for every question.

    Args:
        ids: document ids by the names that the questions call them.
    """
    known = [_by_id(one, ids) for one in questions]
    found = []
    for done, question in enumerate(known):
        on_progress(done, len(known))
        found.append(_documents(rank(question.text, DEEPEST)))
    on_progress(len(known), len(known))
    return Measured(found, measure(known, [one.documents for one in found]))


def figures(questions: Sequence[RetrievalQuestion], measured: Measured) -> dict[str, Any]:
    """`n`, `metrics`, their 95% `intervals`, and the same by the questions' language."""
    by_language: dict[str, list[int]] = defaultdict(list)
    for number, question in enumerate(questions):
        by_language[detect(question.text)].append(number)
    return {
        "n": len(questions),
        "metrics": means(measured.values),
        "intervals": {
            name: [round(bound, 4) for bound in interval(one)] for name, one in measured.values.items()
        },
        "languages": {
            language: {"n": len(rows)} | means({n: one[rows] for n, one in measured.values.items()})
            for language, rows in sorted(by_language.items(), key=lambda item: -len(item[1]))
        },
    }


def compared(ours: Measured, theirs: Measured) -> dict[str, Any]:
    """The other configuration's metrics, and for each by how much ours is better."""
    apart = {name: difference(one, theirs.values[name]) for name, one in ours.values.items()}
    return {
        "metrics": means(theirs.values),
        "difference": {
            name: {part: round(value, 4) for part, value in one.items()} for name, one in apart.items()
        },
    }


def with_answer(
    questions: Sequence[RetrievalQuestion],
    measured: Measured,
    texts: Callable[[Ranking, int], Sequence[str]],
) -> float | None:
    """Share of the questions with known answers that have one in the first five passages.

    Args:
        texts: the texts of a ranking's first passages.
    """
    hits = [
        any(_squeezed(answer) in _squeezed(text) for answer in question.answers for text in shown)
        for question, found in zip(questions, measured.found, strict=True)
        if question.answers
        for shown in [texts(found.ranking, SHOWN)]
    ]
    return round(sum(hits) / len(hits), 4) if hits else None


def failures(
    questions: Sequence[RetrievalQuestion], measured: Measured, ids: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The questions whose first document is not a wanted one, the worst first.

    Returns:
        `id`, `question`, `wanted` and `came` (each a list of `document`, `rank`, `cosine`, `words`,
        `chunk`), and `ndcg`.
    """
    rows = []
    for question, found, ndcg in zip(questions, measured.found, measured.values["nDCG@10"], strict=True):
        wanted = list(_by_id(question, ids).relevant)
        if found.documents[:1] and found.documents[0] in wanted:
            continue
        rows.append(
            {
                "id": question.id,
                "question": question.text,
                "wanted": [_told(found, one) for one in wanted],
                "came": [_told(found, one) for one in found.documents[:SHOWN]],
                "ndcg": round(float(ndcg), 4),
            }
        )
    return sorted(rows, key=lambda row: (row["ndcg"], row["id"]))


def recall_curve(
    questions: Sequence[RetrievalQuestion], measured: Measured, ids: Mapping[str, str]
) -> Values:
    """Mean recall at 1, 2, … 100 documents, shape (100,)."""
    total = np.zeros(DEEPEST)
    for question, found in zip(questions, measured.found, strict=True):
        wanted = set(_by_id(question, ids).relevant)
        hits = np.zeros(DEEPEST)
        for place, document in enumerate(found.documents):
            hits[place] = document in wanted
        total += hits.cumsum() / len(wanted)
    return total / len(questions)


def score_samples(
    questions: Sequence[RetrievalQuestion], measured: Measured, ids: Mapping[str, str]
) -> tuple[list[float], list[float]]:
    """Scores of wanted documents among the first ten, and of the best that is not wanted."""
    right, wrong = [], []
    for question, found in zip(questions, measured.found, strict=True):
        wanted = set(_by_id(question, ids).relevant)
        first = found.documents[:10]
        right += [found.scores[one] for one in first if one in wanted]
        wrong += [found.scores[one] for one in first if one not in wanted][:1]
    return right, wrong


def _squeezed(text: str) -> str:
    return " ".join(text.split()).casefold()


def _by_id(question: RetrievalQuestion, ids: Mapping[str, str]) -> RetrievalQuestion:
    relevant = {ids.get(name, name): grade for name, grade in question.relevant.items()}
    return RetrievalQuestion(question.id, question.text, relevant, question.answers)


def _documents(ranking: Ranking) -> Found:
    chunks: dict[str, str] = {}
    for chunk in ranking.order:
        chunks.setdefault(ranking.found.documents[chunk], chunk)
        if len(chunks) == DEEPEST:
            break
    scores = {document: ranking.scores[chunk] for document, chunk in chunks.items()}
    return Found(list(chunks), scores, chunks, ranking)


def _told(found: Found, document: str) -> dict[str, Any]:
    chunk = found.chunks.get(document)
    place = found.documents.index(document) + 1 if chunk else None
    told: dict[str, Any] = {"document": document, "rank": place, "chunk": chunk}
    if chunk:
        candidates = found.ranking.found
        told["cosine"] = round(candidates.cosines[chunk], 4)
        told["words"] = round(candidates.coverage.get(chunk, 0.0), 4)
    return told
