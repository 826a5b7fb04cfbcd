"""Chroma, met here only: the vectors of chunks, by chunk id, under cosine distance.

One Chroma collection holds one of Cita's collections as one embedding model sees it, so that neither a
choice of collection nor a change of model costs a filter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from rag.errors import StoreError
from rag.sqlite import require_free

FloatArray = NDArray[np.float32]
BATCH = 5000
"""Records a call; Chroma takes 5,461 at most."""
DEPTH = 1000
HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": DEPTH, "max_neighbors": 32}
"""The graph must find what exact search finds among chunks that are much alike (`benchmarks.search`): of
100,000 it has all of the ten nearest, with 128, 256 and 24 nine of ten."""
EACH, DEEPEST = 100_000, 8
"""Vectors for which the graph is searched as far again, and how many times at most: of the ten nearest of a
million it has 71 % when it is searched 1,000 deep, 92 at 4,000 and 98 from 8,000 on."""


class VectorStore:
    """The vectors of one data folder's chunks."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        """Open Chroma embedded in `folder`, or the Chroma server at `url`.

        Raises:
            StoreError: the folder is damaged or the server cannot be reached.
        """
        if url is None:
            require_free(folder / "chroma.sqlite3")
        self._where = url or str(folder)
        self._collections: dict[str, Any] = {}
        with self._translated():
            self._client = _open_client(folder, url)

    def add(self, collection: str, ids: Sequence[str], vectors: FloatArray) -> None:
        """Store unit vectors, shape (ids, dimensions); an id already there is replaced."""
        with self._translated():
            target = self._collection(collection)
            for start in range(0, len(ids), BATCH):
                part = slice(start, start + BATCH)
                target.upsert(ids=list(ids[part]), embeddings=vectors[part])

    def remove(self, collection: str, ids: Sequence[str]) -> None:
        """Remove vectors; ids that are not there are passed over."""
        with self._translated():
            target = self._collection(collection)
            for start in range(0, len(ids), BATCH):
                target.delete(ids=list(ids[start : start + BATCH]))

    def nearest(
        self, collection: str, vector: FloatArray, limit: int, among: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """The ids nearest to a unit vector with their cosines, best first, ties by id.

        Args:
            among: look at these ids only.
        """
        with self._translated():
            target = self._collection(collection)
            found = target.query(
                query_embeddings=vector[None, :],
                n_results=limit,
                include=["distances"],
                ids=list(among) if among is not None else None,
            )
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return sorted(((one, 1.0 - float(d)) for one, d in pairs), key=lambda hit: (-hit[1], hit[0]))

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, FloatArray]:
        """The stored vectors of those ids that are there."""
        found: dict[str, FloatArray] = {}
        with self._translated():
            target = self._collection(collection)
            for start in range(0, len(ids), BATCH):
                part = target.get(ids=list(ids[start : start + BATCH]), include=["embeddings"])
                found.update(zip(part["ids"], np.asarray(part["embeddings"], np.float32), strict=True))
        return found

    def ids(self, collection: str) -> Iterator[str]:
        """Every id in a collection, in pages."""
        offset = 0
        while True:
            with self._translated():
                page = self._collection(collection).get(limit=BATCH, offset=offset, include=[])["ids"]
            yield from page
            if len(page) < BATCH:
                return
            offset += BATCH

    def count(self, collection: str) -> int:
        """Vectors in a collection."""
        with self._translated():
            counted: int = self._collection(collection).count()
        return counted

    def names(self) -> list[str]:
        """The collections that Chroma holds."""
        with self._translated():
            return [one.name for one in self._client.list_collections()]

    def drop(self, collection: str) -> None:
        """Remove a whole collection."""
        self._collections.pop(collection, None)
        if collection in self.names():
            with self._translated():
                self._client.delete_collection(collection)

    def close(self) -> None:
        """Let go of Chroma's files."""
        self._collections.clear()
        close: Callable[[], None] | None = getattr(self._client, "close", None)
        if close is not None:
            close()

    def _collection(self, name: str) -> Any:
        if name not in self._collections:
            found = self._client.get_or_create_collection(
                name, embedding_function=None, configuration={"hnsw": dict(HNSW)}
            )
            # A graph that was built by other figures stays as it is; how far it is searched may change, from
            # when it is next opened. Some servers have another index, which has no such figures.
            figures = found.configuration.get("hnsw")
            if figures and figures.get("ef_search") != (depth := _depth(found.count())):
                found.modify(configuration={"hnsw": {"ef_search": depth}})
            self._collections[name] = found
        return self._collections[name]

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from chromadb.errors import ChromaError

        try:
            yield
        except (ChromaError, ValueError, OSError) as error:
            if "disk is full" in str(error) or "No space left" in str(error):
                raise StoreError(
                    f"The disk that holds {self._where} is full; free some space and try again. "
                    "Nothing was lost."
                ) from error
            raise StoreError(
                f"Chroma at {self._where} failed ({_first_line(error)}); "
                "run `cita check`, then `cita repair`."
            ) from error


def _depth(count: int) -> int:
    """How far the graph of so many vectors is searched."""
    return DEPTH * min(max(1, -(-count // EACH)), DEEPEST)


def _open_client(folder: Path, url: str | None) -> Any:
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient
    from chromadb.config import Settings

    quiet = Settings(anonymized_telemetry=False)
    if url is None:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            return chromadb.PersistentClient(str(folder), settings=quiet)
        except BaseException:
            # Chroma keeps what it could not open, and would hand it out at the next try.
            SharedSystemClient._identifier_to_system.pop(str(folder), None)
            raise
    parts = urlsplit(url)
    ssl = parts.scheme == "https"
    port = parts.port or (443 if ssl else 8000)
    return chromadb.HttpClient(parts.hostname or "localhost", port, ssl=ssl, settings=quiet)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
