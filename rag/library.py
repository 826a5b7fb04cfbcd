"""The library: one data folder with its documents, their vectors and their words.

SQLite is the truth; vectors and words are derived. A new revision is written as pending, its vectors
and words go in, one SQLite transaction makes it live, and what it replaces goes last. A process that
dies anywhere leaves the old or the new version whole; opening the folder sweeps up the rest.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.catalogue import Catalogue
from rag.centroids import Centroids
from rag.database import Database
from rag.document_text import DocumentText
from rag.embedding import ModelDescription
from rag.errors import StoreError
from rag.lock import DataFolderLock
from rag.originals import Originals
from rag.records import ChunkRecord, NameRecord, chunk_id
from rag.vector_cache import VectorCache
from rag.vectors import VectorStore
from rag.words import WordEntry, WordIndex

FloatArray = NDArray[np.float32]
MODEL = "embedding_model"
FINGERPRINT = "embedding_fingerprint"


@dataclass(frozen=True, slots=True)
class StagedDocument:
    """A document's new revision, ready to be written."""

    document_id: str
    collection: str
    text: DocumentText
    sha256: str
    size: int
    language: str
    chunks: Sequence[ChunkRecord]
    vectors: FloatArray
    """Unit vectors, shape (chunks, dimensions)."""
    names: Sequence[NameRecord]


