"""A document's new revision, ready to be written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.database import Database
from rag.document_text import DocumentText
from rag.records import ChunkRecord, NameRecord, chunk_id
from rag.words import WordEntry

FloatArray = NDArray[np.float32]


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
    ingested_at: str = ""
    """When it came in, as ISO 8601 says it; now where nothing is said."""


def write_pending(database: Database, document: StagedDocument) -> int:
    """Write a document's rows as a pending revision; returns its id."""
    return database.add_revision(
        document.document_id,
        document.collection,
        document.text,
        sha256=document.sha256,
        size=document.size,
        language=document.language,
        chunks=document.chunks,
        vector_sum=document.vectors.sum(axis=0).astype(np.float32).tobytes(),
        created_at=document.ingested_at,
    )


def staged_vectors(
    documents: Sequence[StagedDocument], revisions: Sequence[int]
) -> Iterator[tuple[str, list[str], FloatArray]]:
    """What Chroma holds of documents' revisions: for each collection its name, chunk ids and vectors."""
    for collection in sorted({document.collection for document in documents}):
        pairs = [
            (document, revision)
            for document, revision in zip(documents, revisions, strict=True)
            if document.collection == collection and document.chunks
        ]
        if pairs:
            ids = [chunk_id(revision, one.ordinal) for document, revision in pairs for one in document.chunks]
            yield collection, ids, np.concatenate([document.vectors for document, _revision in pairs])


def staged_words(documents: Sequence[StagedDocument], revisions: Sequence[int]) -> Iterator[WordEntry]:
    """What the word index holds of documents' revisions."""
    for one, revision in zip(documents, revisions, strict=True):
        yield from word_entries(one.text, one.collection, one.language, one.chunks, revision)


def word_entries(
    text: DocumentText, collection: str, language: str, chunks: Sequence[ChunkRecord], revision: int
) -> list[WordEntry]:
    """What the word index holds of a document's chunks."""
    return [
        WordEntry(
            chunk_id=chunk_id(revision, chunk.ordinal),
            revision=revision,
            collection=collection,
            language=language,
            text=text.text[chunk.start : chunk.end],
            heading=" ".join((text.title, *chunk.heading)),
        )
        for chunk in chunks
    ]
