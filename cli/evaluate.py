"""`cita evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from cli.output import CollectionOption, JsonOption, console, errors, print_json
from cli.session import Session, open_session
from evaluation.questions import evaluate_questions, read_questions
from rag.answering import Request
from rag.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Measure retrieval and answers on a set of questions.")


@app.callback()
def evaluate() -> None:
    """Measure retrieval and answers on a set of questions."""


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
    with open_session(load_settings(), quiet=as_json) as session, _bar(quiet=as_json) as show:
        scores = evaluate_questions(
            asked,
            lambda query, limit: session.search(query, collection, limit, None)["results"],
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


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    if quiet or not errors.is_terminal:
        yield lambda done, total: None
        return
    with Progress(console=errors) as progress:
        task = progress.add_task("Questions", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
