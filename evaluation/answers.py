"""Measures answers: are they right, cited, refused where they should be, in the right language, how fast."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import median, quantiles
from typing import Any

from evaluation.answer_sets import AnsweredQuestion
from rag.language import detect

Ask = Callable[[str, frozenset[str]], dict[str, Any]]
"""From a question and the ids of documents out of sight to an answer's JSON."""
_MARK = re.compile(r"\s*\[\d{1,3}\]")
_ARTICLES = frozenset("a an the el la los las un una unos unas".split())


def evaluate_answers(
    questions: Sequence[AnsweredQuestion],
    ask: Ask,
    ids: Mapping[str, str],
    *,
    hide: bool = True,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Ask every question as it is, and again with its gold documents out of sight.

    Args:
        ids: document ids by the names that the questions call them.
        hide: ask the second time too; without it only unanswerable questions count as to be refused.

    Returns:
        The figures (`n`, `answer_contains_gold`, `token_f1`, `citation_precision`,
        `citation_coverage`, `refusal_recall` over hidden and unanswerable questions, each also apart,
        `false_refusal`, `language_right`, `first_token_s` and `total_s` with `median` and `p90`,
        `prompt_tokens`) and `rows`, one for each asking. A figure with nothing to measure is None.
    """
    rows = []
    for done, question in enumerate(questions):
        on_progress(done, len(questions))
        gold = frozenset(ids[name] for name in question.gold if name in ids)
        rows.append(_row(question, gold, ask(question.text, frozenset()), hidden=False))
        if hide and gold and not question.unanswerable:
            rows.append(_row(question, gold, ask(question.text, gold), hidden=True))
    on_progress(len(questions), len(questions))
    return {"n": len(questions), **_figures(rows), "rows": rows}


def _row(
    question: AnsweredQuestion, gold: frozenset[str], answer: dict[str, Any], *, hidden: bool
) -> dict[str, Any]:
    said = "" if answer["refused"] else _MARK.sub("", answer["answer"])
    citations = {one["number"]: one for one in answer["citations"]}
    cited = [
        any(_is_gold(citations[number], gold, question.answers) for number in sentence["citations"])
        for sentence in answer["sentences"]
        if sentence["citations"]
    ]
    timings, details = answer["timings_ms"], answer["details"]
    return {
        "id": question.id,
        "question": question.text,
        "gold": list(question.answers),
        "to_refuse": hidden or question.unanswerable,
        "hidden": hidden,
        "refused": answer["refused"],
        "answer": answer["answer"],
        "contains_gold": any(_plain(one) in _plain(said) for one in question.answers),
        "f1": max((token_f1(said, one) for one in question.answers), default=0.0),
        "sentences": answer["sentences"],
        "cited": cited,
        "language_right": not said or detect(said, answer["language"]) == detect(question.text),
        "first_token_s": (timings.get("first_token") or timings["total"]) / 1000,
        "total_s": timings["total"] / 1000,
        "prompt_tokens": details.get("prompt_tokens"),
        "answerable": details.get("answerable"),
        "reason": details.get("refusal_reason", ""),
        "prompt": details.get("prompt", ""),
        "draft": details.get("draft", ""),
        "quotes": [one["quote"] for one in answer["citations"]],
    }


def _figures(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    to_answer = [row for row in rows if not row["to_refuse"]]
    answered = [row for row in to_answer if not row["refused"]]
    to_refuse = [row for row in rows if row["to_refuse"]]
    sentences = [one for row in answered for one in row["sentences"]]
    with_gold = [row for row in to_answer if row["gold"]]
    return {
        "answer_contains_gold": _mean(row["contains_gold"] for row in with_gold),
        "token_f1": _mean(row["f1"] for row in with_gold),
        "citation_precision": _mean(right for row in answered for right in row["cited"]),
        "citation_coverage": _mean(bool(one["citations"]) for one in sentences),
        "refusal_recall": _mean(row["refused"] for row in to_refuse),
        "refusal_recall_hidden": _mean(row["refused"] for row in to_refuse if row["hidden"]),
        "refusal_recall_unanswerable": _mean(row["refused"] for row in to_refuse if not row["hidden"]),
        "false_refusal": _mean(row["refused"] for row in to_answer),
        "language_right": _mean(row["language_right"] for row in answered),
        "first_token_s": _spread([row["first_token_s"] for row in answered]),
        "total_s": _spread([row["total_s"] for row in to_answer]),
        "prompt_tokens": _middle([row["prompt_tokens"] for row in rows if row["prompt_tokens"] is not None]),
    }


def token_f1(said: str, gold: str) -> float:
    """Harmonic mean of precision and recall over words (SQuAD, Rajpurkar et al. 2016), articles left out."""
    ours, theirs = Counter(_tokens(said)), Counter(_tokens(gold))
    common = sum((ours & theirs).values())
    if not common:
        return 0.0
    precision, recall = common / sum(ours.values()), common / sum(theirs.values())
    return 2 * precision * recall / (precision + recall)


def _is_gold(citation: Mapping[str, Any], gold: frozenset[str], answers: Sequence[str]) -> bool:
    quote = _plain(citation["quote"])
    return citation["document_id"] in gold or any(_plain(one) in quote for one in answers)


def _tokens(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", _plain(text)) if word not in _ARTICLES]


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).replace(" %", "%")


def _mean(values: Any) -> float | None:
    numbers = [float(value) for value in values]
    return round(sum(numbers) / len(numbers), 4) if numbers else None


def _middle(values: Sequence[float]) -> float | None:
    return float(median(values)) if values else None


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    if not values:
        return {"median": None, "p90": None}
    p90 = quantiles(values, n=10, method="inclusive")[-1] if len(values) > 1 else values[0]
    return {"median": round(median(values), 3), "p90": round(p90, 3)}
