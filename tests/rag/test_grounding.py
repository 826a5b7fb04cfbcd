"""Grounding with the real embedding model: what is said, what is not, and where."""

from __future__ import annotations

import pytest

from rag.answer import Passage
from rag.core import Core
from rag.facts import read_facts
from rag.grounding import Grounder, gather_evidence
from rag.names import names_of
from rag.sentence_vectors import SentenceVectors

SPANISH = (
    "El puente de Öresund se inauguró el 1 de julio de 2000. Mide 7845 metros y une Malmö con Copenhague. "
    "Lo diseñó George Rotne."
)
ENGLISH = "The Golden Gate Bridge opened in May 1937. Its main span is 1,280 metres long."


def passage(text: str, language: str, number: int) -> Passage:
    return Passage(
        document_id=f"d{number}", chunk_id=f"{number}-0", title="Puentes", source=f"{number}.txt", page=None,
        heading=(), start=100, end=100 + len(text), text=text, score=0.9, language=language,
    )  # fmt: skip


@pytest.fixture(scope="module")
def grounder(core: Core) -> Grounder:
    encoder = SentenceVectors(core.library.cache, core.embedder)
    evidence = gather_evidence([passage(SPANISH, "es", 1), passage(ENGLISH, "en", 2)], encoder)
    return Grounder(evidence, encoder, "es")


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("El puente de Öresund mide 7845 metros.", "Mide 7845 metros y une Malmö con Copenhague."),
        ("Se inauguró el 1 de julio de 2000.", "El puente de Öresund se inauguró el 1 de julio de 2000."),
        ("El Golden Gate se abrió en 1937.", "The Golden Gate Bridge opened in May 1937."),
        ("Su vano principal mide 1280 metros.", "Its main span is 1,280 metres long."),
    ],
)
def test_what_the_passages_say_is_supported_by_the_right_quote(
    grounder: Grounder, sentence: str, quote: str
) -> None:
    verdict = grounder.check(sentence)
    assert verdict.sentence.status == "supported"
    citation = grounder.citations[verdict.sentence.citations[0] - 1]
    assert citation.quote == quote
    text = SPANISH if citation.document_id == "d1" else ENGLISH
    assert text[citation.start - 100 : citation.end - 100] == quote


@pytest.mark.parametrize(
    "sentence",
    [
        "El puente de Öresund mide 9845 metros.",
        "El puente de Öresund une Malmö con Oslo.",
        "La receta lleva tres huevos y una cucharada de azúcar.",
        "",
    ],
)
def test_what_they_do_not_say_is_not(grounder: Grounder, sentence: str) -> None:
    assert grounder.check(sentence).sentence.status == "unsupported"


def test_a_thing_is_not_said_of_what_it_is_a_part_of(core: Core) -> None:
    encoder = SentenceVectors(core.library.cache, core.embedder)
    said = "Un modelo GPT es la mitad decodificadora del transformer, sin atención cruzada."
    grounder = Grounder(gather_evidence([passage(said, "es", 1)], encoder), encoder, "es")
    wrong = "Un transformer es la mitad decodificadora del transformer, sin atención cruzada."
    assert grounder.check(wrong).sentence.status == "unsupported"
    right = "GPT es la mitad decodificadora del transformer, sin atención cruzada."
    assert grounder.check(right).sentence.status == "supported"


def test_words_of_the_documents_are_supported_whatever_they_are(core: Core) -> None:
    encoder = SentenceVectors(core.library.cache, core.embedder)
    said = "Nunca, salvo en 1987: x = (a + b) / 2,5."
    grounder = Grounder(gather_evidence([passage(said, "es", 1)], encoder), encoder, "es")
    assert grounder.check(said).sentence.status == "supported"


def test_marks_of_the_documents_own_are_left_alone(core: Core) -> None:
    encoder = SentenceVectors(core.library.cache, core.embedder)
    said = "Attention was described in 2017 [12] by Vaswani and others."
    twice = [passage(said, "en", number) for number in (1, 2)]
    grounder = Grounder(gather_evidence(twice, encoder), encoder, "en")
    verdict = grounder.check(said)
    assert verdict.sentence.status == "supported"
    assert verdict.sentence.text == said
    again = grounder.check(f"{SPANISH} [2]")
    assert again.sentence.status == "unsupported"
    plain = [passage("BERT came out in 2018.", "en", number) for number in (1, 2)]
    second = Grounder(gather_evidence(plain, encoder), encoder, "en").check("BERT came out in 2018. [2]")
    assert second.sentence.status == "supported"
    assert second.new_citations[0].document_id == "d2"


def test_a_wrong_mark_of_the_generator_is_put_right(grounder: Grounder) -> None:
    verdict = grounder.check("Mide 7845 metros y une Malmö con Copenhague [2].")
    assert verdict.sentence.status == "re-attributed"
    assert "[" not in verdict.sentence.text


def test_numbers_are_the_same_however_they_are_written() -> None:
    def values(text: str, language: str = "es") -> set[float]:
        return {one.value for one in read_facts(text, language).quantities}

    assert values("37 600, 37.600 y 37,600") == {37600}
    assert values("3,5 y 3.5") == {3.5}
    assert values("el 12 de mayo de 2020") == {12, 2020}
    assert values("treinta y dos") == {32}
    assert values("twenty-one", "en") == {21}
    assert values("once") == {11}
    assert values("once a year", "en") == set()
    assert values("metro y medio") == {1.5}


def test_units_and_months_are_the_same_in_both_languages() -> None:
    spanish = read_facts("12 kilómetros el 3 de julio, un 5 por ciento", "es")
    english = read_facts("12 km on July 3, 5 percent", "en")
    assert spanish == english
    assert not read_facts("You may go", "en").calendar


def test_names_are_capitals_inside_a_sentence() -> None:
    assert names_of("El autor es Vaswani. Trabajó en Google.") == {"vaswani", "google"}
