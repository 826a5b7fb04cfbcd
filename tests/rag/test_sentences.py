"""Sentences: Spanish and English, other scripts, and time that grows with the text only."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sentences import settled_sentences, split_sentences

ONE_SENTENCE = [
    "El Dr. Gómez y la Sra. Ruiz llegaron tarde.",
    "Véase p. ej. el capítulo siguiente, pág. 12.",
    "Ocurrió en el 300 a. C. en la ciudad de Roma.",
    "Se trasladó a EE. UU. en 1999.",
    "Cuesta 3.5 euros, es decir, 1.000 céntimos de los de antes.",
    "J. R. R. Tolkien wrote it.",
    "See Fig. 3 and e.g. the work of Vaswani et al. (2017).",
    "The U.S. President spoke at 5 p.m. yesterday.",
    "Read https://example.org/a.b/c.html?x=1. for more",
    "The file config.toml and the folder .git are there.",
    "No. 5 is alive.",
    "He wrote … and then nothing.",
    '"¿Qué?" preguntó ella.',
    "It was signed by J. Smith and M. Jones of Acme Inc. of Boston.",
]
SEVERAL = [
    ("Hola. ¿Qué tal? ¡Bien! Adiós.", ["Hola.", "¿Qué tal?", "¡Bien!", "Adiós."]),
    ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
    ("It works. [1] The next one [2]. End.", ["It works. [1]", "The next one [2].", "End."]),
    ("Hay sal, etc. La siguiente.", ["Hay sal, etc.", "La siguiente."]),
    ("He lives in the U.S. The president too.", ["He lives in the U.S.", "The president too."]),
    ("Choose plan B. The end.", ["Choose plan B.", "The end."]),
    ("It is done. e5-small is quick.", ["It is done.", "e5-small is quick."]),
    ("Wait... What? Yes!", ["Wait...", "What?", "Yes!"]),
    ("(It is so.) Another.", ["(It is so.)", "Another."]),
    ("- uno\n- dos. Tres\n1. First item.", ["uno", "dos.", "Tres", "1. First item."]),
    ("Título\n\nTexto de un párrafo", ["Título", "Texto de un párrafo"]),
    ("a: 1 | b: 2\na: 3 | b: 4", ["a: 1 | b: 2", "a: 3 | b: 4"]),
    ("x = 1\ny = f(x).z\n", ["x = 1", "y = f(x).z"]),
    ("这是一句。这是第二句！真的？", ["这是一句。", "这是第二句！", "真的？"]),
    ("هل هذا سؤال؟ نعم.", ["هل هذا سؤال؟", "نعم."]),
    ("यह वाक्य है। दूसरा।", ["यह वाक्य है।", "दूसरा।"]),
    ("Released in 2017. It won.", ["Released in 2017.", "It won."]),
    ("", []),
    (" \n ", []),
]


def texts(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize("text", ONE_SENTENCE)
def test_keeps_one_sentence_whole(text: str) -> None:
    assert texts(text) == [text]


@pytest.mark.parametrize(("text", "expected"), SEVERAL)
def test_splits(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


def test_offsets_are_of_the_whole_text() -> None:
    text = "One. Two. Three."
    assert split_sentences(text, 5, 9) == [(5, 9)]


@given(st.text(alphabet=st.sampled_from("aB1 .!?\n\t…¿\"'()[]-•。ñ"), max_size=200))
def test_spans_are_in_order_trimmed_and_lose_no_word(text: str) -> None:
    spans = split_sentences(text)
    last = 0
    for start, end in spans:
        assert last <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        last = end
    kept = "".join(text[start:end] for start, end in spans)
    assert [mark for mark in kept if mark.isalnum()] == [mark for mark in text if mark.isalnum()]


@given(st.lists(st.sampled_from(["The", "end.", "U.S.", "Plan", "B.", "A", "[1]", "¿Qué?", "no.", "\n"])))
def test_settled_sentences_never_change(words: list[str]) -> None:
    text = " ".join(words)
    final = split_sentences(text)
    for cut in range(len(text) + 1):
        settled = settled_sentences(text[:cut])
        assert settled == final[: len(settled)]


@pytest.mark.parametrize(
    "text",
    [
        "." * 1_000_000,
        ". " * 500_000,
        "a" * 1_000_000,
        '?"' * 500_000,
        "- " * 500_000,
        " [1]." * 200_000,
        "\n" * 1_000_000,
        "Una frase normal de diez palabras, más o menos. " * 21_000,
    ],
    ids=lambda text: repr(text[:4]),
)
def test_takes_time_that_grows_with_the_text_only(text: str) -> None:
    before = time.process_time()
    split_sentences(text)
    assert time.process_time() - before < 5
