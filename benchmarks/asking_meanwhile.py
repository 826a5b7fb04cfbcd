"""Questions while a server takes documents in: `python -m benchmarks.asking_meanwhile`; last, a line of JSON.

A server with the sample corpus is searched and asked (quotes, no language model) by every other question of
the corpus: first at rest, then by the questions between those while a job embeds thousands of chunks. For
each, medians and 95th percentiles in milliseconds of whole requests, and their ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from evaluation.questions import read_questions

CORPUS = Path(__file__).parent.parent / "corpus"
WORDS_A_FILE = 1500
READY = "Cita is ready at "


def main() -> None:
    """Measure at rest and under a job, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=600, help="Files that the job takes in.")
    given = parser.parse_args()
    asked = [one.question for one in read_questions(CORPUS / "questions.jsonl")]
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as client:
        ways: dict[str, Callable[[str], Any]] = {
            "search": lambda question: client.get("/api/search", params={"q": question}),
            "ask": lambda question: client.post("/api/ask", json={"question": question}),
        }
        _measure(ways, asked[:4])
        rest = _measure(ways, asked[4::2])
        job = _submit(client, given.files)
        busy = _measure(ways, asked[5::2])
        state = client.get(f"/api/jobs/{job}", params={"limit": 0}).json()
        client.post(f"/api/jobs/{job}/cancel")
    if state["state"] != "running":
        raise SystemExit("The job was over before the questions were; give it more --files.")
    figures: dict[str, Any] = {"chunks_a_second_meanwhile": state["chunks_a_second"]}
    for name in ways:
        figures[f"{name}_ms"] = {"at_rest": _spread(rest[name]), "meanwhile": _spread(busy[name])}
        figures[f"{name}_ratio"] = round(statistics.median(busy[name]) / statistics.median(rest[name]), 2)
    sys.stdout.write(json.dumps(figures) + "\n")


def _measure(ways: dict[str, Callable[[str], Any]], questions: Sequence[str]) -> dict[str, list[float]]:
    """Milliseconds of each question in each way."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for question in questions:
        for name, way in ways.items():
            started = time.perf_counter()
            way(question).raise_for_status()
            times[name].append(1000 * (time.perf_counter() - started))
    return times


def _spread(times: Sequence[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(times), 1),
        "p95": round(float(np.percentile(times, 95)), 1),
    }


def _submit(client: httpx.Client, count: int) -> str:
    """Send files of words of the corpus; gives the job's id when its first chunks have their vectors."""
    words = [word for path in sorted(CORPUS.glob("*.md")) for word in path.read_text("utf-8").split()]
    files = []
    for number in range(count):
        drawn = random.Random(number)
        text = " ".join(drawn.choice(words) + ("." if at % 15 == 14 else "") for at in range(WORDS_A_FILE))
        files.append(("files", (f"{number}.txt", text.encode(), "text/plain")))
    job = str(client.post("/api/documents", files=files).raise_for_status().json()["id"])
    while not client.get(f"/api/jobs/{job}", params={"limit": 0}).json().get("chunks_done"):
        time.sleep(0.2)
    return job


@contextmanager
def _server(folder: Path) -> Iterator[httpx.Client]:
    """A server with the sample corpus, on a free port."""
    environment = os.environ | {"CITA_DATA_DIR": str(folder / "data"), "CITA_LLM": "extractive"}
    command = [sys.executable, "-m", "cli.main", "serve", "--port", "0", "--ingest", str(CORPUS)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            line = next(one for one in process.stderr if one.startswith(READY))
            address = line.removeprefix(READY).split()[0]
            with httpx.Client(base_url=address, timeout=None, trust_env=False) as client:
                yield client
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
