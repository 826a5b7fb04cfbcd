"""`cita conversations`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from cli.output import JsonOption, console, print_json
from cli.session import open_session
from rag.settings import load_settings

app = typer.Typer(invoke_without_command=True, help="List, read, rename, delete and export conversations.")
Identifier = Annotated[str, typer.Argument(help="The conversation's id, as the list shows it.")]
DAY_AND_MINUTE = 16
"""Characters of a time that tell the day and the minute."""


@app.callback()
def conversations(
    context: typer.Context,
    limit: Annotated[int, typer.Option(help="Most conversations to list.", min=1, max=500)] = 50,
    as_json: JsonOption = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    with open_session(load_settings(), quiet=as_json) as session:
        found = session.conversations(0, limit)
    if as_json:
        print_json(found)
        return
    table = Table("Id", "Title", "Questions", "Changed", box=None)
    for one in found["conversations"]:
        when = one["changed_at"][:DAY_AND_MINUTE].replace("T", " ")
        table.add_row(one["id"], one["title"], str(one["turns"]), when)
    console.print(table)


@app.command(help="Begin a conversation and print its id, for `cita ask --conversation`.")
def new(title: Annotated[str, typer.Argument(help="Its title; else the first question.")] = "") -> None:
    with open_session(load_settings(), quiet=True) as session:
        console.print(session.start_conversation(title)["id"], markup=False, highlight=False)


@app.command(help="Give a conversation another title.")
def rename(identifier: Identifier, title: Annotated[str, typer.Argument(help="The new title.")]) -> None:
    with open_session(load_settings(), quiet=True) as session:
        session.rename_conversation(identifier, title)


@app.command(help="Delete a conversation with all its questions and answers.")
def delete(identifier: Identifier) -> None:
    with open_session(load_settings(), quiet=True) as session:
        session.delete_conversation(identifier)


@app.command(help="Write a conversation as Markdown or JSON.")
def export(
    identifier: Identifier,
    format: Annotated[Literal["markdown", "json"], typer.Option(help="What to write.")] = "markdown",
    output: Annotated[Path | None, typer.Option(help="A file; else it is printed.")] = None,
) -> None:
    with open_session(load_settings(), quiet=True) as session:
        content = session.export_conversation(identifier, format)
    if output is not None:
        output.write_text(content, encoding="utf-8")
    else:
        typer.echo(content)
