"""Disks, locks and clocks that fail: a clear error, and nothing lost."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.conftest import Stage, copied, unharmed
from tests.faults.crashing import (
    found_in,
    in_a_process,
    ingest_folder,
    many_chunks,
    outcome_of,
    repair,
    told_by,
)

DAY = 86_400.0


def mounted(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if shutil.which("mount") is None or not mounted("-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)):
        pytest.skip("only root may mount a disk of its own")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("free", [0, 20, 60, 110, 160])
def test_a_full_disk(stage: Stage, disk: Path, free: int) -> None:
    data = copied(stage.data, disk / "data")
    there = os.statvfs(disk)
    (disk / "filler").write_bytes(bytes(there.f_bavail * there.f_frsize - free * 1000))
    kind, said = outcome_of(data, stage.folder)
    assert kind == "error"
    assert "is full; free some space" in said or "No space left on device" in said
    (disk / "filler").unlink()
    unharmed(stage, data)


def test_a_read_only_disk(stage: Stage, disk: Path) -> None:
    data = copied(stage.data, disk / "data")
    assert mounted("-o", "remount,ro", str(disk))
    kind, said = outcome_of(data, stage.folder)
    assert mounted("-o", "remount,rw", str(disk))
    assert kind == "error"
    assert "cannot be written" in said
    assert unharmed(stage, data)["after"] == 0


@pytest.mark.parametrize("name", ["cita.sqlite", "vectors.sqlite", "chroma/chroma.sqlite3"])
def test_a_database_that_another_program_holds(stage: Stage, tmp_path: Path, name: str) -> None:
    data = copied(stage.data, tmp_path / "data")
    with closing(sqlite3.connect(data / name, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        kind, said = outcome_of(data, stage.folder)
        other.execute("ROLLBACK")
    assert kind == "error"
    assert "in use by another program" in said
    unharmed(stage, data)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_truncated_database_of_chroma(stage: Stage, tmp_path: Path, share: float) -> None:
    data = copied(stage.data, tmp_path / "data")
    file = data / "chroma" / "chroma.sqlite3"
    os.truncate(file, int(file.stat().st_size * share))
    kind, said = outcome_of(data, stage.folder)
    assert kind == "error"
    assert "`cita repair`" in said
    found, left, embedded = told_by(repair, data)
    assert found
    assert (left, embedded) == ([], 0)
    assert unharmed(stage, data)["after"] == 0


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library whose vectors Chroma has written to an index of their own."""
    data = tmp_path_factory.mktemp("large") / "data"
    assert told_by(many_chunks, data) == 0
    return data


@pytest.mark.parametrize("name", ["data_level0.bin", "header.bin", "index_metadata.pickle", "length.bin"])
def test_a_truncated_index_of_chroma(large: Path, tmp_path: Path, name: str) -> None:
    data = copied(large, tmp_path / "data")
    (file,) = data.glob(f"chroma/*/{name}")
    os.truncate(file, 0)
    found, left, embedded = told_by(repair, data)
    assert any("vectors" in one for one in found)
    assert (left, embedded) == ([], 0)
    assert found_in(data, large, ["7 77"]).findings == []


def test_two_processes_at_once(stage: Stage, tmp_path: Path) -> None:
    data = copied(stage.data, tmp_path / "data")
    process, pipe = in_a_process(ingest_folder, data, stage.folder)
    assert [pipe.recv()[0] for _step in range(2)] == ["opening", "open"]
    os.kill(process.pid, signal.SIGSTOP)
    kind, said = outcome_of(data, stage.folder)
    os.kill(process.pid, signal.SIGCONT)
    assert kind == "error"
    assert f"is in use by process {process.pid}" in said
    process.join()
    assert process.exitcode == 0
    assert unharmed(stage, data)["before"] == 0


def test_a_clock_that_goes_backwards(stage: Stage, tmp_path: Path) -> None:
    data = copied(stage.data, tmp_path / "data")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text("Written tomorrow.")
    os.utime(folder / "a.txt", (4e9, 4e9))
    assert outcome_of(data, folder, DAY)[1]["added"] == 1
    (folder / "a.txt").write_text("Written yesterday.")
    os.utime(folder / "a.txt", (1e9, 1e9))
    assert outcome_of(data, folder, -DAY) == ("counts", {"updated": 1})
    assert outcome_of(data, folder, -2 * DAY) == ("counts", {"unchanged": 1})
    found = found_in(data, folder, ["tomorrow", "yesterday"])
    assert found.findings == []
    assert [len(found.answers[word]) for word in ("tomorrow", "yesterday")] == [0, 1]
    kind, counts = outcome_of(data, stage.folder, -3 * DAY)
    assert kind == "counts"
    assert counts["updated"] == 5
    assert unharmed(stage, data)["before"] == 0
