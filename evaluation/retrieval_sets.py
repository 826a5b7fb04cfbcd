"""Sets that retrieval is measured on: a folder in the BEIR layout, or a file of questions of one's own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.answer_sets import SetDocument, read_rows
from rag.errors import InputError


@dataclass(frozen=True, slots=True)
class RetrievalQuestion:
    """A question with the documents that it wants."""

    id: str
    text: str
    relevant: Mapping[str, int]
    """Grades above 0 by document id, or by file name where the documents are the user's own."""
    answers: tuple[str, ...] = ()
    """Strings that a passage with the answer has in it."""


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """Documents and questions; without documents the questions are about a library of one's own."""

    name: str
    documents: Sequence[SetDocument]
    questions: Sequence[RetrievalQuestion]
    key: str
    """16 hex digits that change with the documents; empty without documents."""


def read_retrieval_set(path: Path, queries: Path | None = None) -> RetrievalSet:
    """Read a BEIR folder (`corpus.jsonl`, `queries.jsonl`, `qrels/test.tsv`) or a file of questions.

    Args:
        path: the folder or file.
        queries: a folder whose questions are asked of the documents in `path`, by the same document ids.

    Raises:
        InputError: a file is missing, a line cannot be understood, or no question has a relevant document.
    """
    if not path.is_dir():
        if queries is not None:
            raise InputError("--queries goes with a folder in the BEIR layout; leave it out, or name one.")
        return RetrievalSet(path.name, (), _checked(_own_questions(path), path), "")
    documents = [
        SetDocument(str(row["_id"]), str(row.get("title") or ""), str(row["text"]))
        for row in read_rows(path / "corpus.jsonl", "_id", "text")
    ]
    asked = queries or path
    grades = _grades(asked / "qrels")
    questions = [
        RetrievalQuestion(
            str(row["_id"]),
            str(row["text"]),
            grades.get(str(row["_id"]), {}),
            tuple(str(one) for one in row.get("answers", ())),
        )
        for row in read_rows(asked / "queries.jsonl", "_id", "text")
    ]
    name = path.resolve().name if queries is None else f"{queries.resolve().name} → {path.resolve().name}"
    digest = hashlib.sha256((path / "corpus.jsonl").read_bytes()).hexdigest()
    return RetrievalSet(name, documents, _checked(questions, asked), digest[:16])


def _own_questions(path: Path) -> list[RetrievalQuestion]:
    return [
        RetrievalQuestion(
            str(row.get("id") or row["question"]),
            str(row["question"]),
            {str(row["document"]): 1},
            (str(row["quote"]),) if row.get("quote") else (),
        )
        for row in read_rows(path, "question")
        if row.get("document") and not row.get("unanswerable")
    ]


def _grades(folder: Path) -> dict[str, dict[str, int]]:
    """Grades above 0 by question and document; of several files the test set counts."""
    files = sorted(folder.glob("*.tsv"))
    chosen = next((one for one in files if one.stem == "test"), files[0] if files else None)
    if chosen is None:
        raise InputError(f"{folder} has no file such as test.tsv; name a folder in the BEIR layout.")
    grades: dict[str, dict[str, int]] = {}
    for number, line in enumerate(chosen.read_text(encoding="utf-8").splitlines(), start=1):
        question, document, grade = [*line.split("\t"), "", ""][:3]
        if number == 1 and not _is_number(grade):  # the line of headings
            continue
        if document and not _is_number(grade or "1"):
            raise InputError(f"{chosen}, line {number}: {grade!r} is no grade; it must be a whole number.")
        if document and int(grade or "1") > 0:
            grades.setdefault(question, {})[document] = int(grade or "1")
    return grades


def _is_number(text: str) -> bool:
    return text.strip().lstrip("-").isdigit()


def _checked(questions: Sequence[RetrievalQuestion], path: Path) -> list[RetrievalQuestion]:
    wanted = [one for one in questions if one.relevant]
    if not wanted:
        raise InputError(f"No question in {path} has a document that is relevant to it; check the qrels.")
    return wanted
