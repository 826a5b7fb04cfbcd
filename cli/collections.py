"""`cita collections`."""

from __future__ import annotations

import typer
from rich.table import Table

from cli.output import JsonOption, console, print_json
from cli.session import open_session
from rag.settings import load_settings

app = typer.Typer()


@app.command(help="List the collections with their documents.")
def collections(as_json: JsonOption = False) -> None:
    with open_session(load_settings(), quiet=as_json) as session:
        names = session.status()["library"]["collections"]
        found = {name: session.documents(name, 0, 1)["total"] for name in names}
    if as_json:
        print_json({"collections": found})
        return
    table = Table("Collection", "Documents", box=None)
    for name, documents in found.items():
        table.add_row(name, str(documents))
    console.print(table)
