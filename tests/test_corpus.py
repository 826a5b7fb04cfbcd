"""The sample corpus is what it says: enough of it, and every gold quote verbatim in its document."""

from __future__ import annotations

from functools import cache

import pytest

from evaluation.questions import Question, read_questions
from ingest.loading import load
from ingest.sources import find_files
from tests.conftest import CORPUS

QUESTIONS = read_questions(CORPUS / "questions.jsonl")
ANSWERABLE = [question for question in QUESTIONS if not question.unanswerable]


@cache
def text_of(name: str) -> str:
    return load((CORPUS / name).read_bytes(), name).text


def test_it_is_large_and_varied_enough() -> None:
    files = [file.path for file in find_files([CORPUS]).files]
    assert len(files) >= 24
    assert {path.suffix for path in files} == {".md", ".html", ".pdf", ".txt"}
    assert sum(len(text_of(path.name).split()) for path in files) >= 15_000


def test_there_are_enough_questions() -> None:
    assert len(ANSWERABLE) >= 80
    assert len(QUESTIONS) - len(ANSWERABLE) >= 20
    assert sum(question.cross_language for question in ANSWERABLE) >= len(ANSWERABLE) / 3
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question.id)
def test_the_quote_is_verbatim(question: Question) -> None:
    assert question.quote in text_of(question.document)
