"""Turns a sentence-transformers model, an embedder or a CrossEncoder, into one ONNX graph."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.embedding import Precision
from rag.errors import ModelError
from rag.onnx_graph import MODEL
from workshop.quantising import quantise

OPSET = 17
FULL = "fp32.onnx"
Axes = Mapping[int, str]
"""Names of the axes that vary, by their number."""
Progress = Callable[[str, int, int], None]
"""Called with what is being done, the steps or bytes done and their total (0: unknown)."""


def load(kind: Callable[..., Any], source: str, setting: str) -> Any:
    """The model, ready to export.

    Args:
        kind: the class that loads it.
        source: folder or hub name.
        setting: the setting that named it.

    Raises:
        ModelError: it cannot be loaded.
    """
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        # Plain attention: the fused kinds do not export.
        return kind(source, device="cpu", model_kwargs={"attn_implementation": "eager"}).eval()
    except (OSError, ValueError) as error:
        raise ModelError(
            f"The model {source} cannot be loaded ({str(error).splitlines()[0]}); "
            f"{setting} takes a sentence-transformers folder or hub name."
        ) from error


def features(model: Any, texts: Sequence[Any]) -> dict[str, Any]:
    """The tensors that a model makes of texts, or of pairs of them."""
    made = model.preprocess(list(texts))
    return {key: value for key, value in made.items() if hasattr(value, "shape")}


def export(
    model: Any, example: Mapping[str, Any], outputs: Mapping[str, Mapping[int, str]], to: Path
) -> bool:
    """Write all modules of a model as one graph; False where it uses what ONNX cannot express.

    Args:
        model: its modules in order.
        example: its input tensors by name, shape (batch, pieces).
        outputs: names of what it gives, with the names of their axes that vary.
        to: the file to write.
    """
    import torch

    inputs = tuple(example)

    class Pipeline(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        """All modules of the model as one function of its input tensors."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: Any) -> tuple[Any, ...]:
            found = dict(zip(inputs, tensors, strict=True))
            for module in self.model:
                found = module(found)
            return tuple(found[name] for name in outputs)

    axes = {name: {0: "batch", 1: "pieces"} for name in inputs}
    try:
        with torch.no_grad(), warnings.catch_warnings():
            # What the tracer fixes (the modules' choices, not the tensors' sizes) is checked afterwards.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                Pipeline(),
                tuple(example.values()),
                str(to),
                input_names=list(inputs),
                output_names=list(outputs),
                dynamic_axes=axes | {name: dict(varying) for name, varying in outputs.items()},
                opset_version=OPSET,
                dynamo=False,
            )
    except (torch.onnx.errors.OnnxExporterError, RuntimeError, LookupError, TypeError, ValueError):
        # The last three are what a module says that misses an input.
        return False
    return True


def smallest_that_agrees(
    built: Path, agreement: Callable[[Precision], float], least: float, on_progress: Progress
) -> tuple[Precision, float]:
    """The smallest form of an exported model that agrees with its original, left as `model.onnx`.

    Args:
        built: the folder with the export, which goes.
        agreement: how far what is in the folder now agrees with the original.
        least: how far it has to.

    Returns:
        Its precision and agreement; "torch" where none agrees.
    """
    chosen: tuple[Precision, float] = ("torch", 1.0)
    precisions: tuple[Precision, ...] = ("int8", "fp32")
    for precision in precisions:
        on_progress(f"Checking the compiled model ({precision})", 0, 0)
        if precision == "int8":
            quantise(built / FULL, built / MODEL)
        else:
            shutil.copy(built / FULL, built / MODEL)
        if (found := agreement(precision)) >= least:
            chosen = precision, found
            break
    (built / FULL).unlink()
    return chosen
