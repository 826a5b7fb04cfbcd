"""Compiles a sentence-transformers model once, so that the running program needs no torch.

The whole pipeline of modules (transformer, pooling, dense, normalisation) becomes one ONNX graph with
two outputs, `sentence_embedding` (batch, dimensions) and `token_embeddings` (batch, pieces, width);
its matrices are then quantised to int8. The compiled vectors are held against the original's.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from filelock import FileLock

from rag.embedding import ModelDescription, OnnxEmbedder, Precision, compiled_folder, embedder_in, resolved
from rag.late_interaction import read_basis
from rag.settings import Settings
from workshop.basis import find_basis
from workshop.exporting import FULL, Progress, export, features, load, smallest_that_agrees
from workshop.packed_e5 import unpack
from workshop.quantising import weights_sha256
from workshop.weights import EMBEDDING_WEIGHTS, ensure_file

BUILT_IN = ("multilingual-e5-small", "intfloat/multilingual-e5-small")
LEAST_AGREEMENT = 0.99
SAMPLES = (
    "La atención pondera cada palabra de la frase según lo que aporta a las demás.",
    "The retriever ranks passages by the cosine between the question and each of them.",
    "En 1997 se publicó la red LSTM, que mantuvo su lugar durante veinte años.",
    "Price: 3.50 € per unit; order code AX-204; delivery within 14 days.",
    "def mean(values): return sum(values) / len(values)",
    "¿Qué temperatura conviene para respuestas que deben repetirse?",
    "Die Bibliothek öffnet um neun Uhr.",
    "short",
)
OUTPUTS = {"sentence_embedding": {0: "batch"}, "token_embeddings": {0: "batch", 1: "pieces"}}


def ensure_embedding_model(settings: Settings, on_progress: Progress) -> ModelDescription:
    """Compile the embedding model of `settings` unless that has been done.

    Raises:
        ModelError: the model cannot be had or loaded.
    """
    folder = compiled_folder(settings)
    found = _usable(folder)
    if found is not None and read_basis(folder) is not None:
        return found
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        found = _usable(folder)
        if found is None:
            found = _build(settings, folder, on_progress)
        if read_basis(folder) is None:
            on_progress("Looking where its word vectors differ", 0, 0)
            find_basis(folder, embedder_in(folder, found)).write(folder)
    return found


def _build(settings: Settings, folder: Path, on_progress: Progress) -> ModelDescription:
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        source = _source(settings, Path(scratch), on_progress)
        built = Path(scratch) / "built"
        built.mkdir()
        description = _compile(settings.embedding_model, source, built, on_progress)
        shutil.rmtree(folder, ignore_errors=True)
        built.rename(folder)
    return description


def _usable(folder: Path) -> ModelDescription | None:
    """What is known of the compiled model, None where there is none or its source has changed since."""
    description = ModelDescription.read(folder)
    if description is None:
        return None
    source = Path(description.source)
    if source.is_dir() and weights_sha256(description.source) != description.weights_sha256:
        return None
    return description


def _source(settings: Settings, scratch: Path, on_progress: Progress) -> str:
    name = settings.embedding_model
    if name not in BUILT_IN:
        return resolved(name)
    packed = ensure_file(EMBEDDING_WEIGHTS, settings.models_dir, on_progress)
    on_progress("Unpacking the embedding model", 0, 0)
    folder = scratch / "source"
    unpack(packed, folder)
    return str(folder)


def _compile(name: str, source: str, built: Path, on_progress: Progress) -> ModelDescription:
    from sentence_transformers import SentenceTransformer

    on_progress("Loading the embedding model", 0, 0)
    model = load(SentenceTransformer, source, "CITA_EMBEDDING_MODEL")
    original = np.asarray(model.encode(list(SAMPLES), prompt="", normalize_embeddings=True), np.float32)
    example = features(model, SAMPLES[:2])
    inputs = tuple(example)
    model.tokenizer.backend_tokenizer.save(str(built / "tokenizer.json"))

    def describe(precision: Precision, agreement: float, taken: tuple[str, ...]) -> ModelDescription:
        return ModelDescription(
            name=name,
            source=name if name in BUILT_IN else source,
            weights_sha256=weights_sha256(source),
            precision=precision,
            dimensions=original.shape[1],
            max_tokens=int(model.max_seq_length or 512),
            pad_id=int(model.tokenizer.pad_token_id or 0),
            inputs=taken,
            prompts={key: value for key, value in model.prompts.items() if value},
            agreement=agreement,
        )

    def agreement(taken: tuple[str, ...], precision: Precision) -> float:
        compiled = OnnxEmbedder(built, replace(describe(precision, 1.0, taken), prompts={}))
        return float(np.mean(np.sum(compiled.encode_documents(SAMPLES) * original, axis=1)))

    description = describe("torch", 1.0, inputs)
    # One text a run has no padding to mask, and masking nothing takes a twentieth of the time.
    without_mask = tuple(key for key in inputs if key != "attention_mask")
    for taken in dict.fromkeys((without_mask, inputs)):
        on_progress("Compiling the embedding model", 0, 0)
        if not export(model, {key: example[key] for key in taken}, OUTPUTS, built / FULL):
            continue
        agrees = partial(agreement, taken)
        precision, agreed = smallest_that_agrees(built, agrees, LEAST_AGREEMENT, on_progress)
        if precision != "torch":
            description = describe(precision, agreed, taken)
            break
    description.write(built)
    return description
