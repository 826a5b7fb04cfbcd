"""Compiles a sentence-transformers model once, so that the running program needs no torch.

The whole pipeline of modules (transformer, pooling, dense, normalisation) becomes one ONNX graph with
two outputs, `sentence_embedding` (batch, dimensions) and `token_embeddings` (batch, pieces, width);
its matrices are then quantised to int8. The compiled vectors are held against the original's.
"""

from __future__ import annotations

import hashlib
import logging
import platform
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from rag.embedding import ModelDescription, OnnxEmbedder, Precision, compiled_folder, embedder_in
from rag.errors import ModelError
from rag.late_interaction import read_basis
from rag.settings import Settings
from workshop.basis import find_basis
from workshop.packed_e5 import unpack
from workshop.weights import EMBEDDING_WEIGHTS, ensure_file

BUILT_IN = ("multilingual-e5-small", "intfloat/multilingual-e5-small")
LEAST_AGREEMENT = 0.99
OPSET = 17
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
Progress = Callable[[str, int, int], None]
"""Called with what is being done, the steps or bytes done and their total (0: unknown)."""


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
    if source.is_dir() and _weights_sha256(source) != description.weights_sha256:
        return None
    return description


def _source(settings: Settings, scratch: Path, on_progress: Progress) -> str:
    name = settings.embedding_model
    if name not in BUILT_IN:
        return str(Path(name).resolve()) if Path(name).is_dir() else name
    packed = ensure_file(EMBEDDING_WEIGHTS, settings.models_dir, on_progress)
    on_progress("Unpacking the embedding model", 0, 0)
    folder = scratch / "source"
    unpack(packed, folder)
    return str(folder)


def _compile(name: str, source: str, built: Path, on_progress: Progress) -> ModelDescription:
    on_progress("Loading the embedding model", 0, 0)
    model = _load(source)
    original = np.asarray(model.encode(list(SAMPLES), prompt="", normalize_embeddings=True), np.float32)
    inputs = tuple(key for key in _features(model, ["x"]) if key != "modality")
    model.tokenizer.backend_tokenizer.save(str(built / "tokenizer.json"))

    def describe(precision: Precision, agreement: float, taken: tuple[str, ...]) -> ModelDescription:
        return ModelDescription(
            name=name,
            source=name if name in BUILT_IN else source,
            weights_sha256=_weights_sha256(Path(source)) if Path(source).is_dir() else "",
            precision=precision,
            dimensions=original.shape[1],
            max_tokens=int(model.max_seq_length or 512),
            pad_id=int(model.tokenizer.pad_token_id or 0),
            inputs=taken,
            prompts={key: value for key, value in model.prompts.items() if value},
            agreement=agreement,
        )

    description = describe("torch", 1.0, inputs)
    for taken, precision in _candidates(model, inputs, built, on_progress):
        on_progress(f"Checking the compiled model ({precision})", 0, 0)
        candidate = describe(precision, 1.0, taken)
        compiled = OnnxEmbedder(built, ModelDescription(**{**_fields(candidate), "prompts": {}}))
        agreement = float(np.mean(np.sum(compiled.encode_documents(SAMPLES) * original, axis=1)))
        if agreement >= LEAST_AGREEMENT:
            description = describe(precision, agreement, taken)
            break
    (built / "fp32.onnx").unlink(missing_ok=True)
    description.write(built)
    return description


def _candidates(
    model: Any, inputs: tuple[str, ...], built: Path, on_progress: Progress
) -> Iterator[tuple[tuple[str, ...], Precision]]:
    """Write `model.onnx` in one form after the other, the quickest first; its inputs and its precision."""
    # One text a run has no padding to mask, and masking nothing takes a twentieth of the time.
    without_mask = tuple(key for key in inputs if key != "attention_mask")
    for taken in dict.fromkeys((without_mask, inputs)):
        on_progress("Compiling the embedding model", 0, 0)
        if not _export(model, taken, built):
            continue
        _quantise(built / "fp32.onnx", built / "model.onnx")
        yield taken, "int8"
        shutil.copy(built / "fp32.onnx", built / "model.onnx")
        yield taken, "fp32"


def _fields(description: ModelDescription) -> dict[str, Any]:
    return {name: getattr(description, name) for name in ModelDescription.__dataclass_fields__}


def _load(source: str) -> Any:
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        # Plain attention: the fused kinds do not export.
        return SentenceTransformer(source, device="cpu", model_kwargs={"attn_implementation": "eager"}).eval()
    except (OSError, ValueError) as error:
        raise ModelError(
            f"The embedding model {source} cannot be loaded ({str(error).splitlines()[0]}); "
            "CITA_EMBEDDING_MODEL takes a sentence-transformers folder or hub name."
        ) from error


def _features(model: Any, texts: list[str]) -> dict[str, Any]:
    features = model.preprocess(texts)
    return {key: value for key, value in features.items() if hasattr(value, "shape")}


def _export(model: Any, inputs: tuple[str, ...], built: Path) -> bool:
    """Write `fp32.onnx`; False where the model uses what ONNX cannot express."""
    import torch

    class Pipeline(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        """All modules of the model as one function of its input tensors."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: Any) -> tuple[Any, Any]:
            features = dict(zip(inputs, tensors, strict=True))
            for module in self.model:
                features = module(features)
            return features["sentence_embedding"], features["token_embeddings"]

    outputs = ["sentence_embedding", "token_embeddings"]
    axes = {name: {0: "batch", 1: "pieces"} for name in (*inputs, "token_embeddings")}
    axes["sentence_embedding"] = {0: "batch"}
    example = _features(model, list(SAMPLES[:2]))
    try:
        with torch.no_grad(), warnings.catch_warnings():
            # What the tracer fixes (the modules' choices, not the tensors' sizes) is checked afterwards.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                Pipeline(),
                tuple(example[name] for name in inputs),
                str(built / "fp32.onnx"),
                input_names=list(inputs),
                output_names=outputs,
                dynamic_axes=axes,
                opset_version=OPSET,
                dynamo=False,
            )
    except (torch.onnx.errors.OnnxExporterError, RuntimeError, LookupError, TypeError, ValueError):
        # The last three are what a module says that misses an input.
        return False
    return True


def _quantise(full: Path, quantised: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # Its advice on pre-processing is about images.
    logging.getLogger().setLevel(logging.ERROR)
    quantize_dynamic(
        str(full),
        str(quantised),
        per_channel=True,
        reduce_range=not _has_wide_dot_product(),
        weight_type=QuantType.QInt8,
    )


def _has_wide_dot_product() -> bool:
    """Whether 8-bit products are summed in 32 bits at once (VNNI, or Arm): 7-bit weights waste a bit there.

    Elsewhere the sum of two products saturates at 16 bits unless the weights are kept to 7 bits.
    """
    if platform.machine().lower() in ("arm64", "aarch64"):
        return True
    processor = Path("/proc/cpuinfo")
    return processor.is_file() and "vnni" in processor.read_text(encoding="utf-8", errors="replace")


def _weights_sha256(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".safetensors", ".bin", ".json", ".model", ".txt"):
            digest.update(path.name.encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
