"""`cita evaluate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from cli.evaluate_retrieval import retrieval
from cli.evaluation_store import document_ids, open_set
from cli.output import CollectionOption, JsonOption, console, file_progress, print_json, progress_bar
from cli.searching import SearchOptions
from cli.session import Session, open_session
from evaluation.answer_sets import read_answer_set, sample
from evaluation.answers import evaluate_answers
from evaluation.answers_report import report as answers_report
from evaluation.blinding import BlindRetriever
from evaluation.calibration import fit, print_weights
from evaluation.grounding_pairs import measure_pairs, read_pairs
from evaluation.questions import evaluate_questions, read_questions
from evaluation.refusal import Example, balanced, fit_look, measure_refusal, refusal_examples
from rag.answerability import BIAS, WEIGHTS
from rag.answering import Answerer, Request
from rag.core import Core
from rag.embedding import open_embedder
from rag.errors import InputError
from rag.sentence_vectors import SentenceVectors
from rag.settings import Settings, load_settings
from rag.vector_cache import VectorCache
from workshop.compile import ensure_embedding_model
from workshop.compile_pairs import ensure_reranker

app = typer.Typer(no_args_is_help=True, help="Measure retrieval and answers on a set of questions.")


@app.callback()
def evaluate() -> None:
    """Measure retrieval and answers on a set of questions."""


app.command()(retrieval)


@app.command()
def questions(
    path: Annotated[Path, typer.Argument(help="A file of questions, one JSON object a line.")],
    collection: CollectionOption = None,
    llm: Annotated[str | None, typer.Option(help="The generator to measure.")] = None,
    retrieval_only: Annotated[bool, typer.Option(help="Ask nothing, only search.")] = False,
    details: Annotated[bool, typer.Option(help="Add a line for each question to the JSON.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Search and ask every question of a file whose answers are known."""
    asked = read_questions(path)
    settings = load_settings()
    # What is measured is what an answer would draw on.
    rerank = settings.rerank_ask
    with open_session(settings, quiet=as_json) as session, progress_bar(quiet=as_json) as show:
        if not session.documents(collection, 0, 1)["total"]:
            raise InputError("There are no documents to ask; bring them in with `cita ingest PATH` first.")
        scores = evaluate_questions(
            asked,
            lambda query, limit: session.search(query, SearchOptions(collection, limit, rerank=rerank))[
                "results"
            ],
            None if retrieval_only else lambda question: _answer(session, question, collection, llm),
            show,
        )
    rows = scores["questions"] if details else scores.pop("questions")
    if as_json:
        print_json(scores)
        return
    for name, value in scores.items():
        if name != "questions":
            console.print(f"{name:<22} {'–' if value is None else value}", markup=False)
    for row in rows:
        if row.get("document_found") is False or row.get("refused") is not row["unanswerable"]:
            console.print(f"  {row['id']}: {row['question']} → {row.get('answer', '')}", markup=False)


def _answer(session: Session, question: str, collection: str | None, llm: str | None) -> dict[str, Any]:
    *_steps, last = session.ask(Request(question, collection, provider=llm))
    answer: dict[str, Any] = last.data
    return answer


