"""An embedder that keeps the vectors of a set's questions, so that a second measurement takes seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rag.embedding import Embedder
from rag.vector_cache import VectorCache, rounded

FloatArray = NDArray[np.float32]


class RememberingEmbedder:
    """The embedder it is given, with questions through a cache."""

    def __init__(self, embedder: Embedder, cache: VectorCache) -> None:
        self.description = embedder.description
        self._embedder = embedder
        self._cache = cache

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        keys = [self._cache.key(f"query\0{text}") for text in texts]
        found = self._cache.get(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing:
            fresh = rounded(self._embedder.encode_queries(list(missing.values())))
            vectors = dict(zip(missing, fresh, strict=True))
            self._cache.put(vectors)
            found |= vectors
        return np.stack([found[key] for key in keys])

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        return self._embedder.encode_documents(texts)

    def token_vectors(self, texts: Sequence[str], kind: Literal["query", "document"]) -> list[FloatArray]:
        return self._embedder.token_vectors(texts, kind)

    def encode_with_pieces(self, texts: Sequence[str]) -> tuple[FloatArray, list[FloatArray]]:
        return self._embedder.encode_with_pieces(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.count_tokens(texts)

    def in_background(self) -> Embedder:
        return self._embedder.in_background()
