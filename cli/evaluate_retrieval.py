"""`cita evaluate retrieval`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from cli.evaluation_store import document_ids, open_set
from cli.output import CollectionOption, JsonOption, console, file_progress, print_json, progress_bar
from cli.search import SearchMode
from evaluation.configurations import Configuration, read_configuration
from evaluation.remembering import RememberingEmbedder
from evaluation.retrieval import Measured, compared, failures, figures, measure_retrieval, with_answer
from evaluation.retrieval_report import retrieval_report
from evaluation.retrieval_sets import RetrievalSet, read_retrieval_set
from evaluation.typos import with_typo
from rag.core import Core
from rag.cross_encoder import open_reranker
from rag.retrieval import Retriever
from rag.sentence_vectors import SentenceVectors
from rag.settings import Settings, load_settings
from workshop.compile import ensure_embedding_model
from workshop.compile_pairs import ensure_reranker

REPORTS = "reports"
"""Below the data folder; the page lists what is there."""
BATCH = 512


def retrieval(
    path: Annotated[Path, typer.Argument(help="A folder in the BEIR layout, or a file of questions.")],
    queries: Annotated[
        Path | None, typer.Option(help="Ask this folder's questions, of another language for example.")
    ] = None,
    collection: CollectionOption = None,
    mode: Annotated[SearchMode | None, typer.Option(help="How hits are ranked.")] = None,
    rerank: Annotated[bool | None, typer.Option(help="Score the first hits again.")] = None,
    compare: Annotated[
        str | None, typer.Option(help="Another configuration: `mode=rrf,rerank=false`, or a TOML file.")
    ] = None,
    chunked: Annotated[
        bool, typer.Option("--chunked", help="Cut documents as an ingest does; else each is one chunk.")
    ] = False,
    typos: Annotated[bool, typer.Option("--typos", help="Ask every question with one typing error.")] = False,
    size: Annotated[int | None, typer.Option("--first", help="Only so many questions.", min=1)] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page with plots and the failures.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how well the documents that answer are found: nDCG@10, recall and RR@10, with intervals."""
    settings = load_settings(mode=mode.value if mode else None, rerank_search=rerank)
    ours = Configuration.of(settings)
    theirs = read_configuration(compare, ours) if compare else None
    given = read_retrieval_set(path, queries)
    questions = given.questions[:size]
    if typos:
        questions = [replace(one, text=with_typo(one.text)) for one in questions]
    given = RetrievalSet(given.name, given.documents, questions, given.key)
    with file_progress(quiet=as_json) as show:
        ensure_embedding_model(settings, show)
        for one in (ours, theirs):
            if one is not None:
                ensure_reranker(one.applied(settings), show)
    documents, key = given.documents, given.key
    with (
        progress_bar(quiet=as_json) as show_count,
        open_set(settings, documents, key, show_count, whole=not chunked) as core,
    ):
        runs = _Runs(core, given, collection, show_count)
        scores = runs.measured(ours)
        if theirs is not None:
            scores["compared"] = runs.compared(theirs)
        if report is not None:
            _write(report, settings.data_dir, runs.report(scores))
    if as_json:
        print_json(scores)
    else:
        _print(scores)


class _Runs:
    """A set's questions, under one configuration and another."""

    def __init__(self, core: Core, given: RetrievalSet, collection: str | None, show: Any) -> None:
        self._core = core
        self._set = given
        self._collection = collection
        self._show = show
        self._ids = document_ids(core)
        remembering = RememberingEmbedder(core.embedder, core.library.cache)
        self._encoder = SentenceVectors(core.library.cache, remembering)
        self._measured: dict[Configuration, Measured] = {}
        texts = [one.text for one in given.questions]
        for start in range(0, len(texts), BATCH):
            show(start, len(texts))
            remembering.encode_queries(texts[start : start + BATCH])

    def measured(self, configuration: Configuration) -> dict[str, Any]:
        started = perf_counter()
        run = self._run(configuration)
        retriever = self._retriever(configuration.applied(self._core.settings))
        scores: dict[str, Any] = {
            "set": self._set.name,
            "documents": self._core.library.catalogue.count_documents(self._collection),
            "configuration": configuration.to_json(),
            **figures(self._set.questions, run),
            "seconds": round(perf_counter() - started, 2),
        }
        share = with_answer(
            self._set.questions,
            run,
            lambda ranking, limit: [one.text for one in retriever.passages(ranking, limit)],
        )
        return scores | ({} if share is None else {"answer_in_5_passages": share})

    def compared(self, configuration: Configuration) -> dict[str, Any]:
        ours = next(iter(self._measured.values()))
        return {
            "configuration": configuration.to_json(),
            **compared(ours, self._run(configuration)),
        }

    def report(self, scores: dict[str, Any]) -> str:
        ours = next(iter(self._measured.values()))
        rows = failures(self._set.questions, ours, self._ids)
        chunks = {one["chunk"] for row in rows for one in (*row["wanted"], *row["came"]) if one["chunk"]}
        texts = {one: found.text for one, found in self._core.library.catalogue.found(sorted(chunks)).items()}
        return retrieval_report(
            scores, self._set.questions, list(self._measured.items()), self._ids, rows, texts
        )

    def _run(self, configuration: Configuration) -> Measured:
        if configuration not in self._measured:
            retriever = self._retriever(configuration.applied(self._core.settings))
            self._measured[configuration] = measure_retrieval(
                self._set.questions,
                lambda text, limit: retriever.rank(text, collection=self._collection, limit=limit),
                self._ids,
                self._show,
            )
        return self._measured[configuration]

    def _retriever(self, settings: Settings) -> Retriever:
        reranker = open_reranker(settings, self._core.sentences) if settings.rerank_search else None
        return Retriever(self._core.library, self._encoder, settings, reranker)


def _write(path: Path, data_dir: Path, page: str) -> None:
    """Write the page where it was asked for, and where the web page lists reports."""
    path.write_text(page, encoding="utf-8")
    folder = data_dir / REPORTS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"retrieval-{datetime.now(UTC):%Y%m%d-%H%M%S}.html").write_text(page, encoding="utf-8")


def _print(scores: dict[str, Any]) -> None:
    console.print(f"{scores['set']}: {scores['n']} questions, {scores['documents']} documents", markup=False)
    apart = scores.get("compared")
    for name, value in scores["metrics"].items():
        low, high = scores["intervals"][name]
        line = f"{name:<8} {value:.4f}  [{low:.4f}, {high:.4f}]"
        if apart:
            other = apart["difference"][name]
            line += f"  against {apart['metrics'][name]:.4f}: {other['mean']:+.4f}, p = {other['p']:.3f}"
        console.print(line, markup=False)
    if "answer_in_5_passages" in scores:
        console.print(f"answer in the first 5 passages: {scores['answer_in_5_passages']:.4f}", markup=False)
