"""A document's way in: bytes to text, chunks, vectors, and into the library.

Reading and cutting run one step ahead of embedding on a thread of their own, so that the embedding,
which is nearly all of the cost, never waits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

from ingest.ahead import ahead
from ingest.chunking import embedding_text, split_into_chunks
from ingest.known import Known, Plan
from ingest.loading import load
from ingest.outcomes import OnProgress, Outcome, Progress, Report, Stage
from ingest.sources import FileSource, find_files
from rag.core import Core
from rag.document_text import DocumentText
from rag.errors import UnreadableError
from rag.language import detect
from rag.library import StagedDocument
from rag.records import ChunkRecord, NameRecord

BATCH_CHUNKS = 1000
"""Chunks written at once: enough to make a commit cheap, few enough to hold."""
READ_AHEAD = 4
"""Documents read and cut while another is embedded."""


class Prepared:
    """A file that has been read: what is to be done with it, and its text where it is needed."""

    __slots__ = ("chunks", "data", "error", "file", "name", "plan", "text", "texts")

    def __init__(self, file: FileSource, name: NameRecord | None, plan: Plan | None) -> None:
        self.file = file
        self.name = name
        self.plan = plan
        self.error = ""
        self.data = b""
        self.text: DocumentText | None = None
        self.chunks: list[ChunkRecord] = []
        self.texts: list[str] = []


class Ingestion:
    """Brings files into one collection of a library."""

    def __init__(self, core: Core, collection: str | None = None) -> None:
        self._core = core
        self._library = core.library
        self._collection = collection or core.settings.collection

    def run(
        self,
        paths: Iterable[Path],
        on_progress: OnProgress = lambda progress: None,
        *,
        prune: bool = False,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Bring in files and folders; what cannot be read is reported and the rest goes in.

        Args:
            on_progress: called when a file is finished and between.
            prune: remove documents whose files have gone from the folders.
            cancelled: asked between files; what was finished by then stays.
        """
        started = perf_counter()
        report = Report()
        found = find_files(paths)
        report.outcomes += found.failures
        known = Known(self._library, self._collection)
        batch: list[tuple[StagedDocument, Outcome]] = []
        done = 0

        def tell(stage: Stage, name: str = "", outcome: Outcome | None = None) -> None:
            chunks = sum(one.chunks for one in report.outcomes)
            on_progress(Progress(stage, done, len(found.files), chunks, name, outcome))

        def finish(outcome: Outcome) -> None:
            nonlocal done
            done += 1
            report.outcomes.append(outcome)
            tell("reading", outcome.name, outcome)

        def write() -> None:
            tell("writing")
            self._library.write([document for document, _outcome in batch])
            for _document, outcome in batch:
                finish(outcome)
            batch.clear()

        tell("finding")
        for prepared in ahead(self._prepare_all(found.files, known), READ_AHEAD):
            if cancelled():
                break
            outcome = self._without_embedding(prepared, known)
            if outcome is not None:
                finish(outcome)
                continue
            tell("embedding", prepared.file.source)
            batch.append(self._stage(prepared))
            if sum(len(document.chunks) for document, _outcome in batch) >= BATCH_CHUNKS:
                write()
        if batch:
            write()
        for outcome in known.settle(found.roots, prune=prune, whole=not cancelled()):
            report.outcomes.append(outcome)
        report.seconds = perf_counter() - started
        tell("done")
        return report

    def _prepare_all(self, files: Sequence[FileSource], known: Known) -> Iterator[Prepared]:
        for file in files:
            yield self._prepare(file, known)

    def _prepare(self, file: FileSource, known: Known) -> Prepared:
        prepared = Prepared(file, None, None)
        try:
            data = file.path.read_bytes()
            status = file.path.stat()
        except OSError as error:
            prepared.error = f"cannot be read ({error.strerror})"
            return prepared
        sha256 = hashlib.sha256(data).hexdigest()
        name = NameRecord(
            self._collection, file.location, file.source, "", len(data), status.st_mtime_ns, sha256
        )
        prepared.name = name
        prepared.plan = plan = known.plan(name)
        if plan.status not in ("added", "updated"):
            return prepared
        try:
            prepared.text = text = load(data, file.path.name)
        except UnreadableError as error:
            prepared.error = str(error)
            known.undo()
            return prepared
        self._library.originals.keep(sha256, data)
        prepared.data = data
        prepared.chunks, prepared.texts = self._cut(text)
        return prepared

    def _cut(self, text: DocumentText) -> tuple[list[ChunkRecord], list[str]]:
        settings, embedder = self._core.settings, self._core.embedder
        limit = embedder.description.max_tokens - 32  # room for the prompt and the special tokens
        target = min(settings.chunk_tokens, limit)
        chunks = split_into_chunks(text, embedder.count_tokens, target=target, limit=limit)
        texts = [embedding_text(text, chunk) for chunk in chunks]
        records = [
            ChunkRecord("", i, c.start, c.end, c.page, c.heading, c.tokens, self._library.cache.key(texts[i]))
            for i, c in enumerate(chunks)
        ]
        return records, texts

    def _without_embedding(self, prepared: Prepared, known: Known) -> Outcome | None:
        """The outcome of a file that needs no embedding; None for one that does."""
        if prepared.error:
            return Outcome(prepared.file.source, "failed", prepared.error)
        if prepared.plan is None or prepared.name is None or prepared.plan.status in ("added", "updated"):
            return None
        known.keep(prepared.name, prepared.plan)
        return Outcome(
            prepared.file.source, prepared.plan.status, prepared.plan.message, prepared.plan.document_id
        )

    def _stage(self, prepared: Prepared) -> tuple[StagedDocument, Outcome]:
        text, name, plan = prepared.text, prepared.name, prepared.plan
        assert text is not None
        assert name is not None
        assert plan is not None
        vectors, embedded = self._library.cache.documents(prepared.texts, self._core.embedder)
        document = StagedDocument(
            document_id=plan.document_id,
            collection=self._collection,
            text=text,
            sha256=name.sha256,
            size=name.size,
            language=detect(text.text),
            chunks=prepared.chunks,
            vectors=vectors,
            names=[
                NameRecord(
                    name.collection, name.location, name.source, plan.document_id,
                    name.size, name.modified_ns, name.sha256,
                )
            ],
        )  # fmt: skip
        message = "; ".join(text.warnings)
        outcome = Outcome(name.source, plan.status, message, plan.document_id, len(prepared.chunks), embedded)
        return document, outcome
