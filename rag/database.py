"""Writing the rows of SQLite, which is the truth: revisions, their text and chunks, names."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rag.document_text import Block, DocumentText, Page
from rag.records import SCHEMA, ChunkRecord, NameRecord, State
from rag.sqlite import Row, SqliteFile


class Database:
    """Reads and writes the rows of one data folder."""

    def __init__(self, path: Path) -> None:
        """Open or create the database.

        Raises:
            StoreError: the file is damaged, locked or cannot be written.
        """
        self.file = SqliteFile(path, SCHEMA)

    def meta(self, key: str) -> str | None:
        """A value kept beside the documents."""
        row = self.file.row("SELECT value FROM meta WHERE key = ?", [key])
        return str(row["value"]) if row else None

    def set_meta(self, key: str, value: str) -> None:
        """Keep a value beside the documents."""
        with self.file.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [key, value])

    def add_revision(
        self,
        document_id: str,
        collection: str,
        text: DocumentText,
        *,
        sha256: str,
        size: int,
        language: str,
        chunks: Sequence[ChunkRecord],
        vector_sum: bytes,
        created_at: str = "",
    ) -> int:
        """Write a pending revision with its text and chunks; the document is made if it is new."""
        now = created_at or _now()
        mapping = {
            "blocks": [_plain(block) for block in text.blocks],
            "pages": [_plain(page) for page in text.pages],
            "warnings": list(text.warnings),
        }
        with self.file.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO documents VALUES (?, ?, ?)", [document_id, collection, now]
            )
            cursor = connection.execute(
                "INSERT INTO revisions (document_id, state, sha256, title, media_type, language, size,"
                " characters, pages, chunks, text, map, metadata, created_at, vector_sum)"
                " VALUES (?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    document_id, sha256, text.title, text.media_type, language, size, len(text.text),
                    len(text.pages), len(chunks), text.text, json.dumps(mapping),
                    json.dumps(text.metadata), now, vector_sum,
                ],
            )  # fmt: skip
            revision = int(cursor.lastrowid or 0)
            connection.executemany(
                "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        revision,
                        c.ordinal,
                        c.start,
                        c.end,
                        c.page,
                        json.dumps(c.heading),
                        c.tokens,
                        c.vector_key,
                    )
                    for c in chunks
                ],
            )
        return revision

    def publish(
        self,
        revisions: Iterable[int],
        names: Iterable[NameRecord],
        left: Iterable[tuple[str, str]] = (),
    ) -> list[int]:
        """Make pending revisions live and their predecessors retired, in one transaction.

        Args:
            revisions: what becomes live.
            names: names that are written, in order.
            left: collection and location of names that go, after the others are written.

        Returns:
            The revisions that are retired now.
        """
        retired: list[int] = []
        with self.file.transaction() as connection:
            for revision in revisions:
                row = connection.execute(
                    "SELECT r.id FROM revisions r JOIN revisions n ON n.document_id = r.document_id"
                    " WHERE n.id = ? AND r.state = 'live'",
                    [revision],
                ).fetchone()
                if row:
                    retired.append(int(row["id"]))
                    connection.execute("UPDATE revisions SET state = 'retired' WHERE id = ?", [row["id"]])
                connection.execute("UPDATE revisions SET state = 'live' WHERE id = ?", [revision])
            displaced = self._write_names(names)
            for collection, location in left:
                displaced |= self._remove_name(collection, location)
            retired += self._retire_nameless(displaced)
        return retired

    def set_names(self, names: Iterable[NameRecord]) -> list[int]:
        """Write names of documents that are there already; returns the revisions that are retired now."""
        with self.file.transaction():
            return self._retire_nameless(self._write_names(names))

    def remove_names(self, collection: str, locations: Iterable[str]) -> list[int]:
        """Take names away; a document without a name is retired.

        Returns:
            The revisions that are retired now.
        """
        orphans: set[str] = set()
        with self.file.transaction():
            for location in locations:
                orphans |= self._remove_name(collection, location)
            return self._retire_nameless(orphans)

    def retire_document(self, document_id: str) -> list[int]:
        """Take a document away with all its names; returns the revisions that are retired now."""
        with self.file.transaction() as connection:
            connection.execute("DELETE FROM names WHERE document_id = ?", [document_id])
            return self._retire_nameless({document_id})

    def revisions(self, *states: State) -> list[Row]:
        """The revisions in those states, without text: `id`, `document_id`, `collection`, `language`,
        `chunks`, `sha256`, `vector_sum`."""
        marks = ",".join("?" * len(states))
        return self.file.rows(
            "SELECT r.id, r.document_id, d.collection, r.language, r.chunks, r.sha256, r.vector_sum"
            " FROM revisions r"
            f" JOIN documents d ON d.id = r.document_id WHERE r.state IN ({marks}) ORDER BY r.id",
            states,
        )

    def forget(self, revisions: Iterable[int]) -> None:
        """Delete the rows of revisions, and of documents that have none left."""
        with self.file.transaction() as connection:
            connection.executemany("DELETE FROM revisions WHERE id = ?", [(one,) for one in revisions])
            connection.execute("DELETE FROM documents WHERE id NOT IN (SELECT document_id FROM revisions)")

    def names(self, collection: str) -> Iterator[NameRecord]:
        """Every name in a collection with the hash of its live content."""
        rows = self.file.iterate(
            "SELECT n.*, r.sha256 FROM names n JOIN revisions r ON r.document_id = n.document_id"
            " AND r.state = 'live' WHERE n.collection = ? ORDER BY n.location",
            [collection],
        )
        for row in rows:
            yield NameRecord(**dict(row))

    def document_with_content(self, collection: str, sha256: str) -> str | None:
        """The id of the live document that has this content."""
        row = self.file.row(
            "SELECT d.id FROM revisions r JOIN documents d ON d.id = r.document_id"
            " WHERE r.sha256 = ? AND r.state = 'live' AND d.collection = ? ORDER BY d.id",
            [sha256, collection],
        )
        return str(row["id"]) if row else None

    def has_document(self, document_id: str) -> bool:
        """Whether a document has this id, in any collection and state."""
        return self.file.row("SELECT 1 FROM documents WHERE id = ?", [document_id]) is not None

    def content_in_use(self, sha256: str, besides: Collection[int] = ()) -> bool:
        """Whether any revision, besides some, holds this content."""
        rows = self.file.rows("SELECT id FROM revisions WHERE sha256 = ?", [sha256])
        return any(row["id"] not in besides for row in rows)

    def _write_names(self, names: Iterable[NameRecord]) -> set[str]:
        """Write names; returns the documents that lost one to another document."""
        displaced: set[str] = set()
        with self.file.transaction() as connection:
            for name in names:
                key = [name.collection, name.location]
                before = connection.execute(
                    "SELECT document_id FROM names WHERE collection = ? AND location = ?", key
                ).fetchone()
                if before and before["document_id"] != name.document_id:
                    displaced.add(before["document_id"])
                # A document that somebody removed in the meantime gets no name back.
                connection.execute(
                    "INSERT OR REPLACE INTO names SELECT ?, ?, ?, ?, ?, ?"
                    " WHERE EXISTS (SELECT 1 FROM documents WHERE id = ?)",
                    [*key, name.source, name.document_id, name.size, name.modified_ns, name.document_id],
                )
        return displaced

    def _remove_name(self, collection: str, location: str) -> set[str]:
        """Take a name away; returns the document that had it."""
        with self.file.transaction() as connection:
            rows = connection.execute(
                "DELETE FROM names WHERE collection = ? AND location = ? RETURNING document_id",
                [collection, location],
            ).fetchall()
        return {row["document_id"] for row in rows}

    def _retire_nameless(self, candidates: Iterable[str]) -> list[int]:
        with self.file.transaction() as connection:
            rows = [
                row
                for document_id in sorted(candidates)
                for row in connection.execute(
                    "UPDATE revisions SET state = 'retired' WHERE state = 'live' AND document_id = :id"
                    " AND NOT EXISTS (SELECT 1 FROM names WHERE document_id = :id) RETURNING id",
                    {"id": document_id},
                ).fetchall()
            ]
        return [int(row["id"]) for row in rows]


def _plain(part: Block | Page) -> dict[str, int | str]:
    # `asdict` copies each value with care, which takes longer than everything else here.
    return {name: getattr(part, name) for name in part.__dataclass_fields__}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
