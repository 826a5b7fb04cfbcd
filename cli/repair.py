"""`cita repair`."""

from __future__ import annotations

from dataclasses import asdict

import typer

from cli.output import JsonOption, console, file_progress, print_json
from ingest.repair import repair_store
from rag.embedding import open_embedder
from rag.errors import StoreError
from rag.settings import load_settings
from workshop.compile import ensure_embedding_model

app = typer.Typer()


@app.command(help="Mend what `cita check` finds, embedding only what is missing.")
def repair(as_json: JsonOption = False) -> None:
    settings = load_settings()
    with file_progress(quiet=as_json) as show:
        ensure_embedding_model(settings, show)
        report = repair_store(settings, open_embedder(settings), show)
    if as_json:
        print_json(asdict(report))
    elif not report.found:
        console.print("Everything agrees; there was nothing to mend.")
    else:
        for one in report.found:
            console.print(f"found: {one.sentence()}", markup=False)
        console.print(
            f"Wrote {report.vectors} vectors, {report.embedded} of them embedded anew, "
            f"and the words of {report.words} chunks."
        )
        for one in report.left:
            console.print(f"left: {one.sentence()}; remove the document and ingest it again", markup=False)
    if report.left:
        raise typer.Exit(StoreError.exit_code)
