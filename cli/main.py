"""The `cita` command: finds the subcommand, and turns errors into a sentence and an exit code."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from rag.errors import CitaError

INTERRUPTED = 130
COMMANDS = {
    "ask": "Answer a question from your documents, each sentence with its source.",
    "search": "Find the passages that fit a query, without a language model.",
    "ingest": "Bring files and folders into the library.",
    "watch": "Keep the library in step with folders.",
    "documents": "List the documents of the library.",
    "remove": "Remove a document from the library.",
    "collections": "List the collections with their documents.",
    "conversations": "List, read, rename, delete and export conversations.",
    "status": "Show the library, the models and what can be used now.",
    "serve": "Serve the web page and the API.",
    "evaluate": "Measure retrieval and answers on a set of questions.",
    "questions": "Make questions to measure the library with.",
    "check": "Check that the library's parts agree.",
    "repair": "Mend what `cita check` finds.",
    "reembed": "Change the embedding model.",
    "export": "Write the library to one file.",
    "import": "Bring in what `cita export` wrote.",
    "prepare": "Fetch and compile the models.",
}
"""Every subcommand with its line of help; `cli.<name>` has its `app`."""
MODULES = {"import": "import_library", "export": "export_library"}
"""Subcommands whose name cannot be a module's."""


class Subcommands(TyperGroup):
    """Loads a subcommand's module only when it is run, so that `cita --help` loads none of them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The subcommand; while help is being listed, a stand-in that has only its line of help."""
        if cmd_name not in COMMANDS:
            return None
        if getattr(ctx, "cita_running", False) or ctx.resilient_parsing:
            return _load(cmd_name)
        return typer.core.TyperCommand(cmd_name, help=COMMANDS[cmd_name], callback=None)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the subcommand that is to be run."""
        ctx.cita_running = True
        return super().resolve_command(ctx, args)


def _load(name: str) -> Any:
    command = typer.main.get_command(import_module(f"cli.{MODULES.get(name, name)}").app)
    command.name = name
    command.help = command.help or COMMANDS[name]
    return command


app = typer.Typer(cls=Subcommands, no_args_is_help=True, add_completion=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cita {version('cita')}")
        raise typer.Exit


@app.callback()
def cita(
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_print_version)
    ] = False,
) -> None:
    """Answers from your own documents, each sentence verified, on your own machine."""


def main() -> None:
    """Run the command line; errors of our own become one sentence on the error stream."""
    try:
        app()
    except CitaError as error:
        typer.echo(f"cita: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("cita: interrupted; what was finished is kept.", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.exit(0)


if __name__ == "__main__":
    main()
