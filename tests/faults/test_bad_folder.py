"""A folder full of bad files: each has its outcome by name, the good ones beside them go in.

The suite leaves out the few that take long; `make faults` has them all.
"""

from __future__ import annotations

import os
import resource
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from ingest.outcomes import Report
from ingest.pipeline import Ingestion
from rag.integrity import check
from tests.faults.crashing import in_a_process
from tests.ingest.bad_documents import READ, REFUSED
from tests.rag.staging import tiny_core

ALL = "FAULT_POINTS" in os.environ
SLOW = {
    "200 MB of one line", "200 MB of one line of Markdown", "200 MB of JSON", "HTML of 1,000,000 tags",
    "PDF of 10,000 pages", "20 MB of one line", "Markdown of stars", "CSV of one open quote",
}  # fmt: skip
"""What takes long to write, to read or to cut."""
SAME = {"PDF named .docx", "wrong extension"}
"""Two names of the same bytes, which are stored once."""
GOOD = 5
SECONDS = 600 if ALL else 120
MEGABYTES = 1800


@dataclass(frozen=True)
class Taken:
    """What became of the folder."""

    report: Report
    megabytes: float
    seconds: float
    refused: set[str]
    read: set[str]


def take_in(pipe: Connection, data: Path, folder: Path) -> None:
    """Ingest a folder; tell the report, and the megabytes that it took here and in its helpers."""
    with tiny_core(data, chunk_tokens=200) as core:
        report = Ingestion(core).run([folder])
        assert check(core.library) == []
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    pipe.send((report, [resource.getrusage(kind).ru_maxrss / 1024 for kind in kinds]))


def fill(folder: Path) -> tuple[set[str], set[str]]:
    """Write bad files, each in a folder of its name, and good ones; what is refused, what is read."""
    refused, read = set(), set()
    for group, cases in ((read, READ), (refused, REFUSED)):
        for case, (name, make, *_said) in cases.items():
            if ALL or case not in SLOW:
                own = folder / case.replace("/", " ")
                own.mkdir()
                (own / (name or "nameless")).write_bytes(make())
                group.add(own.name)
    for number in range(GOOD):
        (folder / f"{number} good.txt").write_text(f"Good words number {number}.")
    (folder / "a link to itself").mkdir()
    (folder / "a link to itself" / "a.txt").symlink_to("a.txt")
    (folder / "a pipe").mkdir()
    os.mkfifo(folder / "a pipe" / "a.txt")
    (folder / "a folder in itself").symlink_to(folder, target_is_directory=True)
    return refused | {"a link to itself", "a pipe"}, read


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    root = tmp_path_factory.mktemp("bad")
    folder = root / "in"
    folder.mkdir()
    refused, read = fill(folder)
    started = time.monotonic()
    process, pipe = in_a_process(take_in, root / "data", folder)
    assert pipe.poll(SECONDS), "it takes too long"
    report, megabytes = pipe.recv()
    process.join()
    return Taken(report, max(megabytes), time.monotonic() - started, refused, read)


def test_every_bad_file_has_its_outcome_by_name(taken: Taken) -> None:
    report, refused, read = taken.report, taken.refused, taken.read
    status = {
        Path(one.name).parent.name: one for one in report.outcomes if Path(one.name).parent.name != "in"
    }
    assert set(status) == refused | read
    assert len(refused | read) >= 60
    for case in refused:
        assert status[case].status == "failed", case
        assert status[case].message
    assert {case for case in read if status[case].status != "added"} <= SAME
    assert all(status[case].status == "duplicate" for case in SAME & read if status[case].status != "added")


def test_the_good_files_beside_them_go_in(taken: Taken) -> None:
    good = [one.status for one in taken.report.outcomes if one.name.endswith(" good.txt")]
    assert good == ["added"] * GOOD


def test_it_ends_within_bounds(taken: Taken) -> None:
    print(f"{len(taken.report.outcomes)} files in {taken.seconds:.0f} s, at most {taken.megabytes:.0f} MB")
    assert taken.megabytes < MEGABYTES
    assert taken.seconds < SECONDS
