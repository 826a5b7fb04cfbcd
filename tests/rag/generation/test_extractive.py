"""Answers that are sentences of the evidence."""

from __future__ import annotations

import pytest

from rag.generation.base import Evidence, Prompt, Sampling
from rag.generation.extractive import ExtractiveGenerator, best_sentences
from rag.generation.failures import GenerationError

FIRST = Evidence(1, "La atención fue propuesta por Bahdanau en 2014.", 0.90)
SECOND = Evidence(2, "Los transformadores prescinden de la recurrencia desde 2017.", 0.92)
WEAK = Evidence(3, "El pan se hornea a doscientos grados.", 0.30)


def answer(*evidence: Evidence) -> str:
    return "".join(ExtractiveGenerator().stream(Prompt("¿?", "es", evidence, ()), Sampling()))


def test_the_best_are_quoted_in_the_documents_order() -> None:
    assert answer(FIRST, WEAK, SECOND) == f"{FIRST.text} {SECOND.text}"


def test_what_was_said_is_not_said_again() -> None:
    again = Evidence(4, "La atención fue propuesta por Bahdanau, en 2014, en Montreal.", 0.89)
    assert best_sentences([FIRST, again]) == [FIRST]


def test_sentences_that_differ_in_a_number_only_are_not_the_same_fact_twice() -> None:
    other = Evidence(2, "En 2019 el modelo GPT-2 tenía 1500 millones de parámetros entrenados.", 0.88)
    assert best_sentences([FIRST, other]) == [FIRST, other]


def test_three_at_most_and_not_endless() -> None:
    distinct = [Evidence(1, f"{word} " * 6, 0.9) for word in ("lluvia", "nieve", "viento", "granizo")]
    assert len(best_sentences(distinct)) == 3
    long = [Evidence(1, f"{word} " * 90, 0.9) for word in ("lluvia", "nieve")]
    assert len(best_sentences(long)) == 1


def test_line_breaks_of_the_document_are_spaces() -> None:
    assert answer(Evidence(1, "Una frase\n  partida.", 0.9)) == "Una frase partida."


def test_without_evidence_there_is_no_answer() -> None:
    with pytest.raises(GenerationError) as caught:
        answer(Evidence(1, "  ", 0.9))
    assert caught.value.code == "empty_answer"


def test_what_says_nothing_by_itself_is_not_quoted_while_something_else_is_there() -> None:
    empty = [
        Evidence(1, text, 0.95) for text in ("1. Interpolar.", "¿Qué es la atención?", "Son tres partes:")
    ]
    assert best_sentences([*empty, FIRST]) == [FIRST]
    assert best_sentences(empty[:1]) == empty[:1]
