"""Search at size: `python -m benchmarks.search [--sizes 100000 1000000]`; the last line is one JSON object.

The chunks are those of the sample corpus over and over, each time with words exchanged and the vector
moved, a hundred to a document. Measured by size: the whole search and its stages, with filters, with
eight clients at once, the graph's recall against exact search, memory, disk, and (up to 100,000) the
retriever of LangChain over Chroma with the same embedding model.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.enlarging import Enlarged
from benchmarks.langchain_chroma import searched_by_peer
from rag.core import Core, open_core
from rag.query import Filters
from rag.settings import load_settings

CORPUS = Path(__file__).parent.parent / "corpus"
QUESTIONS = 200
CLIENTS = 8
EXACT = 100
"""Questions whose exact neighbours are looked for."""
NEAREST = 10
TENTH = Filters(paths=("*0.txt",))
NINE_TENTHS = Filters(paths=("*[1-9].txt",))
ONE = Filters(documents=("part-00000007.txt",))
LANGUAGE = Filters(languages=("es",))


def main() -> None:
    """Measure every size and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--peer-up-to", type=int, default=100_000, help="Largest size the peer is given.")
    given = parser.parse_args()
    figures = {str(size): measure(size, peer=size <= given.peer_up_to) for size in given.sizes}
    sys.stdout.write(json.dumps(figures) + "\n")


def measure(size: int, *, peer: bool) -> dict[str, Any]:
    """The figures of one size."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(data_dir=Path(folder) / "data", llm="extractive")
        with open_core(settings) as core:
            enlarged = Enlarged(core, CORPUS, size)
            started = time.perf_counter()
            enlarged.write()
            figures: dict[str, Any] = {"write_s": round(time.perf_counter() - started, 1)}
            _say(f"{size:,} chunks written in {figures['write_s']} s")
        # Opened anew, as a server finds it: how deep the graph is searched follows what it holds then.
        with open_core(settings) as core:
            enlarged = Enlarged(core, CORPUS, size)
            asked = questions()
            figures |= searched(core, asked)
            _say(json.dumps(figures))
            figures |= recall(core, enlarged, asked[:EXACT])
            figures["clients"] = clients(core, asked)
            figures["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            figures["disk_mb"] = core.library.disk_bytes() // 1_000_000
            if peer:
                figures["langchain_chroma"] = searched_by_peer(core, enlarged, asked, Path(folder) / "peer")
            _say(json.dumps(figures))
    return figures


def questions() -> list[str]:
    """The corpus' questions, as often as it takes, each time about something else."""
    lines = (CORPUS / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line)["question"] for line in lines if line.strip()]
    drawn = random.Random(3)
    return [f"{asked[i % len(asked)]} {drawn.randrange(1000)}" for i in range(QUESTIONS)]


def searched(core: Core, asked: Sequence[str]) -> dict[str, Any]:
    """Median and p95 in milliseconds: whole, by stage, and with filters."""
    for question in asked[:10]:
        core.retriever.search(question)
    found: dict[str, Any] = {}
    began = time.process_time()
    with _stages(core) as stages:
        whole = [_timed(core, question) for question in asked]
    # What a search costs the processors, which a busy machine changes less than how long it takes.
    found["processor_ms"] = round(1000 * (time.process_time() - began) / len(asked), 2)
    found["search_ms"] = _spread(whole)
    found["stages_ms"] = {name: _spread(times) for name, times in stages.items()}
    kinds = {"tenth": TENTH, "nine_tenths": NINE_TENTHS, "one_document": ONE, "spanish": LANGUAGE}
    for name, filters in kinds.items():
        core.retriever.search(asked[0], filters=filters)
        times = [_timed(core, question, filters) for question in asked[:100]]
        found[f"filter_{name}_ms"] = _spread(times)
    # Once more between, so that a busy machine is seen.
    found["search_again_ms"] = _spread([_timed(core, question) for question in asked[:100]])
    return found


def recall(core: Core, enlarged: Enlarged, asked: Sequence[str]) -> dict[str, float]:
    """Share of the ten exact nearest that the graph has: of what a search looks near, and of the question."""
    place = core.library.vector_collection(core.settings.collection)
    centroids = core.library.centroids(core.settings.collection)
    vectors = core.embedder.encode_queries(list(asked))
    neutral = np.stack([centroids.neutral(vector) for vector in vectors])
    exact = enlarged.nearest(np.concatenate([neutral, vectors]), NEAREST)
    hits = [
        len(wanted & {one for one, _cosine in core.library.vectors.nearest(place, vector, NEAREST)}) / NEAREST
        for vector, wanted in zip([*neutral, *vectors], exact, strict=True)
    ]
    return {
        "recall@10": round(statistics.mean(hits[: len(asked)]), 4),
        "recall@10_of_the_question": round(statistics.mean(hits[len(asked) :]), 4),
    }


def clients(core: Core, asked: Sequence[str]) -> dict[str, Any]:
    """Searches a second with one client and with eight at once, and whether all got their own answer."""
    own = {question: _ids(core, question) for question in asked}
    started = time.perf_counter()
    for question in asked:
        _ids(core, question)
    alone = len(asked) / (time.perf_counter() - started)
    times: list[float] = []

    def ask(question: str) -> bool:
        begun = time.perf_counter()
        right = _ids(core, question) == own[question]
        times.append(1000 * (time.perf_counter() - begun))
        return right

    with ThreadPoolExecutor(CLIENTS) as pool:
        started = time.perf_counter()
        right = list(pool.map(ask, [*asked, *asked]))
        together = len(right) / (time.perf_counter() - started)
    return {
        "one_per_s": round(alone, 1),
        "eight_per_s": round(together, 1),
        "ratio": round(together / alone, 2),
        "eight_ms": _spread(times),
        "mixed_up": right.count(False),
    }


def _ids(core: Core, question: str) -> tuple[str, ...]:
    return tuple(one.chunk_id for one in core.retriever.search(question).passages)


@contextmanager
def _stages(core: Core) -> Iterator[dict[str, list[float]]]:
    """The times of a search's stages, by wrapping what they call."""
    library = core.library
    times: dict[str, list[float]] = defaultdict(list)
    wrapped: list[tuple[Any, str, str]] = [
        (core.embedder, "encode_queries", "embedding"),
        (library.vectors, "nearest", "dense"),
        (library.words, "search", "words"),
        (library.words, "coverage", "coverage"),
        (library.catalogue, "found", "texts"),
    ]
    for owner, method, name in wrapped:
        _wrap(owner, method, times[name])
    try:
        yield times
    finally:
        for owner, method, _name in wrapped:
            delattr(owner, method)


def _wrap(owner: Any, method: str, into: list[float]) -> None:
    original = getattr(owner, method)

    def timed(*given: Any, **named: Any) -> Any:
        started = time.perf_counter()
        result = original(*given, **named)
        into.append(1000 * (time.perf_counter() - started))
        return result

    setattr(owner, method, timed)


def _timed(core: Core, question: str, filters: Filters | None = None) -> float:
    started = time.perf_counter()
    core.retriever.search(question, filters=filters)
    return 1000 * (time.perf_counter() - started)


def _spread(times: Sequence[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(times), 2),
        "p95": round(float(np.percentile(times, 95)), 2),
    }


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
