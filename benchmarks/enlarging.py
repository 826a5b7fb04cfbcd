"""A library of any size out of the sample corpus: real text with variation, vectors moved a little."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.pipeline import Ingestion
from rag.core import Core, open_core
from rag.document_text import Block, DocumentText
from rag.records import ChunkRecord, NameRecord, chunk_id
from rag.settings import load_settings
from rag.staged import StagedDocument
from rag.vector_cache import rounded

FloatArray = NDArray[np.float32]
PER_DOCUMENT = 100
TOGETHER = 50
"""Documents written at once."""
MOVED = 0.15
"""Length of the noise that is added to a vector of length 1 before it is made one again."""
EXCHANGED = 0.2
"""Share of the words that another chunk's take the place of; the vector goes as far towards that chunk's."""


class Enlarged:
    """The chunks of a corpus, again and again until there are enough; the same each time."""

    def __init__(self, core: Core, corpus: Path, size: int) -> None:
        self._core = core
        self._size = size
        self._texts, self._vectors, self._languages = _chunks(core, corpus)

    def write(self) -> None:
        """Put them into the core's library."""
        batch: list[StagedDocument] = []
        for number, (texts, vectors, language) in enumerate(self.documents()):
            batch.append(self._staged(number, texts, vectors, language))
            if len(batch) == TOGETHER:
                self._core.library.write(batch)
                batch = []
        if batch:
            self._core.library.write(batch)

    def documents(self) -> Iterator[tuple[list[str], FloatArray, str]]:
        """Texts and vectors of a hundred chunks of one language, and the language."""
        by_language = {
            name: [i for i, one in enumerate(self._languages) if one == name] for name in set(self._languages)
        }
        names = sorted(by_language)
        for number in range(-(-self._size // PER_DOCUMENT)):
            drawn = np.random.default_rng(number)
            count = min(PER_DOCUMENT, self._size - number * PER_DOCUMENT)
            language = names[number % len(names)]
            rows = drawn.choice(by_language[language], count)
            others = drawn.integers(len(self._texts), size=count)
            texts = [self._varied(int(a), int(b), drawn) for a, b in zip(rows, others, strict=True)]
            noise = drawn.normal(size=(count, self._vectors.shape[1])).astype(np.float32)
            noise *= MOVED / np.linalg.norm(noise, axis=1, keepdims=True)
            vectors = (1 - EXCHANGED) * self._vectors[rows] + EXCHANGED * self._vectors[others] + noise
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            yield texts, rounded(vectors), language

    def nearest(self, questions: FloatArray, count: int) -> list[set[str]]:
        """The ids of the exact nearest chunks of each question, by comparing with all of them."""
        scores = np.full((len(questions), 0), -1.0, np.float32)
        ids: list[list[str]] = [[] for _ in questions]
        for number, (_texts, vectors, _language) in enumerate(self.documents()):
            revision = number + 1
            fresh = questions @ vectors.T
            scores = np.concatenate([scores, fresh], axis=1)
            for row in ids:
                row += [chunk_id(revision, i) for i in range(len(vectors))]
            if scores.shape[1] > 20 * PER_DOCUMENT:
                scores, ids = _best(scores, ids, count)
        _scores, ids = _best(scores, ids, count)
        return [set(row) for row in ids]

    def _varied(self, row: int, beside: int, drawn: np.random.Generator) -> str:
        words, other = self._texts[row].split(" "), self._texts[beside].split(" ")
        for at in np.flatnonzero(drawn.random(len(words)) < EXCHANGED):
            words[at] = other[at % len(other)]
        return " ".join([*words, str(drawn.integers(1000))])

    def _staged(
        self, number: int, texts: Sequence[str], vectors: FloatArray, language: str
    ) -> StagedDocument:
        name = f"part-{number:08}.txt"
        text = "\n".join(texts)
        records, start = [], 0
        for ordinal, one in enumerate(texts):
            end = start + len(one)
            key = self._core.library.cache.key(one)
            records.append(ChunkRecord("", ordinal, start, end, None, (), 200, key))
            start = end + 1
        self._core.library.cache.put(
            {record.vector_key: vector for record, vector in zip(records, vectors, strict=True)}
        )
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        collection = self._core.settings.collection
        body = DocumentText(text, (Block(0, len(text), "paragraph"),), name, "text/plain")
        names = [NameRecord(collection, name, name, name, len(text), 0, sha256)]
        return StagedDocument(name, collection, body, sha256, len(text), language, records, vectors, names)


def _best(scores: FloatArray, ids: list[list[str]], count: int) -> tuple[FloatArray, list[list[str]]]:
    order = np.argsort(-scores, axis=1)[:, :count]
    kept = [[row[i] for i in own] for row, own in zip(ids, order, strict=True)]
    return np.take_along_axis(scores, order, axis=1), kept


def _chunks(core: Core, corpus: Path) -> tuple[list[str], FloatArray, list[str]]:
    """Texts, vectors and languages of a corpus' chunks, from a library of its own."""
    settings = load_settings(data_dir=core.settings.data_dir / "seed", llm="extractive")
    texts: list[str] = []
    languages: list[str] = []
    keys: list[bytes] = []
    with open_core(settings) as seed:
        Ingestion(seed).run([corpus])
        catalogue = seed.library.catalogue
        for record in catalogue.documents(limit=1000):
            text = catalogue.text(record.id).text
            for chunk in catalogue.chunks(record.id):
                texts.append(" ".join(text[chunk.start : chunk.end].split()))
                languages.append(record.language)
                keys.append(chunk.vector_key)
        return texts, seed.library.cache.stacked(keys), languages
