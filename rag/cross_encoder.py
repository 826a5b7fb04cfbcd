"""A CrossEncoder of sentence-transformers as the other choice for scoring hits again, compiled to ONNX.

It reads question and passage together, each hit anew: better than comparing vectors where the model is
good and was made for the languages at hand, at some 15 to 200 ms a hit by its size. `workshop.compile_pairs`
makes the folder that is read here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.embedding import DESCRIPTION, Precision, folder_name
from rag.errors import ModelError
from rag.onnx_graph import OnnxGraph
from rag.reranking import Hit, Reranker, SentenceReranker
from rag.sentence_vectors import SentenceVectors
from rag.settings import Settings

FloatArray = NDArray[np.float32]
Pair = tuple[str, str]
"""A question and a passage."""
SENTENCES = "sentences"
"""The setting's value that stands for the embedding model itself."""
LOGITS = "scores"
"""Name of the compiled model's output, shape (pairs, 1)."""


@dataclass(frozen=True, slots=True)
class PairModel:
    """What is known of a compiled CrossEncoder; kept as `cita.json` in its folder."""

    name: str
    source: str
    """Folder or hub name that sentence-transformers loads."""
    weights_sha256: str
    precision: Precision
    max_tokens: int
    inputs: tuple[str, ...]
    agreement: float = 1.0
    """Correlation of the compiled model's scores with the original's on sample pairs."""

    def write(self, folder: Path) -> None:
        """Keep the description in the model's folder."""
        (folder / DESCRIPTION).write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> PairModel | None:
        """The description in a model's folder, None where there is none."""
        path = folder / DESCRIPTION
        if not path.is_file():
            return None
        values = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**values, "inputs": tuple(values["inputs"])})


class PairScorer(Protocol):
    """Says how well a passage answers a question."""

    def logits(self, pairs: Sequence[Pair]) -> FloatArray:
        """Shape (pairs,); the more the better, comparable between pairs."""


class OnnxPairScorer:
    """A compiled CrossEncoder."""

    def __init__(self, folder: Path, model: PairModel, threads: int | None = None) -> None:
        self.graph = OnnxGraph(folder, model.inputs, model.max_tokens, threads)

    def logits(self, pairs: Sequence[Pair]) -> FloatArray:
        scores = self.graph.run_all(self.graph.pair_encodings(pairs), LOGITS)
        return np.asarray(scores, np.float32).reshape(len(pairs))


class TorchPairScorer:
    """The original on torch: for what cannot be compiled."""

    def __init__(self, source: Any) -> None:
        """Use a model that is open already, or load the one in a folder or of the hub."""
        from sentence_transformers import CrossEncoder

        self._model: Any = CrossEncoder(source, device="cpu") if isinstance(source, str) else source

    def logits(self, pairs: Sequence[Pair]) -> FloatArray:
        from torch.nn import Identity

        found = self._model.predict(list(pairs), activation_fn=Identity(), show_progress_bar=False)
        return np.asarray(found, np.float32).reshape(len(pairs))


class PairReranker:
    """Scores hits by a CrossEncoder alone."""

    def __init__(self, scorer: PairScorer) -> None:
        self._scorer = scorer

    def scores(self, question: str, vector: FloatArray, hits: Sequence[Hit]) -> list[float]:
        """Probabilities, whatever function the model's makers put behind its logits: the order is theirs."""
        logits = self._scorer.logits([(question, with_headings(hit)) for hit in hits]).astype(np.float64)
        return [float(one) for one in 1.0 / (1.0 + np.exp(-logits))]


def with_headings(hit: Hit) -> str:
    """A hit's text under the headings that say what it is about."""
    above = [one for one in hit.above if one and one not in hit.text]
    return "\n".join([" › ".join(above), hit.text] if above else [hit.text])


def cross_encoder_folder(settings: Settings) -> Path:
    """Where the compiled form of the CrossEncoder in `settings` is kept."""
    return settings.models_dir / "reranking" / folder_name(settings.reranker)


def open_reranker(settings: Settings, encoder: SentenceVectors) -> Reranker:
    """What scores hits again under `settings`.

    Args:
        encoder: for the embedding model itself, the usual choice.

    Raises:
        ModelError: the CrossEncoder has not been prepared.
    """
    if settings.reranker == SENTENCES:
        return SentenceReranker(encoder)
    folder = cross_encoder_folder(settings)
    model = PairModel.read(folder)
    if model is None:
        raise ModelError(f"The reranker {settings.reranker} is not prepared; run `cita prepare`.")
    return PairReranker(pair_scorer_in(folder, model, settings.embedding_threads))


def pair_scorer_in(folder: Path, model: PairModel, threads: int | None = None) -> PairScorer:
    """Open the compiled CrossEncoder in a folder."""
    if model.precision == "torch":
        return TorchPairScorer(model.source)
    return OnnxPairScorer(folder, model, threads)
