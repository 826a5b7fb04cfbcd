"""A folder that is watched: what is written, moved and deleted there is followed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest import watching
from ingest.jobs import Jobs
from ingest.watching import Watching, changed_folders, watched
from rag.core import Core
from rag.errors import InputError, StoreError
from tests.rag.staging import tiny_core


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    with tiny_core(tmp_path / "data") as opened:
        yield opened


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "DEBOUNCE_MILLISECONDS", 200)
    monkeypatch.setattr(watching, "LOOKED_AFTER_MILLISECONDS", 100)


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_folder_is_kept_in_step(core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)
    folder = tmp_path / "notes"
    (folder / "below").mkdir(parents=True)
    (folder / "before.txt").write_text("It was there before.")
    jobs = Jobs(core)
    watch = Watching([folder], jobs)
    watch.start()

    def names() -> set[str]:
        return {Path(one.source).name for one in core.library.catalogue.documents()}

    until(lambda: names() == {"before.txt"})
    (folder / "below" / "new.txt").write_text("It came later.")
    (folder / ".new.txt.swp").write_text("An editor's own.")
    (folder / "half.txt.part").write_text("Half of")
    until(lambda: names() == {"before.txt", "new.txt"})
    (folder / "half.txt.part").rename(folder / "whole.txt")
    (folder / "below" / "new.txt").rename(folder / "moved.txt")
    (folder / "before.txt").unlink()
    until(lambda: names() == {"whole.txt", "moved.txt"})
    assert sum(job["counts"].get("moved", 0) for job in jobs.listed()) == 1
    watch.close()
    jobs.close()


def test_a_folder_that_is_taken_away_loses_nothing(core: Core, tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    (folder / "a.txt").write_text("One sentence.")
    jobs = Jobs(core)
    jobs.wait(jobs.submit([folder], options=watching.FOLLOW).id)
    folder.rename(tmp_path / "taken out")
    report = jobs.wait(jobs.submit([folder], options=watching.FOLLOW).id)
    assert report["counts"] == {"failed": 1}
    assert core.library.catalogue.count_documents() == 1
    jobs.close()


def test_an_empty_folder_in_place_of_a_disk_loses_nothing(core: Core, tmp_path: Path) -> None:
    outer, disk = tmp_path / "outer", tmp_path / "outer" / "disk"
    disk.mkdir(parents=True)
    (outer / "b.txt").write_text("Another sentence.")
    for name in ("a", "c"):
        (disk / f"{name}.txt").write_text(f"One sentence in {name}.")
    jobs = Jobs(core)

    def look() -> dict[str, int]:
        report = jobs.wait(jobs.submit([outer, disk], options=watching.FOLLOW).id)
        said = [one["message"] for one in report["outcomes"] if one["status"] == "skipped"]
        assert all("disk was taken out" in one for one in said)
        return report["counts"]

    assert look() == {"added": 3}
    disk.rename(tmp_path / "taken out")
    disk.mkdir()
    assert look() == {"unchanged": 1, "skipped": 1}
    (disk / "not mounted.txt").write_text("The disk belongs here.")
    assert look() == {"unchanged": 1, "added": 1, "skipped": 1}
    assert core.library.catalogue.count_documents() == 4
    (disk / "not mounted.txt").unlink()
    disk.rmdir()
    (tmp_path / "taken out").rename(disk)
    assert look() == {"unchanged": 3, "removed": 1}
    (disk / "a.txt").unlink()
    assert look() == {"unchanged": 2, "removed": 1}
    jobs.close()


def test_a_server_says_once_what_it_spares(
    core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    quick(monkeypatch)
    folder = tmp_path / "disk"
    folder.mkdir()
    (folder / "a.txt").write_text("One sentence.")
    jobs = Jobs(core)
    jobs.wait(jobs.submit([folder], options=watching.FOLLOW).id)
    (folder / "a.txt").unlink()
    watch = Watching([folder], jobs)
    watch.start()
    until(lambda: bool(caplog.messages))
    watch.close()
    jobs.close()
    (said,) = caplog.messages
    assert str(folder) in said
    assert core.library.catalogue.count_documents() == 1


def test_a_server_whose_watch_fails_says_so_and_tries_again(
    core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    quick(monkeypatch)
    monkeypatch.setattr(watching, "AGAIN_SECONDS", 0.1)
    really, failed = watching._until_replaced, threading.Event()

    def once(*given: Any) -> Iterator[list[Path]]:
        if not failed.is_set():
            failed.set()
            raise OSError("OS file watch limit reached.")
        return really(*given)

    monkeypatch.setattr(watching, "_until_replaced", once)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("One sentence.")
    jobs = Jobs(core)
    watch = Watching([tmp_path / "notes"], jobs)
    watch.start()
    until(lambda: core.library.catalogue.count_documents() == 1)
    watch.close()
    jobs.close()
    (said,) = caplog.messages
    assert "max_user_watches" in said


@pytest.mark.parametrize(("error", "limit"), [
    (OSError("OS file watch limit reached."), True), (OSError(28, "No space left on device"), True),
    (RuntimeError("creating watcher: Too many open files (os error 24)"), True),
    (PermissionError(13, "Permission denied"), False), (OSError("Stale file handle (os error 116)"), False),
])  # fmt: skip
def test_only_a_limit_is_called_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, limit: bool
) -> None:
    def fail(*paths: Path, **options: Any) -> None:
        assert options["ignore_permission_denied"]
        raise error

    monkeypatch.setattr("watchfiles.watch", fail)
    with pytest.raises(StoreError) as caught:
        next(changed_folders([tmp_path], threading.Event()))
    assert ("limit (fs" in str(caught.value)) == limit


def test_a_folder_that_goes_as_its_watch_begins_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(monkeypatch)
    really, failed = watching._until_replaced, threading.Event()

    def once(*given: Any) -> Iterator[list[Path]]:
        if not failed.is_set():
            failed.set()
            raise FileNotFoundError("No path was found.")
        return really(*given)

    monkeypatch.setattr(watching, "_until_replaced", once)
    assert next(changed_folders([tmp_path], threading.Event())) == [tmp_path]
    assert failed.is_set()


def test_what_changes_during_the_first_look_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(monkeypatch)
    folders = watched([tmp_path])
    stop = threading.Event()
    steps = changed_folders(folders, stop)
    assert next(steps) == folders
    (tmp_path / "late.txt").write_text("It came while the others were read.")
    ending = threading.Timer(20, stop.set)
    ending.start()
    assert next(steps, None) == folders
    ending.cancel()
    stop.set()


def test_a_folder_that_comes_back_is_watched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)
    (tmp_path / "disk").mkdir()
    folders = watched([tmp_path / "disk"])
    stop = threading.Event()
    steps = changed_folders(folders, stop)
    assert next(steps) == folders
    ending = threading.Timer(20, stop.set)
    ending.start()
    (tmp_path / "disk").rename(tmp_path / "taken out")
    (tmp_path / "disk").mkdir()
    assert next(steps, None) == folders
    (tmp_path / "disk" / "new.txt").write_text("It lies in the one that came in its place.")
    assert next(steps, None) == folders
    ending.cancel()
    stop.set()


def test_what_is_no_folder_is_not_watched(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One sentence.")
    for path in (tmp_path / "a.txt", tmp_path / "none"):
        with pytest.raises(InputError, match="no folder"):
            watched([path])
