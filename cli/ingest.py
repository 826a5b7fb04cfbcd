"""`cita ingest`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from cli.output import CollectionOption, JsonOption, errors, print_json
from cli.session import open_session
from ingest.outcomes import OnProgress, Outcome, Progress
from ingest.pipeline import IngestOptions
from ingest.sources import GivenSource
from rag.settings import load_settings

app = typer.Typer()
SOME_FAILED = 4
STANDARD_INPUT = "standard-input.txt"


@app.command(help="Bring files, folders and web pages into the library. What has not changed costs nothing.")
def ingest(
    wanted: Annotated[
        list[str], typer.Argument(metavar="PATH…", help="Files, folders, http(s) addresses; `-` reads input.")
    ],
    collection: CollectionOption = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove documents whose files have gone from the folders.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    include: Annotated[
        list[str] | None, typer.Option(help="Of folders, only files that fit; as in .gitignore.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Of folders, no files that fit; as in .gitignore.")
    ] = None,
    name: Annotated[str, typer.Option(help="What input that is read with `-` is called.")] = STANDARD_INPUT,
    password: Annotated[str | None, typer.Option(help="Opens encrypted PDFs.")] = None,
    as_json: JsonOption = False,
) -> None:
    settings = load_settings()
    options = IngestOptions(prune, dry_run, tuple(include or ()), tuple(exclude or ()), password)
    sources = [GivenSource(sys.stdin.buffer.read(), name) if one == "-" else one for one in wanted]
    with open_session(settings, quiet=as_json) as session, _display(quiet=as_json) as show:
        report = session.ingest(sources, collection, show, options)
    if as_json:
        print_json(report)
    else:
        _print_report(report)
    if report["counts"].get("failed"):
        raise typer.Exit(SOME_FAILED)


@contextmanager
def _display(*, quiet: bool) -> Iterator[OnProgress]:
    if quiet:
        yield lambda progress: None
    elif errors.is_terminal:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[counts]}"),
            TimeRemainingColumn(),
        )
        with Bar(*columns, console=errors) as bar:
            task = bar.add_task("Finding files", total=None, counts="")
            began = monotonic()

            def show(progress: Progress) -> None:
                # Bytes tell better than files how much is left, where there are any: addresses have none.
                done, total = progress.bytes_done, progress.bytes
                if not total:
                    done, total = progress.files_done, progress.files
                bar.update(
                    task,
                    description=f"{progress.stage.capitalize()} {progress.name}"[:60],
                    completed=done,
                    total=total or None,
                    counts=progress_counts(progress, monotonic() - began),
                )
                if progress.outcome and progress.outcome.status not in ("unchanged", "skipped"):
                    bar.console.print(_line(progress.outcome), markup=False)

            yield show
    else:
        yield print_outcome


def progress_counts(progress: Progress, seconds: float) -> str:
    """Files, chunks and chunks a second in a few words."""
    files = f"{progress.files_done}/{progress.files} files"
    if not progress.chunks_done:
        return files
    return f"{files}, {progress.chunks_done} chunks, {progress.chunks_done / max(seconds, 1e-3):.0f}/s"


def print_outcome(progress: Progress) -> None:
    """Print a line for a file that was just finished and changed something."""
    outcome = progress.outcome
    if outcome and outcome.status not in ("unchanged", "skipped"):
        errors.print(f"{progress.files_done}/{progress.files} {_line(outcome)}", markup=False)


def _line(outcome: Outcome) -> str:
    chunks = f" ({outcome.chunks} chunks)" if outcome.chunks else ""
    return f"{outcome.status} {outcome.name}{chunks}" + (f": {outcome.message}" if outcome.message else "")


def _print_report(report: dict[str, Any]) -> None:
    for outcome in report["outcomes"]:
        if outcome["status"] in ("failed", "gone") and outcome["message"]:
            errors.print(f"{outcome['status']}: {outcome['name']}: {outcome['message']}", markup=False)
    counts = ", ".join(f"{number} {status}" for status, number in report["counts"].items()) or "no files"
    if report["dry_run"]:
        typer.echo(f"Would be: {counts}; {report['embedded']} chunks to embed. Nothing was written.")
        return
    embedded, seconds = report["embedded"], report["seconds"]
    rate = f" ({embedded / seconds:.0f} a second)" if embedded and seconds else ""
    typer.echo(f"{counts}; {embedded} chunks embedded in {seconds:.1f} s{rate}")
