"""Measures a library on a file of questions: is the document found, is the unanswerable refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path, PurePath
from statistics import median
from typing import Any

from rag.errors import InputError

RECALL_DEPTH = 5
Search = Callable[[str, int], Sequence[dict[str, Any]]]
"""From a question and a number to that many passages, as `/api/search` gives them."""
Ask = Callable[[str], dict[str, Any]]
"""From a question to an answer, as `/api/ask` gives it."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what is known of its answer."""

    id: str
    language: str
    question: str
    answer: str = ""
    document: str = ""
    """Name of the file that answers it."""
    quote: str = ""
    """Verbatim words of that document that hold the answer."""
    cross_language: bool = False
    unanswerable: bool = False


def read_questions(path: Path) -> list[Question]:
    """The questions of a JSON-lines file.

    Raises:
        InputError: the file is not there or a line is not a question.
    """
    known = {field.name for field in fields(Question)}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}); name a file of questions.") from error
    questions = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                values = json.loads(line)
                questions.append(Question(**{key: values[key] for key in known & values.keys()}))
            except (ValueError, TypeError, AttributeError) as error:
                raise InputError(
                    f"{path}, line {number} is not a question ({error}); it needs at least "
                    '"id", "language" and "question".'
                ) from error
    return questions


def evaluate_questions(
    questions: Sequence[Question],
    search: Search,
    ask: Ask | None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Figures over all questions, and a line for each question.

    Args:
        ask: answers a question; without it nothing is said of refusals.

    Returns:
        `n`, `recall@5` (gold document among the first five passages' documents), `quote_recall@5` (the
        gold quote inside one of them), `refused_unanswerable`, `refused_answerable`,
        `gold_document_cited` (of what was answered), `median_s` (a whole answer) and `questions`. A figure
        with nothing to measure is None.
    """
    rows = []
    for done, question in enumerate(questions):
        on_progress(done, len(questions))
        rows.append(_measure(question, search, ask))
    answerable = [row for row in rows if not row["unanswerable"]]
    unanswerable = [row for row in rows if row["unanswerable"]]
    answered = [row for row in answerable if row.get("refused") is False]
    return {
        "n": len(rows),
        "answerable": len(answerable),
        "unanswerable": len(unanswerable),
        "recall@5": _mean(answerable, "document_found"),
        "quote_recall@5": _mean(answerable, "quote_found"),
        "refused_unanswerable": _mean(unanswerable, "refused"),
        "refused_answerable": _mean(answerable, "refused"),
        "gold_document_cited": _mean(answered, "gold_cited"),
        "median_s": round(median(one["seconds"] for one in rows), 3) if ask and rows else None,
        "questions": rows,
    }


def _measure(question: Question, search: Search, ask: Ask | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": question.id,
        "question": question.question,
        "unanswerable": question.unanswerable,
    }
    if not question.unanswerable:
        passages = search(question.question, RECALL_DEPTH)
        row["document_found"] = any(_is(one, question.document) for one in passages)
        row["quote_found"] = any(_squeezed(question.quote) in _squeezed(one["text"]) for one in passages)
    if ask is not None:
        answer = ask(question.question)
        row["refused"] = answer["refused"]
        row["answer"] = answer["answer"]
        row["best_evidence"] = answer.get("details", {}).get("best_evidence")
        row["gold_cited"] = any(_is(one, question.document) for one in answer["citations"])
        row["seconds"] = answer["timings_ms"]["total"] / 1000
    return row


def _is(passage: dict[str, Any], document: str) -> bool:
    return PurePath(passage["source"]).name == PurePath(document).name


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _mean(rows: Sequence[dict[str, Any]], key: str) -> float | None:
    values = [bool(row[key]) for row in rows if key in row]
    return round(sum(values) / len(values), 4) if values else None
