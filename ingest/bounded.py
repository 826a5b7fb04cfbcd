"""Loads documents within a bound of time and memory, in a process of its own.

A loader that hangs, fills the memory or crashes takes that process with it and nothing else: the next
document gets a new one. Small plain text is loaded here, as nothing in it can go that wrong.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import PurePosixPath
from types import TracebackType
from typing import Any

from ingest.loading import load
from rag.document_text import DocumentText
from rag.errors import UnreadableError

SECONDS = 120.0
MEGABYTES = 2048
SMALL = 20_000
"""Bytes of plain text that are loaded here: even quadratic time is nothing."""
PLAIN = (".txt", ".text", ".log", ".md", ".markdown", ".rst", ".csv", ".tsv", ".json", ".jsonl")
DOCUMENTS_EACH = 500
"""Documents after which a process makes way for a new one, for what its libraries leak."""


class BoundedLoader:
    """Loads documents, most of them in a child process that is started when it is first needed."""

    def __init__(
        self, seconds: float = SECONDS, megabytes: int = MEGABYTES, *, background: bool = False
    ) -> None:
        """Set the bounds.

        Args:
            seconds: for one document.
            megabytes: address space of the process, where the system can bound it.
            background: let other programs and questions go first.
        """
        self._seconds = seconds
        self._megabytes = megabytes
        self._background = background
        self._process: Any = None
        self._pipe: Connection | None = None
        self._loaded = 0

    def load(self, data: bytes, name: str, password: str | None = None) -> DocumentText:
        """The canonical text of a document.

        Raises:
            UnreadableError: it cannot be read, or not within the bounds.
        """
        if len(data) <= SMALL and PurePosixPath(name).suffix.lower() in PLAIN and data[:2] != b"PK":
            return load(data, name, password=password)
        pipe = self._ready()
        try:
            pipe.send((name, password))
            pipe.send_bytes(data)
            if not pipe.poll(self._seconds):
                self.close()
                raise UnreadableError(
                    f"It takes more than {self._seconds:.0f} s to read; split it, or raise CITA_LOAD_SECONDS."
                )
            answer = pipe.recv()
        except (EOFError, OSError) as error:
            raise UnreadableError(self._why_it_ended()) from error
        self._loaded += 1
        if isinstance(answer, DocumentText):
            return answer
        raise UnreadableError(answer)

    def close(self) -> None:
        """End the child process."""
        if self._pipe is not None:
            self._pipe.close()
            self._process.kill()
            self._process.join()
        self._pipe = self._process = None
        self._loaded = 0

    def __enter__(self) -> BoundedLoader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ready(self) -> Connection:
        if self._loaded >= DOCUMENTS_EACH:
            self.close()
        if self._pipe is None:
            # Never forked: a copy of a process with threads may wait for ever for a lock that one held.
            context = multiprocessing.get_context("spawn")
            self._pipe, far = context.Pipe()
            bounds = (self._seconds, self._megabytes, self._background)
            self._process = context.Process(target=_serve, args=(far, *bounds), daemon=True, name="loader")
            self._process.start()
            far.close()
        return self._pipe

    def _why_it_ended(self) -> str:
        self._process.join(5)
        code = self._process.exitcode
        self.close()
        if code == -getattr(signal, "SIGXCPU", 0):
            return f"It takes more than {self._seconds:.0f} s to read; split it, or raise CITA_LOAD_SECONDS."
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return f"The program that reads it crashed ({how}); the file is damaged in a way that it cannot bear."


def _serve(pipe: Connection, seconds: float, megabytes: int, background: bool) -> None:
    """The child: load what comes until nobody sends any more."""
    # Ctrl+C is for the parent, which ends this process when it has put things in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if background and hasattr(os, "nice"):
        os.nice(10)
    _bound_memory(megabytes)
    while True:
        try:
            name, password = pipe.recv()
            data = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        _bound_time(seconds)
        answer: DocumentText | str
        try:
            answer = load(data, name, password=password)
        except UnreadableError as error:
            answer = str(error)
        except MemoryError:
            answer = f"It takes more than {megabytes:,} MB to read; split it, or raise CITA_LOAD_MEGABYTES."
        except RecursionError:
            answer = "It is nested too deeply to be read."
        pipe.send(answer)


def _bound_memory(megabytes: int) -> None:
    if sys.platform != "win32":
        import resource

        _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = megabytes * 1_000_000
        resource.setrlimit(resource.RLIMIT_AS, (wanted if hard < 0 else min(wanted, hard), hard))


def _bound_time(seconds: float) -> None:
    """Have the system end this process should it run on, even when nobody is left to end it."""
    if sys.platform != "win32":
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
        end = int(used.ru_utime + used.ru_stime + seconds) + 5
        resource.setrlimit(resource.RLIMIT_CPU, (end if hard < 0 else min(end, hard), hard))
