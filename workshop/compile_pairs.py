"""Compiles a CrossEncoder once, as `workshop.compile` does the embedding model.

The graph's one output is `scores` (pairs, 1), the logits. What is compiled, its way of joining question and
passage included, is held against what the original makes of sample pairs; where they do not go together
(a language model that scores by its next word, say), the original is used on torch.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from rag.cross_encoder import (
    LOGITS,
    SENTENCES,
    OnnxPairScorer,
    PairModel,
    TorchPairScorer,
    cross_encoder_folder,
)
from rag.embedding import Precision, resolved
from rag.errors import ModelError
from rag.onnx_graph import TOKENIZER
from rag.settings import Settings
from workshop.compile import SAMPLES
from workshop.exporting import FULL, Progress, export, features, load, smallest_that_agrees
from workshop.quantising import weights_sha256

LEAST_AGREEMENT = 0.99
MOST_TOKENS = 512
SETTING = "CITA_RERANKER"
SCORING = ("ForSequenceClassification", "ForCausalLM", "ForConditionalGeneration")
"""What the architectures are called that can score a pair."""


def ensure_reranker(settings: Settings, on_progress: Progress) -> PairModel | None:
    """Compile the CrossEncoder of `settings` unless that has been done; None where they name none.

    Raises:
        ModelError: the model cannot be had or loaded, or does not score pairs.
    """
    if settings.reranker == SENTENCES:
        return None
    folder = cross_encoder_folder(settings)
    if (found := _usable(folder)) is not None:
        return found
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"), tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        if (found := _usable(folder)) is not None:
            return found
        built = Path(scratch) / "built"
        built.mkdir()
        model = _compile(settings.reranker, built, on_progress)
        shutil.rmtree(folder, ignore_errors=True)
        built.rename(folder)
    return model


def _usable(folder: Path) -> PairModel | None:
    """What is known of the compiled model, None where there is none or its source has changed since."""
    model = PairModel.read(folder)
    if model is None or (
        Path(model.source).is_dir() and weights_sha256(model.source) != model.weights_sha256
    ):
        return None
    return model


def _compile(name: str, built: Path, on_progress: Progress) -> PairModel:
    from sentence_transformers import CrossEncoder

    on_progress("Loading the reranker", 0, 0)
    source = resolved(name)
    model = load(CrossEncoder, source, SETTING)
    if not _has_a_head(model):
        raise ModelError(
            f"{name} was never trained to score pairs (an embedding model, it seems); {SETTING} needs a "
            "CrossEncoder."
        )
    if model.num_labels != 1:
        raise ModelError(
            f"{name} sorts pairs into {model.num_labels} classes; {SETTING} needs one that gives one score."
        )
    pairs = [(one, other) for one in SAMPLES for other in SAMPLES]
    example = features(model, pairs[:2])

    def describe(precision: Precision, agreement: float) -> PairModel:
        limit = min(int(model.max_seq_length or MOST_TOKENS), MOST_TOKENS)
        sha256 = weights_sha256(source)
        return PairModel(name, source, sha256, precision, limit, tuple(example), agreement)

    original = TorchPairScorer(model).logits(pairs)

    def agreement(precision: Precision) -> float:
        return _correlation(OnnxPairScorer(built, describe(precision, 1.0)).logits(pairs), original)

    on_progress("Compiling the reranker", 0, 0)
    described = describe("torch", 1.0)
    if _saved_tokenizer(model, built) and export(model, example, {LOGITS: {0: "batch"}}, built / FULL):
        described = describe(*smallest_that_agrees(built, agreement, LEAST_AGREEMENT, on_progress))
    described.write(built)
    return described


def _has_a_head(model: Any) -> bool:
    """Whether the weights come with what scores: a missing head would be made at random."""
    trained = getattr(model.config, "architectures", None)
    return not trained or any(kind in one for one in trained for kind in SCORING)


def _saved_tokenizer(model: Any, built: Path) -> bool:
    backend = getattr(model.tokenizer, "backend_tokenizer", None)
    if backend is None:
        return False
    backend.save(str(built / TOKENIZER))
    return True


def _correlation(one: Any, other: Any) -> float:
    """Pearson's, 0 where either does not vary."""
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
