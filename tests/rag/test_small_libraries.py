"""A library may be one note of one sentence: it answers too, and refuses what the note does not say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.pipeline import Ingestion
from rag.answering import Request
from rag.core import Core, open_core
from rag.settings import load_settings


@pytest.fixture(scope="module")
def note(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Core]:
    folder = tmp_path_factory.mktemp("note")
    (folder / "cielo.txt").write_text("El cielo es azul porque el aire dispersa la luz.", encoding="utf-8")
    settings = load_settings(data_dir=folder / "data", models_dir=models, llm="extractive")
    with open_core(settings) as core:
        assert not Ingestion(core).run([folder / "cielo.txt"]).failed
        yield core


@pytest.mark.parametrize("question", ["¿Por qué el cielo es azul?", "Why is the sky blue?"])
def test_one_sentence_answers(note: Core, question: str) -> None:
    given = note.answerer.answer(Request(question))
    assert not given["refused"]
    assert given["citations"][0]["quote"] == "El cielo es azul porque el aire dispersa la luz."


@pytest.mark.parametrize("question", ["¿Quién ganó el mundial de 1998?", "¿Por qué el mar es salado?"])
def test_one_sentence_does_not_answer_everything(note: Core, question: str) -> None:
    assert note.answerer.answer(Request(question))["refused"]
