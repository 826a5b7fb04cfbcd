"""Quantises an ONNX model to int8 as suits the processor, and tells models apart by their weights."""

from __future__ import annotations

import hashlib
import logging
import platform
from pathlib import Path


def quantise(full: Path, quantised: Path) -> None:
    """Write the model in `full` with its matrices in 8 bits."""
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


def weights_sha256(source: str) -> str:
    """Hash of what is in a model's folder; empty for a hub's name."""
    folder = Path(source)
    if not folder.is_dir():
        return ""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".safetensors", ".bin", ".json", ".model", ".txt"):
            digest.update(path.name.encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
