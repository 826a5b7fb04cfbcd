"""Where documents come from: files, folders, addresses, and bytes that were handed over."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pathspec import GitIgnoreSpec

from ingest.outcomes import Outcome
from ingest.reading import read_settled
from rag.lock import LOCK

IGNORE_FILE = ".citaignore"
ALWAYS_IGNORED = (
    ".*", "__pycache__/", "node_modules/", "*.partial", "*.part", "*.crdownload", "*~", "*.swp", "*.swx",
    "*.tmp", "~$*", "#*#", "4913", "*.bak",
)  # fmt: skip
"""What tools leave in folders; written as in `.gitignore`."""
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
        data, modified_ns = read_settled(self.path)
        name = self.path.name if is_path(self.location) else self.source
        return Content(data, name, modified_ns)


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
    here = f"{Path.cwd()}{os.sep}"
    for path in paths:
        if path.is_dir():
            found.roots.append(printable(os.path.realpath(path)))
            candidates = _walk(path, include, exclude, found.failures)
        elif os.path.lexists(path):
            candidates = iter([(str(path), os.path.realpath(path), _size(path))])
        else:
            message = "there is no such file or folder; check the path"
            found.failures.append(Outcome(printable(str(path)), "failed", message))
            continue
        named = not path.is_dir()
        for one, location, size in candidates:
            if location not in seen:
                seen.add(location)
                found.files.append(
                    FileSource(Path(one), printable(location), _display(location, here), named, size)
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
) -> Iterator[tuple[str, str, int]]:
    """The files of a folder: path, real path, bytes."""
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
        # Plain text: making a path of each part takes as long as reading a short file.
        start, real = (f"{one.rstrip(os.sep)}{os.sep}" for one in (parent, os.path.realpath(parent)))
        for name in sorted(files):
            if given.file(prefix + name):
                yield _located(start + name, real + name)


def _located(path: str, location: str) -> tuple[str, str, int]:
    """A file in a folder whose real path is known: path, real path, bytes."""
    try:
        status = os.lstat(path)
    except OSError:
        return path, location, 0
    if stat.S_ISLNK(status.st_mode):
        return path, os.path.realpath(path), _size(path)
    return path, location, status.st_size


def printable(name: str) -> str:
    """A path as text; bytes in it that are not UTF-8 are written as `\\xff`.

    Python keeps such bytes as lone surrogates, which neither SQLite nor JSON take.
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def is_path(location: str) -> bool:
    """Whether a location is a file's, and not an address or handed over."""
    return os.path.isabs(location)  # noqa: PTH117 - asked of each of many files; a path takes ten times as long


def still_there(location: str) -> bool:
    """Whether the file at a location exists; what is no file's location counts as there.

    So does what cannot be looked at: a folder that is closed to this user, a disk that fails.
    """
    if not is_path(location) or _exists(location):
        return True
    if "\\x" not in location:
        return False
    return _exists(_ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode()), location.encode()))


def _exists(path: str | bytes) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True


def _size(path: Path | str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _display(location: str, here: str) -> str:
    """A location as a reader knows it, `here` being the working folder."""
    shown = printable(location.removeprefix(here))
    return shown if os.sep == "/" else shown.replace(os.sep, "/")
