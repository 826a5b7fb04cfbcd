"""`cita reembed`."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated

import typer

from cli.output import JsonOption, file_progress, print_json
from cli.remote import RemoteSession
from ingest.reembedding import OnStep, Reembedding, ReembedReport
from rag.embedding import open_embedder, resolved
from rag.lock import running_server
from rag.settings import Settings, load_settings
from workshop.compile import ensure_embedding_model

app = typer.Typer()


@app.command(
    help="Change the embedding model: embed everything anew beside what is there, then change over, also "
    "under a running server. Interrupted, it goes on where it was; questions are answered throughout."
)
def reembed(
    model: Annotated[str, typer.Option(help="The new model: a sentence-transformers folder or hub name.")],
    as_json: JsonOption = False,
) -> None:
    settings = load_settings(embedding_model=model)
    with file_progress(quiet=as_json) as show:
        ensure_embedding_model(settings, show)
        report = _reembed(settings, show)
    if as_json:
        print_json(asdict(report))
    elif report.changed:
        typer.echo(
            f"{report.documents} documents, {report.chunks} chunks are indexed with {model}; "
            f"{report.embedded} vectors were computed. From now on set CITA_EMBEDDING_MODEL={model} "
            "(in .env or cita.toml)."
        )
    else:
        typer.echo(f"The index is one of {model} already; nothing was done.")


def _reembed(settings: Settings, show: OnStep) -> ReembedReport:
    reembedding = Reembedding(settings, open_embedder(settings), show)
    server = running_server(settings.data_dir)
    if server is None:
        return reembedding.run()
    if not reembedding.embed():
        return reembedding.report
    with RemoteSession(server) as remote:
        done = ReembedReport(**remote.change_model(resolved(settings.embedding_model), show))
    return replace(done, embedded=done.embedded + reembedding.report.embedded)
