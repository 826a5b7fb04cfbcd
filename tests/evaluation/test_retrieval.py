"""Measuring retrieval: the sets, the metrics, the paired test, the command and its report."""

from __future__ import annotations

import json
from math import log2
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.evaluate import app
from evaluation.configurations import Configuration, read_configuration
from evaluation.retrieval_metrics import difference, interval, measure
from evaluation.retrieval_report import told_apart
from evaluation.retrieval_sets import RetrievalQuestion, read_retrieval_set
from evaluation.typos import with_typo
from rag.errors import CitaError, InputError

DOCUMENTS = {
    "volcan": "El volcán Teide es la montaña más alta de España y está en Tenerife.",
    "queso": "El queso manchego se hace con leche de oveja y se cura durante dos meses.",
    "puente": "El puente colgante de Portugalete se abrió en 1893 y sigue en uso.",
    "vino": "La uva tempranillo da los vinos tintos de La Rioja.",
    "red": "Las redes recurrentes leen las palabras de una en una.",
}
QUESTIONS = {
    "q1": ("¿Cuál es la montaña más alta?", "volcan", "Teide"),
    "q2": ("¿De qué leche es el queso manchego?", "queso", "oveja"),
    "q3": ("¿Cuándo se abrió el puente «que nadie nombra»?", "puente", "1893"),
    "q4": ("¿Qué uva lleva el vino tinto?", "vino", "tempranillo"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "set" / "qrels").mkdir(parents=True)
    rows = [{"_id": key, "title": "", "text": text} for key, text in DOCUMENTS.items()]
    _write(tmp_path / "set" / "corpus.jsonl", rows)
    asked = [{"_id": key, "text": text, "answers": [gold]} for key, (text, _, gold) in QUESTIONS.items()]
    _write(tmp_path / "set" / "queries.jsonl", asked)
    lines = ["query-id\tcorpus-id\tscore", *(f"{key}\t{one[1]}\t1" for key, one in QUESTIONS.items())]
    (tmp_path / "set" / "qrels" / "test.tsv").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "set"


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")


def test_metrics_are_what_they_are_by_hand() -> None:
    questions = [RetrievalQuestion("a", "?", {"x": 1, "y": 2}), RetrievalQuestion("b", "?", {"z": 1})]
    values = measure(questions, [["y", "n", "x"], []])
    ideal = 2 + 1 / log2(3)
    assert values["nDCG@10"][0] == pytest.approx((2 + 1 / log2(4)) / ideal)
    assert values["R@1"].tolist() == [0.5, 0.0]
    assert values["R@5"].tolist() == [1.0, 0.0]
    assert values["RR@10"].tolist() == [1.0, 0.0]


def test_intervals_and_differences() -> None:
    values = np.array([0.0, 1.0] * 50)
    low, high = interval(values)
    assert 0.38 < low < 0.45 < 0.55 < high < 0.62
    same = difference(values, values)
    assert (same["mean"], same["p"]) == (0.0, 1.0)
    better = difference(np.ones(100), values)
    assert better["mean"] == 0.5
    assert better["low"] > 0.35
    assert better["p"] < 0.01


def test_a_set_is_read_with_the_questions_of_another(folder: Path, tmp_path: Path) -> None:
    given = read_retrieval_set(folder)
    assert (len(given.documents), len(given.questions)) == (5, 4)
    assert given.questions[0].relevant == {"volcan": 1}
    crossed = read_retrieval_set(folder, folder)
    assert crossed.key == given.key
    with pytest.raises(InputError, match=r"corpus\.jsonl"):
        read_retrieval_set(tmp_path)


@pytest.mark.parametrize(("grade", "said"), [("0", "relevant"), ("good", "grade")])
def test_a_set_without_usable_grades_is_refused(folder: Path, grade: str, said: str) -> None:
    lines = f"query-id\tcorpus-id\tscore\nq1\tvolcan\t{grade}\n"
    (folder / "qrels" / "test.tsv").write_text(lines, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_retrieval_set(folder)


@pytest.mark.parametrize("text", ["", "mode", "colour=red", "mode=best", "nothing.toml"])
def test_a_configuration_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(CitaError):
        read_configuration(text, Configuration("hybrid", 0.12, False, "sentences"))


def test_a_typing_error_is_one_slip_and_the_same_each_time() -> None:
    text = "¿Cuál es la montaña más alta?"
    slipped = with_typo(text)
    assert slipped != text
    assert abs(len(slipped) - len(text)) <= 1
    assert with_typo(text) == slipped
    assert with_typo("¿Y tú, por?") == "¿Y tú, por?"


def test_a_configuration_keeps_what_it_does_not_name() -> None:
    ours = Configuration("dense", 0.3, True, "sentences")
    assert read_configuration("mode=rrf,rerank=false", ours) == Configuration("rrf", 0.3, False, "sentences")


def test_a_plot_tells_configurations_apart_by_what_differs() -> None:
    ours = Configuration("hybrid", 0.12, False, "sentences")
    assert told_apart([ours]) == ["hybrid"]
    assert told_apart([ours, read_configuration("mode=rrf", ours)]) == ["hybrid", "rrf"]
    other = read_configuration("rerank=true", ours)
    assert told_apart([ours, other]) == ["rerank_search False", "rerank_search True"]


def test_the_command_measures_compares_and_reports(
    folder: Path, tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITA_DATA_DIR", str(tmp_path / "data"))
    page = tmp_path / "out.html"
    run = CliRunner().invoke(
        app, ["retrieval", str(folder), "--json", "--compare", "mode=lexical", "--report", str(page)]
    )
    assert run.exit_code == 0, run.output
    scores = json.loads(run.stdout)
    assert scores["n"] == 4
    assert set(scores["metrics"]) == {"nDCG@10", "R@1", "R@5", "R@10", "R@100", "RR@10"}
    # Also the question with a phrase that no document has.
    assert scores["metrics"]["R@5"] == 1.0
    assert scores["answer_in_5_passages"] == 1.0
    assert scores["compared"]["configuration"]["mode"] == "lexical"
    html = page.read_text(encoding="utf-8")
    assert "<svg" in html
    assert "http" not in html
    assert len(list((tmp_path / "data" / "reports").glob("retrieval-*.html"))) == 1
