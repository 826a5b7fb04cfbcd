"""Changing the embedding model of a data folder, while its questions go on being answered.

First every text is cut and embedded as the new model has it, into the vector cache: that takes nearly all
of the time, needs nobody to let go of the folder, and goes on where it was interrupted. Then, with the
folder to itself, the new index is built from the cache and changed over in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from ingest.preparing import cut
from rag.catalogue import Catalogue
from rag.database import Database
from rag.document_text import DocumentText
from rag.embedding import Embedder
from rag.errors import NotFoundError, StoreError
from rag.identity import FINGERPRINT
from rag.library import Library
from rag.lock import running_server
from rag.model_change import ModelChange
from rag.records import ChunkRecord
from rag.settings import Settings
from rag.sqlite import Row
from rag.staged import StagedDocument
from rag.vector_cache import VectorCache

TOGETHER = 128
"""Chunks embedded together."""
WRITTEN_TOGETHER = 1000
"""Chunks written together."""
OnStep = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is."""


@dataclass(slots=True)
class ReembedReport:
    """What a change of model did."""

    model: str
    changed: bool = False
    """False where the index was of this model already."""
    documents: int = 0
    chunks: int = 0
    embedded: int = 0
    """Chunks whose vectors had to be computed."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """A document as the new model has it."""

    row: Row
    text: DocumentText
    chunks: list[ChunkRecord]
    texts: list[str]
    """What is embedded for each chunk."""


class Reembedding:
    """Changes one data folder over to a model."""

    def __init__(self, settings: Settings, embedder: Embedder, on_step: OnStep) -> None:
        """Prepare.

        Args:
            settings: name the data folder, and the new model.
            embedder: the new model.
            on_step: told how far it has come.
        """
        self._settings = settings
        self._server = running_server(settings.data_dir)
        # A running server's questions come first.
        self._embedder = embedder.in_background() if self._server else embedder
        self._on_step = on_step
        self._report = ReembedReport(embedder.description.name)

    def run(self) -> ReembedReport:
        """Embed what the new model has not embedded yet, and change over.

        Raises:
            NotFoundError: there is nothing in the folder.
            StoreError: another process holds the folder, for the last step; what was embedded is kept.
        """
        folder, model = self._settings.data_dir, self._embedder.description
        if not (folder / "cita.sqlite").is_file():
            raise NotFoundError(
                f"There are no documents in {folder}; `cita collections` lists what there is."
            )
        database = Database(folder / "cita.sqlite")
        with closing(database.file), closing(VectorCache(folder / "vectors.sqlite", model)) as cache:
            if database.meta(FINGERPRINT) == model.fingerprint:
                return self._report
            self._embed_all(database, cache)
        if self._server:
            raise StoreError(
                f"Every chunk has its new vector. Stop the server at {self._server.url}, run `cita "
                f"reembed --model {model.name}` again to change over, which embeds nothing more, and "
                f"start the server with CITA_EMBEDDING_MODEL={model.name}."
            )
        self._change_over()
        return self._report

    def _embed_all(self, database: Database, cache: VectorCache) -> None:
        """Fill the cache, beside whoever holds the folder."""
        total = sum(1 for _row in database.revisions("live"))
        waiting: dict[bytes, str] = {}
        for number, one in enumerate(self._documents(database, Catalogue(database.file), cache)):
            self._on_step("Embedding documents", number, total)
            waiting.update(zip((chunk.vector_key for chunk in one.chunks), one.texts, strict=True))
            while len(waiting) >= TOGETHER:
                part = dict(list(waiting.items())[:TOGETHER])
                self._embed(part, cache)
                waiting = {key: text for key, text in waiting.items() if key not in part}
        self._embed(waiting, cache)
        self._on_step("Embedding documents", total, total)

    def _embed(self, texts: dict[bytes, str], cache: VectorCache) -> None:
        missing = {key: texts[key] for key in cache.missing(list(texts))}
        cache.embed(missing, self._embedder)
        self._report.embedded += len(missing)

    def _change_over(self) -> None:
        """Build the new index from the cache, and make it the live one."""
        settings, model = self._settings, self._embedder.description
        library = Library(settings.data_dir, model, chroma_url=settings.chroma_url, any_model=True)
        with closing(library):
            change = ModelChange(library)
            total = len(library.database.revisions("live"))
            together: list[_Cut] = []
            for number, one in enumerate(self._documents(library.database, library.catalogue, library.cache)):
                self._on_step("Building the new index", number, total)
                # Documents that came in after the first step have no vectors yet.
                keys = [chunk.vector_key for chunk in one.chunks]
                self._embed(dict(zip(keys, one.texts, strict=True)), library.cache)
                together.append(one)
                if sum(len(each.chunks) for each in together) >= WRITTEN_TOGETHER:
                    change.add([self._staged(library, each) for each in together])
                    together = []
            change.add([self._staged(library, each) for each in together])
            self._on_step("Changing over", 0, 0)
            change.finish()
        self._report.changed = True

    def _documents(self, database: Database, catalogue: Catalogue, cache: VectorCache) -> Iterator[_Cut]:
        for row in database.revisions("live"):
            try:
                text = catalogue.text(row["document_id"])
            except NotFoundError:
                continue  # it was removed meanwhile
            yield _Cut(row, text, *cut(text, self._embedder, cache, self._settings.chunk_tokens))

    def _staged(self, library: Library, one: _Cut) -> StagedDocument:
        record = library.catalogue.document(one.row["document_id"])
        self._report.documents += 1
        self._report.chunks += len(one.chunks)
        return StagedDocument(
            document_id=record.id,
            collection=record.collection,
            text=one.text,
            sha256=record.sha256,
            size=record.size,
            language=record.language,
            chunks=one.chunks,
            vectors=library.cache.stacked([chunk.vector_key for chunk in one.chunks]),
            names=[],
            ingested_at=record.ingested_at,
        )
