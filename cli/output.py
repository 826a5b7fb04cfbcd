"""How commands print: JSON for programs, Rich on a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from rag.errors import InputError
from rag.settings import COLLECTION_PATTERN

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
LEAST_BYTES = 10_000_000
"""Numbers below this are steps and none of bytes."""


def collection_name(name: str | None) -> str | None:
    """A collection's name as it was given.

    Raises:
        InputError: no collection may be called so.
    """
    if name is not None and not re.fullmatch(COLLECTION_PATTERN, name):
        raise InputError(
            f"No collection can be called {name!r}; use up to 63 small letters a to z, digits, - and _, "
            "a letter or digit first."
        )
    return name


CollectionOption = Annotated[
    str | None,
    typer.Option(
        "--collection",
        "-c",
        help="The collection; `default` if none is named.",
        callback=collection_name,
    ),
]

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print one JSON object on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None) + "\n")


def place(source: str, page: int | None, heading: list[str] | tuple[str, ...]) -> str:
    """Where a passage is, in a line."""
    return " · ".join(part for part in (source, f"p. {page}" if page else "", " > ".join(heading)) if part)


class _DoneColumn(DownloadColumn):
    """Bytes where there are so many that they must be bytes, else a number of steps."""

    def render(self, task: Task) -> Text:
        if task.total is None or task.total >= LEAST_BYTES:
            return super().render(task)
        return Text(f"{int(task.completed)}/{int(task.total)}", style="progress.download")


@contextmanager
def file_progress(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A display of steps and downloads: a bar on a terminal, a line a step elsewhere.

    Yields:
        A function that takes what is being done, how much is done and how much there is (0: unknown).
    """
    if quiet:
        yield lambda what, done, total: None
    elif errors.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), _DoneColumn(), TimeRemainingColumn())
        with Progress(*columns, console=errors) as progress:
            tasks: dict[str, Any] = {}

            def show(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = progress.add_task(what, total=total or None)
                progress.update(tasks[what], completed=done, total=total or None)

            yield show
    else:
        yield _line_printer()


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing elsewhere; yields a function that takes what is done and the total."""
    if quiet or not errors.is_terminal:
        yield lambda done, total: None
        return
    with Progress(console=errors) as progress:
        task = progress.add_task("Questions", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _line_printer() -> Callable[[str, int, int], None]:
    told: dict[str, int] = {}

    def show(what: str, done: int, total: int) -> None:
        tenth = 10 * done // total if total else 0
        if told.get(what) != tenth:
            told[what] = tenth
            errors.print(f"{what}: {10 * tenth}%" if total else what)

    return show
