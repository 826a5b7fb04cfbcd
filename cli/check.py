"""`cita check`."""

from __future__ import annotations

from dataclasses import asdict

import typer

from cli.output import JsonOption, console, file_progress, print_json
from ingest.repair import check_store
from rag.embedding import open_embedder
from rag.errors import StoreError
from rag.settings import load_settings
from workshop.compile import ensure_embedding_model

app = typer.Typer()


@app.command(help="Check that the library's parts agree: texts, vectors, words.")
def check(as_json: JsonOption = False) -> None:
    settings = load_settings()
    with file_progress(quiet=as_json) as show:
        ensure_embedding_model(settings, show)
    found = check_store(settings, open_embedder(settings))
    if as_json:
        print_json({"clean": not found, "findings": [asdict(one) for one in found]})
    elif not found:
        console.print("Everything agrees: every chunk has its text, its vector and its words.")
    for one in found:
        if not as_json:
            console.print(one.sentence(), markup=False)
    if found:
        if not as_json:
            console.print("Run `cita repair` to mend it; the documents themselves are in SQLite.")
        raise typer.Exit(StoreError.exit_code)
