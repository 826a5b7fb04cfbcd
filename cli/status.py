"""`cita status`."""

from __future__ import annotations

import typer

from cli.output import JsonOption, console, print_json
from cli.session import open_session
from rag.settings import load_settings

app = typer.Typer()


@app.command(help="Show the library, the models and what can be used now.")
def status(as_json: JsonOption = False) -> None:
    with open_session(load_settings(), quiet=as_json) as session:
        found = session.status()
    if as_json:
        print_json(found)
        return
    library = found["library"]
    console.print(
        f"Data folder      {library['data_dir']} ({library['disk_bytes'] / 1e6:.1f} MB)", markup=False
    )
    console.print(f"Documents        {library['documents']} in {library['chunks']} chunks", markup=False)
    model = found["embedding_model"]
    console.print(f"Embedding model  {model['name']} ({model['precision']})", markup=False)
    for one in found["generators"]:
        state = "ready" if one["available"] else one["reason"]
        console.print(f"{one['provider']:<16} {one['model']}  {state}", markup=False)
    console.print(f"Leaves the machine: {found['leaves_the_machine']}", markup=False)
