"""The figures of answers, on answers made up for the purpose, and the set's own files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evaluation.answer_sets import AnsweredQuestion, read_answer_set, sample
from evaluation.answers import evaluate_answers, token_f1
from evaluation.answers_report import report
from evaluation.grounding_pairs import read_pairs
from rag.errors import InputError

QUESTIONS = [
    AnsweredQuestion("1", "¿Cuánto mide el puente de la ciudad?", ("7845 metros",), frozenset(["a"])),
    AnsweredQuestion("2", "¿Quién lo pintó de rojo aquel año?", (), frozenset(), unanswerable=True),
]


def answer(text: str, document: str, *, refused: bool = False) -> dict[str, Any]:
    sentence = {"text": text, "status": "supported", "citations": [1]}
    return {
        "answer": text + " [1]",
        "refused": refused,
        "language": "es",
        "sentences": [] if refused else [sentence],
        "citations": [] if refused else [{"number": 1, "document_id": document, "quote": text}],
        "timings_ms": {"first_token": 900, "total": 2000},
        "details": {"prompt_tokens": 300, "answerable": 0.1 if refused else 0.9},
    }


def ask(question: str, hidden: frozenset[str]) -> dict[str, Any]:
    if hidden or "pintó" in question:
        return answer("Los documentos no lo dicen.", "", refused=True)
    return answer("El puente mide 7845 metros.", "A")


def test_the_figures_of_right_answers_and_right_refusals() -> None:
    scores = evaluate_answers(QUESTIONS, ask, {"a": "A"})
    assert scores["n"] == 2
    assert scores["answer_contains_gold"] == scores["citation_precision"] == scores["citation_coverage"] == 1
    assert scores["refusal_recall"] == scores["refusal_recall_hidden"] == 1
    assert scores["refusal_recall_unanswerable"] == 1
    assert scores["false_refusal"] == 0
    assert scores["language_right"] == 1
    assert scores["first_token_s"]["median"] == 0.9
    assert scores["total_s"] == {"median": 2.0, "p90": 2.0}
    assert len(scores["rows"]) == 3


def test_the_report_escapes_what_it_shows() -> None:
    questions = [AnsweredQuestion("<script>", "<b>?", ("x",), frozenset())]
    scores = evaluate_answers(questions, ask, {})
    page = report("t", scores, 0.3)
    assert "<script>" not in page
    assert "&lt;b&gt;?" in page
    assert "http" not in page


def test_word_overlap() -> None:
    assert token_f1("El puente mide 7845 metros", "7845 metros") == pytest.approx(2 / 3)
    assert token_f1("nada", "7845 metros") == 0


def test_a_folder_in_the_beir_layout(tmp_path: Path) -> None:
    document = {"_id": "d", "title": "T", "text": "texto"}
    query = {"_id": "q", "text": "¿?", "answers": ["x"], "unanswerable": True}
    (tmp_path / "corpus.jsonl").write_text(json.dumps(document) + "\n", encoding="utf-8")
    (tmp_path / "queries.jsonl").write_text(json.dumps(query) + "\n", encoding="utf-8")
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n", encoding="utf-8")
    found = read_answer_set(tmp_path)
    assert found.documents[0].text == "texto"
    assert found.questions == [AnsweredQuestion("q", "¿?", ("x",), frozenset(["d"]), unanswerable=True)]
    (tmp_path / "corpus.jsonl").unlink()
    with pytest.raises(InputError):
        read_answer_set(tmp_path)


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    questions = [AnsweredQuestion(str(i), "¿?", (), frozenset()) for i in range(50)]
    assert sample(questions, 10, 3) == sample(questions, 10, 3)
    assert sample(questions, 10, 3) != sample(questions, 10, 4)


def test_the_labelled_pairs_are_balanced_and_their_halves_apart() -> None:
    pairs = read_pairs()
    assert len(pairs) >= 300
    assert sum(pair.supported for pair in pairs) * 2 == len(pairs)
    passages = {part: {pair.passage_id for pair in pairs if pair.part == part} for part in ("tune", "report")}
    assert not passages["tune"] & passages["report"]
    assert {pair.sentence_language for pair in pairs} == {"es", "en"}
