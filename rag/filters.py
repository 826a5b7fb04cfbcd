"""Filters checked against the documents, which are few, not against the chunks, which are many.

A chunk's id begins with its revision's number, so a set of revisions says of any hit whether it passes.
Chroma's own filters read the metadata of every chunk and cost more than the search itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import translate
from pathlib import PurePath

from rag.query import Filters
from rag.sqlite import Row, SqliteFile
from rag.stemming import fold

_NAMES = """, r.title,
    (SELECT json_group_array(n.source) FROM names n WHERE n.document_id = r.document_id) AS sources"""
_DATES = ", r.metadata, r.created_at"
_DESCRIBED = """
SELECT r.id, r.document_id, d.collection, r.language, r.chunks{}
FROM revisions r JOIN documents d ON d.id = r.document_id WHERE r.state = 'live'
"""
TAG_FIELDS = ("tags", "keywords", "categories", "category", "subject")
DATED = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")


@dataclass(frozen=True, slots=True)
class LiveRevision:
    """What ranking needs to know of a hit's document."""

    document_id: str
    language: str
    chunks: int


def passing(
    file: SqliteFile, filters: Filters, collection: str, among: Iterable[int] | None = None
) -> dict[int, LiveRevision]:
    """The live revisions of a collection whose documents pass the filters.

    Args:
        among: look at these revisions only.
    """
    more = _NAMES if filters.documents or filters.paths else ""
    more += _DATES if filters.tags or filters.since or filters.until else ""
    described = _DESCRIBED.format(more)
    if among is None:
        rows: Iterable[Row] = file.iterate(f"{described} AND d.collection = ?", [collection])
    else:
        found = file.rows_in(f"{described} AND r.id IN ({{}})", set(among))
        rows = (row for row in found if row["collection"] == collection)
    return {row["id"]: _live(row) for row in rows if _passes(row, filters)}


def _live(row: Row) -> LiveRevision:
    return LiveRevision(row["document_id"], row["language"], row["chunks"])


def _passes(row: Row, filters: Filters) -> bool:
    if filters.languages and row["language"] not in filters.languages:
        return False
    if filters.documents or filters.paths:
        sources = [str(one) for one in json.loads(row["sources"])]
        if filters.documents and not any(_named(row, sources, one) for one in filters.documents):
            return False
        if filters.paths and not any(_on_path(sources, one) for one in filters.paths):
            return False
    if filters.tags or filters.since or filters.until:
        metadata = json.loads(row["metadata"])
        if filters.tags and not {_folded(one) for one in filters.tags} & set(_tags(metadata)):
            return False
        day = _day(metadata, row["created_at"])
        # As far as the bound is known: 2024 takes in every day of it.
        if filters.since and day[: len(filters.since)] < filters.since[: len(day)]:
            return False
        if filters.until and day[: len(filters.until)] > filters.until:
            return False
    return True


def _named(row: Row, sources: list[str], wanted: str) -> bool:
    if wanted == row["document_id"]:
        return True
    words, as_written = _folded(wanted), wanted.casefold()
    names = (row["title"], *(PurePath(one).name for one in sources))
    # As it is written, for "annual-report" is no row of the words of "annual-report.md".
    return any(as_written in name.casefold() or words in _folded(name) for name in names)


def _on_path(sources: list[str], pattern: str) -> bool:
    """Whether a name matches; a pattern without wildcards matches any part of it."""
    wild = pattern if any(sign in pattern for sign in "*?[") else f"*{pattern}*"
    matches = re.compile(translate(wild.casefold())).match
    return any(matches(name.casefold()) or matches(PurePath(name).name.casefold()) for name in sources)


def _tags(metadata: dict[str, str]) -> Iterator[str]:
    for name in TAG_FIELDS:
        for one in re.split(r"[,;\n]", str(metadata.get(name, ""))):
            yield _folded(one.strip(" []'\"#"))


def _folded(text: str) -> str:
    return " ".join(fold(text))


def _day(metadata: dict[str, str], ingested_at: str) -> str:
    for name in ("date", "created", "published", "modified"):
        match = DATED.match(str(metadata.get(name, "")))
        if match:
            return match.group()
    return ingested_at[:10]
