"""Ingestion beside the usual pipeline: `make bench-ingest`; the last line is one JSON object.

`throughput_ratio`: tokens a second of Cita to those of the usual pipeline, files to finished store; tokens
of the chunks' own text, so that neither headings nor prompts that are embedded with it count.
`overhead_ratio`: Cita's whole time to that of embedding the same chunks and nothing else.
`reingest_ratio`: time of ingesting an unchanged folder again to that of its first time.
`memory_ratio`: peak memory at the most chunks to that at the fewest.
`ndcg_cita`, `ndcg_usual`: dense nDCG@10 on the paragraphs of XQuAD in Spanish, each a file of its own;
`ndcg_hybrid`: that of Cita's default search.

The first two are medians over rounds in which each is measured in turn, a process of its own each time;
`throughput_ratios` and `overhead_ratios` are those of the rounds, which say how even the machine was.
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
from pathlib import Path
from typing import Any

from benchmarks.xquad import XQUAD, ranking, read_xquad, write_files
from evaluation.retrieval_metrics import measure
from evaluation.retrieval_sets import RetrievalSet
from ingest.chunking import Chunk, embedding_text
from ingest.outcomes import Report
from ingest.pipeline import Ingestion
from rag.core import open_core
from rag.settings import load_settings
from workshop.packed_e5 import unpack
from workshop.weights import EMBEDDING_WEIGHTS


def main() -> None:
    """Measure everything that was asked for and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--xquad", type=Path, default=XQUAD, help="Folder with XQuAD in `es` and `en`.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=10_000, help="Files of the folder ingested again.")
    parser.add_argument("--chunks", type=int, nargs=2, default=[5_000, 50_000])
    parser.add_argument("--skip", nargs="*", default=[], choices=["speed", "reingest", "memory"])
    parser.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--time-of", type=Path, nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.memory_of or given.time_of:
        own = _peak_memory(given.memory_of) if given.memory_of else _times(*given.time_of)
        sys.stdout.write(json.dumps(own) + "\n")
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


def _ingest(folder: Path, data: Path) -> tuple[Report, float]:
    """Ingest a folder into a store; gives the report and the seconds."""
    with open_core(load_settings(data_dir=data, llm="extractive")) as core:
        started = time.perf_counter()
        report = Ingestion(core).run([folder])
        seconds = time.perf_counter() - started
    if report.failed:
        raise SystemExit(f"{len(report.failed)} files failed")
    return report, seconds


def _times(folder: Path, data: Path) -> dict[str, float]:
    """Seconds of ingesting a folder and, after that, of embedding its chunks and nothing else."""
    report, seconds = _ingest(folder, data)
    with open_core(load_settings(data_dir=data, llm="extractive")) as core:
        catalogue, embedder = core.library.catalogue, core.embedder
        embedded, own = [], []
        for one in catalogue.documents(limit=len(report.outcomes)):
            text = catalogue.text(one.id)
            for chunk in catalogue.chunks(one.id):
                cut = Chunk(chunk.start, chunk.end, chunk.heading, chunk.page, chunk.tokens)
                embedded.append(embedding_text(text, cut))
                own.append(text.text[chunk.start : chunk.end])
        started = time.perf_counter()
        embedder.encode_documents(embedded)
        bare = time.perf_counter() - started
        return {
            "seconds": seconds,
            "bare": bare,
            "chunks": len(own),
            "tokens": sum(embedder.count_tokens(own)),
        }


def _speed(xquad: Path, rounds: int, scratch: Path) -> dict[str, Any]:
    sets = read_xquad(xquad)
    for language, one in sets.items():
        write_files(one.documents, scratch / "files" / language)
    model = scratch / "model"
    unpack(load_settings().models_dir / EMBEDDING_WEIGHTS.filename, model)
    files = str(scratch / "files")
    usual, cita = [], []
    for number in range(rounds):
        usual.append(_child("benchmarks.usual_pipeline", files, str(model), str(scratch / f"usual-{number}")))
        cita.append(_child("benchmarks.ingest", "--time-of", files, str(scratch / f"cita-{number}")))
        sys.stdout.write(f"round {number + 1}: usual {usual[-1]}, Cita {cita[-1]}\n")
        sys.stdout.flush()
    rates = [[one["tokens"] / one["seconds"] for one in way] for way in (cita, usual)]
    ratios = [ours / theirs for ours, theirs in zip(*rates, strict=True)]
    overheads = [one["seconds"] / one["bare"] for one in cita]
    return {
        "chunks": [cita[0]["chunks"], usual[0]["chunks"]],
        "tokens": [cita[0]["tokens"], usual[0]["tokens"]],
        "tokens_a_second": [round(statistics.median(way)) for way in rates],
        "throughput_ratio": round(statistics.median(ratios), 2),
        "throughput_ratios": [round(one, 2) for one in ratios],
        "overhead_ratio": round(statistics.median(overheads), 3),
        "overhead_ratios": [round(one, 3) for one in overheads],
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
    _first_report, first = _ingest(folder, data)
    unchanged, second = _ingest(folder, data)
    (folder / "long.txt").write_text(long + "\n\nOne more paragraph at the end.\n", encoding="utf-8")
    changed, third = _ingest(folder, data)
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
