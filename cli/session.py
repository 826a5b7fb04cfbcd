"""What commands work with: the data folder itself, or the server that holds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Protocol

from cli.output import file_progress
from cli.remote import RemoteSession
from ingest.outcomes import OnProgress
from ingest.pipeline import Ingestion, IngestOptions
from ingest.sources import GivenSource
from rag.answer import Event
from rag.answering import Request
from rag.core import Core, open_core
from rag.lock import running_server
from rag.settings import Settings
from rag.status import status
from workshop.compile import ensure_embedding_model


class Session(Protocol):
    """The same questions whether they are answered here or by a server."""

    def ask(self, request: Request) -> Iterator[Event]:
        """The steps of an answer."""

    def search(self, query: str, collection: str | None, limit: int, mode: str | None) -> dict[str, Any]:
        """`query`, `results` and `timings_ms`."""

    def documents(self, collection: str | None, offset: int, limit: int) -> dict[str, Any]:
        """`documents` and `total`."""

    def remove(self, document_id: str) -> None:
        """Remove a document."""

    def ingest(
        self,
        wanted: Sequence[str | GivenSource],
        collection: str | None,
        on_progress: OnProgress,
        options: IngestOptions,
    ) -> dict[str, Any]:
        """The report of an ingest of paths, addresses and what is given."""

    def status(self) -> dict[str, Any]:
        """The library, the models and what can be used now."""


class LocalSession:
    """A session on the data folder itself."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def ask(self, request: Request) -> Iterator[Event]:
        return self._core.answerer.ask(request)

    def search(self, query: str, collection: str | None, limit: int, mode: Any) -> dict[str, Any]:
        found = self._core.retriever.search(query, collection=collection, limit=limit, mode=mode)
        results = [asdict(passage) for passage in found.passages]
        return {"query": query, "results": results, "timings_ms": found.timings_ms}

    def documents(self, collection: str | None, offset: int, limit: int) -> dict[str, Any]:
        catalogue = self._core.library.catalogue
        listed = catalogue.documents(collection, offset=offset, limit=limit)
        return {
            "documents": [asdict(record) for record in listed],
            "total": catalogue.count_documents(collection),
        }

    def remove(self, document_id: str) -> None:
        self._core.library.remove(document_id)

    def ingest(
        self,
        wanted: Sequence[str | GivenSource],
        collection: str | None,
        on_progress: OnProgress,
        options: IngestOptions,
    ) -> dict[str, Any]:
        return Ingestion(self._core, collection).run(wanted, on_progress, options).to_json()

    def status(self) -> dict[str, Any]:
        return status(self._core)


@contextmanager
def open_session(settings: Settings, *, quiet: bool = False) -> Iterator[Session]:
    """The running server's session where there is one for this data folder, else a local one.

    The embedding model is prepared first if that has not been done.

    Raises:
        CitaError: the data folder or the model cannot be opened.
    """
    owner = running_server(settings.data_dir)
    if owner is not None:
        with RemoteSession(owner) as remote:
            yield remote
        return
    with file_progress(quiet=quiet) as show:
        ensure_embedding_model(settings, show)
    with open_core(settings) as core:
        yield LocalSession(core)
