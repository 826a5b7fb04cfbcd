"""The collection in two dimensions: its chunks' vectors on their two principal components.

Each language's mean is taken off first: a multilingual model keeps languages apart, and that would be
all that the first component shows. What is left is subject, so that the same subject lies in the same
place in every language.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.core import Core
from rag.records import FoundChunk, place_of

FloatArray = NDArray[np.float32]
MOST_POINTS = 4_000
"""Of a larger collection evenly spread chunks are drawn: more dots would only cover each other."""


@dataclass(frozen=True, slots=True)
class Map:
    """A collection's chunks as points."""

    version: str
    total: int
    """Chunks in the collection, of which not all may be drawn."""
    chunks: tuple[FoundChunk, ...]
    positions: FloatArray
    """Shape (chunks, 2), each axis within -1 to 1."""
    axes: FloatArray
    """Shape (dimensions, 2): what a centred vector is multiplied with."""
    means: Mapping[str, FloatArray]
    """Each language's mean vector; under the empty name that of all."""
    explained: float
    """Share of the variance that two dimensions show, 0 to 1."""

    def place(self, vector: FloatArray, language: str) -> tuple[float, float]:
        """Where a vector of that language falls."""
        x, y = (vector - self.means.get(language, self.means[""])) @ self.axes
        return float(np.clip(x, -1.1, 1.1)), float(np.clip(y, -1.1, 1.1))


class Maps:
    """The maps of one library's collections, each drawn once for each state of the collection."""

    def __init__(self, core: Core) -> None:
        self._library = core.library
        self._drawn: dict[str, Map] = {}
        self._lock = threading.Lock()

    def get(self, collection: str) -> Map | None:
        """The map as the collection is now; None for fewer than three chunks."""
        with self._library.searching.together(), self._lock:
            version = self._version(collection)
            known = self._drawn.get(collection)
            if known is not None and known.version == version:
                return known
            drawn = self._draw(collection, version)
            if drawn is not None:
                self._drawn[collection] = drawn
            return drawn

    def _version(self, collection: str) -> str:
        catalogue = self._library.catalogue
        newest = catalogue.documents(collection, limit=1, sort="ingested_at", descending=True)
        count = self._library.vectors.count(self._library.vector_collection(collection))
        model = self._library.model.fingerprint
        since = newest[0].ingested_at if newest else ""
        return f"{model} {since} {catalogue.count_documents(collection)} {count}"

    def _draw(self, collection: str, version: str) -> Map | None:
        place = self._library.vector_collection(collection)
        every = sorted(self._library.vectors.ids(place), key=place_of)
        ids = every[:: -(-len(every) // MOST_POINTS)] if every else []
        found = self._library.catalogue.found(ids)
        vectors = self._library.vectors.vectors(place, [one for one in ids if one in found])
        chunks = tuple(found[one] for one in vectors)
        if len(chunks) < 3:
            return None
        matrix = np.stack([vectors[chunk.chunk_id] for chunk in chunks]).astype(np.float32)
        return _project(version, len(every), chunks, matrix)


def _project(version: str, total: int, chunks: Sequence[FoundChunk], matrix: FloatArray) -> Map:
    languages = np.array([chunk.language for chunk in chunks])
    means = {str(one): matrix[languages == one].mean(axis=0) for one in np.unique(languages)}
    means[""] = matrix.mean(axis=0)
    centred = matrix - np.stack([means[chunk.language] for chunk in chunks])
    values, directions = np.linalg.eigh(centred.T @ centred)
    axes = directions[:, ::-1][:, :2]
    # An eigenvector's sign is arbitrary: fixed here, so that the same collection gives the same map.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])
    positions = centred @ axes
    # A few chunks far out would push all others together.
    reach = np.maximum(np.quantile(np.abs(positions), 0.995, axis=0), 1e-6)
    explained = float(values[-2:].sum() / max(float(values.sum()), 1e-9))
    return Map(
        version, total, tuple(chunks), np.clip(positions / reach, -1, 1).astype(np.float32),
        (axes / reach).astype(np.float32), means, explained,
    )  # fmt: skip
