"""Questions in other words: what is kept of what the model writes, and what it changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.answering import Request
from rag.expansion import Expansion
from rag.generation.extractive import ExtractiveGenerator
from tests.rag.scripted import Writer
from tests.rag.staging import TinyEmbedder, staged, tiny_core, vector

QUESTION = "¿Cuánto mide la torre de 1893?"
OTHER = "¿Qué altura tiene la torre de 1893?"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (OTHER, [OTHER]),
        (f"1. {OTHER}\n- {OTHER}\n\n{QUESTION.lower()}", [OTHER]),
        ("¿Qué altura tiene la torre de 1983?", []),
        ("¿Qué altura tiene la torre?", []),
        ("a" * 400, []),
        (
            f"{OTHER}\n¿1893: altura de la torre?\n¿Mide mucho la torre de 1893?",
            [OTHER, "¿1893: altura de la torre?"],
        ),
        ("", []),
    ],
)
def test_what_asks_the_same_is_kept(written: str, kept: list[str]) -> None:
    assert Expansion(lambda: Writer(written)).rewritings(QUESTION) == kept


def test_without_a_language_model_a_question_stays_as_it_is() -> None:
    expansion = Expansion(ExtractiveGenerator)
    assert expansion.rewritings(QUESTION) == []
    assert np.array_equal(expansion.vector(QUESTION, TinyEmbedder()), vector(QUESTION))


def test_a_search_looks_near_the_rewritings_too_and_only_if_asked(tmp_path: Path) -> None:
    writer = Writer(OTHER)
    with tiny_core(tmp_path / "data") as core:
        core.library.write([staged("a", [OTHER]), staged("b", ["otra cosa"])])
        plain = core.retriever.rank(QUESTION)
        assert np.array_equal(plain.vector, vector(QUESTION))
        core.retriever.expansion = Expansion(lambda: writer)
        assert np.array_equal(core.retriever.rank(QUESTION, expand=False).vector, vector(QUESTION))
        assert writer.asked == 0
        expanded = core.retriever.rank(QUESTION)
    [chunk] = [one for one in plain.order if one.startswith("1-")]
    assert expanded.found.cosines[chunk] > plain.found.cosines[chunk] + 0.2
    assert np.linalg.norm(expanded.vector) == pytest.approx(1, abs=1e-5)
    assert writer.asked == 1


def test_a_question_for_another_generator_is_not_shown_to_the_settings_one(tmp_path: Path) -> None:
    writer = Writer(OTHER)
    with tiny_core(tmp_path / "data") as core:
        core.library.write([staged("a", [OTHER])])
        core.retriever.expansion = Expansion(lambda: writer)
        core.answerer.answer(Request(QUESTION, provider="llama-server"))
        assert writer.asked == 0
        core.answerer.answer(Request(QUESTION))
        assert writer.asked == 1
