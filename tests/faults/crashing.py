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
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import chromadb  # noqa: F401 - loaded once, for all processes that are forked
import tantivy  # noqa: F401

import ingest.writing
from ingest.pipeline import Ingestion, IngestOptions
from rag.core import Core
from rag.integrity import check
from rag.language import detect
from tests.rag.staging import tiny_core

detect("The model that tells languages apart is loaded once, too.")

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
