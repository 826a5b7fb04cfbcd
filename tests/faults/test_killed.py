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
from pathlib import Path

import pytest

from rag.library import STEPS
from tests.faults.conftest import WORDS, Stage, copied, unharmed
from tests.faults.crashing import examine, in_a_process, ingest_folder

RESTART_SECONDS = 0.4
"""About what the next start takes."""
POINTS = int(os.environ.get("FAULT_POINTS", "16"))


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step(stage: Stage, step: str, tmp_path: Path) -> None:
    data = copied(stage.data, tmp_path / "data")
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
    data = copied(stage.data, scratch / f"{at}-{share}")
    process, pipe = in_a_process(ingest_folder, data, stage.folder)
    for _step in range(at + 1):
        pipe.recv()
    time.sleep(share * gap)
    process.kill()
    process.join()
    if at % 3 == 0:
        # The next start, which sweeps up, is killed too.
        again, _pipe = in_a_process(examine, data, stage.folder, WORDS[:1])
        time.sleep(share * RESTART_SECONDS)
        again.kill()
        again.join()
    try:
        seen = unharmed(stage, data)
    except AssertionError as error:
        raise AssertionError(f"{share * gap:.4f} s after step {at} ({name}), see {data}: {error}") from error
    shutil.rmtree(data)
    return process.exitcode == -signal.SIGKILL, seen
