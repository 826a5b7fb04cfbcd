"""`cita export`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.output import JsonOption, file_progress, print_json
from ingest.exporting import export_store
from rag.embedding import open_embedder
from rag.settings import load_settings
from workshop.compile import ensure_embedding_model

app = typer.Typer()


@app.command(help="Write documents, originals, chunks and vectors to one file, for `cita import`.")
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file, replaced when it is whole.")],
    collection: Annotated[
        str | None, typer.Option("--collection", "-c", help="One collection; all if none is named.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    settings = load_settings()
    with file_progress(quiet=as_json) as show:
        ensure_embedding_model(settings, show)
        manifest = export_store(settings, open_embedder(settings), file, collection, show)
    size = file.stat().st_size
    if as_json:
        print_json({"file": str(file), "bytes": size, **asdict(manifest)})
    else:
        typer.echo(f"{file}: {manifest.documents} documents, {manifest.chunks} chunks, {size / 1e6:.1f} MB")
