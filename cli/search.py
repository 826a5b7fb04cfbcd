"""`cita search`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cli.output import CollectionOption, JsonOption, console, place, print_json
from cli.session import open_session
from rag.settings import load_settings

app = typer.Typer()


class SearchMode(StrEnum):
    """How hits are ranked."""

    hybrid = "hybrid"
    dense = "dense"
    lexical = "lexical"
    rrf = "rrf"


@app.command(help="Find the passages that fit a query, without a language model.")
def search(
    query: Annotated[str, typer.Argument(help="What to look for, in any language.")],
    collection: CollectionOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="Passages to show.", min=1, max=200)] = 10,
    mode: Annotated[SearchMode | None, typer.Option(help="How hits are ranked.")] = None,
    as_json: JsonOption = False,
) -> None:
    settings = load_settings()
    with open_session(settings, quiet=as_json) as session:
        found = session.search(query, collection, limit, mode.value if mode else None)
    if as_json:
        print_json(found)
        return
    if not found["results"]:
        console.print("Nothing was found; `cita documents` lists what there is to search.")
    for number, hit in enumerate(found["results"], start=1):
        where = place(hit["source"], hit["page"], hit["heading"])
        console.print(f"{number}. {where}  ({hit['score']:.3f})", markup=False, style="bold")
        text = " ".join(hit["text"].split())
        console.print(f"   {text[:300]}{'…' if len(text) > 300 else ''}", markup=False)
