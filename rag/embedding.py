"""Texts to vectors, by a compiled sentence-transformers model on ONNX Runtime.

`workshop.compile` makes the folder that is read here; running it needs neither torch nor a network.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from copy import copy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelError
from rag.onnx_graph import OnnxGraph
from rag.settings import Settings

if TYPE_CHECKING:
    from tokenizers import Encoding

FloatArray = NDArray[np.float32]
DESCRIPTION = "cita.json"
COMPILED_FORM = 2
"""Changes when models are compiled otherwise than before, so that they are compiled again."""
Precision = Literal["int8", "fp32", "torch"]


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """What is known of a compiled embedding model; kept as `cita.json` in its folder."""

    name: str
    source: str
    """Folder or hub name that sentence-transformers loads."""
    weights_sha256: str
    precision: Precision
    dimensions: int
    max_tokens: int
    pad_id: int
    inputs: tuple[str, ...]
    prompts: dict[str, str] = field(default_factory=dict)
    agreement: float = 1.0
    """Mean cosine of the compiled vectors with the original's on sample texts."""

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change with anything that changes the vectors."""
        parts = [self.name, self.weights_sha256, self.precision, str(self.max_tokens), self.prompts]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    def prompt(self, kind: Literal["query", "document"]) -> str:
        """The text put in front of a query or document, empty where the model has none."""
        alternative = "passage" if kind == "document" else kind
        return self.prompts.get(kind) or self.prompts.get(alternative) or ""

    def write(self, folder: Path) -> None:
        """Keep the description in the model's folder."""
        (folder / DESCRIPTION).write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> ModelDescription | None:
        """The description in a model's folder, None where there is none."""
        path = folder / DESCRIPTION
        if not path.is_file():
            return None
        values = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**values, "inputs": tuple(values["inputs"])})


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    description: ModelDescription

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Vectors of documents, shape (texts, dimensions), each of length 1."""

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Vectors of questions, shape (texts, dimensions), each of length 1."""

    def token_vectors(self, texts: Sequence[str], kind: Literal["query", "document"]) -> list[FloatArray]:
        """For each text its word pieces' unit vectors, shape (pieces, dimensions), prompt left out."""

    def encode_with_pieces(self, texts: Sequence[str]) -> tuple[FloatArray, list[FloatArray]]:
        """Vectors of documents and their word pieces' from one pass, as the two methods above give them."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text by the model's own tokenizer, without prompt and special tokens."""

    def in_background(self) -> Embedder:
        """The same model for work that lets everything else go first."""


class OnnxEmbedder:
    """An embedder on ONNX Runtime."""

    def __init__(self, folder: Path, description: ModelDescription, threads: int | None = None) -> None:
        self.description = description
        self._graph = OnnxGraph(folder, description.inputs, description.max_tokens, threads)

    def in_background(self) -> OnnxEmbedder:
        behind = copy(self)
        behind._graph = self._graph.in_background()
        return behind

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        return self._encode(texts, self.description.prompt("document"))

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return self._encode(texts, self.description.prompt("query"))

    def token_vectors(self, texts: Sequence[str], kind: Literal["query", "document"]) -> list[FloatArray]:
        prompt = self.description.prompt(kind)
        encodings = self._graph.encodings([prompt + text for text in texts])
        states = self._graph.run_all(encodings, "token_embeddings")
        return [_pieces(*pair, prompt) for pair in zip(encodings, states, strict=True)]

    def encode_with_pieces(self, texts: Sequence[str]) -> tuple[FloatArray, list[FloatArray]]:
        prompt = self.description.prompt("document")
        encodings = self._graph.encodings([prompt + text for text in texts])
        both = self._graph.run_all(encodings, "sentence_embedding", "token_embeddings")
        vectors = [vector for vector, _states in both]
        shape = (0, self.description.dimensions)
        pieces = [_pieces(one, states, prompt) for one, (_, states) in zip(encodings, both, strict=True)]
        return _unit(np.stack(vectors)) if vectors else np.zeros(shape, np.float32), pieces

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._graph.count_tokens(texts)

    def _encode(self, texts: Sequence[str], prompt: str) -> FloatArray:
        if not texts:
            return np.zeros((0, self.description.dimensions), np.float32)
        encodings = self._graph.encodings([prompt + text for text in texts])
        return _unit(np.stack(self._graph.run_all(encodings, "sentence_embedding")))


def _pieces(encoding: Encoding, states: FloatArray, prompt: str) -> FloatArray:
    """Unit vectors of the pieces that are neither of the prompt nor special."""
    # Offsets count characters of the prompted text: what ends inside the prompt belongs to it.
    kept = [i for i, (start, end) in enumerate(encoding.offsets) if end > max(start, len(prompt))]
    return _unit(states[kept])


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: FloatArray = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit


class TorchEmbedder:
    """The original model on torch: the last resort, for what cannot be compiled."""

    def __init__(self, description: ModelDescription) -> None:
        from sentence_transformers import SentenceTransformer

        self.description = description
        self._model: Any = SentenceTransformer(description.source, device="cpu")

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        return self._encode(texts, self.description.prompt("document"))

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return self._encode(texts, self.description.prompt("query"))

    def token_vectors(self, texts: Sequence[str], kind: Literal["query", "document"]) -> list[FloatArray]:
        prompt = self.description.prompt(kind)
        states = self._model.encode(
            [prompt + text for text in texts], output_value="token_embeddings", show_progress_bar=False
        )
        return [_unit(np.asarray(state, np.float32)) for state in states]

    def encode_with_pieces(self, texts: Sequence[str]) -> tuple[FloatArray, list[FloatArray]]:
        return self.encode_documents(texts), self.token_vectors(texts, "document")

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(ids) for ids in self._model.tokenizer(list(texts), add_special_tokens=False)["input_ids"]]

    def in_background(self) -> TorchEmbedder:
        return self

    def _encode(self, texts: Sequence[str], prompt: str) -> FloatArray:
        if not texts:
            return np.zeros((0, self.description.dimensions), np.float32)
        prompted = [prompt + text for text in texts]
        return _unit(np.asarray(self._model.encode(prompted, show_progress_bar=False), np.float32))


def compiled_folder(settings: Settings) -> Path:
    """Where the compiled form of the embedding model in `settings` is kept."""
    return settings.models_dir / "embedding" / folder_name(settings.embedding_model)


def resolved(model: str) -> str:
    """A model's folder by its whole path, the same wherever a program runs; a hub name as it is."""
    return str(Path(model).resolve()) if Path(model).is_dir() else model


def folder_name(model: str) -> str:
    """What the compiled form of a model, a hub name or a folder, is called."""
    slug = "".join(c if c.isalnum() else "-" for c in Path(model).name.lower())
    mark = hashlib.sha256(f"{COMPILED_FORM} {resolved(model)}".encode()).hexdigest()[:8]
    return f"{slug}-{mark}"


def open_embedder(settings: Settings) -> Embedder:
    """Open the compiled embedding model.

    Raises:
        ModelError: the model has not been prepared or cannot be loaded.
    """
    folder = compiled_folder(settings)
    description = ModelDescription.read(folder)
    if description is None:
        raise ModelError(
            f"The embedding model {settings.embedding_model} is not prepared; run `cita prepare`."
        )
    return embedder_in(folder, description, settings.embedding_threads)


def embedder_in(folder: Path, description: ModelDescription, threads: int | None = None) -> Embedder:
    """Open the compiled model in a folder."""
    if description.precision == "torch":
        return TorchEmbedder(description)
    return OnnxEmbedder(folder, description, threads)
