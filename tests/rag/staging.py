"""Documents ready to be written, for tests of the store that need no model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rag.answering import Answerer
from rag.conversations import Conversations
from rag.core import CONVERSATIONS, Core
from rag.dialogue import Dialogue
from rag.document_text import Block, DocumentText
from rag.embedding import ModelDescription
from rag.generation.choice import Generators
from rag.library import Library
from rag.records import ChunkRecord, NameRecord
from rag.retrieval import Retriever
from rag.sentence_vectors import SentenceVectors
from rag.settings import load_settings
from rag.staged import StagedDocument

DIMENSIONS = 16
MODEL = ModelDescription(
    name="tiny", source="tiny", weights_sha256="0" * 64, precision="fp32",
    dimensions=DIMENSIONS, max_tokens=512, pad_id=0, inputs=("input_ids",),
)  # fmt: skip


def vector(text: str) -> np.ndarray:
    """A unit vector that depends on the text alone."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    drawn = np.random.default_rng(seed).normal(size=DIMENSIONS).astype(np.float32)
    return drawn / np.linalg.norm(drawn)


class TinyEmbedder:
    """A deterministic embedder that counts what it embeds."""

    description = MODEL

    def __init__(self) -> None:
        self.embedded = 0

    def encode_documents(self, texts: Sequence[str]) -> np.ndarray:
        self.embedded += len(texts)
        return self.encode_queries(texts)

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([vector(text) for text in texts]) if texts else np.zeros((0, DIMENSIONS), np.float32)

    def token_vectors(self, texts: Sequence[str], kind: str) -> list[np.ndarray]:
        return [np.stack([vector(word) for word in text.split()]) for text in texts]

    def encode_with_pieces(self, texts: Sequence[str]) -> tuple[np.ndarray, list[np.ndarray]]:
        return self.encode_documents(texts), self.token_vectors(texts, "document")

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def in_background(self) -> TinyEmbedder:
        return self


@contextmanager
def tiny_core(data_dir: Path, embedder: TinyEmbedder | None = None, **settings: Any) -> Iterator[Core]:
    """A core over a data folder with the tiny embedder, without a language model."""
    given = load_settings(data_dir=data_dir, llm="extractive", **{"chunk_tokens": 32, **settings})
    embedder = embedder or TinyEmbedder()
    library = Library(data_dir, embedder.description, chroma_url=given.chroma_url)
    retriever = Retriever(library, SentenceVectors(library.cache, embedder), given)
    generators = Generators(given)
    answerer = Answerer(retriever, generators, given)
    conversations = Conversations(data_dir / CONVERSATIONS)
    dialogue = Dialogue(answerer, conversations, None, lambda: library.version)
    with Core(given, library, retriever, generators, answerer, conversations, dialogue) as core:
        yield core


def staged(
    document_id: str, paragraphs: Sequence[str], name: str = "", language: str = "es"
) -> StagedDocument:
    """A document whose paragraphs are its chunks."""
    chunks, start = [], 0
    text = "\n\n".join(paragraphs)
    for ordinal, paragraph in enumerate(paragraphs):
        end = min(len(text), start + len(paragraph) + 2)
        chunks.append(ChunkRecord("", ordinal, start, end, None, (), 10, b"k" * 20))
        start = end
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    location = name or f"/docs/{document_id}.txt"
    return StagedDocument(
        document_id=document_id,
        collection="default",
        text=DocumentText(text, (Block(0, len(text), "paragraph"),), document_id, "text/plain"),
        sha256=sha256,
        size=len(text),
        language=language,
        chunks=chunks,
        vectors=np.stack([vector(paragraph) for paragraph in paragraphs]),
        names=[NameRecord("default", location, location.strip("/"), document_id, len(text), 1, sha256)],
    )
