"""The rows of the database as records, and the schema that holds them.

A document has revisions. Exactly one of them may be live; a pending one is being written, a retired
one is being taken away. Only what belongs to a live revision is ever shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY, collection TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS revisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('pending', 'live', 'retired')),
    sha256 TEXT NOT NULL, title TEXT NOT NULL, media_type TEXT NOT NULL, language TEXT NOT NULL,
    size INTEGER NOT NULL, characters INTEGER NOT NULL, pages INTEGER NOT NULL, chunks INTEGER NOT NULL,
    text TEXT NOT NULL, map TEXT NOT NULL, metadata TEXT NOT NULL, created_at TEXT NOT NULL,
    vector_sum BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS one_live_revision ON revisions (document_id) WHERE state = 'live';
CREATE INDEX IF NOT EXISTS revisions_by_state ON revisions (state);
CREATE INDEX IF NOT EXISTS revisions_by_content ON revisions (sha256);
CREATE TABLE IF NOT EXISTS names (
    collection TEXT NOT NULL, location TEXT NOT NULL, source TEXT NOT NULL,
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    size INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
    PRIMARY KEY (collection, location)
);
CREATE INDEX IF NOT EXISTS names_by_document ON names (document_id);
CREATE TABLE IF NOT EXISTS chunks (
    revision_id INTEGER NOT NULL REFERENCES revisions (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    page INTEGER, heading TEXT NOT NULL, tokens INTEGER NOT NULL, vector_key BLOB NOT NULL,
    PRIMARY KEY (revision_id, ordinal)
) WITHOUT ROWID;
"""
State = Literal["pending", "live", "retired"]


@dataclass(frozen=True, slots=True)
class ChunkRecord:
    """A chunk of a revision: `text[start:end]`."""

    id: str
    ordinal: int
    start: int
    end: int
    page: int | None
    heading: tuple[str, ...]
    tokens: int
    vector_key: bytes = b""


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """What the library says of a document without its text."""

    id: str
    collection: str
    title: str
    source: str
    sources: tuple[str, ...]
    media_type: str
    language: str
    pages: int
    chunks: int
    characters: int
    size: int
    sha256: str
    ingested_at: str
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NameRecord:
    """One name under which a document was ingested."""

    collection: str
    location: str
    source: str
    document_id: str
    size: int
    modified_ns: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FoundChunk:
    """A chunk of a live revision with what a passage needs of its document."""

    chunk_id: str
    document_id: str
    title: str
    source: str
    language: str
    page: int | None
    heading: tuple[str, ...]
    start: int
    end: int
    text: str


def chunk_id(revision: int, ordinal: int) -> str:
    """The id of a chunk in Chroma, Tantivy and the API."""
    return f"{revision}-{ordinal}"


def place_of(chunk: str) -> tuple[int, int]:
    """Revision and ordinal of a chunk id."""
    revision, _dash, ordinal = chunk.partition("-")
    return int(revision), int(ordinal)
