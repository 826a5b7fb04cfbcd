"""Questions made of documents: which sentences, which questions, which answers count."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest

from evaluation.making import is_answer, is_usable, make_questions, quotes
from evaluation.retrieval_sets import read_retrieval_set
from rag.core import Core
from rag.generation.llama_server import LlamaServerGenerator

QUOTE = "La torre mide 324 metros, no 325, y se levantó en París en 1889."


def test_quotes_are_sentences_of_the_documents_one_of_each_in_turn(core: Core) -> None:
    first = list(islice(quotes(core.library.catalogue, None, 1), 6))
    assert len({one.document for one in first}) == 6
    texts = [core.library.catalogue.text(one.id).text for one in core.library.catalogue.documents()]
    assert all(any(one.text in text for text in texts) for one in first)
    assert first == list(islice(quotes(core.library.catalogue, None, 1), 6))
    assert first != list(islice(quotes(core.library.catalogue, None, 2), 6))


@pytest.mark.parametrize(
    ("question", "usable"),
    [
        ("¿Cuánto mide la torre de París?", True),
        ("كم يبلغ ارتفاع برج إيفل في باريس؟", True),
        ("¿Cuánto mide esta?", False),
        ("La torre mide 324 metros.", False),
        ("¿Qué dice la frase sobre la torre Eiffel?", False),
        ("¿Cuánto mide la torre? ¿Y cuándo se levantó?", False),
        ("", False),
    ],
)
def test_a_question_stands_by_itself(question: str, usable: bool) -> None:
    assert is_usable(question) is usable


@pytest.mark.parametrize(
    ("answer", "right"),
    [("324 metros", True), ("326 metros", False), ("no", False), ("la torre", False), ("", False)],
)
def test_an_answer_stands_in_the_quote_and_not_in_the_question(answer: str, right: bool) -> None:
    assert is_answer(answer, "¿Cuánto mide la torre?", QUOTE) is right


def test_the_built_in_model_makes_questions_that_can_be_measured(
    core: Core, language_model: Path, tmp_path: Path
) -> None:
    generator = core.generators.get("llama-server")
    assert isinstance(generator, LlamaServerGenerator)
    made = list(make_questions(quotes(core.library.catalogue, None, 0), generator, 2))
    assert made
    for one in made:
        assert is_usable(one["question"])
        assert is_answer(one["answer"], one["question"], one["quote"])
    path = tmp_path / "made.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in made), encoding="utf-8")
    assert len(read_retrieval_set(path).questions) == len(made)
