"""A library and a folder that has changed since, for every fault to come between."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from rag.library import STEPS
from tests.faults.crashing import Answer, found_in, in_a_process, ingest_folder

WORDS = [f"mark{number:02}" for number in range(20)]


def write(folder: Path, number: int, version: str, paragraphs: int = 4) -> None:
    """Write a document that says its own word and its version in every paragraph."""
    text = "\n\n".join(
        " ".join([WORDS[number], version, *(f"w{number}x{at}x{n}" for n in range(30))]) + "."
        for at in range(paragraphs)
    )
    (folder / f"{number:02}.txt").write_text(text)


@dataclass(frozen=True)
class Stage:
    """A library as it was, the folder as it is now, and what every document says before and after."""

    data: Path
    folder: Path
    before: dict[str, Answer]
    after: dict[str, Answer]
    steps: list[tuple[str, float]]
    """The steps of an ingest that nobody kills, with the seconds until the next one."""


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Fourteen documents that went in, of which some changed, went, moved, and others came."""
    root = tmp_path_factory.mktemp("killed")
    folder = root / "in"
    folder.mkdir()
    for number in range(14):
        write(folder, number, "old")
    process, _pipe = in_a_process(ingest_folder, root / "data", folder)
    process.join()
    assert process.exitcode == 0
    before = found_in(copied(root / "data", root / "before"), folder, WORDS)
    assert not before.findings
    assert all(before.answers[word] for word in WORDS[:14])
    for number in (0, 1, 2, 3, 4):
        write(folder, number, "new", 3 + number % 3)
    for number in (14, 15, 16, 17, 18, 19):
        write(folder, number, "new")
    (folder / "05.txt").unlink()
    (folder / "06.txt").unlink()
    (folder / "07.txt").rename(folder / "moved.txt")
    shutil.copy(folder / "08.txt", folder / "copy.txt")
    clean = copied(root / "data", root / "clean")
    process, pipe = in_a_process(ingest_folder, clean, folder)
    told = _all(pipe)
    process.join()
    after = found_in(clean, folder, WORDS)
    assert not after.findings
    assert after.answers == after.settled != before.answers
    assert {name for name, _at in told} >= set(STEPS)
    steps = [(name, later - at) for (name, at), (_next, later) in pairwise(told)]
    return Stage(root / "data", folder, before.answers, after.answers, steps)


def copied(source: Path, target: Path) -> Path:
    """A copy of a folder."""
    shutil.copytree(source, target)
    return target


def _all(pipe: object) -> list[tuple[str, float]]:
    told = []
    try:
        while True:
            told.append(pipe.recv())  # type: ignore[attr-defined]
    except EOFError:
        return told


def unharmed(stage: Stage, data: Path) -> Counter[str]:
    """Check a data folder after a crash; how many documents were as before, and how many as after."""
    found = found_in(data, stage.folder, WORDS)
    assert found.findings == []
    seen: Counter[str] = Counter()
    for word in WORDS:
        answer, before, after = found.answers[word], stage.before[word], stage.after[word]
        assert answer in (before, after), f"{word}: neither as before nor as after: {sorted(answer)}"
        if before != after:
            seen["after" if answer == after else "before"] += 1
    assert found.settled == stage.after
    return seen
