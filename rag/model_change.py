"""Giving an index another embedding model: built beside the live one, and changed over in one step.

The new model may cut documents elsewhere, so each gets a new revision. Until the change those are pending,
their vectors lie in collections that the old model does not look at, and their words are not committed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.identity import FINGERPRINT, MODEL
from rag.library import Library
from rag.records import chunk_id
from rag.staged import StagedDocument, word_entries, write_pending


class ModelChange:
    """Changes the index of a library, that was opened with the new model, over to that model."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._revisions: list[int] = []

    def add(self, documents: Sequence[StagedDocument]) -> None:
        """Write live documents' revisions for the new model; nothing finds them yet.

        Raises:
            StoreError: they cannot be written; the index stays as it was.
        """
        library = self._library
        if not documents:
            return
        with library.database.file.transaction():
            revisions = [write_pending(library.database, document) for document in documents]
        library.on_step("pending")
        for collection in sorted({document.collection for document in documents}):
            pairs = [
                (document, revision)
                for document, revision in zip(documents, revisions, strict=True)
                if document.collection == collection
            ]
            ids = [chunk_id(revision, one.ordinal) for document, revision in pairs for one in document.chunks]
            vectors = np.concatenate([document.vectors for document, _revision in pairs])
            place = library.vector_collection(collection, library.model.fingerprint)
            library.vectors.add(place, ids, vectors)
        library.on_step("vectors")
        for document, revision in zip(documents, revisions, strict=True):
            own = (document.text, document.collection, document.language, document.chunks)
            library.words.add(word_entries(*own, revision))
        self._revisions += revisions

    def finish(self) -> None:
        """Make all that was added live together with its model, and take away what was before.

        The library is to be opened anew after that.
        """
        library = self._library
        library.words.commit()
        library.on_step("words")
        with library.database.file.transaction():
            library.database.publish(self._revisions, [])
            library.database.set_meta(MODEL, library.model.name)
            library.database.set_meta(FINGERPRINT, library.model.fingerprint)
        library.on_step("published")
        library.sweep()
