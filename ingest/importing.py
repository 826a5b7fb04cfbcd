"""Taking in what `cita export` wrote, beside what is there already.

A document that is there stays as it is; the same content is stored once, with all its names. Documents go
in whole, some at a time: what an interrupted import brought in stays, and running it again goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from uuid import uuid4

from ingest.exchange import ExportFile
from ingest.outcomes import Outcome, Report, Status
from rag.errors import StoreError
from rag.library import Library
from rag.records import NameRecord
from rag.staged import StagedDocument

BATCH_CHUNKS = 1000
OnStep = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is."""
ANOTHER_VERSION = "another version of it is here and stays; --replace takes the one in the file"


@dataclass(frozen=True, slots=True)
class _Here:
    """What a collection holds already, with what this import has added."""

    locations: dict[str, NameRecord]
    contents: dict[str, str]
    """Document ids by sha256."""


class Import:
    """Takes one exported file into a library."""

    def __init__(
        self, library: Library, *, collection: str | None = None, replace_others: bool = False
    ) -> None:
        """Prepare.

        Args:
            library: where to.
            collection: takes everything; where none is named each document keeps its own.
            replace_others: whether the file's version of a document replaces another one that is here.
        """
        self._library = library
        self._collection = collection
        self._replace = replace_others
        self._here: dict[str, _Here] = {}
        self._taken: set[str] = set()
        self._documents: list[StagedDocument] = []
        self._names: list[NameRecord] = []
        self._chunks = 0

    def run(self, path: Path, on_step: OnStep) -> Report:
        """Check the whole file, then take it in.

        Raises:
            UnreadableError: the file is damaged; nothing was written.
            StoreError: it was made with another embedding model, or the library cannot be written.
        """
        started = perf_counter()
        report = Report()
        with ExportFile(path) as file:
            self._check_model(file, path)
            on_step("Checking the file", 0, 0)
            file.verify()
            for number, document in enumerate(file.documents()):
                on_step("Bringing in documents", number, file.manifest.documents)
                report.outcomes.append(self._take(document, file))
                if self._chunks >= BATCH_CHUNKS:
                    self._write()
            self._write()
            self._library.originals.clear_staged()
            on_step("Bringing in documents", file.manifest.documents, file.manifest.documents)
        report.seconds = perf_counter() - started
        return report

    def _check_model(self, file: ExportFile, path: Path) -> None:
        given, own = file.manifest, self._library.model
        if given.fingerprint != own.fingerprint:
            raise StoreError(
                f"{path} was made with the embedding model {given.model} (another name, weights or "
                f"precision than {own.name} here); import it with CITA_EMBEDDING_MODEL={given.model} into "
                "a data folder of its own, change that with `cita reembed`, and export it from there."
            )

    def _take(self, document: StagedDocument, file: ExportFile) -> Outcome:
        collection = self._collection or document.collection
        here = self._known(collection)
        named = document.names[0].source if document.names else document.text.title
        names = [replace(one, collection=collection) for one in document.names]
        others = [one for one in names if self._sha256(here, one) not in (None, one.sha256)]
        wanted = [
            one for one in names if self._sha256(here, one) is None or (self._replace and one in others)
        ]
        same = here.contents.get(document.sha256)
        if same is not None:
            self._names += self._noted(here, wanted, same)
            return Outcome(named, "duplicate" if wanted else "unchanged", "", same)
        if not wanted:
            return Outcome(named, "skipped", ANOTHER_VERSION)
        document_id = document.document_id
        if document_id in self._taken or self._library.database.has_document(document_id):
            document_id = uuid4().hex[:16]
        self._taken.add(document_id)
        staged = replace(
            document,
            document_id=document_id,
            collection=collection,
            names=self._noted(here, wanted, document_id),
        )
        self._stage(staged, file)
        status: Status = "updated" if others and self._replace else "added"
        return Outcome(named, status, "", document_id, len(staged.chunks))

    def _stage(self, staged: StagedDocument, file: ExportFile) -> None:
        original = file.original(staged.sha256)
        if original is not None:
            self._library.originals.stage(staged.sha256, original)
        keys = [one.vector_key for one in staged.chunks]
        self._library.cache.put(dict(zip(keys, staged.vectors, strict=True)))
        self._documents.append(staged)
        self._chunks += len(keys)

    def _known(self, collection: str) -> _Here:
        if collection not in self._here:
            names = list(self._library.database.names(collection))
            contents = {one.sha256: one.document_id for one in names}
            self._here[collection] = _Here({one.location: one for one in names}, contents)
        return self._here[collection]

    def _noted(self, here: _Here, names: list[NameRecord], document_id: str) -> list[NameRecord]:
        noted = [replace(one, document_id=document_id) for one in names]
        for one in noted:
            before = here.locations.get(one.location)
            here.locations[one.location] = one
            here.contents[one.sha256] = document_id
            if before and not any(each.document_id == before.document_id for each in here.locations.values()):
                here.contents.pop(before.sha256, None)
        return noted

    @staticmethod
    def _sha256(here: _Here, name: NameRecord) -> str | None:
        known = here.locations.get(name.location)
        return known.sha256 if known else None

    def _write(self) -> None:
        if self._documents or self._names:
            self._library.write(self._documents, names=self._names)
        self._documents, self._names, self._chunks = [], [], 0
