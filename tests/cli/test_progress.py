"""What a terminal shows while documents go in and while longer work is done."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from cli import ingest, output
from ingest.outcomes import Outcome, Progress


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Console:
    console = Console(file=io.StringIO(), force_terminal=True, width=140, highlight=False)
    monkeypatch.setattr(ingest, "errors", console)
    monkeypatch.setattr(output, "errors", console)
    return console


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_an_ingest_shows_stage_counts_and_rate(terminal: Console) -> None:
    with ingest._display(quiet=False) as show:
        outcome = Outcome("notes.md", "added", "", "d1", 30)
        show(Progress("embedding", 1, 4, 30, "notes.md", outcome, 1000, 4000))
    assert "Embedding notes.md" in shown(terminal)
    assert "1/4 files, 30 chunks, " in shown(terminal)
    assert "added notes.md (30 chunks)" in shown(terminal)


def test_an_ingest_of_addresses_whose_size_nobody_knows_counts_files(terminal: Console) -> None:
    with ingest._display(quiet=False) as show:
        show(Progress("reading", 1, 2, 0, "https://example.org"))
    assert "1/2 files" in shown(terminal)


@pytest.mark.parametrize(("total", "said"), [(40, "10/40"), (40_000_000, "40.0 MB")])
def test_steps_are_counted_and_bytes_are_measured(terminal: Console, total: int, said: str) -> None:
    with output.file_progress(quiet=False) as show:
        show("Working", total // 4, total)
    assert said in shown(terminal)
