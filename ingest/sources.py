"""Where documents come from: files, folders, addresses, and bytes that were handed over."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pathspec import GitIgnoreSpec

from ingest.outcomes import Outcome
from rag.errors import UnreadableError
from rag.lock import LOCK

IGNORE_FILE = ".citaignore"
ALWAYS_IGNORED = (
    ".*", "__pycache__/", "node_modules/", "*.partial", "*.part", "*.crdownload", "*~", "*.swp", "*.swx",
    "*.tmp", "~$*", "#*#", "4913", "*.bak",
)  # fmt: skip
"""What tools leave in folders; written as in `.gitignore`."""
MOST_FILE_BYTES = 500_000_000
STILL_SECONDS = (0.1, 0.4, 1.0)
"""How long a file that changed while it was read is left to settle, each time."""
FRESH_SECONDS = 0.05
_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Content:
    """A document's bytes as they were read."""

    data: bytes
    name: str
    """File name, for its extension and at worst its title."""
    modified_ns: int = 0


class Source(Protocol):
    """A document that is to come in."""

    @property
    def location(self) -> str:
        """What tells sources apart: an absolute path, an address."""

    @property
    def source(self) -> str:
        """What a reader knows it by."""

    @property
    def size(self) -> int:
        """Bytes, 0 where that is not known before it is read."""

    def read(self) -> Content:
        """The bytes.

        Raises:
            UnreadableError: they cannot be had, or are still being written.
        """


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file to be ingested."""

    path: Path
    location: str
    """Absolute path, or what stands for it."""
    source: str
    """The path as a reader knows it: relative to the working folder where it lies below that."""
    named: bool = True
    """Whether it was named itself, or found in a folder."""
    size: int = 0

    def read(self) -> Content:
        """The file's bytes, read while nobody wrote to it."""
        for wait in (*STILL_SECONDS, None):
            try:
                content, before, after = _read(self.path)
            except OSError as error:
                raise UnreadableError(f"It cannot be read ({error.strerror}).") from error
            if before == after:
                name = self.path.name if is_path(self.location) else self.source
                return Content(content, name, after[1])
            if wait is not None:
                time.sleep(wait)
        raise UnreadableError("It is still being written; ingest it again when it is complete.")


@dataclass(frozen=True, slots=True)
class GivenSource:
    """Bytes handed over with a name: standard input."""

    data: bytes
    name: str

    @property
    def location(self) -> str:
        """The name, marked as no path."""
        return f"given:{self.name}"

    @property
    def source(self) -> str:
        """The name."""
        return self.name

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)

    def read(self) -> Content:
        """The bytes."""
        return Content(self.data, self.name)


def given_file(path: Path, name: str) -> FileSource:
    """A file that holds what was handed over with a name: an upload."""
    return FileSource(path, f"given:{name}", name, True, _size(path))


@dataclass(frozen=True, slots=True)
class Found:
    """The files that some paths stand for, and the paths that could not be read."""

    files: list[FileSource]
    failures: list[Outcome]
    roots: list[str]
    """Absolute paths of the folders that were walked."""


