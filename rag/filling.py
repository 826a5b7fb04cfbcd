"""Encodes the sentences of what has been ingested behind everything else, ahead of the questions.

A first question about a document would otherwise encode the sentences of the hits that it scores again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import TracebackType

from rag.errors import CitaError
from rag.library import Library
from rag.reranking import sentences_to_encode
from rag.sentence_vectors import SentenceVectors

TOGETHER = 16
"""Sentences encoded at once: few, so that the thread stops soon."""
LOOK_SECONDS = 2.0


class Filling:
    """A thread that keeps the cache filled with the library's sentences while it runs."""

    def __init__(self, library: Library, encoder: Callable[[], SentenceVectors], most_chunks: int) -> None:
        """Prepare.

        Args:
            library: what is read.
            encoder: gives the encoder of the model that the library has now.
            most_chunks: chunks of the library up to which it is done; a chunk takes some 25 kB of disk.
        """
        self._library = library
        self._encoder = encoder
        self._known: SentenceVectors | None = None
        self._behind: SentenceVectors | None = None
        """The known one for the background."""
        self._most_chunks = most_chunks
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="filling", daemon=True)
        self._done: set[str] = set()

    def __enter__(self) -> Filling:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def fill(self) -> int:
        """Encode what is missing now, or until stopped; the number of sentences encoded."""
        encoded = 0
        if self._library.catalogue.statistics()["chunks"] > self._most_chunks:
            return encoded
        encoder = self._current()
        for sentences in self._documents():
            missing = encoder.missing(sentences)
            for start in range(0, len(missing), TOGETHER):
                if self._stopped.is_set() or self._encoder() is not self._known:
                    return encoded
                encoder.fill(missing[start : start + TOGETHER])
                encoded += len(missing[start : start + TOGETHER])
        return encoded

    def _current(self) -> SentenceVectors:
        """The encoder of now; with another one than before, every document is looked at again."""
        now = self._encoder()
        if self._behind is None or now is not self._known:
            self._known, self._behind = now, now.in_background()
            self._done.clear()
        return self._behind

    def _documents(self) -> Iterator[list[str]]:
        """The sentences of each document that has not been looked at."""
        catalogue = self._library.catalogue
        for record in catalogue.documents(limit=self._most_chunks + 1, sort="ingested_at", descending=True):
            mark = f"{record.id} {record.ingested_at}"
            if mark not in self._done:
                text = catalogue.text(record.id).text
                chunks = catalogue.chunks(record.id)
                yield [one for chunk in chunks for one in sentences_to_encode(text[chunk.start : chunk.end])]
                self._done.add(mark)

    def _run(self) -> None:
        state = None
        while not self._stopped.is_set():
            try:
                now = self._library.database.file.state()
                if now != state:
                    self.fill()
                    state = now
            except CitaError:
                # A document that went meanwhile; a store in trouble is told of by whoever asks it.
                state = None
            self._stopped.wait(LOOK_SECONDS)
