"""Giving an index another embedding model: built beside the live one, and changed over in one step.

The new model may cut documents elsewhere, so each gets a new revision. Until the change those are pending,
their vectors lie in collections that the old model does not look at, and none of them is ever a hit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from rag.embedding import ModelDescription
from rag.errors import StoreError
from rag.identity import FINGERPRINT, MODEL
from rag.library import Library
from rag.staged import StagedDocument, staged_vectors, staged_words, write_pending
from rag.vector_cache import VECTORS, VectorCache

logger = logging.getLogger(__name__)


class ModelChange:
    """Changes the index of an open library over to a model; which is held for it."""

    def __init__(self, library: Library, model: ModelDescription) -> None:
        self._library = library
        self._model = model
        self._revisions: list[int] = []
        self.cache = VectorCache(library.data_dir / VECTORS, model)
        """The new model's vectors; the library's once it has changed over."""

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
        for collection, ids, vectors in staged_vectors(documents, revisions):
            place = library.vector_collection(collection, self._model.fingerprint)
            library.vectors.add(place, ids, vectors)
        library.on_step("vectors")
        library.words.add(staged_words(documents, revisions))
        self._revisions += revisions

    def finish(self, also: Callable[[], None] = lambda: None) -> None:
        """Make all that was added live together with its model, and take away what was before.

        Args:
            also: done at the same moment, at which nobody searches.
        """
        library = self._library
        library.words.commit()
        library.on_step("words")
        with library.searching.alone():
            with library.database.file.transaction():
                before = library.database.publish(self._revisions, [])
                library.database.set_meta(MODEL, self._model.name)
                library.database.set_meta(FINGERPRINT, self._model.fingerprint)
            also()
            library.take_on(self._model, self.cache)
        library.on_step("published")
        try:
            # The words first: until they are gone half of what a search finds by words is dropped.
            library.words.remove(before)
            library.words.commit()
            library.sweep()
        except StoreError as error:
            logger.warning("%s What the model before has left is taken away at the next start.", error)

    def give_up(self) -> None:
        """Take away what was added; nothing is done where it has become the live index."""
        if self._library.cache is not self.cache:
            self.cache.close()
            self._library.sweep()
