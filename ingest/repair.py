"""Mends what a check finds, from SQLite and the vector cache; embeds only what is nowhere any more."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ingest.chunking import Chunk, embedding_text
from rag.embedding import Embedder
from rag.errors import StoreError
from rag.integrity import Finding, check, unusable_parts
from rag.library import Library
from rag.lock import DataFolderLock
from rag.rebuilding import rebuild_words
from rag.settings import Settings

FOLDERS = {"vectors": "chroma", "words": "words"}
"""What is derived, and so can be made anew."""
ASIDE = ".damaged"
TOGETHER = 500
"""Chunks embedded and written at once."""
ATTEMPTS = 3
OnStep = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is (0: unknown)."""


@dataclass(slots=True)
class RepairReport:
    """What was found and done."""

    found: list[Finding] = field(default_factory=list)
    left: list[Finding] = field(default_factory=list)
    """What could not be mended."""
    vectors: int = 0
    """Vectors written."""
    embedded: int = 0
    """Those of them that were in no cache."""
    words: int = 0
    """Chunks whose words were indexed anew."""


def check_store(settings: Settings, embedder: Embedder) -> list[Finding]:
    """Everything in the settings' data folder that does not agree.

    Raises:
        StoreError: another process holds the folder, or SQLite's file cannot be read.
    """
    lock = DataFolderLock(settings.data_dir)
    found = unusable_parts(settings.data_dir, settings.chroma_url)
    lock.close()
    if found:
        return found
    library = _open(settings, embedder)
    try:
        return _swept(library) + check(library)
    finally:
        library.close()


def repair_store(settings: Settings, embedder: Embedder, on_step: OnStep) -> RepairReport:
    """Make all parts of the settings' data folder agree with SQLite again.

    Raises:
        StoreError: another process holds the folder, or SQLite's file cannot be read.
    """
    report = RepairReport()
    for _attempt in range(ATTEMPTS):
        on_step("Checking", 0, 0)
        found = check_store(settings, embedder)
        if not report.found:
            report.found = found
        report.left = found
        if not found:
            break
        damaged = {str(one.part) for one in found if one.kind == "damaged"} & FOLDERS.keys()
        _set_aside(settings, damaged)
        library = _open(settings, embedder)
        try:
            _mend(library, embedder, check(library) if damaged else found, report, on_step)
        finally:
            library.close()
    if not report.left:
        for folder in FOLDERS.values():
            shutil.rmtree(settings.data_dir / (folder + ASIDE), ignore_errors=True)
    return report


def _open(settings: Settings, embedder: Embedder) -> Library:
    description = embedder.description
    return Library(settings.data_dir, description, chroma_url=settings.chroma_url, sweep=False)


def _swept(library: Library) -> list[Finding]:
    try:
        library.sweep()
    except StoreError as error:
        return [Finding("texts", "left over", detail=str(error))]
    return []


def _set_aside(settings: Settings, parts: set[str]) -> None:
    """Put damaged folders out of the way; they go when everything has been made anew."""
    for part in parts:
        if part == "vectors" and settings.chroma_url:
            raise StoreError(
                f"The Chroma server at {settings.chroma_url} cannot be used; restart or mend it."
            )
        folder = settings.data_dir / FOLDERS[part]
        aside = folder.with_name(folder.name + ASIDE)
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)


def _mend(
    library: Library, embedder: Embedder, found: Sequence[Finding], report: RepairReport, on_step: OnStep
) -> None:
    library.sweep()
    for one in found:
        if one.part == "originals":
            for sha256 in one.ids:
                library.originals.remove(sha256)
        elif one.part == "vectors" and one.collection:
            place = library.vector_collection(one.collection)
            if one.kind == "left over":
                library.vectors.remove(place, one.ids)
            elif one.kind == "wrong":
                # An index that gives back other vectors than it was given is not written to any more.
                library.vectors.drop(place)
                _write_vectors(library, embedder, one.collection, None, report, on_step)
            elif one.kind == "missing":
                _write_vectors(library, embedder, one.collection, set(one.ids), report, on_step)
        elif one.part == "vectors" and one.kind == "left over":
            for name in one.ids:
                library.vectors.drop(name)
    if any(one.part == "words" for one in found):
        on_step("Indexing words", 0, 0)
        report.words = rebuild_words(library)


def _write_vectors(
    library: Library,
    embedder: Embedder,
    collection: str,
    wanted: set[str] | None,
    report: RepairReport,
    on_step: OnStep,
) -> None:
    """Write the vectors of some chunks, all of the collection's where none are named."""
    place = library.vector_collection(collection)
    total = len(wanted) if wanted is not None else 0
    waiting: list[tuple[str, bytes, str]] = []

    def write() -> None:
        keys = [key for _one, key, _text in waiting]
        missing = set(library.cache.missing(keys))
        texts = {key: text for _one, key, text in waiting if key in missing}
        library.cache.embed(texts, embedder)
        library.vectors.add(place, [one for one, _key, _text in waiting], library.cache.stacked(keys))
        report.vectors += len(waiting)
        report.embedded += len(texts)
        on_step("Writing vectors", report.vectors, total)
        waiting.clear()

    for row in library.database.revisions("live"):
        if row["collection"] != collection:
            continue
        chunks = library.catalogue.chunks(row["document_id"])
        chosen = [one for one in chunks if wanted is None or one.id in wanted]
        text = library.catalogue.text(row["document_id"]) if chosen else None
        for one in chosen:
            assert text is not None
            cut = Chunk(one.start, one.end, one.heading, one.page, one.tokens)
            waiting.append((one.id, one.vector_key, embedding_text(text, cut)))
        if len(waiting) >= TOGETHER:
            write()
    if waiting:
        write()
