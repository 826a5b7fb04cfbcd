"""A file's bytes, whole: read while nobody wrote to it."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

from rag.errors import UnreadableError

MOST_FILE_BYTES = 500_000_000
STILL_SECONDS = (0.1, 0.4, 1.0)
"""How long a file that changed while it was read is left to settle, each time."""
FRESH_SECONDS = 0.05
"""How long ago a file was written to that may be written to again at once."""
_STEP = 1 << 20


def read_settled(path: Path) -> tuple[bytes, int]:
    """The file's bytes and its time of change in nanoseconds.

    Raises:
        UnreadableError: it cannot be read, is too large, is no file, or is still being written.
    """
    for wait in (*STILL_SECONDS, None):
        try:
            data, before, after = _read(path)
        except OSError as error:
            raise UnreadableError(f"It cannot be read ({error.strerror}).") from error
        if before == after:
            return data, after[1]
        if wait is not None:
            time.sleep(wait)
    raise UnreadableError("It is still being written; ingest it again when it is complete.")


def _read(path: Path) -> tuple[bytes, tuple[int, int], tuple[int, int]]:
    """The bytes, and the file's size and time of change before and after they were read."""
    # Opening a pipe would wait for its other end.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = _settled(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError("It is no regular file but a device, a pipe or a socket.")
        if status.st_size > MOST_FILE_BYTES:
            raise UnreadableError(
                f"It has {status.st_size / 1e6:,.0f} MB, more than the {MOST_FILE_BYTES / 1e6:,.0f} MB "
                "that are read; split it."
            )
        data = _all(descriptor, status.st_size)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    before = (status.st_size, status.st_mtime_ns)
    return data, before, (max(len(data), after.st_size), after.st_mtime_ns)


def _all(descriptor: int, expected: int) -> bytes:
    """What a file holds, but little more than the most that is read."""
    parts = []
    left = MOST_FILE_BYTES + 1
    while left > 0 and (part := os.read(descriptor, min(left, expected + 1))):
        parts.append(part)
        left -= len(part)
        # A file that has grown meanwhile is read to its end in large steps.
        expected = max(expected - len(part), _STEP)
    return parts[0] if len(parts) == 1 else b"".join(parts)


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
