"""Questions in other words: what is kept of what the model writes, and what it changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.answering import Request
from rag.expansion import Expansion, expanded_vector
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
    assert np.array_equal(expanded_vector(QUESTION, [], TinyEmbedder()), vector(QUESTION))


def test_a_search_looks_near_the_rewritings_too_and_only_if_asked(tmp_path: Path) -> None:
    writer = Writer(OTHER)
    with tiny_core(tmp_path / "data") as core:
        core.library.write([staged("a", [OTHER]), staged("b", ["otra cosa"])])
        plain = core.retriever.rank(QUESTION)
        assert np.array_equal(core.retriever.search(QUESTION).question_vector, vector(QUESTION))
        core.retriever.expansion = Expansion(lambda: writer)
        without = core.retriever.search(QUESTION, expand=False)
        assert np.array_equal(without.question_vector, vector(QUESTION))
        assert writer.asked == 0
        near = core.retriever.search(QUESTION).question_vector
        assert writer.asked == 1
        expanded = core.retriever.rank(QUESTION, rewritings=core.retriever.expansion.rewritings(QUESTION))
        assert np.array_equal(near, expanded.vector)
    [chunk] = [one for one in plain.order if one.startswith("1-")]
    assert expanded.found.cosines[chunk] > plain.found.cosines[chunk] + 0.2
    assert np.linalg.norm(expanded.vector) == pytest.approx(1, abs=1e-5)


def test_a_question_for_another_generator_is_not_shown_to_the_settings_one(tmp_path: Path) -> None:
    writer = Writer(OTHER)
    with tiny_core(tmp_path / "data") as core:
        core.library.write([staged("a", [OTHER])])
        core.retriever.expansion = Expansion(lambda: writer)
        core.answerer.answer(Request(QUESTION, provider="llama-server"))
        assert writer.asked == 0
        core.answerer.answer(Request(QUESTION))
        assert writer.asked == 1