class Library:
    """The documents of one data folder, held until it is closed."""

    def __init__(
        self, data_dir: Path, model: ModelDescription, *, chroma_url: str | None = None, sweep: bool = True
    ) -> None:
        """Open or create a data folder and sweep up what an interrupted run left.

        Raises:
            StoreError: another process holds the folder, its index was made with another embedding
                model, or a part of it is damaged.
        """
        self.data_dir = data_dir
        self.model = model
        self.lock = DataFolderLock(data_dir)
        try:
            self.database = Database(data_dir / "cita.sqlite")
            self._check_model()
            self.catalogue = Catalogue(self.database.file)
            self.cache = VectorCache(data_dir / "vectors.sqlite", model)
            self.vectors = VectorStore(data_dir / "chroma", chroma_url)
            self.words = WordIndex(data_dir / "words")
            self.originals = Originals(data_dir / "originals")
            self._centroids = self._read_centroids()
            if sweep:
                self.sweep()
        except BaseException:
            self.lock.close()
            raise

    def close(self) -> None:
        """Let go of the folder."""
        self.words.close()
        self.vectors.close()
        self.cache.close()
        self.database.file.close()
        self.lock.close()

    def vector_collection(self, collection: str) -> str:
        """Name in Chroma of a collection as the current model sees it."""
        return f"{collection}-{self.model.fingerprint}"

    def centroids(self, collection: str) -> Centroids:
        """The mean vectors of a collection's languages."""
        return self._centroids.setdefault(collection, Centroids())

    def write(self, documents: Sequence[StagedDocument]) -> None:
        """Replace or add documents: each is there as it was before, or as it is now, at every moment."""
        revisions = [self._write_pending(document) for document in documents]
        self._write_vectors(documents, revisions)
        self._write_words(documents, revisions)
        names = [name for document in documents for name in document.names]
        retired = self.database.publish(revisions, names)
        for document in documents:
            total = document.vectors.sum(axis=0)
            self.centroids(document.collection).add(document.language, len(document.chunks), total)
        self._take_away(retired, were_live=True)

    def set_names(self, names: Iterable[NameRecord]) -> None:
        """Give documents that are there these names; a document left without a name goes."""
        self._take_away(self.database.set_names(names), were_live=True)

    def remove_names(self, collection: str, locations: Iterable[str]) -> None:
        """Take names away; a document left without a name goes."""
        self._take_away(self.database.remove_names(collection, locations), were_live=True)

    def remove(self, document_id: str) -> None:
        """Remove a document with all its names.

        Raises:
            NotFoundError: there is no such document.
        """
        self.catalogue.document(document_id)
        self._take_away(self.database.retire_document(document_id), were_live=True)

    def sweep(self) -> None:
        """Take away what revisions that never became live, or no longer are, left behind."""
        left = [row["id"] for row in self.database.revisions("pending", "retired")]
        self._take_away(left, were_live=False)

    def _check_model(self) -> None:
        fingerprint = self.database.meta(FINGERPRINT)
        if fingerprint is None:
            self.database.set_meta(MODEL, self.model.name)
            self.database.set_meta(FINGERPRINT, self.model.fingerprint)
        elif fingerprint != self.model.fingerprint:
            made_with = self.database.meta(MODEL)
            raise StoreError(
                f"The index in {self.data_dir} was made with the embedding model {made_with} (another name, "
                f"weights or precision than {self.model.name} here); run `cita reembed --model "
                f"{self.model.name}` to re-embed it, or set CITA_EMBEDDING_MODEL={made_with}."
            )

    def _write_pending(self, document: StagedDocument) -> int:
        return self.database.add_revision(
            document.document_id,
            document.collection,
            document.text,
            sha256=document.sha256,
            size=document.size,
            language=document.language,
            chunks=document.chunks,
            vector_sum=document.vectors.sum(axis=0).astype(np.float32).tobytes(),
        )

    def _write_vectors(self, documents: Sequence[StagedDocument], revisions: Sequence[int]) -> None:
        collections = sorted({document.collection for document in documents})
        for collection in collections:
            pairs = [
                (document, revision)
                for document, revision in zip(documents, revisions, strict=True)
                if document.collection == collection and document.chunks
            ]
            if pairs:
                ids = [chunk_id(revision, c.ordinal) for document, revision in pairs for c in document.chunks]
                vectors = np.concatenate([document.vectors for document, _revision in pairs])
                self.vectors.add(self.vector_collection(collection), ids, vectors)

    def _write_words(self, documents: Sequence[StagedDocument], revisions: Sequence[int]) -> None:
        for document, revision in zip(documents, revisions, strict=True):
            self.words.add(word_entries(document, revision))
        self.words.commit()

    def _read_centroids(self) -> dict[str, Centroids]:
        found: dict[str, Centroids] = {}
        for row in self.database.revisions("live"):
            total = np.frombuffer(row["vector_sum"], np.float32)
            found.setdefault(row["collection"], Centroids()).add(row["language"], row["chunks"], total)
        return found

    def _take_away(self, revisions: Sequence[int], *, were_live: bool) -> None:
        if not revisions:
            return
        wanted = set(revisions)
        rows = [row for row in self.database.revisions("pending", "retired") if row["id"] in wanted]
        for row in rows:
            ids = [chunk_id(row["id"], ordinal) for ordinal in range(row["chunks"])]
            self.vectors.remove(self.vector_collection(row["collection"]), ids)
            if were_live:
                total = np.frombuffer(row["vector_sum"], np.float32)
                self.centroids(row["collection"]).add(row["language"], row["chunks"], total, sign=-1)
        self.words.remove(wanted)
        self.words.commit()
        self.database.forget(wanted)
        for sha256 in {row["sha256"] for row in rows}:
            if not self.database.content_in_use(sha256):
                self.originals.remove(sha256)

    def disk_bytes(self) -> int:
        """Bytes that the data folder takes."""
        return sum(path.stat().st_size for path in self.data_dir.rglob("*") if path.is_file())

    def free_bytes(self) -> int:
        """Bytes left on the disk that holds the data folder."""
        return shutil.disk_usage(self.data_dir).free


def word_entries(document: StagedDocument, revision: int) -> list[WordEntry]:
    """What the word index holds of a document's chunks."""
    text = document.text
    return [
        WordEntry(
            chunk_id=chunk_id(revision, chunk.ordinal),
            revision=revision,
            collection=document.collection,
            language=document.language,
            text=text.text[chunk.start : chunk.end],
            heading=" ".join((text.title, *chunk.heading)),
        )
        for chunk in document.chunks
    ]
