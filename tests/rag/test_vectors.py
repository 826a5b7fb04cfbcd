"""Chroma's collections: how they are searched."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rag import vectors
from rag.vectors import HNSW, VectorStore


def test_a_collection_made_by_other_figures_is_searched_as_far_as_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = np.random.default_rng(1).normal(size=(50, 8)).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    with monkeypatch.context() as before:
        before.setattr(vectors, "HNSW", {**HNSW, "ef_search": 10, "max_neighbors": 4})
        store = VectorStore(tmp_path / "chroma")
        store.add("some", [str(number) for number in range(50)], drawn)
        store.close()
    store = VectorStore(tmp_path / "chroma")
    assert [one for one, _cosine in store.nearest("some", drawn[7], 1)] == ["7"]
    figures = store._collection("some").configuration["hnsw"]
    assert (figures["ef_search"], figures["max_neighbors"]) == (HNSW["ef_search"], 4)
    store.close()


def test_a_larger_graph_is_searched_deeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "EACH", 20)
    drawn = np.random.default_rng(1).normal(size=(250, 8)).astype(np.float32)
    for count, times in ((20, 1), (21, 2), (250, vectors.DEEPEST)):
        store = VectorStore(tmp_path / "chroma")
        store.add("some", [str(number) for number in range(count)], drawn[:count])
        store.close()
        store = VectorStore(tmp_path / "chroma")
        assert len(store.nearest("some", drawn[7], 30)) == min(count, 30)
        figures = store._collection("some").configuration["hnsw"]
        assert figures["ef_search"] == times * vectors.DEPTH
        store.close()


@pytest.mark.parametrize("configuration", [{"hnsw": None, "spann": {"ef_search": 64}}, {"spann": {}}])
def test_a_server_with_another_index_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configuration: dict[str, Any]
) -> None:
    store = VectorStore(tmp_path / "chroma")
    there = SimpleNamespace(configuration=configuration, count=lambda: 3)
    with monkeypatch.context() as other:
        other.setattr(store._client, "get_or_create_collection", lambda name, **given: there)
        assert store.count("some") == 3
    store.close()
