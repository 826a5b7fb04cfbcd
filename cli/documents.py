"""`cita documents`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from cli.output import CollectionOption, JsonOption, console, print_json
from cli.session import open_session
from rag.settings import load_settings

app = typer.Typer()


@app.command(help="List the documents of the library.")
def documents(
    collection: CollectionOption = None,
    offset: Annotated[int, typer.Option(help="Documents to skip.", min=0)] = 0,
    limit: Annotated[int, typer.Option("--limit", "-n", help="Documents to list.", min=1)] = 1000,
    as_json: JsonOption = False,
) -> None:
    with open_session(load_settings(), quiet=as_json) as session:
        found = session.documents(collection, offset, limit)
    if as_json:
        print_json(found)
        return
    table = Table("Id", "Title", "Source", "Lang.", "Pages", "Chunks", box=None)
    for one in found["documents"]:
        pages = str(one["pages"] or "")
        table.add_row(one["id"], one["title"], one["source"], one["language"], pages, str(one["chunks"]))
    console.print(table)
    console.print(f"{len(found['documents'])} of {found['total']} documents")
