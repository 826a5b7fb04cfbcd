"""Copies of the documents as they came, by their content's hash.

A page of a PDF can be drawn, and a document downloaded, when the file it came from is long gone.
"""

from __future__ import annotations

import os
from pathlib import Path


class Originals:
    """A folder of files named by their sha256."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, sha256: str, data: bytes) -> None:
        """Store bytes under their hash; does nothing where they are there."""
        path = self._path(sha256)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        partial.write_bytes(data)
        partial.replace(path)

    def read(self, sha256: str) -> bytes | None:
        """The bytes with this hash, None where they are not kept."""
        path = self._path(sha256)
        return path.read_bytes() if path.is_file() else None

    def remove(self, sha256: str) -> None:
        """Delete the bytes with this hash."""
        self._path(sha256).unlink(missing_ok=True)

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256
