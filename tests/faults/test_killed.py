"""`kill -9` anywhere in an ingest loses no live document and serves no half one.

The suite kills at every named step and at some points between; `make faults` kills at 200.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from rag.library import STEPS
from tests.faults.crashing import Answer, found_in, in_a_process, ingest_folder

POINTS = int(os.environ.get("FAULT_POINTS", "16"))
WORDS = [f"mark{number:02}" for number in range(20)]


def write(folder: Path, number: int, version: str, paragraphs: int = 4) -> None:
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


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    root = tmp_path_factory.mktemp("killed")
    folder = root / "in"
    folder.mkdir()
    for number in range(14):
        write(folder, number, "old")
    process, _pipe = in_a_process(ingest_folder, root / "data", folder)
    process.join()
    assert process.exitcode == 0
    before = found_in(_copy(root / "data", root / "before"), folder, WORDS)
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
    clean = _copy(root / "data", root / "clean")
    process, pipe = in_a_process(ingest_folder, clean, folder)
    told = _all(pipe)
    process.join()
    after = found_in(clean, folder, WORDS)
    assert not after.findings
    assert after.answers == after.settled != before.answers
    assert {name for name, _at in told} >= set(STEPS)
    steps = [(name, later - at) for (name, at), (_next, later) in pairwise(told)]
    return Stage(root / "data", folder, before.answers, after.answers, steps)


def _copy(source: Path, target: Path) -> Path:
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


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step(stage: Stage, step: str, tmp_path: Path) -> None:
    data = _copy(stage.data, tmp_path / "data")
    process, _pipe = in_a_process(ingest_folder, data, stage.folder, step)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    seen = unharmed(stage, data)
    if step in ("pending", "originals", "vectors", "words"):
        assert seen["after"] == 0
    else:
        assert seen["after"] > 0


def test_killed_anywhere(stage: Stage, tmp_path: Path) -> None:
    chance = random.Random(4)
    points = [(chance.randrange(len(stage.steps)), chance.random()) for _point in range(POINTS)]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda point: _killed_at(stage, tmp_path, *point), points))
    seen = sum((counted for _killed, counted in results), Counter[str]())
    killed = sum(killed for killed, _counted in results)
    print(f"{POINTS} points, {killed} killed before the end; changed documents found: {dict(seen)}")
    assert killed >= 0.9 * POINTS
    assert seen["before"]
    assert seen["after"]


def _killed_at(stage: Stage, scratch: Path, at: int, share: float) -> tuple[bool, Counter[str]]:
    """Kill an ingest some share of the time from one step to the next, and look what is left."""
    name, gap = stage.steps[at]
    data = _copy(stage.data, scratch / f"{at}-{share}")
    process, pipe = in_a_process(ingest_folder, data, stage.folder)
    for _step in range(at + 1):
        pipe.recv()
    time.sleep(share * gap)
    process.kill()
    process.join()
    try:
        seen = unharmed(stage, data)
    except AssertionError as error:
        raise AssertionError(f"{share * gap:.4f} s after step {at} ({name}), see {data}: {error}") from error
    shutil.rmtree(data)
    return process.exitcode == -signal.SIGKILL, seen
