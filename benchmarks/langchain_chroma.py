"""The usual pipeline at the same size: LangChain's retriever over Chroma, with the same embedding model."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.enlarging import Enlarged
from rag.core import Core
from rag.langchain import CitaEmbeddings

BATCH = 5000


def searched_by_peer(core: Core, enlarged: Enlarged, asked: Sequence[str], folder: Path) -> dict[str, Any]:
    """Milliseconds of a search for ten passages, with and without a filter, and of writing, in seconds."""
    from langchain_chroma import Chroma

    store = Chroma("peer", CitaEmbeddings(core.embedder), persist_directory=str(folder))
    started = time.perf_counter()
    rows: list[tuple[str, list[float], str, str]] = []
    for number, (texts, vectors, language) in enumerate(enlarged.documents()):
        pairs = zip(texts, vectors.tolist(), strict=True)
        rows += [(text, vector, language, f"{number}-{i}") for i, (text, vector) in enumerate(pairs)]
        if len(rows) >= BATCH:
            _add(store, rows)
            rows = []
    if rows:
        _add(store, rows)
    written = time.perf_counter() - started
    plain = store.as_retriever(search_kwargs={"k": 10})
    spanish = store.as_retriever(search_kwargs={"k": 10, "filter": {"language": "es"}})
    for question in asked[:10]:
        plain.invoke(question)
    return {
        "write_s": round(written, 1),
        "search_ms": _spread(plain, asked),
        "filter_spanish_ms": _spread(spanish, asked[:50]),
    }


def _add(store: Any, rows: Sequence[tuple[str, list[float], str, str]]) -> None:
    texts, vectors, languages, ids = zip(*rows, strict=True)
    # Past its own `add_texts`, which would embed every text anew.
    store._collection.add(
        ids=list(ids),
        embeddings=list(vectors),
        documents=list(texts),
        metadatas=[{"language": one} for one in languages],
    )


def _spread(retriever: Any, asked: Sequence[str]) -> dict[str, float]:
    times = []
    for question in asked:
        started = time.perf_counter()
        retriever.invoke(question)
        times.append(1000 * (time.perf_counter() - started))
    return {
        "median": round(statistics.median(times), 2),
        "p95": round(float(np.percentile(times, 95)), 2),
    }
