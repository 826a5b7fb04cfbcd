"""Vectors by what they were made of, so that no text is embedded twice.

The key is a hash of the model's fingerprint and the text. Vectors are kept at half precision, and what
is indexed has gone through the same rounding, so an index rebuilt from the cache is the same index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.embedding import Embedder, ModelDescription
from rag.late_interaction import Pieces
from rag.sqlite import SqliteFile

FloatArray = NDArray[np.float32]
SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pieces (key BLOB PRIMARY KEY, vectors BLOB NOT NULL);
"""
KEY_BYTES = 20
VECTORS = "vectors.sqlite"
"""File in the data folder."""


class VectorCache:
    """The content-addressed vectors of one data folder."""

    def __init__(self, path: Path, model: ModelDescription) -> None:
        # Losing the last vectors with the power costs no more than computing them again.
        self._file = SqliteFile(path, SCHEMA, durable=False)
        self.dimensions = model.dimensions
        self._salt = model.fingerprint.encode()

    def key(self, text: str) -> bytes:
        """The key of a text under the current model, 20 bytes."""
        return hashlib.sha256(self._salt + text.encode("utf-8", "surrogatepass")).digest()[:KEY_BYTES]

    def documents(self, texts: Sequence[str], embedder: Embedder) -> tuple[FloatArray, int]:
        """Vectors of documents, shape (texts, dimensions), and how many had to be embedded."""
        keys = [self.key(text) for text in texts]
        found = self.get(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        found.update(self.embed(missing, embedder))
        shape = (0, embedder.description.dimensions)
        return (np.stack([found[key] for key in keys]) if keys else np.zeros(shape, np.float32)), len(missing)

    def embed(self, texts: Mapping[bytes, str], embedder: Embedder) -> dict[bytes, FloatArray]:
        """Embed texts by their keys, and keep the vectors."""
        if not texts:
            return {}
        fresh = rounded(embedder.encode_documents(list(texts.values())))
        vectors = dict(zip(texts, fresh, strict=True))
        self.put(vectors)
        return vectors

    def missing(self, keys: Sequence[bytes]) -> list[bytes]:
        """Those of some keys, each once and in order, that have no vector."""
        rows = self._file.rows_in("SELECT key FROM vectors WHERE key IN ({})", set(keys))
        there = {bytes(row["key"]) for row in rows}
        return [key for key in dict.fromkeys(keys) if key not in there]

    def stacked(self, keys: Sequence[bytes]) -> FloatArray:
        """The vectors of keys that are all there, shape (keys, dimensions)."""
        found = self.get(keys)
        shape = (0, self.dimensions)
        return np.stack([found[key] for key in keys]) if keys else np.zeros(shape, np.float32)

    def get(self, keys: Sequence[bytes]) -> dict[bytes, FloatArray]:
        """The vectors that are there for these keys."""
        rows = self._file.rows_in("SELECT key, vector FROM vectors WHERE key IN ({})", set(keys))
        halves = np.frombuffer(b"".join(row["vector"] for row in rows), np.float16)
        vectors = halves.astype(np.float32).reshape(len(rows), self.dimensions)
        return dict(zip((bytes(row["key"]) for row in rows), vectors, strict=True))

    def put(self, vectors: Mapping[bytes, FloatArray]) -> None:
        """Keep vectors under their keys."""
        with self._file.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO vectors VALUES (?, ?)",
                [(key, vector.astype(np.float16).tobytes()) for key, vector in vectors.items()],
            )

    def has(self, text: str) -> bool:
        """Whether a text's vector is there."""
        return self._file.row("SELECT 1 FROM vectors WHERE key = ?", [self.key(text)]) is not None

    def pieces(self, keys: Sequence[bytes], components: int) -> dict[bytes, Pieces]:
        """The word pieces, shape (pieces, components), that are there for these keys."""
        rows = self._file.rows_in("SELECT key, vectors FROM pieces WHERE key IN ({})", set(keys))
        return {
            bytes(row["key"]): np.frombuffer(row["vectors"], np.int8).reshape(-1, components) for row in rows
        }

    def pieces_of(self, keys: Sequence[bytes]) -> set[bytes]:
        """Those of some keys whose word pieces are there."""
        rows = self._file.rows_in("SELECT key FROM pieces WHERE key IN ({})", set(keys))
        return {bytes(row["key"]) for row in rows}

    def put_pieces(self, pieces: Mapping[bytes, Pieces]) -> None:
        """Keep word pieces under their texts' keys."""
        with self._file.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO pieces VALUES (?, ?)",
                [(key, vectors.tobytes()) for key, vectors in pieces.items()],
            )

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def rounded(vectors: FloatArray) -> FloatArray:
    """Vectors as half precision gives them back."""
    return vectors.astype(np.float16).astype(np.float32)
