"""Taking documents out of a search's sight, to see whether their questions are refused."""

from __future__ import annotations

from dataclasses import replace

from rag.passages import MOST_FROM_ONE_DOCUMENT
from rag.query import Filters
from rag.ranking import SearchResult
from rag.retrieval import Retriever
from rag.settings import Settings


class BlindRetriever:
    """A retriever that does not see the documents in `hidden`."""

    def __init__(self, retriever: Retriever, settings: Settings) -> None:
        self._retriever = retriever
        self._settings = settings
        self.hidden: frozenset[str] = frozenset()

    def search(
        self,
        question: str,
        *,
        collection: str | None = None,
        filters: Filters | None = None,
        limit: int | None = None,
        rerank: bool | None = None,
        expand: bool | None = None,
    ) -> SearchResult:
        """As `Retriever.search`, with the places of hidden passages taken by the next ones."""
        limit = limit or self._settings.search_limit
        spare = 2 * MOST_FROM_ONE_DOCUMENT * len(self.hidden)
        found = self._retriever.search(
            question,
            collection=collection,
            filters=filters,
            limit=limit + spare,
            rerank=rerank,
            expand=expand,
        )
        seen = [one for one in found.passages if one.document_id not in self.hidden]
        return replace(found, passages=tuple(seen[:limit]))
