"""Writing the documents of a data folder to one file, while a server may go on answering from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.chunking import Chunk, embedding_text
from ingest.exchange import ExportWriter, Manifest, new_archive
from rag.catalogue import Catalogue
from rag.database import Database
from rag.embedding import Embedder
from rag.errors import NotFoundError
from rag.identity import check_model
from rag.originals import Originals
from rag.records import ChunkRecord, NameRecord
from rag.settings import Settings
from rag.staged import StagedDocument
from rag.vector_cache import VECTORS, VectorCache

OnStep = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is."""


@dataclass(frozen=True, slots=True)
class _Store:
    """What is read of a data folder; none of it needs the folder for itself."""

    database: Database
    catalogue: Catalogue
    cache: VectorCache
    originals: Originals

    def close(self) -> None:
        self.cache.close()
        self.database.file.close()


def export_store(
    settings: Settings, embedder: Embedder, path: Path, collection: str | None, on_step: OnStep
) -> Manifest:
    """Write all documents, or those of one collection, as they are at this moment.

    Args:
        settings: name the data folder.
        embedder: the index's model, for vectors that are no longer in the cache.
        path: the file, replaced when the new one is whole.
        collection: None writes all.
        on_step: told of each document.

    Raises:
        NotFoundError: there are no such documents.
        StoreError: the folder cannot be read or the file not written, or the index is of another model.
    """
    store = _open(settings, embedder)
    try:
        with store.database.file.snapshot():
            rows = [
                row
                for row in store.database.revisions("live")
                if collection is None or row["collection"] == collection
            ]
            if not rows:
                where = f"the collection {collection}" if collection else str(settings.data_dir)
                raise NotFoundError(
                    f"There are no documents in {where}; `cita collections` lists what there is."
                )
            names = _names(store.database, {row["collection"] for row in rows})
            with new_archive(path) as archive:
                writer = ExportWriter(archive, embedder.description)
                for number, row in enumerate(rows):
                    on_step("Writing documents", number, len(rows))
                    own = names.get(row["document_id"], [])
                    writer.add(
                        _document(store, embedder, row["document_id"], own),
                        store.originals.read(row["sha256"]),
                    )
                writer.finish()
            on_step("Writing documents", len(rows), len(rows))
    finally:
        store.close()
    return writer.manifest


def _open(settings: Settings, embedder: Embedder) -> _Store:
    folder = settings.data_dir
    if not (folder / "cita.sqlite").is_file():
        raise NotFoundError(f"There are no documents in {folder}; `cita collections` lists what there is.")
    database = Database(folder / "cita.sqlite")
    try:
        check_model(database, embedder.description, folder, any_model=False)
    except BaseException:
        database.file.close()
        raise
    cache = VectorCache(folder / VECTORS, embedder.description)
    return _Store(database, Catalogue(database.file), cache, Originals(folder / "originals"))


def _names(database: Database, collections: set[str]) -> dict[str, list[NameRecord]]:
    found: dict[str, list[NameRecord]] = {}
    for collection in sorted(collections):
        for name in database.names(collection):
            found.setdefault(name.document_id, []).append(name)
    return found


def _document(
    store: _Store, embedder: Embedder, document_id: str, names: Sequence[NameRecord]
) -> StagedDocument:
    record = store.catalogue.document(document_id)
    text = store.catalogue.text(document_id)
    chunks = store.catalogue.chunks(document_id)
    keys = [one.vector_key for one in chunks]
    missing = set(store.cache.missing(keys))
    if missing:
        texts = {
            one.vector_key: embedding_text(text, _cut(one)) for one in chunks if one.vector_key in missing
        }
        store.cache.embed(texts, embedder)
    return StagedDocument(
        document_id=document_id,
        collection=record.collection,
        text=text,
        sha256=record.sha256,
        size=record.size,
        language=record.language,
        chunks=chunks,
        vectors=store.cache.stacked(keys),
        names=names,
        ingested_at=record.ingested_at,
    )


def _cut(chunk: ChunkRecord) -> Chunk:
    return Chunk(chunk.start, chunk.end, chunk.heading, chunk.page, chunk.tokens)
