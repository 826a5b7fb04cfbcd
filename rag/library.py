"""The library: one data folder with its documents, their vectors and their words.

SQLite is the truth; vectors and words are derived. A new revision is written as pending, its vectors
and words go in, one SQLite transaction makes it live, and what it replaces goes last. A process that
dies anywhere leaves the old or the new version whole; opening the folder sweeps up the rest.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rag.catalogue import Catalogue
from rag.centroids import Centroids
from rag.change_lock import ChangeLock
from rag.database import Database
from rag.embedding import ModelDescription
from rag.errors import StoreError
from rag.identity import check_model, stale_collections, vector_collection
from rag.lock import DataFolderLock
from rag.originals import Originals
from rag.records import NameRecord, chunk_id
from rag.shared_lock import SharedLock
from rag.staged import StagedDocument, staged_vectors, staged_words, write_pending
from rag.vector_cache import VECTORS, VectorCache
from rag.vectors import VectorStore
from rag.words import WordIndex

FloatArray = NDArray[np.float32]
Step = Literal[
    "pending", "originals", "vectors", "words", "published",
    "vectors removed", "words removed", "originals removed", "forgotten",
]  # fmt: skip
STEPS: tuple[Step, ...] = get_args(Step)
"""What changing a document goes through, in order."""


class Library:
    """The documents of one data folder, held until it is closed."""

    def __init__(
        self,
        data_dir: Path,
        model: ModelDescription,
        *,
        chroma_url: str | None = None,
        sweep: bool = True,
        any_model: bool = False,
    ) -> None:
        """Open or create a data folder and sweep up what an interrupted run left.

        Args:
            data_dir: the folder.
            model: the embedding model.
            chroma_url: a Chroma server that holds the vectors instead of the folder.
            sweep: whether to sweep up.
            any_model: open an index that was made with another model, to change it to this one.

        Raises:
            StoreError: another process holds the folder, its index was made with another embedding
                model, or a part of it is damaged.
        """
        self.data_dir = data_dir
        self.version = 0
        """Changes whenever what can be found does, for as long as the folder is open."""
        self.model = model
        self.on_step: Callable[[Step], None] = lambda step: None
        """Called after each step of a change; tests stop the process there."""
        self.shares_chroma = chroma_url is not None
        """Whether other data folders may keep their vectors in the same Chroma."""
        self.changing = ChangeLock()
        self.searching = SharedLock()
        """Held together by searches, and alone while another model's index becomes the live one."""
        self._earlier: list[VectorCache] = []
        self.lock = DataFolderLock(data_dir)
        try:
            self.database = Database(data_dir / "cita.sqlite")
            check_model(self.database, model, data_dir, any_model=any_model)
            self.catalogue = Catalogue(self.database.file)
            self.cache = VectorCache(data_dir / VECTORS, model)
            self.vectors = VectorStore(data_dir / "chroma", chroma_url)
            self.words = WordIndex(data_dir / "words")
            self.originals = Originals(data_dir / "originals")
            self._centroids = self._read_centroids()
            if sweep:
                self.sweep()
                self._require_vectors()
        except BaseException:
            self.lock.close()
            raise

    def close(self) -> None:
        """Let go of the folder."""
        self.words.close()
        self.vectors.close()
        for cache in (*self._earlier, self.cache):
            cache.close()
        self.database.file.close()
        self.lock.close()

    def vector_collection(self, collection: str, fingerprint: str | None = None) -> str:
        """Name in Chroma of a collection as a model, the index's own if none is named, sees it."""
        shared = self.shares_chroma
        return vector_collection(self.database, collection, shared=shared, fingerprint=fingerprint)

    def is_only_collection(self, collection: str) -> bool:
        """Whether no other collection holds chunks."""
        return all(name == collection or not one.languages() for name, one in self._centroids.items())

    def centroids(self, collection: str) -> Centroids:
        """The mean vectors of a collection's languages."""
        return self._centroids.setdefault(collection, Centroids())

    def write(
        self,
        documents: Sequence[StagedDocument],
        *,
        names: Sequence[NameRecord] = (),
        left: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Replace or add documents: each is there as it was before, or as it is now, at every moment.

        Args:
            documents: what is written, with the names that each brings.
            names: names that are written after those, in order, of these or other documents.
            left: collection and location of names that go.
        """
        with self.changing.documents():
            self._write(documents, names, left)

    def take_on(self, model: ModelDescription, cache: VectorCache) -> None:
        """Go on with a model whose index has become the live one, and with the cache of its vectors."""
        # Answers under way still encode by the model before.
        self._earlier.append(self.cache)
        self.model, self.cache = model, cache
        self._centroids = self._read_centroids()
        self.version += 1

    def _require_vectors(self) -> None:
        """See at once that Chroma has lost vectors, rather than leave their documents unfound.

        Raises:
            StoreError: it has fewer than there are chunks.
        """
        for collection, one in self._centroids.items():
            there = self.vectors.count(self.vector_collection(collection))
            if there < one.count():
                raise StoreError(
                    f"{one.count() - there} chunks of the collection {collection} in {self.data_dir} have "
                    "lost their vectors; run `cita repair`."
                )

    def _write(
        self,
        documents: Sequence[StagedDocument],
        names: Sequence[NameRecord],
        left: Sequence[tuple[str, str]],
    ) -> None:
        with self.database.file.transaction():
            revisions = [write_pending(self.database, document) for document in documents]
        self.on_step("pending")
        for document in documents:
            self.originals.adopt(document.sha256)
        self.on_step("originals")
        for collection, ids, vectors in staged_vectors(documents, revisions):
            self.vectors.add(self.vector_collection(collection), ids, vectors)
        self.on_step("vectors")
        if documents:
            self.words.add(staged_words(documents, revisions))
            self.words.commit()
        self.on_step("words")
        own = [name for document in documents for name in document.names]
        retired = self.database.publish(revisions, [*own, *names], left)
        self.version += 1
        self.on_step("published")
        for document in documents:
            total = document.vectors.sum(axis=0)
            self.centroids(document.collection).add(document.language, len(document.chunks), total)
        self._take_away(retired, were_live=True)

    def set_names(self, names: Iterable[NameRecord]) -> None:
        """Give documents that are there these names; a document left without a name goes."""
        with self.changing.documents():
            self._take_away(self.database.set_names(names), were_live=True)

    def remove_names(self, collection: str, locations: Iterable[str]) -> None:
        """Take names away; a document left without a name goes."""
        with self.changing.documents():
            self._take_away(self.database.remove_names(collection, locations), were_live=True)

    def remove(self, document_id: str) -> None:
        """Remove a document with all its names.

        Raises:
            NotFoundError: there is no such document.
        """
        self.catalogue.document(document_id)
        with self.changing.documents():
            self._take_away(self.database.retire_document(document_id), were_live=True)

    def sweep(self) -> None:
        """Take away what revisions that never became live, or no longer are, left behind."""
        with self.changing.documents():
            left = [row["id"] for row in self.database.revisions("pending", "retired")]
            self._take_away(left, were_live=False)
        self.originals.clear_staged()
        self.drop_stale_vectors()

    def drop_stale_vectors(self) -> None:
        """Drop the vectors of a model that is the index's no longer, or that it never came to be."""
        for name in stale_collections(self.database, self.vectors.names(), shared=self.shares_chroma):
            self.vectors.drop(name)

    def _read_centroids(self) -> dict[str, Centroids]:
        found: dict[str, Centroids] = {}
        for row in self.database.revisions("live"):
            total = np.frombuffer(row["vector_sum"], np.float32)
            found.setdefault(row["collection"], Centroids()).add(row["language"], row["chunks"], total)
        return found

    def _take_away(self, revisions: Sequence[int], *, were_live: bool) -> None:
        self.version += 1
        if revisions:
            self._remove(revisions, were_live)

    def _remove(self, revisions: Sequence[int], were_live: bool) -> None:
        wanted = set(revisions)
        rows = [row for row in self.database.revisions("pending", "retired") if row["id"] in wanted]
        for row in rows:
            ids = [chunk_id(row["id"], ordinal) for ordinal in range(row["chunks"])]
            self.vectors.remove(self.vector_collection(row["collection"]), ids)
            if were_live:
                total = np.frombuffer(row["vector_sum"], np.float32)
                self.centroids(row["collection"]).add(row["language"], row["chunks"], total, sign=-1)
        self.on_step("vectors removed")
        self.words.remove(wanted)
        self.words.commit()
        self.on_step("words removed")
        for sha256 in {row["sha256"] for row in rows}:
            if not self.database.content_in_use(sha256, besides=wanted):
                self.originals.remove(sha256)
        self.on_step("originals removed")
        self.database.forget(wanted)
        self.on_step("forgotten")

    def disk_bytes(self) -> int:
        """Bytes that the data folder takes."""
        return sum(path.stat().st_size for path in self.data_dir.rglob("*") if path.is_file())

    def free_bytes(self) -> int:
        """Bytes left on the disk that holds the data folder."""
        return shutil.disk_usage(self.data_dir).free
