"""Ingestion beside the usual pipeline: `make bench-ingest`; the last line is one JSON object.

`throughput_ratio`: tokens a second of Cita to those of the usual pipeline, files to finished store.
`overhead_ratio`: Cita's whole time to that of embedding the same chunks and nothing else.
`reingest_ratio`: time of ingesting an unchanged folder again to that of its first time.
`memory_ratio`: peak memory at the most chunks to that at the fewest.
`ndcg_cita`, `ndcg_usual`: dense nDCG@10 on the paragraphs of XQuAD in Spanish, each a file of its own;
`ndcg_hybrid`: that of Cita's default search.

The first two are medians over rounds in which each is measured in turn, in one run.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.xquad import XQUAD, ranking, read_xquad, write_files
from evaluation.retrieval_metrics import measure
from evaluation.retrieval_sets import RetrievalSet
from ingest.outcomes import Report
from ingest.pipeline import Ingestion
from rag.core import open_core
from rag.embedding import Embedder, FloatArray
from rag.settings import load_settings
from workshop.packed_e5 import unpack
from workshop.weights import EMBEDDING_WEIGHTS


class Recorder:
    """An embedder that keeps what it was given."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.description = embedder.description
        self.texts: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        self.texts += texts
        return self._embedder.encode_documents(texts)


