"""The word index: folding, stemming, ranking, forgetting."""

from pathlib import Path

import pytest

from rag import words
from rag.stemming import distinct_stems, fold, stems, wanted, word_forms
from rag.words import WordEntry, WordIndex

TEXTS = {
    "1-0": ("es", "Los transformadores usan la atención; el código del pedido es AX-204."),
    "1-1": ("es", "La temperatura del muestreo cambia la respuesta."),
    "2-0": ("en", "Vaswani and others published the transformer in 2017."),
}


@pytest.fixture
def index(tmp_path: Path) -> WordIndex:
    opened = WordIndex(tmp_path / "words")
    opened.add(
        WordEntry(chunk, int(chunk[0]), "default", language, text, "")
        for chunk, (language, text) in TEXTS.items()
    )
    opened.commit()
    return opened


def test_words_are_found_by_stem_and_without_accents(index: WordIndex) -> None:
    assert index.search(wanted("transformador atencion"), "default", 5)[0][0] == "1-0"
    assert index.search(wanted("TEMPERATURAS"), "default", 5)[0][0] == "1-1"


@pytest.mark.parametrize("code", ["AX-204", "ax-204", "204"])
def test_codes_are_found(index: WordIndex, code: str) -> None:
    assert [one for one, _ in index.search(wanted(f"¿Qué es {code}?"), "default", 5)] == ["1-0"]


def test_names_are_found_across_languages(index: WordIndex) -> None:
    assert index.search(wanted("¿Qué publicó Vaswani en 2017?"), "default", 5)[0][0] == "2-0"


@pytest.mark.parametrize("typed", ["temperatrua", "tempeeratura", "tmperatura", "temperstura"])
def test_a_slip_of_the_finger_is_forgiven(index: WordIndex, typed: str) -> None:
    assert index.search(wanted(typed), "default", 5)[0][0] == "1-1"
    right = index.coverage(wanted("temperatura"), ["1-0", "1-1"])
    slipped = index.coverage(wanted(typed), ["1-0", "1-1"])
    assert slipped["1-0"] == 0
    assert 0 < slipped["1-1"] < right["1-1"]


def test_a_word_that_is_there_is_not_taken_for_another(index: WordIndex) -> None:
    index.add([WordEntry("3-0", 3, "default", "es", "La temporatura del vino.", "")])
    index.commit()
    assert [one for one, _ in index.search(wanted("temporatura"), "default", 5)] == ["3-0"]
    assert index.search(wanted("ax205"), "default", 5) == []


def test_scores_are_shares(index: WordIndex) -> None:
    hits = index.search(wanted("temperatura muestreo respuesta"), "default", 5)
    assert 0 < hits[0][1] <= 1
    assert index.search(wanted("palabras que ningún texto tiene: zzz"), "default", 5) == []


def test_another_collection_sees_nothing(index: WordIndex) -> None:
    assert index.search(wanted("Vaswani"), "other", 5) == []


def test_a_removed_revision_is_forgotten(index: WordIndex, tmp_path: Path) -> None:
    index.remove([1])
    index.commit()
    assert index.chunk_ids() == {"2-0"}
    index.close()
    assert WordIndex(tmp_path / "words").chunk_ids() == {"2-0"}


@pytest.mark.parametrize(
    "query", ['"', "*", "NEAR(", "col:x", "NOT", "a OR", "😀", "\u202e", "\x00", "-", "((("]
)
def test_query_syntax_is_text(index: WordIndex, query: str) -> None:
    assert index.search(wanted(query), "default", 5) == []


@pytest.mark.parametrize("typed", ["1.190", "1,190", "1190", "1’190", "١١٩٠"])
def test_a_number_is_one_word_however_it_is_written(typed: str) -> None:
    assert fold(typed) == ["1190"]
    assert word_forms(typed) == [["1190"]]
    assert stems(typed, "de")[0] == "1190"


@pytest.mark.parametrize("written", ["3.125", "3,125"])
@pytest.mark.parametrize("asked", ["3.125", "3,125", "3125", "125"])
def test_what_may_be_thousands_or_a_decimal_is_found_as_either(
    index: WordIndex, written: str, asked: str
) -> None:
    index.add([WordEntry("5-0", 5, "default", "es", f"Mide {written} metros.", "")])
    index.commit()
    assert [one for one, _ in index.search(wanted(asked), "default", 5)] == ["5-0"]
    assert index.coverage(wanted(asked), ["5-0"]) == {"5-0": pytest.approx(1.0)}


@pytest.mark.parametrize(("typed", "words"), [
    ("3,5", ["3.5", "3", "5"]), ("v2.0", ["v2.0", "v2", "0"]), ("1.234.56", ["1.234.56", "1", "234", "56"]),
    ("12.345.678", ["12345678"]), ("1,2", ["1.2", "1", "2"]), ("max_len", ["max_len", "max", "len"]),
    ("0.125", ["0.125", "0", "125"]), ("0,125", ["0.125", "0", "125"]),
    ("192.168.100.200", ["192.168.100.200", "192", "168", "100", "200"]),
    ("192.168.100.256", ["192168100256"]), ("10.000.000.000", ["10000000000"]),
    ("192,168,100,200", ["192168100200"]),
])  # fmt: skip
def test_decimals_versions_and_names_keep_their_parts(typed: str, words: list[str]) -> None:
    assert fold(typed) == words


@pytest.mark.parametrize(
    "asked", ["getUserName", "user name", "chunk tokens", "CITA_CHUNK_TOKENS", "http server"]
)
def test_the_words_inside_names_of_programs_are_found(index: WordIndex, asked: str) -> None:
    code = "def getUserName(HTTPServer): return CITA_CHUNK_TOKENS"
    index.add([WordEntry("4-0", 4, "default", "en", code, "")])
    index.commit()
    assert [one for one, _ in index.search(wanted(asked), "default", 5)] == ["4-0"]
    assert index.search(wanted("getServerName"), "default", 5) == []


def test_folding_and_stemming() -> None:
    assert fold("El Corazón, GPT-3.5") == ["el", "corazon", "gpt-3.5", "gpt", "3", "5"]
    assert stems("canciones", "es") == stems("canción", "es")
    assert stems("Straße", "xx") == ["strasse"]
    assert distinct_stems("Las canciones, GPT-3.5 y la canción", "es") == set(
        stems("las canciones GPT-3.5 y la", "es")
    )


def test_the_commonest_words_of_a_question_do_not_count_in_a_large_library(
    index: WordIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add(WordEntry(f"9-{i}", 9, "default", "es", f"La cosa número {i}.", "") for i in range(200))
    index.commit()
    assert len(index.search(wanted("la temperatura"), "default", 250)) == 202
    monkeypatch.setattr(words, "CHEAP", 100)
    hits = dict(index.search(wanted("la temperatura"), "default", 250))
    assert set(hits) == {"1-1"}
    assert index.coverage(wanted("la temperatura"), ["1-1", "9-0"]) == pytest.approx({"1-1": 1.0, "9-0": 0.0})
    # Where there is nothing else to look for, they do.
    assert len(index.search(wanted("la"), "default", 250)) == 202
