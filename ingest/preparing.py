"""The first half of a document's way in: its bytes are read, planned for, loaded and cut."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic

from ingest.bounded import BoundedLoader
from ingest.chunking import embedding_text, split_into_chunks
from ingest.known import Known, Plan
from ingest.sources import Source
from rag.core import Core
from rag.document_text import DocumentText
from rag.embedding import Embedder
from rag.errors import UnreadableError
from rag.records import ChunkRecord, NameRecord
from rag.vector_cache import VectorCache

HANDED_ON = 64
"""Unchanged files that are handed on together."""
HANDED_ON_SECONDS = 0.2
SPARE_TOKENS = 32
"""Room for the embedding model's prompt and special tokens."""


@dataclass(slots=True)
class Prepared:
    """A file that has been read: what is to be done with it, and its text where that is needed."""

    source: Source
    error: str = ""
    plan: Plan | None = None
    text: DocumentText | None = None
    chunks: list[ChunkRecord] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """What is embedded for each chunk."""


def weight(prepared: Sequence[Prepared]) -> int:
    """About how much memory some files hold, in characters."""
    return sum(200 + (3 * len(one.text.text) if one.text else 0) for one in prepared)


class Preparer:
    """Prepares the documents of one ingest, one after the other."""

    def __init__(
        self,
        core: Core,
        known: Known,
        collection: str,
        loader: BoundedLoader,
        password: str | None,
        keep: bool,
    ) -> None:
        """Prepare to prepare.

        Args:
            core: the library and the model that the documents are prepared for.
            known: what is known of the collection.
            collection: its name.
            loader: loads within bounds.
            password: opens encrypted PDFs.
            keep: whether originals are kept; not when nothing is to be written.
        """
        self._core = core
        self._known = known
        self._collection = collection
        self._loader = loader
        self._password = password
        self._keep = keep

    def all(self, sources: Sequence[Source]) -> Iterator[list[Prepared]]:
        """Prepare documents in order; those that are unchanged are handed on some together.

        To hand on each of ten thousand by itself takes half as long as reading them.
        """
        together: list[Prepared] = []
        since = monotonic()
        for source in sources:
            one = self.one(source)
            together.append(one)
            unchanged = one.text is None and not one.error
            if not unchanged or len(together) == HANDED_ON or monotonic() - since > HANDED_ON_SECONDS:
                yield together
                together, since = [], monotonic()
        yield together

    def one(self, source: Source) -> Prepared:
        """Prepare a document; what is wrong with it is told in `error`."""
        self._known.touch(source.location)
        try:
            content = source.read()
        except UnreadableError as error:
            return Prepared(source, str(error))
        sha256 = hashlib.sha256(content.data).hexdigest()
        size, modified = len(content.data), content.modified_ns
        name = NameRecord(self._collection, source.location, source.source, "", size, modified, sha256)
        plan = self._known.plan(name)
        prepared = Prepared(source, plan=plan)
        if not plan.needs_text:
            return prepared
        try:
            prepared.text = text = self._loader.load(content.data, content.name, self._password)
        except UnreadableError as error:
            self._known.undo()
            return Prepared(source, str(error))
        if self._keep:
            self._core.library.originals.stage(sha256, content.data)
        library, settings = self._core.library, self._core.settings
        prepared.chunks, prepared.texts = cut(text, self._core.embedder, library.cache, settings.chunk_tokens)
        return prepared


def cut(
    text: DocumentText, embedder: Embedder, cache: VectorCache, chunk_tokens: int
) -> tuple[list[ChunkRecord], list[str]]:
    """A document's chunks as records, and what is embedded for each."""
    limit = embedder.description.max_tokens - SPARE_TOKENS
    target = min(chunk_tokens, limit)
    chunks = split_into_chunks(text, embedder.count_tokens, target=target, limit=limit)
    texts = [embedding_text(text, chunk) for chunk in chunks]
    records = [
        ChunkRecord("", i, c.start, c.end, c.page, c.heading, c.tokens, cache.key(texts[i]))
        for i, c in enumerate(chunks)
    ]
    return records, texts
