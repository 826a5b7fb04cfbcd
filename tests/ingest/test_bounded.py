"""Loading within bounds: what hangs, fills the memory or crashes is an outcome, and the next one loads."""

from __future__ import annotations

import os
import signal
import time

import pytest

from ingest.bounded import SMALL, BoundedLoader
from rag.errors import UnreadableError

PAGE = b"<html><body><p>Words about rivers and tides.</p></body></html>"


def slow(megabytes: int) -> bytes:
    return (b'{"' + b"a" * 20 + b'": [1, 2, 3]}\n') * (megabytes * 30_000)


def test_what_takes_too_long_is_ended_and_the_next_one_loads() -> None:
    with BoundedLoader(seconds=0.3) as loader:
        started = time.monotonic()
        with pytest.raises(UnreadableError, match="takes more than 0 s"):
            loader.load(slow(20), "a.jsonl")
        assert time.monotonic() - started < 5
    with BoundedLoader() as loader:
        assert "rivers" in loader.load(PAGE, "a.html").text


def test_what_takes_too_much_memory_is_an_outcome() -> None:
    with BoundedLoader(megabytes=300) as loader:
        with pytest.raises(UnreadableError, match="300 MB"):
            loader.load(slow(40), "a.jsonl")
        assert "rivers" in loader.load(PAGE, "a.html").text


def test_a_crash_is_an_outcome_and_the_next_one_loads() -> None:
    with BoundedLoader() as loader:
        loader.load(PAGE, "a.html")
        os.kill(loader._process.pid, signal.SIGSEGV)
        with pytest.raises(UnreadableError, match=r"crashed \(signal 11\)"):
            loader.load(PAGE, "a.html")
        assert "rivers" in loader.load(PAGE, "a.html").text


def test_small_plain_text_needs_no_process() -> None:
    with BoundedLoader() as loader:
        assert loader.load(b"Words.", "a.txt").text == "Words."
        assert loader._process is None
        loader.load(b"Words. " * SMALL, "a.txt")
        assert loader._process is not None


def test_what_a_loader_refuses_is_told_with_its_sentence() -> None:
    with BoundedLoader() as loader, pytest.raises(UnreadableError, match="damaged or cut short"):
        loader.load(b"%PDF-1.7\nnothing", "a.pdf")
