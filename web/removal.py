"""Removing documents so that it can be undone: what was removed is kept whole for a while.

A removal takes effect at once, everywhere. What it took is held here, chunks and vectors included, and
its originals in a folder of their own, so that undoing it writes back the very same documents under
their ids without a word being embedded again.
"""

from __future__ import annotations

import secrets
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from time import monotonic

import numpy as np

from ingest.preparing import cut
from rag.core import Core
from rag.errors import NotFoundError
from rag.originals import Originals
from rag.records import DocumentRecord
from rag.staged import StagedDocument

FOLDER = "removed"
KEPT_SECONDS = 15 * 60.0
MOST_KEPT = 2_000
"""Documents held at the most; a larger removal cannot be undone."""


@dataclass(frozen=True, slots=True)
class Removal:
    """Documents that were removed together."""

    token: str
    model: str
    """Fingerprint of the model that their vectors are of."""
    documents: tuple[StagedDocument, ...]
    until: float
    """When it can no longer be undone, on the monotonic clock."""


class Removals:
    """Removes documents of one library, and brings back what was removed last."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._library = core.library
        self._folder = core.library.data_dir / FOLDER
        # What an earlier process held can no longer be undone.
        shutil.rmtree(self._folder, ignore_errors=True)
        self._originals = Originals(self._folder)
        self._kept: OrderedDict[str, Removal] = OrderedDict()
        self._lock = threading.Lock()

    def remove(self, document_ids: Iterable[str]) -> str:
        """Remove documents; those that are gone already are passed over.

        Returns:
            What `undo` takes; empty where there are too many to be held.

        Raises:
            StoreError: the library is being given another embedding model; nothing is removed.
        """
        with self._library.changing.documents(), self._lock:
            records = self._records(document_ids)
            held = len(records) <= MOST_KEPT
            documents = tuple(self._staged(record) for record in records) if held else ()
            for record in records:
                self._library.remove(record.id)
            self._let_go()
            if not documents:
                return ""
            token = secrets.token_urlsafe(12)
            until = monotonic() + KEPT_SECONDS
            self._kept[token] = Removal(token, self._library.model.fingerprint, documents, until)
            return token

    def undo(self, token: str) -> int:
        """Bring back what was removed, and say how many documents that are.

        Raises:
            NotFoundError: it is no longer held.
            StoreError: the library is being given another embedding model; try again later.
        """
        with self._library.changing.documents(), self._lock:
            self._let_go()
            removal = self._kept.pop(token, None)
            if removal is None:
                raise NotFoundError(
                    "What was removed is no longer held; take the files in again to bring it back."
                )
            for document in removal.documents:
                data = self._originals.read(document.sha256)
                if data is not None:
                    self._library.originals.stage(document.sha256, data)
            of_now = removal.model == self._library.model.fingerprint
            self._library.write([one if of_now else self._embedded_anew(one) for one in removal.documents])
            self._forget(removal.documents)
            return len(removal.documents)

    def titles(self, token: str) -> list[str]:
        """Titles of the documents of a removal that can still be undone."""
        if not token:
            return []
        with self._lock:
            self._let_go()
            removal = self._kept.get(token)
            return [document.text.title for document in removal.documents] if removal else []

    def _records(self, document_ids: Iterable[str]) -> list[DocumentRecord]:
        found = []
        for document_id in dict.fromkeys(document_ids):
            try:
                found.append(self._library.catalogue.document(document_id))
            except NotFoundError:
                continue
        return found

    def _staged(self, record: DocumentRecord) -> StagedDocument:
        library = self._library
        chunks = library.catalogue.chunks(record.id)
        place = library.vector_collection(record.collection)
        vectors = library.vectors.vectors(place, [chunk.id for chunk in chunks]) if chunks else {}
        stored = [vectors[chunk.id] for chunk in chunks]
        data = library.originals.read(record.sha256)
        if data is not None:
            self._originals.stage(record.sha256, data)
            self._originals.adopt(record.sha256)
        return StagedDocument(
            document_id=record.id,
            collection=record.collection,
            text=library.catalogue.text(record.id),
            sha256=record.sha256,
            size=record.size,
            language=record.language,
            chunks=chunks,
            vectors=np.array(stored, np.float32).reshape(len(stored), library.model.dimensions),
            names=[one for one in library.database.names(record.collection) if one.document_id == record.id],
        )

    def _embedded_anew(self, document: StagedDocument) -> StagedDocument:
        """A document as the library's present model has it."""
        core, cache = self._core, self._library.cache
        chunks, texts = cut(document.text, core.embedder, cache, core.settings.chunk_tokens)
        vectors, _embedded = cache.documents(texts, core.embedder)
        return replace(document, chunks=chunks, vectors=vectors)

    def _let_go(self) -> None:
        now = monotonic()
        held = sum(len(removal.documents) for removal in self._kept.values())
        for token, removal in list(self._kept.items()):
            if removal.until < now or held > MOST_KEPT:
                held -= len(removal.documents)
                del self._kept[token]
                self._forget(removal.documents)

    def _forget(self, documents: Sequence[StagedDocument]) -> None:
        still = {one.sha256 for removal in self._kept.values() for one in removal.documents}
        for document in documents:
            if document.sha256 not in still:
                self._originals.remove(document.sha256)
