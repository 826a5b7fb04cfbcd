"""Who changes a library's documents, one after the other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rag.errors import StoreError

PATIENCE_SECONDS = 0.5


class ChangeLock:
    """Held by whoever changes documents; within a thread it may be taken again."""

    def __init__(self) -> None:
        self._held = threading.RLock()
        self._by_model = False

    @contextmanager
    def documents(self) -> Iterator[None]:
        """Hold the documents, to change some of them.

        Raises:
            StoreError: the library is being given another embedding model, which may take minutes.
        """
        while not self._held.acquire(timeout=PATIENCE_SECONDS):
            if self._by_model:
                raise StoreError(
                    "The library is being given another embedding model; try again when that is done."
                )
        try:
            yield
        finally:
            self._held.release()

    @contextmanager
    def model(self) -> Iterator[None]:
        """Hold the documents, to give the library another model."""
        with self._held:
            self._by_model = True
            try:
                yield
            finally:
                self._by_model = False
