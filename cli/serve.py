"""`cita serve`."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
import uvicorn

from cli.output import errors, file_progress
from ingest.jobs import Jobs
from ingest.watching import watched
from rag.core import Core, open_core
from rag.errors import CitaError, SettingsError
from rag.filling import Filling
from rag.settings import load_settings
from web.app import create_app
from workshop.compile import ensure_embedding_model
from workshop.compile_pairs import ensure_reranker

app = typer.Typer()
SHUTDOWN_SECONDS = 3
WARM_LANGUAGES = ("en", "es")
OPENING_SECONDS = 120.0
"""How long the page waits for what is brought in first: a few documents are ready to be asked when it opens,
many go on going in behind it."""


@app.command(help="Serve the web page and the API until it is interrupted.")
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.", min=0)] = None,
    ingest: Annotated[
        list[Path] | None, typer.Option(help="Bring these files and folders in first; may be repeated.")
    ] = None,
    watch: Annotated[
        list[Path] | None, typer.Option(help="Keep these folders in step while serving; may be repeated.")
    ] = None,
) -> None:
    settings = load_settings(host=host, port=port, watch=watch)
    watched(settings.watch)
    listener = _listen(settings.host, settings.port)
    with file_progress(quiet=False) as show:
        ensure_embedding_model(settings, show)
        ensure_reranker(settings, show)
    with open_core(settings) as core, closing(Jobs(core)) as jobs:
        if ingest:
            _bring_in(jobs, ingest)
        address, number = listener.getsockname()[:2]
        url = f"http://{f'[{address}]' if ':' in address else address}:{number}"
        token = core.library.lock.announce(url)
        application = create_app(core, jobs=jobs, owner_token=token)
        errors.print(f"Cita is ready at {url} (stop it with Ctrl+C)")
        threading.Thread(target=_warm_up, args=(core,), name="warm-up", daemon=True).start()
        config = uvicorn.Config(
            application, log_level="warning", timeout_graceful_shutdown=SHUTDOWN_SECONDS, server_header=False
        )
        with Filling(core.library, lambda: core.sentences, settings.prefill_chunks):
            uvicorn.Server(config).run(sockets=[listener])


def _warm_up(core: Core) -> None:
    """Load the built-in model before the first question waits for it; a failure is told by that question."""
    # Most of a library's questions are in the language of most of it: that one waits the least.
    spoken = core.library.centroids(core.settings.collection).languages()
    with suppress(CitaError):
        for language in sorted(WARM_LANGUAGES, key=[*spoken, *WARM_LANGUAGES].index):
            core.answerer.warm_up(language)


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything slow is done, so that a port in use is known at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise SettingsError(
            f"Port {port} on {host} cannot be used ({error}); "
            "choose another with PORT=… (make run) or --port, or stop the program that has it."
        ) from error
    return listener


def _bring_in(jobs: Jobs, paths: list[Path]) -> None:
    job = jobs.submit([path.absolute() for path in paths])
    began = monotonic()
    files = done = 0
    for kind, told in jobs.events(job.id):
        if kind == "progress":
            files = told.get("files", 0)
        elif kind == "outcome":
            done += 1
            if told["status"] in ("added", "updated", "failed"):
                said = f": {told['message']}" if told["message"] else ""
                errors.print(f"{done}/{max(files, done)} {told['status']} {told['name']}{said}", markup=False)
        elif told["state"] == "failed":
            raise CitaError(told["error"])
        else:
            counts = ", ".join(f"{number} {status}" for status, number in told["counts"].items())
            errors.print(f"{', '.join(map(str, paths))}: {counts or 'no files'}", markup=False)
        if kind != "job" and monotonic() - began > OPENING_SECONDS:
            errors.print(f"{done} of {files} files are in; the rest goes in while you ask (see Documents).")
            return
