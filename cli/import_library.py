"""`cita import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.output import JsonOption, errors, file_progress, print_json
from ingest.importing import Import
from rag.library import Library
from rag.settings import load_settings
from workshop.compile import ensure_embedding_model

app = typer.Typer()


@app.command(help="Bring in what `cita export` wrote; what is here already stays.", name="import")
def import_library(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `cita export` wrote.")],
    collection: Annotated[
        str | None,
        typer.Option(
            "--collection", "-c", help="Where everything goes; its own collections if none is named."
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Where the library has another version, take the file's.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    settings = load_settings(collection=collection)
    with file_progress(quiet=as_json) as show:
        model = ensure_embedding_model(settings, show)
        library = Library(settings.data_dir, model, chroma_url=settings.chroma_url)
        try:
            report = Import(library, collection=collection, replace_others=replace).run(file, show)
        finally:
            library.close()
    if as_json:
        print_json(report.to_json())
        return
    for outcome in report.outcomes:
        if outcome.message:
            errors.print(f"{outcome.status}: {outcome.name}: {outcome.message}", markup=False)
    counts = ", ".join(f"{number} {status}" for status, number in report.counts().items()) or "no documents"
    typer.echo(f"{counts}; nothing had to be embedded")
