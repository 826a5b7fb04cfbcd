"""Making the word index anew from SQLite, which holds all that it is made of."""

from __future__ import annotations

import logging

from rag.identity import WORDS
from rag.library import Library
from rag.staged import word_entries
from rag.stemming import RULES

logger = logging.getLogger(__name__)
TOGETHER = 200
"""Documents indexed between two commits."""


def ensure_words(library: Library) -> None:
    """Make the word index anew if it was made by other rules than the questions' words are found by.

    Raises:
        StoreError: the index cannot be written.
    """
    if library.database.meta(WORDS) == RULES:
        return
    chunks = library.catalogue.statistics()["chunks"]
    if chunks:
        logger.warning("The word index is made anew for this version of Cita: %d chunks, once.", chunks)
        rebuild_words(library)
    library.database.set_meta(WORDS, RULES)


def rebuild_words(library: Library) -> int:
    """Index the words of every live chunk anew; returns how many there are.

    Raises:
        StoreError: the index cannot be written.
    """
    library.words.clear()
    counted = 0
    for number, row in enumerate(library.database.revisions("live"), start=1):
        text = library.catalogue.text(row["document_id"])
        chunks = library.catalogue.chunks(row["document_id"])
        library.words.add(word_entries(text, row["collection"], row["language"], chunks, row["id"]))
        counted += len(chunks)
        if number % TOGETHER == 0:
            library.words.commit()
    library.words.commit()
    return counted
