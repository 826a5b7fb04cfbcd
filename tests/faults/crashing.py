"""An ingest that is killed, and what is found afterwards; each in a process of its own.

The processes come from a fork server that has loaded Chroma and Tantivy but opened nothing, so that a few
hundred of them are affordable. The embedder is the tiny one: what is tried here is the store.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import chromadb  # noqa: F401 - loaded once, for all processes that are forked
import tantivy  # noqa: F401

import ingest.writing
import rag.database
import rag.sqlite
from ingest.pipeline import Ingestion, IngestOptions
from ingest.repair import repair_store
from rag.core import Core
from rag.errors import CitaError
from rag.integrity import check
from rag.language import detect
from rag.settings import load_settings
from tests.rag.staging import TinyEmbedder, staged, tiny_core

# The model that tells languages apart is loaded once, too; a short text would not need it.
detect("lorem ipsum " * 100)

FILES_A_BATCH = 4
PASSAGES = 50
"""More than hold one word."""
SECONDS = 60
Answer = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Found:
    """What a data folder holds after the next start."""

    findings: list[str]
    answers: dict[str, Answer]
    """For each document's own word, the passages with their sources."""
    embedded: int
    """Chunks that going on with the ingest embedded."""
    settled: dict[str, Answer]
    """The answers after that."""


def context() -> Any:
    """Where processes come from."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["tests.faults.crashing"])
    return found


def in_a_process(work: Callable[..., None], *arguments: object) -> tuple[Any, Connection]:
    """Start `work(pipe, *arguments)` in a process; the process and this end of the pipe."""
    near, far = context().Pipe()
    process = context().Process(target=work, args=(far, *arguments))
    process.start()
    far.close()
    return process, near


def ingest_folder(pipe: Connection, data: Path, folder: Path, kill_at: str = "") -> None:
    """Ingest a folder, telling of each step; at one of them kill this process."""
    ingest.writing.BATCH_FILES = FILES_A_BATCH

    def tell(step: str) -> None:
        if step == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        pipe.send((step, time.monotonic()))

    tell("opening")
    with tiny_core(data) as core:
        core.library.on_step = tell
        tell("open")
        report = Ingestion(core).run([folder], options=IngestOptions(prune=True))
        assert not report.failed, report.failed
    tell("closed")


def examine(pipe: Connection, data: Path, folder: Path, words: Sequence[str]) -> None:
    """Start again, check, ask for every document, go on with the ingest, and ask again."""
    with tiny_core(data) as core:
        findings = [one.sentence() for one in check(core.library)]
        answers = ask(core, words)
        before = core.embedder.embedded  # type: ignore[attr-defined]
        Ingestion(core).run([folder], options=IngestOptions(prune=True))
        findings += [one.sentence() for one in check(core.library)]
        embedded = core.embedder.embedded - before  # type: ignore[attr-defined]
        pipe.send(Found(findings, answers, embedded, ask(core, words)))


def ask(core: Core, words: Sequence[str]) -> dict[str, Answer]:
    """The passages that hold each word."""
    return {
        word: frozenset(
            (one.source, one.text)
            for one in core.retriever.search(f'"{word}"', limit=PASSAGES).passages
            if word in one.text  # a word that nothing has is no condition
        )
        for word in words
    }


def found_in(data: Path, folder: Path, words: Sequence[str]) -> Found:
    """What `examine` finds."""
    process, pipe = in_a_process(examine, data, folder, words)
    assert pipe.poll(SECONDS), "starting again took too long"
    found = pipe.recv()
    process.join()
    assert isinstance(found, Found)
    return found


def try_to_ingest(pipe: Connection, data: Path, folder: Path, clock: float = 0.0) -> None:
    """Ingest a folder with a clock that many seconds off; tell the counts, or the error that ended it."""
    ingest.writing.BATCH_FILES = FILES_A_BATCH
    rag.sqlite.BUSY_SECONDS = 0.5
    true_time = time.time
    time.time = lambda: true_time() + clock
    rag.database._now = lambda: datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds")
    try:
        with tiny_core(data) as core:
            counts = Ingestion(core).run([folder], options=IngestOptions(prune=True)).counts()
            pipe.send(("counts", counts))
    except CitaError as error:
        pipe.send(("error", str(error)))


def outcome_of(data: Path, folder: Path, clock: float = 0.0) -> tuple[str, Any]:
    """What `try_to_ingest` tells."""
    return told_by(try_to_ingest, data, folder, clock)


def told_by(work: Callable[..., None], *arguments: object) -> Any:
    """What a process tells that ends well."""
    process, pipe = in_a_process(work, *arguments)
    assert pipe.poll(SECONDS), "it neither ended nor failed"
    told = pipe.recv()
    process.join(SECONDS)
    assert process.exitcode == 0
    return told


def many_chunks(pipe: Connection, data: Path) -> None:
    """Fill a library with more chunks than Chroma keeps in its log alone."""
    with tiny_core(data) as core:
        for number in range(12):
            document = staged(f"d{number}", [f"{number} {at}" for at in range(100)])
            keys = [core.library.cache.key(f"{number} {at}") for at in range(100)]
            chunks = [replace(one, vector_key=key) for one, key in zip(document.chunks, keys, strict=True)]
            core.library.cache.put(dict(zip(keys, document.vectors, strict=True)))
            core.library.write([replace(document, chunks=chunks)])
        pipe.send(len(check(core.library)))


def repair(pipe: Connection, data: Path) -> None:
    """Mend a library; tell what was found, what was left, and how many vectors were embedded."""
    report = repair_store(load_settings(data_dir=data), TinyEmbedder(), lambda what, done, total: None)
    found = [one.sentence() for one in report.found]
    pipe.send((found, [one.sentence() for one in report.left], report.embedded))
