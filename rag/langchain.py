"""LangChain, met here only: Cita's search as a retriever, and its model as embeddings, for existing chains.

    from rag.langchain import CitaEmbeddings, CitaRetriever

Each document that the retriever gives is a passage; its metadata says where it stands, so that a chain can
cite it: `document.page_content == text[metadata["start"]:metadata["end"]]` in the document's text.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever

from rag.answer import Passage
from rag.embedding import Embedder
from rag.query import Filters
from rag.ranking import Mode
from rag.sentences import split_sentences


class CitaRetriever(BaseRetriever):
    """Searches the library of an open core, which stays the caller's to close.

    Raises:
        InputError: a question is empty or too long.
    """

    core: Any
    """An open `rag.core.Core`; pydantic would look for a schema of all that it holds."""
    collection: str | None = None
    limit: int = 6
    mode: Mode | None = None
    rerank: bool | None = None
    filters: Filters | None = None

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return self._search(query)

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        return await asyncio.to_thread(self._search, query)

    def _search(self, query: str) -> list[Document]:
        found = self.core.retriever.search(
            query,
            collection=self.collection,
            filters=self.filters,
            limit=self.limit,
            mode=self.mode,
            rerank=self.rerank,
        )
        passages = found.passages
        vector = found.question_vector
        return [_document(one, self._quote(one, vector)) for one in passages]

    def _quote(self, passage: Passage, vector: Any) -> tuple[int, int]:
        """Where the sentence stands that is nearest to the question, as offsets into the passage."""
        spans = split_sentences(passage.text)
        if not spans:
            return 0, len(passage.text)
        vectors = self.core.sentences.encode([passage.text[start:end] for start, end in spans])
        return spans[int((vectors @ vector).argmax())]


def _document(passage: Passage, quote: tuple[int, int]) -> Document:
    metadata = asdict(passage)
    text = metadata.pop("text")
    start, end = quote
    metadata |= {
        "heading": list(passage.heading),
        "words": list(passage.words),
        "quote": text[start:end],
        "quote_start": passage.start + start,
        "quote_end": passage.start + end,
    }
    return Document(id=passage.chunk_id, page_content=text, metadata=metadata)


class CitaEmbeddings(Embeddings):
    """An embedding model of Cita's, with its own prompts for questions and documents."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Unit vectors of documents."""
        return [vector.tolist() for vector in self._embedder.encode_documents(texts)]

    def embed_query(self, text: str) -> list[float]:
        """The unit vector of a question."""
        vector: list[float] = self._embedder.encode_queries([text])[0].tolist()
        return vector
