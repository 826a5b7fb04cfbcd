"""A library for a set's documents, beside the user's own and kept for the next measurement."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePath

from evaluation.answer_sets import SetDocument
from ingest.chunking import Chunk, embedding_text, split_into_chunks
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
    settings: Settings,
    documents: Sequence[SetDocument],
    key: str,
    on_progress: Callable[[int, int], None],
    *,
    whole: bool = False,
) -> Iterator[Core]:
    """The set's library with all of its documents in; the user's own where the set has none.

    Args:
        key: what tells the documents from others.
        whole: a document is one chunk, its title among its words and not in its vector, as sets of
            paragraphs are measured elsewhere; what the model cannot take at once is still cut.

    Raises:
        StoreError: the library is held by another process.
    """
    if documents:
        place = f"{key}-{'whole' if whole else settings.chunk_tokens}"
        own = {"data_dir": settings.data_dir / FOLDER / place, "chroma_url": None}
        settings = settings.model_copy(update=own)
    with open_core(settings) as core:
        present = {record.id for record in _records(core)}
        missing = [one for one in documents if one.id not in present]
        for start in range(0, len(missing), BATCH):
            on_progress(start, len(missing))
            batch = missing[start : start + BATCH]
            core.library.write(_staged(core, batch, whole))
        yield core


def _records(core: Core) -> Sequence[DocumentRecord]:
    catalogue = core.library.catalogue
    return catalogue.documents(None, offset=0, limit=max(1, catalogue.count_documents(None)))


def _staged(core: Core, documents: Sequence[SetDocument], whole: bool) -> list[StagedDocument]:
    texts = [_text(one) for one in documents]
    cut = [_chunks(core, text, whole) for text in texts]
    embedded = [
        [text.text[c.start : c.end].strip() if whole else embedding_text(text, c) for c in chunks]
        for text, chunks in zip(texts, cut, strict=True)
    ]
    core.library.cache.documents([one for own in embedded for one in own], core.embedder)
    return [_stage(core, *four) for four in zip(documents, texts, cut, embedded, strict=True)]


def _text(document: SetDocument) -> DocumentText:
    body = document.text.strip() or document.title or " "
    return DocumentText(body, _paragraphs(body), document.title, "text/plain")


def _chunks(core: Core, text: DocumentText, whole: bool) -> list[Chunk]:
    limit = core.embedder.description.max_tokens - SPARE_TOKENS
    if whole:
        [tokens] = core.embedder.count_tokens([text.text])
        if tokens <= limit:
            return [Chunk(0, len(text.text), (), None, tokens)]
    target = limit if whole else min(core.settings.chunk_tokens, limit)
    return split_into_chunks(text, core.embedder.count_tokens, target=target, limit=limit)


def _stage(
    core: Core, document: SetDocument, text: DocumentText, chunks: Sequence[Chunk], embedded: Sequence[str]
) -> StagedDocument:
    cache, settings = core.library.cache, core.settings
    keys = [cache.key(one) for one in embedded]
    body = text.text.encode()
    sha256 = hashlib.sha256(body).hexdigest()
    records = [
        ChunkRecord("", i, c.start, c.end, c.page, c.heading, c.tokens, keys[i]) for i, c in enumerate(chunks)
    ]
    name = NameRecord(settings.collection, document.id, document.id, document.id, len(body), 0, sha256)
    return StagedDocument(
        document_id=document.id,
        collection=settings.collection,
        text=text,
        sha256=sha256,
        size=len(body),
        language=detect(text.text),
        chunks=records,
        vectors=cache.stacked(keys),
        names=[name],
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
