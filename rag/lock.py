"""One owner for each data folder, and how others find it.

Chroma's embedded client is not safe across processes, so the process that opens a data folder holds a
lock there. A server writes its address beside the lock, for commands to go through it.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import StoreError

LOCK = "cita.lock"
OWNER = "owner.json"
TOKEN_HEADER = "X-Cita-Token"
"""HTTP header by which a command shows the owner's token."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a data folder."""

    pid: int
    url: str | None = None
    """Address of the server, None where the owner is a command."""
    token: str = ""
    """Proof that a caller may read this folder, for what only local commands may ask of the server."""


class DataFolderLock:
    """Holds a data folder until it is closed; the system lets go of it when the process dies."""

    def __init__(self, data_dir: Path) -> None:
        """Take the lock.

        Raises:
            StoreError: another process holds the folder, or it cannot be written.
        """
        self._data_dir = data_dir
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(data_dir / LOCK)
            self._lock.acquire(blocking=False)
        except Timeout as error:
            raise StoreError(_held_message(data_dir)) from error
        except OSError as error:
            raise _cannot_write(data_dir, error) from error
        try:
            self._write(Owner(os.getpid()))
        except OSError as error:
            self._lock.release()
            raise _cannot_write(data_dir, error) from error

    def announce(self, url: str) -> str:
        """Tell other commands that a server answers at `url`; returns the token they will show it."""
        token = secrets.token_urlsafe(24)
        self._write(Owner(os.getpid(), url, token))
        return token

    def close(self) -> None:
        """Let go of the folder."""
        (self._data_dir / OWNER).unlink(missing_ok=True)
        self._lock.release()

    def _write(self, owner: Owner) -> None:
        path = self._data_dir / OWNER
        partial = path.with_suffix(".partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(owner), file)
        partial.replace(path)


def running_server(data_dir: Path) -> Owner | None:
    """The server that holds a data folder now, None where nobody or a plain command does."""
    if not (data_dir / LOCK).is_file():
        return None
    lock = FileLock(data_dir / LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        owner = _owner(data_dir)
        return owner if owner and owner.url else None
    except OSError:
        return None
    lock.release()
    return None


def _owner(data_dir: Path) -> Owner | None:
    try:
        return Owner(**json.loads((data_dir / OWNER).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _cannot_write(data_dir: Path, error: OSError) -> StoreError:
    if error.errno == errno.ENOSPC:
        return StoreError(
            f"The disk that holds {data_dir} is full; free some space and try again. Nothing was lost."
        )
    return StoreError(
        f"The data folder {data_dir} cannot be written ({error.strerror}); "
        "check its permissions or set CITA_DATA_DIR to another folder."
    )


def _held_message(data_dir: Path) -> str:
    owner = _owner(data_dir)
    who = f"process {owner.pid}" if owner else "another process"
    return (
        f"The data folder {data_dir} is in use by {who}; "
        "wait for it to finish, stop it, or set CITA_DATA_DIR to another folder."
    )
