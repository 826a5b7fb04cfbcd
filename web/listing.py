"""The list of documents, sorted as an address can say it: `sort=-size` is the biggest first."""

from __future__ import annotations

from typing import Literal, cast

from rag.catalogue import Sort as Column
from rag.core import Core
from rag.records import DocumentRecord

Sort = Literal[
    "title", "-title", "source", "-source", "language", "-language", "media_type", "-media_type",
    "pages", "-pages", "chunks", "-chunks", "size", "-size", "ingested_at", "-ingested_at",
]  # fmt: skip


def list_documents(
    core: Core, collection: str | None, offset: int, limit: int, sort: Sort, text_filter: str
) -> list[DocumentRecord]:
    """One stretch of the documents of a collection, or of all."""
    return core.library.catalogue.documents(
        collection,
        offset=offset,
        limit=limit,
        sort=cast(Column, sort.lstrip("-")),
        descending=sort.startswith("-"),
        text_filter=text_filter,
    )
