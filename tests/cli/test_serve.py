"""What `cita serve --ingest` does before the page opens."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from cli import serve
from ingest.jobs import Jobs
from rag.core import open_core
from rag.settings import Settings


def folder(tmp_path: Path, count: int) -> Path:
    for number in range(count):
        (tmp_path / f"{number}.txt").write_text(f"Note {number} says {number * 7919}.")
    return tmp_path


def test_a_few_documents_are_in_when_it_opens(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 broken")
    with open_core(settings) as core, closing(Jobs(core)) as jobs:
        serve._bring_in(jobs, [folder(tmp_path, 3)])
        assert core.library.catalogue.count_documents() == 3
    told = capsys.readouterr().err
    assert "4/4" in told
    assert "broken.pdf" in told
    assert "3 added" in told


def test_it_does_not_wait_for_many(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serve, "OPENING_SECONDS", 0.0)
    with open_core(settings) as core, closing(Jobs(core)) as jobs:
        serve._bring_in(jobs, [folder(tmp_path, 300)])
        assert core.library.catalogue.count_documents() < 300
        assert "the rest goes in while you ask" in " ".join(capsys.readouterr().err.split())
        (job,) = jobs.listed()
        assert jobs.wait(job["id"])["counts"] == {"added": 300}
