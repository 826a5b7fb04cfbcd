"""SQLite, met here only: one connection a thread, write transactions one at a time."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from rag.errors import StoreError

Row = sqlite3.Row
VARIABLES = 900
"""Most values bound in one statement; older builds of SQLite take no more than 999."""
BUSY_SECONDS = 10.0
LEAST_FREE = 100_000
"""Bytes on a disk below which an input or output error means that it is full."""


class SqliteFile:
    """A SQLite database file with its schema.

    Reads run on the calling thread's own connection and see the last committed state (write-ahead log).
    """

    def __init__(self, path: Path, schema: str, *, durable: bool = True) -> None:
        """Open or create the file.

        Args:
            path: the file.
            schema: statements that make what is not there yet.
            durable: a commit is on the disk when it returns.

        Raises:
            StoreError: the file is damaged, locked, or its folder cannot be written.
        """
        self.path = path
        self._synchronous = "FULL" if durable else "NORMAL"
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._writing = threading.RLock()
        with self._translated():
            self._connection().executescript(schema)

    def rows(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """All rows of a query."""
        with self._translated():
            return self._connection().execute(statement, values).fetchall()

    def row(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Row | None:
        """The first row of a query, None where there is none."""
        with self._translated():
            first: Row | None = self._connection().execute(statement, values).fetchone()
            return first

    def iterate(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Iterator[Row]:
        """The rows of a query one after the other, for those too many to hold."""
        with self._translated():
            yield from self._connection().execute(statement, values)

    def rows_in(self, statement: str, keys: Iterable[Any]) -> list[Row]:
        """Rows of a query with one `IN ({})`, for any number of keys."""
        wanted = list(keys)
        found: list[Row] = []
        for start in range(0, len(wanted), VARIABLES):
            part = wanted[start : start + VARIABLES]
            found += self.rows(statement.format(",".join("?" * len(part))), part)
        return found

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: all of it is committed, or on an exception none."""
        with self._writing, self._translated():
            connection = self._connection()
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """What this thread reads inside is one state of the file, whoever writes to it meanwhile."""
        with self._translated():
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                yield
            finally:
                connection.execute("COMMIT")

    def state(self) -> tuple[int, int]:
        """A mark that changes with every commit, whoever makes it; compare those of one thread only."""
        with self._translated():
            connection = self._connection()
            version = connection.execute("PRAGMA data_version").fetchone()[0]
            return int(version), connection.total_changes

    def damage(self) -> str | None:
        """What SQLite's own check says of the file, None where all is well."""
        with self._translated():
            said = self._connection().execute("PRAGMA quick_check(1)").fetchone()[0]
        return None if said == "ok" else str(said)

    def close(self) -> None:
        """Close every thread's connection."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._local = threading.local()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            # FULL: what is deleted elsewhere after a commit relies on that commit being on the disk.
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.execute("PRAGMA foreign_keys = ON")
            self._local.connection = connection
            self._connections.append(connection)
        return connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StoreError(_advice(self.path, str(error))) from error
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"{self.path} is damaged ({error}); restore it from a backup or an export."
            ) from error


def require_free(path: Path) -> None:
    """See that no other program is writing to a file that somebody else's code will wait for without end.

    Raises:
        StoreError: another program is.
    """
    if not path.is_file():
        return
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.DatabaseError as error:
        # What else is wrong with it is told by whoever opens it.
        if "locked" in str(error):
            raise StoreError(_advice(path, str(error))) from error


def _is_full(folder: Path) -> bool:
    """Whether a disk has no room for the memory that connections share, which SQLite does not tell."""
    return shutil.disk_usage(folder).free < LEAST_FREE


def _advice(path: Path, said: str) -> str:
    if "locked" in said or "busy" in said:
        return f"{path} is in use by another program; close that program and try again."
    if "full" in said or ("disk I/O" in said and _is_full(path.parent)):
        return f"The disk that holds {path} is full; free some space and try again. Nothing was lost."
    if "readonly" in said or "read-only" in said or "unable to open" in said:
        return (
            f"{path} cannot be written; check the folder's permissions or set CITA_DATA_DIR to another one."
        )
    return f"{path} could not be used: {said}."
