"""Reading the library: what documents there are, their text, their chunks. Live revisions only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Literal

from rag.document_text import Block, DocumentText, Page
from rag.errors import NotFoundError
from rag.records import ChunkRecord, DocumentRecord, FoundChunk, NameRecord, chunk_id, place_of
from rag.sqlite import VARIABLES, Row, SqliteFile

Sort = Literal["title", "source", "media_type", "language", "pages", "chunks", "size", "ingested_at"]
_SORTS: dict[str, str] = {
    "title": "r.title COLLATE NOCASE",
    "source": "source COLLATE NOCASE",
    "media_type": "r.media_type",
    "language": "r.language",
    "pages": "r.pages",
    "chunks": "r.chunks",
    "size": "r.size",
    "ingested_at": "r.created_at",
}
_DOCUMENT = """
SELECT d.id, d.collection, r.title, r.media_type, r.language, r.pages, r.chunks, r.characters, r.size,
    r.sha256, r.created_at, r.metadata,
    (SELECT json_group_array(source) FROM (SELECT source FROM names n WHERE n.document_id = d.id
        ORDER BY source)) AS sources,
    (SELECT min(source) FROM names n WHERE n.document_id = d.id) AS source
FROM documents d JOIN revisions r ON r.document_id = d.id AND r.state = 'live'
"""
_MATCH = """
 WHERE (:collection IS NULL OR d.collection = :collection)
   AND (:like IS NULL OR r.title LIKE :like ESCAPE '\\' OR EXISTS (
        SELECT 1 FROM names n WHERE n.document_id = d.id AND n.source LIKE :like ESCAPE '\\'))
"""


class Catalogue:
    """Reads one data folder's documents."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def documents(
        self,
        collection: str | None = None,
        *,
        offset: int = 0,
        limit: int = 100,
        sort: Sort = "title",
        descending: bool = False,
        text_filter: str = "",
    ) -> list[DocumentRecord]:
        """One page of the documents, of one collection or of all; `text_filter` looks in title and names."""
        order = f"{_SORTS[sort]} {'DESC' if descending else 'ASC'}, source, d.id"
        rows = self._file.rows(
            f"{_DOCUMENT}{_MATCH} ORDER BY {order} LIMIT :limit OFFSET :offset",
            {**_matching(collection, text_filter), "limit": limit, "offset": offset},
        )
        return [_document_record(row) for row in rows]

    def count_documents(self, collection: str | None = None, text_filter: str = "") -> int:
        """How many documents `documents` would list in all."""
        row = self._file.row(
            "SELECT count(*) AS n FROM documents d JOIN revisions r ON r.document_id = d.id"
            f" AND r.state = 'live'{_MATCH}",
            _matching(collection, text_filter),
        )
        return int(row["n"]) if row else 0

    def document(self, document_id: str) -> DocumentRecord:
        """One document.

        Raises:
            NotFoundError: there is no such document.
        """
        row = self._file.row(f"{_DOCUMENT} WHERE d.id = ?", [document_id])
        if row is None:
            raise NotFoundError(
                f"There is no document {document_id}; `cita documents` lists those there are."
            )
        return _document_record(row)

    def collections(self) -> list[str]:
        """Names of the collections that hold documents."""
        rows = self._file.rows(
            "SELECT DISTINCT d.collection FROM documents d JOIN revisions r ON r.document_id = d.id"
            " AND r.state = 'live' ORDER BY 1"
        )
        return [str(row["collection"]) for row in rows]

    def languages(self) -> list[str]:
        """Codes of the languages that documents are written in."""
        rows = self._file.rows("SELECT DISTINCT language FROM revisions WHERE state = 'live' ORDER BY 1")
        return [str(row["language"]) for row in rows]

    def names(self, document_ids: Sequence[str]) -> list[NameRecord]:
        """The names under which some documents were ingested."""
        rows = self._file.rows(
            "SELECT n.*, r.sha256 FROM names n JOIN revisions r ON r.document_id = n.document_id"
            " AND r.state = 'live' WHERE n.document_id IN (SELECT value FROM json_each(?))"
            " ORDER BY n.collection, n.location",
            [json.dumps(list(document_ids))],
        )
        return [NameRecord(**dict(row)) for row in rows]

    def statistics(self) -> dict[str, int]:
        """Counts over all collections: documents, chunks, characters, bytes of the originals."""
        row = self._file.row(
            "SELECT count(*) AS documents, coalesce(sum(chunks), 0) AS chunks,"
            " coalesce(sum(characters), 0) AS characters, coalesce(sum(size), 0) AS bytes"
            " FROM revisions WHERE state = 'live'"
        )
        return {key: int(value) for key, value in dict(row or {}).items()}

    def text(self, document_id: str) -> DocumentText:
        """The live text of a document with its map.

        Raises:
            NotFoundError: there is no such document.
        """
        row = self._file.row(
            "SELECT title, media_type, text, map, metadata FROM revisions"
            " WHERE document_id = ? AND state = 'live'",
            [document_id],
        )
        if row is None:
            raise NotFoundError(
                f"There is no document {document_id}; `cita documents` lists those there are."
            )
        mapping = json.loads(row["map"])
        return DocumentText(
            text=row["text"],
            blocks=tuple(Block(**block) for block in mapping["blocks"]),
            title=row["title"],
            media_type=row["media_type"],
            pages=tuple(Page(**page) for page in mapping["pages"]),
            metadata=json.loads(row["metadata"]),
            # Documents of the first versions have none.
            warnings=tuple(mapping.get("warnings", ())),
        )

    def chunks(self, document_id: str) -> list[ChunkRecord]:
        """The chunks of a document's live revision, in order."""
        rows = self._file.rows(
            "SELECT c.* FROM chunks c JOIN revisions r ON r.id = c.revision_id"
            " WHERE r.document_id = ? AND r.state = 'live' ORDER BY c.ordinal",
            [document_id],
        )
        return [_chunk_record(row) for row in rows]

    def found(self, chunk_ids: Sequence[str]) -> dict[str, FoundChunk]:
        """The chunks among `chunk_ids` that belong to a live revision."""
        rows: list[Row] = []
        for one in chunk_ids:
            rows += self._file.rows(_FOUND, place_of(one))
        return {chunk_id(row["revision_id"], row["ordinal"]): _found_chunk(row) for row in rows}

    def vector_keys(self, chunk_ids: Iterable[str]) -> dict[str, bytes]:
        """The keys in the vector cache of those chunks that are there, live or not."""
        places = [place_of(one) for one in chunk_ids]
        found: dict[str, bytes] = {}
        for start in range(0, len(places), PLACES):
            part = places[start : start + PLACES]
            statement = _KEYS.format(",".join(["(?, ?)"] * len(part)))
            for row in self._file.rows(statement, list(chain.from_iterable(part))):
                found[chunk_id(row["revision_id"], row["ordinal"])] = row["vector_key"]
        return found


