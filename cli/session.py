"""What commands work with: the data folder itself, or the server that holds it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Protocol

from cli.output import file_progress
from cli.remote import RemoteSession
from cli.searching import SearchOptions
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
from workshop.compile_pairs import ensure_reranker


class Session(Protocol):
    """The same questions whether they are answered here or by a server."""

    def ask(self, request: Request) -> Iterator[Event]:
        """The steps of an answer."""

    def search(self, query: str, options: SearchOptions) -> dict[str, Any]:
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

    def conversations(self, offset: int, limit: int) -> dict[str, Any]:
        """`conversations` and `total`."""

    def start_conversation(self, title: str) -> dict[str, Any]:
        """A new conversation."""

    def rename_conversation(self, conversation_id: str, title: str) -> None:
        """Give a conversation another title."""

    def delete_conversation(self, conversation_id: str) -> None:
        """Delete a conversation."""

    def export_conversation(self, conversation_id: str, form: str) -> str:
        """A conversation as `markdown` or `json`."""


class LocalSession:
    """A session on the data folder itself."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def ask(self, request: Request) -> Iterator[Event]:
        return self._core.dialogue.ask(request)

    def search(self, query: str, options: SearchOptions) -> dict[str, Any]:
        found = self._core.retriever.search(
            query,
            collection=options.collection,
            filters=options.filters,
            limit=options.limit,
            mode=options.mode,
            rerank=options.rerank,
        )
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

    def conversations(self, offset: int, limit: int) -> dict[str, Any]:
        kept = self._core.conversations
        return {"conversations": [asdict(one) for one in kept.listed(offset, limit)], "total": kept.count()}

    def start_conversation(self, title: str) -> dict[str, Any]:
        return asdict(self._core.conversations.start(title))

    def rename_conversation(self, conversation_id: str, title: str) -> None:
        self._core.conversations.rename(conversation_id, title)

    def delete_conversation(self, conversation_id: str) -> None:
        self._core.conversations.delete(conversation_id)

    def export_conversation(self, conversation_id: str, form: str) -> str:
        kept = self._core.conversations
        if form == "markdown":
            return kept.to_markdown(conversation_id)
        return json.dumps(kept.to_json(conversation_id), ensure_ascii=False, indent=2)


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
        ensure_reranker(settings, show)
    with open_core(settings) as core:
        yield LocalSession(core)
