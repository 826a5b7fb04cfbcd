"""Changing the embedding model of a data folder, while its questions go on being answered.

First every text is cut and embedded as the new model has it, into the vector cache: that takes nearly all
of the time, needs nobody to let go of the folder, and goes on where it was interrupted. Then whoever holds
the folder, a running server too, builds the new index from the cache and changes over in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from ingest.preparing import cut
from rag.catalogue import Catalogue
from rag.core import Core
from rag.database import Database
from rag.document_text import DocumentText
from rag.embedding import Embedder
from rag.errors import NotFoundError
from rag.identity import FINGERPRINT
from rag.library import Library
from rag.lock import running_server
from rag.model_change import ModelChange
from rag.records import ChunkRecord
from rag.settings import Settings
from rag.sqlite import Row
from rag.staged import StagedDocument
from rag.vector_cache import VECTORS, VectorCache

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
        self._new = embedder
        # A running server's questions come first.
        self._embedder = embedder.in_background() if running_server(settings.data_dir) else embedder
        self._on_step = on_step
        self.report = ReembedReport(embedder.description.name)
        """What has been done so far."""

    def run(self) -> ReembedReport:
        """Embed what the new model has not embedded yet, and change over.

        Raises:
            NotFoundError: there is nothing in the folder.
            StoreError: another process holds the folder, for the last step; what was embedded is kept.
        """
        if self.embed():
            model, chroma_url = self._embedder.description, self._settings.chroma_url
            library = Library(self._settings.data_dir, model, chroma_url=chroma_url, any_model=True)
            with closing(library):
                change = ModelChange(library, model)
                self._build(library, change)
                change.finish()
            self.report.changed = True
        return self.report

    def embed(self) -> bool:
        """Embed what the new model has not embedded yet, beside whoever holds the folder.

        Returns:
            Whether the index is still to be changed over; False where it is of this model.

        Raises:
            NotFoundError: there is nothing in the folder.
        """
        folder, model = self._settings.data_dir, self._embedder.description
        if not (folder / "cita.sqlite").is_file():
            raise NotFoundError(
                f"There are no documents in {folder}; `cita collections` lists what there is."
            )
        database = Database(folder / "cita.sqlite")
        with closing(database.file), closing(VectorCache(folder / VECTORS, model)) as cache:
            if database.meta(FINGERPRINT) == model.fingerprint:
                return False
            self._embed_all(database, cache)
        return True

    def change_over(self, core: Core) -> ReembedReport:
        """Give the folder that a core holds the new model, while the core answers questions.

        Documents neither come in nor go meanwhile. What the new model has not embedded yet is embedded.
        What is left of the old index may stay until the next start; that is logged.

        Raises:
            StoreError: the new index cannot be written; the old one stays.
        """
        library, model = core.library, self._embedder.description
        with library.changing.model():
            if library.model.fingerprint == model.fingerprint:
                return self.report
            change = ModelChange(library, model)
            try:
                self._build(library, change)
                core.change_model(change, self._new, self._settings)
            finally:
                change.give_up()
        self.report.changed = True
        return self.report

    def _embed_all(self, database: Database, cache: VectorCache) -> None:
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
        self.report.embedded += len(missing)

    def _build(self, library: Library, change: ModelChange) -> None:
        """Write the new index from the cache, beside the live one."""
        total = len(library.database.revisions("live"))
        together: list[_Cut] = []
        for number, one in enumerate(self._documents(library.database, library.catalogue, change.cache)):
            # Documents that came in after the first step have no vectors yet.
            texts = list(zip((chunk.vector_key for chunk in one.chunks), one.texts, strict=True))
            for start in range(0, len(texts), TOGETHER):
                self._on_step("Building the new index", number, total)
                self._embed(dict(texts[start : start + TOGETHER]), change.cache)
            together.append(one)
            if sum(len(each.chunks) for each in together) >= WRITTEN_TOGETHER:
                change.add([self._staged(library, change.cache, each) for each in together])
                together = []
        change.add([self._staged(library, change.cache, each) for each in together])
        self._on_step("Changing over", total, total)

    def _documents(self, database: Database, catalogue: Catalogue, cache: VectorCache) -> Iterator[_Cut]:
        for row in database.revisions("live"):
            try:
                text = catalogue.text(row["document_id"])
            except NotFoundError:
                continue  # it was removed meanwhile
            yield _Cut(row, text, *cut(text, self._embedder, cache, self._settings.chunk_tokens))

    def _staged(self, library: Library, cache: VectorCache, one: _Cut) -> StagedDocument:
        record = library.catalogue.document(one.row["document_id"])
        self.report.documents += 1
        self.report.chunks += len(one.chunks)
        return StagedDocument(
            document_id=record.id,
            collection=record.collection,
            text=one.text,
            sha256=record.sha256,
            size=record.size,
            language=record.language,
            chunks=one.chunks,
            vectors=cache.stacked([chunk.vector_key for chunk in one.chunks]),
            names=[],
            ingested_at=record.ingested_at,
        )
