"""Where documents come from: the files that paths and folders stand for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from ingest.outcomes import Outcome

IGNORE_FILE = ".citaignore"
ALWAYS_IGNORED = (".*", "__pycache__/", "node_modules/", "*.partial", "*~", "*.swp", "*.tmp", "~$*")
"""What tools leave in folders; written as in `.gitignore`."""


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file to be ingested."""

    path: Path
    location: str
    """Absolute path: what tells files apart."""
    source: str
    """The path as a reader knows it: relative to the working folder where it lies below that."""
    named: bool
    """Whether it was named itself, or found in a folder."""


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
    wanted = GitIgnoreSpec.from_lines(include) if include else None
    for path in paths:
        if path.is_dir():
            found.roots.append(str(path.resolve()))
            candidates = [(one, False) for one in _walk(path, wanted, exclude, found.failures)]
        elif path.exists():
            candidates = [(path, True)]
        else:
            message = "there is no such file or folder; check the path"
            found.failures.append(Outcome(_printable(str(path)), "failed", message))
            continue
        for one, named in candidates:
            location = str(one.resolve())
            if location not in seen:
                seen.add(location)
                found.files.append(FileSource(one, _printable(location), _display(one), named))
    return found


def _walk(
    folder: Path, wanted: GitIgnoreSpec | None, exclude: Sequence[str], failures: list[Outcome]
) -> Iterator[Path]:
    lines = [*ALWAYS_IGNORED, *exclude]
    ignore_file = folder / IGNORE_FILE
    if ignore_file.is_file():
        lines += ignore_file.read_text(encoding="utf-8", errors="replace").splitlines()
    ignored = GitIgnoreSpec.from_lines(lines)

    def report(error: OSError) -> None:
        name = _printable(str(error.filename))
        failures.append(Outcome(name, "failed", f"the folder cannot be read ({error.strerror})"))

    # Links to folders are not followed, so that none can lead round in a circle.
    for parent, folders, files in os.walk(folder, onerror=report):
        here = Path(parent)
        inside = here.relative_to(folder)
        folders[:] = sorted(name for name in folders if not ignored.match_file(f"{inside / name}/"))
        for name in sorted(files):
            relative = str(inside / name)
            if ignored.match_file(relative) or (wanted and not wanted.match_file(relative)):
                continue
            yield here / name


def _display(path: Path) -> str:
    absolute = path.resolve()
    here = Path.cwd()
    shown = absolute.relative_to(here) if absolute.is_relative_to(here) else absolute
    return _printable(shown.as_posix())


def _printable(name: str) -> str:
    # Names that are not UTF-8 come with lone surrogates, which neither SQLite nor JSON take.
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
