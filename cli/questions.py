"""`cita questions`."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from cli.output import CollectionOption, errors, file_progress
from evaluation.making import make_questions, quotes
from rag.core import open_core
from rag.errors import InputError
from rag.generation.extractive import ExtractiveGenerator
from rag.settings import load_settings
from workshop.compile import ensure_embedding_model
from workshop.compile_pairs import ensure_reranker

app = typer.Typer(no_args_is_help=True, help="Questions to measure a library with.")


@app.callback()
def questions() -> None:
    """Questions to measure a library with."""


@app.command(
    help="Have the language model write questions about the library, each with the quote it is from."
)
def make(
    count: Annotated[int, typer.Option("--count", "-n", help="Questions to make.", min=1, max=5000)] = 20,
    collection: CollectionOption = None,
    out: Annotated[Path | None, typer.Option(help="Write them to this file, one JSON object a line.")] = None,
    llm: Annotated[str | None, typer.Option(help="Who writes them.")] = None,
    model: Annotated[str | None, typer.Option(help="The provider's model.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the drawing of sentences.")] = 0,
) -> None:
    settings = load_settings()
    with file_progress(quiet=False) as show:
        ensure_embedding_model(settings, show)
        ensure_reranker(settings, show)
    with open_core(settings) as core, ExitStack() as stack:
        generator = core.generators.get(llm, model)
        if isinstance(generator, ExtractiveGenerator):
            raise InputError(
                "Questions are written by a language model and there is none; "
                "run `cita prepare`, or name one with --llm."
            )
        lines = stack.enter_context(out.open("w", encoding="utf-8")) if out else sys.stdout
        made = 0
        sources = quotes(core.library.catalogue, collection, seed)
        for question in make_questions(sources, generator, count):
            lines.write(json.dumps(question, ensure_ascii=False) + "\n")
            lines.flush()
            made += 1
    where = f" in {out}: measure with `cita evaluate retrieval {out}`" if out else ""
    errors.print(f"{made} of {count} questions made{where}", markup=False)
