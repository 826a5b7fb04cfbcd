"""What has become of documents' files since they were taken in, and which can be read again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ingest.sources import is_path, still_there
from ingest.urls import is_url
from rag.catalogue import Catalogue
from rag.records import DocumentRecord, NameRecord

State = Literal["current", "changed", "gone", "kept", "empty"]
"""Its file is as it was read; it has changed since; it has gone; the document was sent or fetched, so
that there is no file to compare with; no text was found in it."""


def document_states(catalogue: Catalogue, documents: Sequence[DocumentRecord]) -> dict[str, State]:
    """The state of each document by its id."""
    names: dict[str, list[NameRecord]] = {}
    for name in catalogue.names([document.id for document in documents]):
        names.setdefault(name.document_id, []).append(name)
    return {
        document.id: _state(names.get(document.id, [])) if document.chunks else "empty"
        for document in documents
    }


def readable_again(catalogue: Catalogue, document_ids: Sequence[str]) -> dict[str, list[str]]:
    """Paths and addresses that some documents came from, by collection; those that were sent have none."""
    wanted: dict[str, list[str]] = {}
    for name in catalogue.names(document_ids):
        if is_path(name.location) or is_url(name.location):
            wanted.setdefault(name.collection, []).append(name.location)
    return wanted


def _state(names: Sequence[NameRecord]) -> State:
    files = [name for name in names if is_path(name.location)]
    if not files:
        return "kept"
    seen = [_file_state(name) for name in files]
    return next((state for state in ("current", "changed") if state in seen), "gone")


def _file_state(name: NameRecord) -> State:
    try:
        status = Path(name.location).stat()
    except OSError:
        # A name that is no text is known by another spelling, under which nothing can be compared.
        return "current" if still_there(name.location) else "gone"
    return "current" if (status.st_size, status.st_mtime_ns) == (name.size, name.modified_ns) else "changed"
