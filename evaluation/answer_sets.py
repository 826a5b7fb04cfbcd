"""Questions with known answers: a BEIR folder whose queries have `answers`, or a file of questions."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import InputError


@dataclass(frozen=True, slots=True)
class SetDocument:
    """A document of a set."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """A question with what is known of its answer."""

    id: str
    text: str
    answers: tuple[str, ...]
    """Gold strings; an answer that contains one of them is right."""
    gold: frozenset[str]
    """Ids (or, of a file of questions, names) of the documents that hold the answer."""
    unanswerable: bool = False


@dataclass(frozen=True, slots=True)
class AnswerSet:
    """Documents and questions; without documents the questions are about a library of one's own."""

    name: str
    documents: Sequence[SetDocument]
    questions: Sequence[AnsweredQuestion]
    key: str
    """16 hex digits that change with the documents; empty without documents."""


def read_answer_set(path: Path) -> AnswerSet:
    """Read a BEIR folder (`corpus.jsonl`, `queries.jsonl`, `qrels/*.tsv`) or a file of questions.

    Raises:
        InputError: a file is missing or a line cannot be understood.
    """
    if not path.is_dir():
        return AnswerSet(path.name, (), [_own_question(row) for row in read_rows(path, "question")], "")
    gold = _relevant(path / "qrels")
    documents = [
        SetDocument(str(row["_id"]), str(row.get("title") or ""), str(row["text"]))
        for row in read_rows(path / "corpus.jsonl", "_id", "text")
    ]
    questions = [
        AnsweredQuestion(
            id=str(row["_id"]),
            text=str(row["text"]),
            answers=tuple(str(one) for one in row.get("answers", ())),
            gold=frozenset(gold.get(str(row["_id"]), ())),
            unanswerable=bool(row.get("unanswerable", False)),
        )
        for row in read_rows(path / "queries.jsonl", "_id", "text")
    ]
    digest = hashlib.sha256((path / "corpus.jsonl").read_bytes()).hexdigest()
    return AnswerSet(path.resolve().name, documents, questions, digest[:16])


def sample(questions: Sequence[AnsweredQuestion], size: int | None, seed: int) -> list[AnsweredQuestion]:
    """`size` questions drawn at random, the same for the same seed, in the set's order."""
    if size is None or size >= len(questions):
        return list(questions)
    drawn = sorted(random.Random(seed).sample(range(len(questions)), size))
    return [questions[index] for index in drawn]


def _own_question(row: dict[str, Any]) -> AnsweredQuestion:
    answers = row.get("answers") or [row["answer"]] if row.get("answer") or row.get("answers") else []
    return AnsweredQuestion(
        id=str(row.get("id") or row["question"]),
        text=str(row["question"]),
        answers=tuple(str(one) for one in answers),
        gold=frozenset([str(row["document"])] if row.get("document") else []),
        unanswerable=bool(row.get("unanswerable", False)),
    )


def _relevant(folder: Path) -> dict[str, set[str]]:
    """Ids of the relevant documents by question; of several files the test set counts."""
    files = sorted(folder.glob("*.tsv"))
    chosen = next((one for one in files if one.stem == "test"), files[0] if files else None)
    if chosen is None:
        raise InputError(f"{folder} has no file such as test.tsv; name a folder in the BEIR layout.")
    gold: dict[str, set[str]] = {}
    for line in chosen.read_text(encoding="utf-8").splitlines()[1:]:
        question, document, score = [*line.split("\t"), "", ""][:3]
        if score.strip() not in ("", "0"):
            gold.setdefault(question, set()).add(document)
    return gold


def read_rows(path: Path, *needed: str) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-lines file.

    Raises:
        InputError: the file is missing, or a line is no object or lacks what is needed.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read ({error}); name a folder with corpus.jsonl, queries.jsonl and qrels, "
            "or a file of questions."
        ) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            missing = [name for name in needed if name not in row]
        except (ValueError, TypeError) as error:
            raise InputError(f"{path}, line {number} is not a JSON object ({error}).") from error
        if missing:
            raise InputError(f"{path}, line {number} has no {missing[0]!r}.")
        yield row