def find_files(paths: Iterable[Path], *, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Found:
    """The files that files and folders stand for, each once, in a fixed order.

    Args:
        include: patterns as in `.gitignore`; where there are any, a folder gives only what matches.
        exclude: patterns as in `.gitignore` of what a folder does not give, beside its `.citaignore`.
    """
    found = Found([], [], [])
    seen: set[str] = set()
    for path in paths:
        if path.is_dir():
            found.roots.append(printable(os.path.realpath(path)))
            candidates = [(one, False) for one in _walk(path, include, exclude, found.failures)]
        elif os.path.lexists(path):
            candidates = [(path, True)]
        else:
            message = "there is no such file or folder; check the path"
            found.failures.append(Outcome(printable(str(path)), "failed", message))
            continue
        for one, named in candidates:
            location = os.path.realpath(one)
            if location not in seen:
                seen.add(location)
                found.files.append(
                    FileSource(one, printable(location), _display(location), named, _size(one))
                )
    return found


class Filter:
    """What a folder gives and what it does not, by patterns as in `.gitignore`."""

    def __init__(self, folder: Path, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        lines = [*ALWAYS_IGNORED, *exclude]
        ignore_file = folder / IGNORE_FILE
        if ignore_file.is_file():
            lines += ignore_file.read_text(encoding="utf-8", errors="replace").splitlines()
        self._ignored = GitIgnoreSpec.from_lines(lines)
        self._wanted = GitIgnoreSpec.from_lines(include) if include else None

    def folder(self, relative: str) -> bool:
        """Whether a folder below is entered."""
        return not self._ignored.match_file(f"{relative}/")

    def file(self, relative: str) -> bool:
        """Whether a file below is given."""
        wanted = self._wanted is None or self._wanted.match_file(relative)
        return bool(wanted) and not self._ignored.match_file(relative)


def _walk(
    folder: Path, include: Sequence[str], exclude: Sequence[str], failures: list[Outcome]
) -> Iterator[Path]:
    given = Filter(folder, include, exclude)

    def report(error: OSError) -> None:
        name = printable(str(error.filename))
        failures.append(Outcome(name, "failed", f"the folder cannot be read ({error.strerror})"))

    # Links to folders are not followed, so that none can lead round in a circle.
    for parent, folders, files in os.walk(folder, onerror=report):
        if LOCK in files:  # a library's own folder, which may hold the key to its server
            folders.clear()
            if parent == str(folder):
                message = "it is a library of Cita; name the folder of your documents"
                failures.append(Outcome(printable(parent), "failed", message))
            continue
        inside = os.path.relpath(parent, folder)
        prefix = "" if inside == "." else f"{inside}/"
        folders[:] = sorted(name for name in folders if given.folder(prefix + name))
        for name in sorted(files):
            if given.file(prefix + name):
                yield Path(parent, name)


def printable(name: str) -> str:
    """A path as text; bytes in it that are not UTF-8 are written as `\\xff`.

    Python keeps such bytes as lone surrogates, which neither SQLite nor JSON take.
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def is_path(location: str) -> bool:
    """Whether a location is a file's, and not an address or handed over."""
    return Path(location).is_absolute()


def still_there(location: str) -> bool:
    """Whether the file at a location exists; what is no file's location counts as there."""
    if not is_path(location) or os.path.lexists(location):
        return True
    if "\\x" not in location:
        return False
    as_bytes = _ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode()), location.encode())
    return os.path.lexists(as_bytes)


def _read(path: Path) -> tuple[bytes, tuple[int, int], tuple[int, int]]:
    """The bytes, and the file's size and time of change before and after they were read."""
    # Opening a pipe would wait for its other end.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        status = _settled(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError("It is no regular file but a device, a pipe or a socket.")
        if status.st_size > MOST_FILE_BYTES:
            raise UnreadableError(
                f"It has {status.st_size / 1e6:,.0f} MB, more than the {MOST_FILE_BYTES / 1e6:,.0f} MB "
                "that are read; split it."
            )
        data = file.read(MOST_FILE_BYTES + 1)
        after = os.fstat(descriptor)
    before = (status.st_size, status.st_mtime_ns)
    return data, before, (max(len(data), after.st_size), after.st_mtime_ns)


def _settled(descriptor: int) -> os.stat_result:
    """A file's status, a moment later if it was written to just now: more may be on its way."""
    status = os.fstat(descriptor)
    age = time.time() - status.st_mtime
    if not 0 <= age < FRESH_SECONDS:
        return status
    time.sleep(FRESH_SECONDS)
    later = os.fstat(descriptor)
    # Told apart from the later one, it is read again.
    return later if later.st_mtime_ns == status.st_mtime_ns else status


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _display(location: str) -> str:
    here = f"{Path.cwd()}{os.sep}"
    return printable(Path(location.removeprefix(here)).as_posix())