def main() -> None:
    """Measure everything that was asked for and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--xquad", type=Path, default=XQUAD, help="Folder with XQuAD in `es` and `en`.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=10_000, help="Files of the folder ingested again.")
    parser.add_argument("--chunks", type=int, nargs=2, default=[5_000, 50_000])
    parser.add_argument("--skip", nargs="*", default=[], choices=["speed", "reingest", "memory"])
    parser.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.memory_of:
        sys.stdout.write(json.dumps(_peak_memory(given.memory_of)) + "\n")
        return
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        if "speed" not in given.skip:
            figures |= _speed(given.xquad, given.rounds, Path(folder))
        if "reingest" not in given.skip:
            figures |= _reingest(given.files, Path(folder) / "many")
        if "memory" not in given.skip:
            few, many = (_child("benchmarks.ingest", "--memory-of", str(n)) for n in given.chunks)
            figures |= {
                "memory_mb": [round(one["peak_mb"]) for one in (few, many)],
                "memory_chunks": [one["chunks"] for one in (few, many)],
                "memory_ratio": round(many["peak_mb"] / few["peak_mb"], 3),
            }
    sys.stdout.write(json.dumps(figures) + "\n")


def _child(module: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _ingest(folder: Path, data: Path, recorder: bool = False) -> tuple[Report, float, Any]:
    """Ingest a folder into a store; gives the report, the seconds and, recorded, the texts embedded."""
    with open_core(load_settings(data_dir=data, llm="extractive")) as core:
        embedder = Recorder(core.embedder) if recorder else core.embedder
        started = time.perf_counter()
        report = Ingestion(replace(core, embedder=embedder)).run([folder])
        seconds = time.perf_counter() - started
        if report.failed:
            raise SystemExit(f"{report.failed} files failed")
        texts = embedder.texts if isinstance(embedder, Recorder) else []
        return report, seconds, texts


def _speed(xquad: Path, rounds: int, scratch: Path) -> dict[str, Any]:
    sets = read_xquad(xquad)
    for language, one in sets.items():
        write_files(one.documents, scratch / "files" / language)
    model = scratch / "model"
    unpack(load_settings().models_dir / EMBEDDING_WEIGHTS.filename, model)
    _report, _seconds, texts = _ingest(scratch / "files", scratch / "recorded", recorder=True)
    with open_core(load_settings(data_dir=scratch / "recorded", llm="extractive")) as core:
        embedder = core.embedder
        tokens = sum(embedder.count_tokens(texts))
    times: dict[str, list[float]] = {"usual": [], "cita": [], "bare": []}
    for number in range(rounds):
        usual = _child(
            "benchmarks.usual_pipeline", str(scratch / "files"), str(model), str(scratch / f"usual-{number}")
        )
        times["usual"].append(usual["seconds"] / usual["tokens"])
        times["cita"].append(_ingest(scratch / "files", scratch / f"cita-{number}")[1])
        started = time.perf_counter()
        embedder.encode_documents(texts)
        times["bare"].append(time.perf_counter() - started)
    cita = statistics.median(times["cita"])
    return {
        "chunks": [len(texts), usual["chunks"]],
        "tokens_a_second": [round(tokens / cita), round(1 / statistics.median(times["usual"]))],
        "throughput_ratio": round(tokens / cita * statistics.median(times["usual"]), 2),
        "overhead_ratio": round(
            statistics.median(a / b for a, b in zip(times["cita"], times["bare"], strict=True)), 3
        ),
        **_quality(sets["es"], scratch, model),
    }


def _quality(chosen: RetrievalSet, scratch: Path, model: Path) -> dict[str, float]:
    questions = [one.text for one in chosen.questions]
    asked = scratch / "questions.json"
    asked.write_text(json.dumps(questions), encoding="utf-8")
    files = scratch / "files" / "es"
    usual = _child(
        "benchmarks.usual_pipeline", str(files), str(model), str(scratch / "usual-es"),
        "--questions", str(asked),
    )  # fmt: skip
    _ingest(files, scratch / "cita-es")
    with open_core(load_settings(data_dir=scratch / "cita-es", llm="extractive")) as core:
        rankings = {
            "ndcg_cita": [ranking(core, one, "dense") for one in questions],
            "ndcg_usual": usual["rankings"],
            "ndcg_hybrid": [ranking(core, one, "hybrid") for one in questions],
        }
    return {
        name: round(float(measure(chosen.questions, one)["nDCG@10"].mean()), 4)
        for name, one in rankings.items()
    }


def _reingest(count: int, folder: Path) -> dict[str, Any]:
    """A folder of many short files: first time, unchanged, and with one paragraph of one file changed."""
    folder.mkdir()
    for number in range(count):
        text = f"Note {number}\n\nThe measurement of day {number} was {number * 7919 % 10007} units.\n"
        (folder / f"{number:05}.txt").write_text(text, encoding="utf-8")
    long = "\n\n".join(f"Section {i}. " + f"The value of line {i} is {i * 31 % 97}. " * 40 for i in range(8))
    (folder / "long.txt").write_text(long, encoding="utf-8")
    data = folder.parent / "many-data"
    _first_report, first, _texts = _ingest(folder, data)
    unchanged, second, _texts = _ingest(folder, data)
    (folder / "long.txt").write_text(long + "\n\nOne more paragraph at the end.\n", encoding="utf-8")
    changed, third, _texts = _ingest(folder, data)
    return {
        "reingest_seconds": [round(one, 2) for one in (first, second, third)],
        "reingest_ratio": round(second / first, 4),
        "unchanged_embedded": sum(one.embedded for one in unchanged.outcomes),
        "changed_embedded": sum(one.embedded for one in changed.outcomes),
        "changed_chunks": next(o.chunks for o in changed.outcomes if o.status == "updated"),
    }


def _peak_memory(chunks: int) -> dict[str, float]:
    """Peak memory of a process that ingests files of a hundred short chunks each."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "files"
        folder.mkdir()
        for number in range(chunks // 100):
            lines = (
                f"Entry {number}-{i} has the value {(number * 100 + i) * 7919 % 99991}." for i in range(400)
            )
            (folder / f"{number}.txt").write_text("\n\n".join(lines), encoding="utf-8")
        settings = load_settings(data_dir=Path(scratch) / "data", llm="extractive", chunk_tokens=48)
        with open_core(settings) as core:
            report = Ingestion(core).run([folder])
        made = sum(one.chunks for one in report.outcomes)
    # Kilobytes on Linux, bytes on macOS.
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, "chunks": made}


if __name__ == "__main__":
    main()
