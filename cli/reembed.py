"""`cita reembed`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cli.output import JsonOption, file_progress, print_json
from ingest.reembedding import Reembedding
from rag.embedding import open_embedder
from rag.settings import load_settings
from workshop.compile import ensure_embedding_model

app = typer.Typer()


@app.command(
    help="Change the embedding model: embed everything anew beside what is there, then change over. "
    "Interrupted, it goes on where it was; questions are answered with the old model until then."
)
def reembed(
    model: Annotated[str, typer.Option(help="The new model: a sentence-transformers folder or hub name.")],
    as_json: JsonOption = False,
) -> None:
    settings = load_settings(embedding_model=model)
    with file_progress(quiet=as_json) as show:
        ensure_embedding_model(settings, show)
        report = Reembedding(settings, open_embedder(settings), show).run()
    if as_json:
        print_json(asdict(report))
    elif report.changed:
        typer.echo(
            f"{report.documents} documents, {report.chunks} chunks are indexed with {model}; "
            f"{report.embedded} vectors were computed. From now on set CITA_EMBEDDING_MODEL={model} "
            "(in .env or cita.toml)."
        )
    else:
        typer.echo(f"The index is one of {model} already; nothing was done.")
