"""Late interaction: for each word piece of a question its best cosine among a passage's pieces.

Khattab and Zaharia, "ColBERT", SIGIR 2020, with a model that was not trained for it: the pieces' vectors
share a large common part, which is taken out, and only the directions in which they differ most are kept
(`workshop.basis` finds both, once for each model). A passage's pieces are those of its sentences, each
encoded by itself, so that one pass gives the sentence's vector too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
Pieces = NDArray[np.int8]
"""Unit vectors in units of 1/127, shape (pieces, components)."""
BASIS = "basis.npz"
_UNIT = 127
_ALONE = 2**18
"""Multiplications that a matrix product does in the calling thread: waking others for so few takes longer."""


@dataclass(frozen=True, slots=True)
class Basis:
    """Where a model's piece vectors differ from one another."""

    mean: FloatArray
    """What they have in common, shape (dimensions,)."""
    directions: FloatArray
    """Orthogonal unit vectors, shape (components, dimensions)."""

    @property
    def components(self) -> int:
        """Numbers that are kept of a piece."""
        return len(self.directions)

    def project(self, vectors: FloatArray) -> FloatArray:
        """Unit vectors, shape (pieces, components), of piece vectors, shape (pieces, dimensions)."""
        kept = (vectors - self.mean) @ self.directions.T
        lengths = np.linalg.norm(kept, axis=-1, keepdims=True)
        projected: FloatArray = (kept / np.maximum(lengths, 1e-9)).astype(np.float32)
        return projected

    def packed(self, vectors: FloatArray) -> Pieces:
        """The projected vectors at a byte a number."""
        return np.round(self.project(vectors) * _UNIT).astype(np.int8)

    def write(self, folder: Path) -> None:
        """Keep the basis in its model's folder."""
        with (folder / BASIS).open("wb") as file:
            np.savez(file, mean=self.mean, directions=self.directions)


def read_basis(folder: Path) -> Basis | None:
    """The basis in a model's folder, None where there is none."""
    path = folder / BASIS
    if not path.is_file():
        return None
    with np.load(path) as file:
        return Basis(file["mean"], file["directions"])


def fit_basis(vectors: FloatArray, components: int) -> Basis:
    """The mean of piece vectors, shape (pieces, dimensions), and their first principal components."""
    mean = vectors.mean(axis=0)
    centred = (vectors - mean).astype(np.float64)
    _sizes, directions = np.linalg.eigh(centred.T @ centred)
    first = directions[:, ::-1][:, :components].T
    return Basis(mean.astype(np.float32), first.astype(np.float32))


def best_matches(question: FloatArray, pieces: Pieces) -> float:
    """The mean over the question's pieces of the best cosine with a passage's, 0 where either has none.

    Args:
        question: projected unit vectors, shape (pieces, components).
        pieces: the passage's, packed.
    """
    if not len(question) or not len(pieces):
        return 0.0
    rows = max(1, _ALONE // question.size)
    best = np.full(len(question), -np.inf, np.float32)
    for start in range(0, len(pieces), rows):
        cosines = question @ pieces[start : start + rows].astype(np.float32).T
        np.maximum(best, cosines.max(axis=1), out=best)
    return float(best.mean()) / _UNIT
