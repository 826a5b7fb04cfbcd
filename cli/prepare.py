"""`cita prepare`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cli.output import JsonOption, errors, file_progress, print_json
from rag.errors import ModelError
from rag.settings import load_settings
from workshop.compile import ensure_embedding_model
from workshop.compile_pairs import ensure_reranker
from workshop.weights import ensure_language_model

app = typer.Typer()


class LanguageModel(StrEnum):
    """Which language model to fetch."""

    built_in = "built-in"
    none = "none"


@app.command(help="Fetch and compile the models; what is there already is left alone.")
def prepare(
    llm: Annotated[
        LanguageModel, typer.Option(help="The built-in language model (1.1 GB), or none.")
    ] = LanguageModel.built_in,
    as_json: JsonOption = False,
) -> None:
    settings = load_settings()
    language_model = None
    with file_progress(quiet=as_json) as show:
        description = ensure_embedding_model(settings, show)
        reranker = ensure_reranker(settings, show)
        if llm is LanguageModel.built_in:
            try:
                language_model = str(ensure_language_model(settings.models_dir, show))
            except ModelError as error:
                errors.print(f"{error} Until then Cita answers by quoting.", markup=False)
    if as_json:
        print_json(
            {
                "embedding_model": description.name,
                "precision": description.precision,
                "agreement": round(description.agreement, 4),
                "reranker": reranker.name if reranker else settings.reranker,
                "reranker_precision": reranker.precision if reranker else description.precision,
                "language_model": language_model,
            }
        )
