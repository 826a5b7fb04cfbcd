"""Documents ready to be written, for tests of the store that need no model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from rag.document_text import Block, DocumentText
from rag.embedding import ModelDescription
from rag.library import StagedDocument
from rag.records import ChunkRecord, NameRecord

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
