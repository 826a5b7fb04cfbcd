"""Scoring hits again: late interaction, what is kept of sentences, filling ahead."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from rag.core import Core
from rag.embedding import compiled_folder
from rag.filling import Filling
from rag.late_interaction import best_matches, fit_basis, read_basis
from rag.reranking import SENTENCE_WEIGHT, Hit, SentenceReranker, sentences_to_encode
from rag.sentence_vectors import SentenceVectors
from rag.vector_cache import VectorCache
from tests.rag.staging import TinyEmbedder
from workshop.basis import find_basis, vocabulary_strings

QUESTION = "¿Quién propuso la máscara causal?"
ABOUT = (
    "El transformador se presentó en un congreso. La sala estaba llena. "
    "La máscara causal la propusieron los mismos autores. Después hubo preguntas y un café."
)
BESIDE = "En el congreso hubo muchas preguntas sobre autores, salas y presentaciones de todo tipo."


def test_a_basis_keeps_the_directions_in_which_vectors_differ() -> None:
    drawn = np.random.default_rng(1)
    spread = drawn.normal(size=(500, 2)) @ np.array([[1.0, 0, 0, 0], [0, 0.5, 0, 0]])
    vectors = (spread + np.array([5.0, 5, 5, 5]) + 0.001 * drawn.normal(size=(500, 4))).astype(np.float32)
    basis = fit_basis(vectors, 2)
    assert np.allclose(np.abs(basis.directions), [[1, 0, 0, 0], [0, 1, 0, 0]], atol=0.06)
    assert np.allclose(np.linalg.norm(basis.project(vectors), axis=1), 1, atol=1e-5)


def test_late_interaction_takes_the_best_of_each_piece() -> None:
    question = np.array([[1.0, 0], [0, 1.0]], np.float32)
    pieces = np.array([[127, 0], [90, 90]], np.int8)
    assert best_matches(question, pieces) == pytest.approx((1 + 90 / 127) / 2)
    assert best_matches(question, pieces[:0]) == 0.0
    many = np.vstack([np.zeros((300_000, 2), np.int8), pieces])
    assert best_matches(question, many) == pytest.approx(best_matches(question, pieces))


def test_the_models_basis_is_made_of_its_own_vocabulary(core: Core) -> None:
    folder = compiled_folder(core.settings)
    kept = read_basis(folder)
    assert kept is not None
    assert kept.directions.shape == (96, core.embedder.description.dimensions)
    texts = vocabulary_strings(folder / "tokenizer.json")
    assert len(set(texts)) == len(texts) == 200
    again = find_basis(folder, core.embedder)
    assert np.allclose(again.mean, kept.mean, atol=1e-3)


def test_the_hit_with_the_right_sentence_wins_and_nothing_is_encoded_twice(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = core.sentences
    reranker = SentenceReranker(encoder)
    vector = core.embedder.encode_queries([QUESTION])[0]
    hits = [Hit(text, 0.8, 0.0, 0.0) for text in (BESIDE, ABOUT, "")]
    first = reranker.scores(QUESTION, vector, hits)
    assert first[1] > first[0] > first[2]
    assert not encoder.missing(sentences_to_encode(ABOUT))
    monkeypatch.setattr(core.embedder, "encode_with_pieces", None)
    assert reranker.scores(QUESTION, vector, hits) == first


def test_the_language_of_a_hit_is_taken_off(core: Core) -> None:
    reranker = SentenceReranker(core.sentences)
    vector = core.embedder.encode_queries([QUESTION])[0]
    plain, nearer = reranker.scores(QUESTION, vector, [Hit(ABOUT, 0.8, 0, 0), Hit(ABOUT, 0.8, 0, 0.02)])
    assert plain > nearer


def test_without_a_basis_sentences_alone_are_compared(tmp_path: Path) -> None:
    embedder = TinyEmbedder()
    encoder = SentenceVectors(VectorCache(tmp_path / "vectors.sqlite", embedder.description), embedder)
    asked = embedder.encode_queries(["a b."])[0]
    same, other = SentenceReranker(encoder).scores(
        "a b.", asked, [Hit(one, 0, 0, 0) for one in ("a b.", "c")]
    )
    assert same == pytest.approx(SENTENCE_WEIGHT, abs=0.01)
    assert same > other
    assert encoder.question_pieces("a b.") is None


def test_sentences_are_encoded_ahead_and_only_once(core: Core) -> None:
    document = core.library.catalogue.documents(limit=1)[0]
    text = core.library.catalogue.text(document.id).text
    chunk = core.library.catalogue.chunks(document.id)[0]
    sentences = sentences_to_encode(text[chunk.start : chunk.end])
    idle = Filling(core.library, lambda: core.sentences, most_chunks=0)
    assert idle.fill() == 0
    with Filling(core.library, lambda: core.sentences, most_chunks=10_000) as filling:
        waited = time.monotonic()
        while core.sentences.missing(sentences) and time.monotonic() - waited < 60:
            time.sleep(0.05)
    assert not core.sentences.missing(sentences)
    filling = Filling(core.library, lambda: core.sentences, most_chunks=10_000)
    filling.fill()
    assert Filling(core.library, lambda: core.sentences, most_chunks=10_000).fill() == 0