def _matching(collection: str | None, text_filter: str) -> dict[str, Any]:
    escaped = text_filter.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {"collection": collection, "like": f"%{escaped}%" if text_filter else None}


def _document_record(row: Row) -> DocumentRecord:
    values = dict(row)
    sources = tuple(json.loads(values.pop("sources")))
    metadata = json.loads(values.pop("metadata"))
    ingested_at = values.pop("created_at")
    values["source"] = values["source"] or ""
    return DocumentRecord(**values, sources=sources, metadata=metadata, ingested_at=ingested_at)


PLACES = VARIABLES // 2
# Not `(revision_id, ordinal) IN (VALUES …)`, for which SQLite reads every chunk.
_KEYS = """
WITH places(revision, ordinal) AS (VALUES {})
SELECT c.revision_id, c.ordinal, c.vector_key FROM places CROSS JOIN chunks c
ON c.revision_id = places.revision AND c.ordinal = places.ordinal
"""
_FOUND = """
SELECT c.revision_id, c.ordinal, c.start, c."end", c.page, c.heading, r.document_id, r.title, r.language,
    substr(r.text, c.start + 1, c."end" - c.start) AS text,
    (SELECT min(n.source) FROM names n WHERE n.document_id = r.document_id) AS source
FROM chunks c JOIN revisions r ON r.id = c.revision_id AND r.state = 'live'
WHERE c.revision_id = ? AND c.ordinal = ?
"""


def _found_chunk(row: Row) -> FoundChunk:
    return FoundChunk(
        chunk_id=chunk_id(row["revision_id"], row["ordinal"]),
        document_id=row["document_id"],
        title=row["title"],
        source=row["source"] or "",
        language=row["language"],
        page=row["page"],
        heading=tuple(json.loads(row["heading"])),
        start=row["start"],
        end=row["end"],
        text=row["text"],
    )


def _chunk_record(row: Row) -> ChunkRecord:
    return ChunkRecord(
        id=chunk_id(row["revision_id"], row["ordinal"]),
        ordinal=row["ordinal"],
        start=row["start"],
        end=row["end"],
        page=row["page"],
        heading=tuple(json.loads(row["heading"])),
        tokens=row["tokens"],
        vector_key=row["vector_key"],
    )
