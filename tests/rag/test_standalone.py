"""Follow-up questions are told from others, and made understandable by themselves."""

from __future__ import annotations

import pytest

from rag.generation.extractive import ExtractiveGenerator
from rag.standalone import Exchange, leans_on_history, standalone_question
from tests.rag.scripted import Writer

HISTORY = (Exchange("¿Cuántos tokens por palabra gasta el español?", "Gasta 1,6 tokens por palabra."),)


@pytest.mark.parametrize(
    "question",
    ["¿y en inglés?", "why?", "¿Por qué?", "And in Spanish?", "What about BM25?",
     "¿Cuándo la inventaron ellos?",
     "Explain that in more detail", "¿Cómo se calcula eso?", "How does it work?", "more details please",
     "¿Quién es él?", "What are the advantages?", "¿Cuáles son las diferencias?", "BERT?", "How large?",
     "What is it?", "¿Cuándo se publicó?"],
)  # fmt: skip
def test_a_question_that_leans_on_history_is_known(question: str) -> None:
    assert leans_on_history(question)


@pytest.mark.parametrize(
    "question",
    ["¿Qué es la atención de varias cabezas?", "How many parameters did GPT-2 have?", "",
     "¿Cuántos tokens por palabra gasta el español?", "Who wrote the paper on scaling laws?",
     "¿Qué es la atención?", "What is attention?", "What do k1 and b do in BM25?", "¿Qué es BPE?",
     "¿Para qué sirve un tokenizador?", "Explain HNSW", "¿Qué son los transformers?"],
)  # fmt: skip
def test_a_question_that_stands_alone_is_left_as_it_is(question: str) -> None:
    assert not leans_on_history(question)
    writer = Writer("Something else?")
    assert standalone_question(question, HISTORY, writer) == question
    assert writer.asked == 0


def test_a_follow_up_is_rewritten() -> None:
    rewritten = "¿Cuántos tokens por palabra gasta el inglés?"
    assert standalone_question("¿y el inglés?", HISTORY, Writer(f'"{rewritten}"\nNote: …')) == rewritten


@pytest.mark.parametrize(
    "written", ["¿Cuántos habitantes tiene Quito?", "", "¿Cuántos tokens por palabra gasta?", "x" * 400]
)
def test_a_rewriting_that_lost_the_question_is_not_used(written: str) -> None:
    joined = "¿Cuántos tokens por palabra gasta el español? ¿y el inglés?"
    assert standalone_question("¿y el inglés?", HISTORY, Writer(written)) == joined


def test_without_a_model_the_question_before_goes_in_front() -> None:
    joined = "¿Cuántos tokens por palabra gasta el español? why?"
    assert standalone_question("why?", HISTORY, ExtractiveGenerator()) == joined
    assert standalone_question("why?", (), ExtractiveGenerator()) == "why?"
