"""`cita watch`."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated

import typer

from cli.ingest import print_outcome
from cli.output import CollectionOption, errors
from cli.session import open_session
from ingest.watching import FOLLOW, changed_folders, watched
from rag.errors import StoreError
from rag.settings import load_settings

app = typer.Typer()
AGAIN_SECONDS = 5.0
"""How long a library that another command holds is waited for."""


@app.command(
    help="Keep the library in step with folders until it is interrupted: new and changed files go in, the "
    "documents of files that are deleted are removed. A server on the same library goes on answering."
)
def watch(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER…", help="Folders to watch.")],
    collection: CollectionOption = None,
) -> None:
    settings = load_settings()
    stop = threading.Event()
    errors.print("Watching; stop it with Ctrl+C", markup=False)
    for changed in changed_folders(watched(folders), stop):
        while True:
            try:
                # Opened anew each time: between changes the library is free for other commands.
                with open_session(settings, quiet=True) as session:
                    report = session.ingest([str(one) for one in changed], collection, print_outcome, FOLLOW)
                break
            except StoreError as error:
                errors.print(f"{error} Trying again.", markup=False)
                stop.wait(AGAIN_SECONDS)
        for outcome in report["outcomes"]:
            if outcome["status"] == "skipped":
                errors.print(f"{outcome['name']}: {outcome['message']}", markup=False)
        counts = ", ".join(f"{number} {status}" for status, number in report["counts"].items())
        errors.print(f"In step: {counts or 'no files'}", markup=False)
