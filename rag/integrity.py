"""Whether all parts of a library agree: SQLite, Chroma, Tantivy, the kept originals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from rag.errors import StoreError
from rag.library import Library
from rag.records import chunk_id
from rag.vectors import VectorStore
from rag.words import WordIndex

Part = Literal["database", "texts", "vectors", "words", "originals"]
Kind = Literal["damaged", "missing", "wrong", "left over"]
PAGE = 2000
"""Vectors compared at once."""
TOLERANCE = 2e-3
"""Most that a number of a stored vector may differ from the same one in the cache."""
_NAMED = 5
_SENTENCES: dict[Kind, str] = {
    "damaged": "cannot be used",
    "missing": "are missing",
    "wrong": "are not what they should be",
    "left over": "belong to nothing",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree with SQLite, or SQLite itself."""

    part: Part
    kind: Kind
    ids: tuple[str, ...] = ()
    """Chunk ids, document ids or hashes."""
    collection: str = ""
    detail: str = ""

    def sentence(self) -> str:
        """The finding in words."""
        where = f" of {self.collection}" if self.collection else ""
        if self.detail:
            return f"{self.part}{where}: {self.detail}"
        named = ", ".join(self.ids[:_NAMED]) + ("…" if len(self.ids) > _NAMED else "")
        return f"{self.part}{where}: {len(self.ids)} {_SENTENCES[self.kind]} ({named})"


@dataclass(slots=True)
class Expected:
    """What SQLite says that one collection holds."""

    keys: dict[str, bytes] = field(default_factory=dict)
    """Vector keys by chunk id."""


def unusable_parts(data_dir: Path, chroma_url: str | None) -> list[Finding]:
    """The parts that cannot even be opened."""
    found: list[Finding] = []
    attempts: dict[Part, Callable[[], VectorStore | WordIndex]] = {
        "vectors": lambda: VectorStore(data_dir / "chroma", chroma_url),
        "words": lambda: WordIndex(data_dir / "words"),
    }
    for part, attempt in attempts.items():
        try:
            attempt().close()
        except StoreError as error:
            found.append(Finding(part, "damaged", detail=str(error)))
    return found


def check(library: Library) -> list[Finding]:
    """Everything that does not agree; empty where all is well."""
    damage = library.database.file.damage()
    if damage:
        return [Finding("database", "damaged", detail=damage)]
    expected = _expected(library)
    found = [*_check_texts(library), *_check_originals(library)]
    for collection in sorted(expected):
        found += _attempt("vectors", collection, lambda: _check_vectors(library, collection, expected))  # noqa: B023
    found += _attempt("vectors", "", lambda: _check_collections(library, expected))
    ids = {one for each in expected.values() for one in each.keys}
    found += _attempt("words", "", lambda: _differences("words", "", ids, library.words.chunk_ids()))
    return found


def _attempt(part: Part, collection: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return look()
    except StoreError as error:
        return [Finding(part, "damaged", collection=collection, detail=str(error))]


def _expected(library: Library) -> dict[str, Expected]:
    found: dict[str, Expected] = {}
    rows = library.database.file.iterate(
        "SELECT d.collection, c.revision_id, c.ordinal, c.vector_key FROM chunks c"
        " JOIN revisions r ON r.id = c.revision_id AND r.state = 'live'"
        " JOIN documents d ON d.id = r.document_id"
    )
    for row in rows:
        keys = found.setdefault(row["collection"], Expected()).keys
        keys[chunk_id(row["revision_id"], row["ordinal"])] = row["vector_key"]
    return found


def _check_texts(library: Library) -> list[Finding]:
    """Live documents whose chunks do not tile their text, and revisions that should be gone."""
    rows = library.database.file.iterate(
        "SELECT r.document_id, length(r.text) AS length, r.characters, r.chunks, count(c.ordinal) AS there,"
        ' sum(c."end" - c.start) AS covered, min(c.start) AS first, max(c."end") AS last'
        " FROM revisions r LEFT JOIN chunks c ON c.revision_id = r.id"
        " WHERE r.state = 'live' GROUP BY r.id"
    )
    broken = [
        str(row["document_id"])
        for row in rows
        # SQLite's length() stops at a NUL, which no loader lets through.
        if row["length"] != row["characters"]
        or row["chunks"] != row["there"]
        or (row["there"] and (row["first"], row["last"], row["covered"]) != (0, row["length"], row["length"]))
    ]
    left = [str(row["document_id"]) for row in library.database.revisions("pending", "retired")]
    found = [Finding("texts", "wrong", tuple(broken))] if broken else []
    return found + ([Finding("texts", "left over", tuple(left))] if left else [])


def _check_originals(library: Library) -> list[Finding]:
    rows = library.database.file.rows("SELECT DISTINCT sha256 FROM revisions")
    left = sorted(library.originals.hashes() - {str(row["sha256"]) for row in rows})
    return [Finding("originals", "left over", tuple(left))] if left else []


def _check_vectors(library: Library, collection: str, expected: dict[str, Expected]) -> list[Finding]:
    place = library.vector_collection(collection)
    keys = expected[collection].keys
    there = set(library.vectors.ids(place))
    found = _differences("vectors", collection, set(keys), there)
    wrong = [
        one
        for page in _pages([one for one in keys if one in there])
        for one in _wrong_vectors(library, place, {one: keys[one] for one in page})
    ]
    return found + ([Finding("vectors", "wrong", tuple(wrong), collection)] if wrong else [])


def _wrong_vectors(library: Library, place: str, keys: dict[str, bytes]) -> Iterator[str]:
    stored = library.vectors.vectors(place, list(keys))
    cached = library.cache.get(list(keys.values()))
    for one, key in keys.items():
        vector, known = stored.get(one), cached.get(key)
        if (
            vector is None
            or abs(float(np.linalg.norm(vector)) - 1) > TOLERANCE
            or (known is not None and float(np.abs(vector - known).max()) > TOLERANCE)
        ):
            yield one


def _check_collections(library: Library, expected: dict[str, Expected]) -> list[Finding]:
    """Collections in an embedded Chroma that are none of ours any more, but for empty ones."""
    ours = {library.vector_collection(collection) for collection in expected}
    if library.shares_chroma:
        return []
    left = [name for name in library.vectors.names() if name not in ours and library.vectors.count(name)]
    return [Finding("vectors", "left over", tuple(left), detail=f"collections {', '.join(left)}")] * bool(
        left
    )


def _differences(part: Part, collection: str, wanted: set[str], there: set[str]) -> list[Finding]:
    missing, left = sorted(wanted - there), sorted(there - wanted)
    found = [Finding(part, "missing", tuple(missing), collection)] if missing else []
    return found + ([Finding(part, "left over", tuple(left), collection)] if left else [])


def _pages(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))
