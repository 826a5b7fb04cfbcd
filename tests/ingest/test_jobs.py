"""Jobs: interrupted and gone on with, nothing lost, nothing embedded twice."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.jobs import Jobs
from ingest.outcomes import Report
from ingest.pipeline import Ingestion, IngestOptions
from rag.core import Core, open_core
from rag.settings import Settings


@pytest.fixture
def own_core(settings: Settings) -> Iterator[Core]:
    with open_core(settings) as core:
        yield core


def sent(count: int) -> list[tuple[str, io.BytesIO]]:
    return [
        (f"{number}.txt", io.BytesIO(f"Note {number} says {number * 7919}.".encode()))
        for number in range(count)
    ]


def test_a_job_goes_on_after_a_restart_and_loses_nothing(own_core: Core, settings: Settings) -> None:
    jobs = Jobs(own_core)
    job = jobs.submit([], sent=sent(400)).id
    steps = jobs.events(job)
    while not next(steps)[1].get("chunks_done"):
        pass
    jobs.close()
    taken_in = own_core.library.catalogue.count_documents()
    assert 0 < taken_in < 400
    again = Jobs(own_core)
    assert again.job(job)["state"] == "running"
    again.start()
    report = again.wait(job)
    assert report["counts"] == {"added": 400}
    assert report["embedded"] == 400
    assert own_core.library.catalogue.count_documents() == 400
    assert not list((settings.data_dir / "jobs").iterdir())
    again.close()


def test_what_is_sent_twice_under_one_name_is_as_it_was_sent_last(own_core: Core) -> None:
    jobs = Jobs(own_core)
    both = [("a.txt", io.BytesIO(b"The first text.")), ("a.txt", io.BytesIO(b"The second text."))]
    assert jobs.wait(jobs.submit([], sent=both).id)["counts"] == {"added": 1}
    (document,) = own_core.library.catalogue.documents()
    assert own_core.library.catalogue.text(document.id).text == "The second text."
    jobs.close()


def test_a_password_is_used_and_not_written_down(own_core: Core, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One sentence.")
    jobs = Jobs(own_core)
    job = jobs.submit([tmp_path / "a.txt"], options=IngestOptions(password="a secret word"))
    assert jobs.wait(job.id)["counts"] == {"added": 1}
    jobs.close()
    for file in settings.data_dir.glob("jobs.sqlite*"):
        assert b"a secret word" not in file.read_bytes()


def test_what_has_gone_and_what_is_not_there_are_told(own_core: Core, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("One sentence.")
    jobs = Jobs(own_core)
    jobs.wait(jobs.submit([tmp_path / "in"]).id)
    (tmp_path / "in" / "a.txt").unlink()
    pruned = jobs.submit([tmp_path / "in", tmp_path / "none"], options=IngestOptions(prune=True))
    assert jobs.wait(pruned.id)["counts"] == {"removed": 1, "failed": 1}
    kinds = [kind for kind, _data in jobs.events(pruned.id)]
    assert kinds == ["outcome", "outcome", "job"]
    jobs.close()


def test_a_wait_for_several_jobs_ends_with_the_last_of_them_or_when_it_has_been_long_enough(
    own_core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, run = threading.Event(), Ingestion.run

    def held(*given: Any, **named: Any) -> Report:
        assert go_on.wait(60)
        return run(*given, **named)

    monkeypatch.setattr(Ingestion, "run", held)
    jobs = Jobs(own_core)
    both = [jobs.submit([], sent=sent(1)).id for _ in range(2)]
    jobs.wait_a_while(both, 0.05)
    assert [jobs.job(one)["finished_at"] for one in both] == [None, None]
    go_on.set()
    jobs.wait_a_while(both, 60)
    assert [jobs.job(one)["state"] for one in both] == ["done", "done"]
    jobs.close()
