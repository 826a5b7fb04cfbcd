"""A library for a set's documents, beside the user's own and kept for the next measurement."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePath

from evaluation.answer_sets import AnswerSet, SetDocument
from ingest.chunking import embedding_text, split_into_chunks
from rag.core import Core, open_core
from rag.document_text import Block, DocumentText
from rag.language import detect
from rag.records import ChunkRecord, DocumentRecord, NameRecord
from rag.settings import Settings
from rag.staged import StagedDocument

FOLDER = "evaluation"
"""Below the data folder."""
BATCH = 200
SPARE_TOKENS = 32
"""Room for the embedding model's prompt and special tokens."""


@contextmanager
def open_set(
    settings: Settings, answers: AnswerSet, on_progress: Callable[[int, int], None]
) -> Iterator[Core]:
    """The set's library with all of its documents in; the user's own where the set has none.

    Raises:
        StoreError: the library is held by another process.
    """
    if answers.documents:
        place = f"{answers.key}-{settings.chunk_tokens}"
        own = {"data_dir": settings.data_dir / FOLDER / place, "chroma_url": None}
        settings = settings.model_copy(update=own)
    with open_core(settings) as core:
        present = {record.id for record in _records(core)}
        missing = [one for one in answers.documents if one.id not in present]
        for start in range(0, len(missing), BATCH):
            on_progress(start, len(missing))
            batch = missing[start : start + BATCH]
            core.library.write([_stage(core, one) for one in batch])
        yield core


def _records(core: Core) -> Sequence[DocumentRecord]:
    catalogue = core.library.catalogue
    return catalogue.documents(None, offset=0, limit=max(1, catalogue.count_documents(None)))


def _stage(core: Core, document: SetDocument) -> StagedDocument:
    body = document.text.strip() or document.title or " "
    text = DocumentText(body, _paragraphs(body), document.title, "text/plain")
    embedder, settings = core.embedder, core.settings
    limit = embedder.description.max_tokens - SPARE_TOKENS
    target = min(settings.chunk_tokens, limit)
    chunks = split_into_chunks(text, embedder.count_tokens, target=target, limit=limit)
    texts = [embedding_text(text, chunk) for chunk in chunks]
    cache = core.library.cache
    vectors, _embedded = cache.documents(texts, embedder)
    sha256 = hashlib.sha256(body.encode()).hexdigest()
    size = len(body.encode())
    records = [
        ChunkRecord("", i, c.start, c.end, c.page, c.heading, c.tokens, cache.key(texts[i]))
        for i, c in enumerate(chunks)
    ]
    name = NameRecord(settings.collection, document.id, document.id, document.id, size, 0, sha256)
    return StagedDocument(
        document.id, settings.collection, text, sha256, size, detect(body), records, vectors, [name]
    )


def _paragraphs(text: str) -> tuple[Block, ...]:
    blocks: list[Block] = []
    start = 0
    for line in text.split("\n"):
        bare = line.strip()
        if bare:
            begin = start + line.index(bare)
            blocks.append(Block(begin, begin + len(bare), "paragraph"))
        start += len(line) + 1
    return tuple(blocks)


def document_ids(core: Core) -> Mapping[str, str]:
    """Document ids by every name that a set may call a document: its id, its sources, their file names."""
    names: dict[str, str] = {}
    for record in _records(core):
        names |= {name: record.id for source in record.sources for name in (source, PurePath(source).name)}
        names[record.id] = record.id
    return names
