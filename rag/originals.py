"""Copies of the documents as they came, by their content's hash.

A page of a PDF can be drawn, and a document downloaded, when the file it came from is long gone.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import StoreError


class Originals:
    """A folder of files named by their sha256."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._staged = folder / "staged"

    def stage(self, sha256: str, data: bytes) -> None:
        """Keep bytes until their document is written; what is never adopted is cleared away."""
        if self._path(sha256).exists():
            return
        with self._translated():
            self._staged.mkdir(parents=True, exist_ok=True)
            (self._staged / sha256).write_bytes(data)

    def keep(self, sha256: str, data: bytes) -> None:
        """Store bytes under their hash at once."""
        self.stage(sha256, data)
        self.adopt(sha256)

    def adopt(self, sha256: str) -> None:
        """Keep staged bytes for good; does nothing where none are staged."""
        staged = self._staged / sha256
        if staged.exists():
            path = self._path(sha256)
            with self._translated():
                path.parent.mkdir(parents=True, exist_ok=True)
                staged.replace(path)

    def clear_staged(self) -> None:
        """Delete what was staged and never adopted."""
        shutil.rmtree(self._staged, ignore_errors=True)

    def read(self, sha256: str) -> bytes | None:
        """The bytes with this hash, None where they are not kept."""
        path = self._path(sha256)
        return path.read_bytes() if path.is_file() else None

    def remove(self, sha256: str) -> None:
        """Delete the bytes with this hash."""
        self._path(sha256).unlink(missing_ok=True)

    def hashes(self) -> set[str]:
        """The hashes of all bytes that are kept."""
        return {path.name for path in self._folder.glob("[0-9a-f][0-9a-f]/*")}

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"The copy of a document cannot be kept in {self._folder} ({error.strerror}); "
                "free some space on the disk or check its permissions. Nothing was lost."
            ) from error

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256
