"""`cita remove`."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.output import JsonOption, console, print_json
from cli.session import open_session
from rag.settings import load_settings

app = typer.Typer()


@app.command(help="Remove a document from the library; the file it came from is not touched.")
def remove(
    document_id: Annotated[str, typer.Argument(help="The id that `cita documents` shows.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    with open_session(load_settings(), quiet=as_json) as session:
        if not yes and not as_json:
            typer.confirm(f"Remove document {document_id} from the library?", abort=True)
        session.remove(document_id)
    if as_json:
        print_json({"removed": document_id})
    else:
        console.print(f"Removed {document_id}; ingest its file again to bring it back.")