@app.command()
def answers(
    path: Annotated[Path, typer.Argument(help="A folder in the BEIR layout with answers, or questions.")],
    size: Annotated[int | None, typer.Option("--sample", help="Draw this many questions.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Seed of the drawing.")] = 0,
    llm: Annotated[str | None, typer.Option(help="The generator to measure.")] = None,
    hide: Annotated[bool, typer.Option(help="Ask again with the gold documents out of sight.")] = True,
    report: Annotated[Path | None, typer.Option(help="Write a page with plots and every question.")] = None,
    details: Annotated[bool, typer.Option(help="Add a line for each asking to the JSON.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask a set's questions and measure the answers, their citations, the refusals and the time."""
    settings = load_settings(llm=llm)
    answer_set = read_answer_set(path)
    drawn = sample(answer_set.questions, size, seed)
    with file_progress(quiet=as_json) as show:
        ensure_embedding_model(settings, show)
        ensure_reranker(settings, show)
    documents, key = answer_set.documents, answer_set.key
    with progress_bar(quiet=as_json) as show_count, open_set(settings, documents, key, show_count) as core:
        scores = evaluate_answers(drawn, _asker(core), document_ids(core), hide=hide, on_progress=show_count)
    if report is not None:
        title = f"Answers: {answer_set.name}, {len(drawn)} questions, {settings.llm}"
        report.write_text(answers_report(title, scores, settings.refusal_threshold), encoding="utf-8")
    rows = scores["rows"] if details else scores.pop("rows")
    if as_json:
        print_json(scores)
        return
    for name, value in scores.items():
        if name != "rows":
            console.print(f"{name:<28} {'–' if value is None else value}", markup=False)
    for row in rows:
        if row["refused"] is not row["to_refuse"]:
            console.print(f"  {row['id']}: {row['question']} → {row['answer']}", markup=False)


@app.command()
def grounding(
    path: Annotated[Path | None, typer.Argument(help="A file of labelled pairs; the built-in one.")] = None,
    part: Annotated[str, typer.Option(help="The pairs to measure: report, tune or hard.")] = "report",
    details: Annotated[bool, typer.Option(help="Add the pairs judged wrongly to the JSON.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure the check of sentences on labelled pairs: precision, recall and F1 on "unsupported"."""
    settings = load_settings()
    pairs = [pair for pair in (read_pairs(path) if path else read_pairs()) if pair.part == part]
    with file_progress(quiet=as_json) as show:
        ensure_embedding_model(settings, show)
        ensure_reranker(settings, show)
    embedder = open_embedder(settings)
    with TemporaryDirectory() as folder:
        cache = VectorCache(Path(folder) / "vectors.sqlite", embedder.description)
        scores = measure_pairs(pairs, SentenceVectors(cache, embedder))
        cache.close()
    wrong = scores["wrong"] if details else scores.pop("wrong")
    if as_json:
        print_json(scores)
        return
    for name, value in scores.items():
        if name != "wrong":
            console.print(f"{name:<22} {value}", markup=False)
    for one in wrong if details else ():
        console.print(f"  {one['kind']}: {one['sentence']} ({one['probability']})", markup=False)


def _asker(core: Core) -> Callable[[str, frozenset[str]], dict[str, Any]]:
    blind = BlindRetriever(core.retriever, core.settings)
    answerer = Answerer(blind, core.generators, core.settings)

    def ask(question: str, hidden: frozenset[str]) -> dict[str, Any]:
        blind.hidden = hidden
        return answerer.answer(Request(question, explain=True))

    return ask


@app.command()
def refusal(
    paths: Annotated[list[Path], typer.Argument(help="Folders in the BEIR layout, and files of questions.")],
    size: Annotated[int | None, typer.Option("--sample", help="Draw this many of each set.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Seed of the drawing.")] = 0,
    fit_weights: Annotated[bool, typer.Option("--fit", help="Fit weights on the other half.")] = False,
    look: Annotated[
        bool, typer.Option("--look", help="Have the language model take its second look.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure the refusal before anything is written: recall against false refusal, on half of each set."""
    settings = load_settings()
    with file_progress(quiet=as_json) as show:
        ensure_embedding_model(settings, show)
        ensure_reranker(settings, show)
    examples = [example for path in paths for example in _examples(settings, path, size, seed, look, as_json)]
    weights, bias = dict(WEIGHTS), BIAS
    tuning = [one for one in examples if one.half == "tune"]
    if fit_weights and look:
        found, constant = fit_look(tuning, weights, bias)
        console.print(f"The look: {found}, bias {constant}", markup=False)
    elif fit_weights:
        rows = [one.features for one in tuning]
        labels = [one.answerable for one in tuning]
        weights, bias = fit(rows, labels, expected={}, counts=balanced(tuning))
    scores = measure_refusal(examples, "report", weights, bias)
    if as_json:
        print_json({"sets": scores, "weights": weights, "bias": bias})
        return
    for name, one in scores.items():
        console.print(f"{name}: {one['n']} examples, AUC {one['auc']}", markup=False)
        for row in one["thresholds"]:
            console.print(
                f"  {row['threshold']:.2f}  false refusal {row['false_refusal']:.3f}"
                f"  recall {row['refusal_recall']:.3f}",
                markup=False,
            )
    if fit_weights and not look:
        print_weights(weights, bias)


def _examples(
    settings: Settings, path: Path, size: int | None, seed: int, look: bool, quiet: bool
) -> list[Example]:
    answer_set = read_answer_set(path)
    drawn = sample(answer_set.questions, size, seed)
    titles = {one.id: one.title for one in answer_set.documents}
    documents, key = answer_set.documents, answer_set.key
    with progress_bar(quiet=quiet) as show, open_set(settings, documents, key, show) as core:
        return refusal_examples(
            path.resolve().name,
            drawn,
            document_ids(core),
            titles,
            BlindRetriever(core.retriever, core.settings),
            core.sentences,
            hide=bool(answer_set.documents),
            limit=settings.passages,
            generator=core.generators.get() if look else None,
            on_progress=show,
        )
