"""`cita search`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.output import CollectionOption, JsonOption, console, place, print_json
from cli.searching import DateOption, DocumentOption, LanguageOption, PathOption, SearchOptions, TagOption
from cli.session import open_session
from rag.query import make_filters
from rag.settings import load_settings

app = typer.Typer()
BAR = 24
"""Characters of a full bar."""


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
    rerank: Annotated[bool | None, typer.Option(help="Score the first hits again.")] = None,
    document: DocumentOption = None,
    path: PathOption = None,
    language: LanguageOption = None,
    date: DateOption = None,
    tag: TagOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each passage is where it is.")] = False,
    as_json: JsonOption = False,
) -> None:
    filters = make_filters(document or (), path or (), language or (), date or (), tag or ())
    options = SearchOptions(collection, limit, mode.value if mode else None, rerank, filters)
    with open_session(load_settings(), quiet=as_json) as session:
        found = session.search(query, options)
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
        if explain:
            for line in explanation(hit):
                console.print(f"   {line}", markup=False, style="dim")


def explanation(hit: dict[str, Any]) -> list[str]:
    """Why a hit is where it is, in lines with bars."""
    lines = [
        f"meaning  {_bar(hit['cosine'])} {hit['cosine']:.3f}  cosine of the question and the passage",
        f"words    {_bar(hit['lexical'])} {hit['lexical']:.3f}  "
        "share of the question's words, the rare ones counting more",
        f"BM25     {_bar(hit['bm25'])} {hit['bm25']:.3f}  of the most that the words could score",
        f"together {_bar(hit['fused'])} {hit['fused']:.3f}  what the search ranks by",
    ]
    if hit["reranked"]:
        lines.append(f"again    {_bar(hit['score'])} {hit['score']:.3f}  scored again; what its place is by")
    lines.append(f"words that matched: {', '.join(hit['words']) or 'none'}")
    return lines


def _bar(share: float) -> str:
    full = round(BAR * min(max(share, 0.0), 1.0))
    return "█" * full + "·" * (BAR - full)
