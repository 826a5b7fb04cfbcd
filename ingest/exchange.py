"""The file that `cita export` writes: a zip that any machine with the same embedding model can take in.

`manifest.json` says what is in it; `documents/NNNNNN.jsonl` holds documents, a line each, with text, map,
names and chunks; `vectors/NNNNNN.npy` their chunks' vectors in the same order, half precision, shape
(chunks, dimensions); `originals/<sha256>` the bytes that each document came as.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.document_text import Block, DocumentText, Page
from rag.embedding import ModelDescription
from rag.errors import StoreError, UnreadableError
from rag.records import ChunkRecord, NameRecord
from rag.staged import StagedDocument

FloatArray = NDArray[np.float32]
FORMAT = "cita-export"
VERSION = 1
"""Changes when an older Cita could no longer read the file."""
MANIFEST = "manifest.json"
PART_CHUNKS = 2000
PART_CHARACTERS = 4_000_000
DAMAGE = (
    OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error,
    RuntimeError,  # an archive with a password, or compressed in a way that is not known
)  # fmt: skip
"""What reading a damaged archive raises."""
UNIT_TOLERANCE = 5e-3
"""Most that a vector's length may differ from 1."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an exported file says of itself."""

    model: str
    """Name of the embedding model."""
    fingerprint: str
    dimensions: int
    parts: int = 0
    documents: int = 0
    chunks: int = 0
    originals: int = 0
    format: str = FORMAT
    version: int = VERSION


class ExportWriter:
    """Writes documents to an archive, some thousand chunks a part."""

    def __init__(self, archive: zipfile.ZipFile, model: ModelDescription) -> None:
        self._archive = archive
        self._kept: set[str] = set()
        self._waiting: list[StagedDocument] = []
        self.manifest = Manifest(model.name, model.fingerprint, model.dimensions)

    def add(self, document: StagedDocument, original: bytes | None) -> None:
        """Add a document with the bytes it came as, where they are kept."""
        if original is not None and document.sha256 not in self._kept:
            self._kept.add(document.sha256)
            self._archive.writestr(f"originals/{document.sha256}", original)
        self._waiting.append(document)
        chunks = sum(len(one.chunks) for one in self._waiting)
        if chunks >= PART_CHUNKS or sum(len(one.text.text) for one in self._waiting) >= PART_CHARACTERS:
            self._write_part()

    def finish(self) -> None:
        """Write what waits, and the manifest: a file without it is not whole."""
        if self._waiting:
            self._write_part()
        self.manifest = replace(self.manifest, originals=len(self._kept))
        self._archive.writestr(MANIFEST, json.dumps(asdict(self.manifest), indent=2))

    def _write_part(self) -> None:
        documents, self._waiting = self._waiting, []
        number, known = self.manifest.parts, self.manifest
        lines = [json.dumps(_to_plain(one), ensure_ascii=False) for one in documents]
        self._archive.writestr(f"documents/{number:06}.jsonl", "\n".join(lines))
        vectors = np.concatenate([one.vectors for one in documents]).astype(np.float16)
        with self._archive.open(f"vectors/{number:06}.npy", "w", force_zip64=True) as file:
            np.lib.format.write_array(file, vectors, allow_pickle=False)
        self.manifest = replace(
            known,
            parts=number + 1,
            documents=known.documents + len(documents),
            chunks=known.chunks + len(vectors),
        )


class ExportFile:
    """An exported file that is being read."""

    def __init__(self, path: Path) -> None:
        """Open the file and read its manifest.

        Raises:
            UnreadableError: it is no such file, is not whole, or is of a newer kind.
        """
        self._path = path
        with self._translated():
            self._archive = zipfile.ZipFile(path)
            self._names = set(self._archive.namelist())
            values = json.loads(self._archive.read(MANIFEST))
        if values.get("format") == FORMAT and values.get("version", 0) > VERSION:
            raise UnreadableError(f"{path} was written by a newer Cita; update Cita and import it again.")
        with self._translated():
            self.manifest = Manifest(**values)
            _require(self.manifest.format == FORMAT, "its manifest is of another program")

    def __enter__(self) -> ExportFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()

    def documents(self) -> Iterator[StagedDocument]:
        """The documents in order, each held against what the file says of it.

        Raises:
            UnreadableError: the file is damaged.
        """
        for number in range(self.manifest.parts):
            with self._translated():
                part = self._part(number)
            yield from part

    def original(self, sha256: str) -> bytes | None:
        """The bytes that a document came as, None where they were not kept.

        Raises:
            UnreadableError: the file is damaged.
        """
        name = f"originals/{sha256}"
        if name not in self._names:
            return None
        with self._translated():
            data = self._archive.read(name)
            _require(hashlib.sha256(data).hexdigest() == sha256, f"{name} is not what its name says")
        return data

    def verify(self) -> None:
        """Read everything once, so that nothing of a damaged file is taken in.

        Raises:
            UnreadableError: the file is damaged.
        """
        documents = chunks = 0
        for document in self.documents():
            documents, chunks = documents + 1, chunks + len(document.chunks)
        originals = [name.removeprefix("originals/") for name in self._names if name.startswith("originals/")]
        for sha256 in originals:
            self.original(sha256)
        with self._translated():
            counted = (documents, chunks, len(originals))
            said = (self.manifest.documents, self.manifest.chunks, self.manifest.originals)
            _require(counted == said, "it does not hold what its manifest says")

    def _part(self, number: int) -> list[StagedDocument]:
        lines = self._archive.read(f"documents/{number:06}.jsonl").decode().split("\n")
        with self._archive.open(f"vectors/{number:06}.npy") as file:
            vectors = np.lib.format.read_array(file, allow_pickle=False).astype(np.float32)
        _require(
            vectors.ndim == 2 and vectors.shape[1] == self.manifest.dimensions, "vectors of a wrong shape"
        )
        lengths = np.linalg.norm(vectors, axis=1)
        _require(bool(np.all(np.abs(lengths - 1) < UNIT_TOLERANCE)), "vectors of a wrong length")
        found, at = [], 0
        for line in lines:
            values = json.loads(line)
            count = len(values["chunks"])
            found.append(_from_plain(values, vectors[at : at + count]))
            at += count
        _require(at == len(vectors), "vectors without chunks")
        return found

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise UnreadableError(f"There is no file {self._path}; check the path.") from error
        except DAMAGE as error:
            why = (str(error).splitlines() or [type(error).__name__])[0]
            raise UnreadableError(
                f"{self._path} is no file of `cita export`, or it is damaged ({why}); "
                "nothing was brought in. Export it again."
            ) from error


@contextmanager
def new_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """An archive to write, that has its name only when it is whole.

    Raises:
        StoreError: it cannot be written.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
            yield archive
        partial.replace(path)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror}); choose another place or free some space."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _require(holds: bool, said: str) -> None:
    if not holds:
        raise ValueError(said)


def _to_plain(document: StagedDocument) -> dict[str, Any]:
    text = document.text
    return {
        "id": document.document_id,
        "collection": document.collection,
        "sha256": document.sha256,
        "size": document.size,
        "language": document.language,
        "ingested_at": document.ingested_at,
        "title": text.title,
        "media_type": text.media_type,
        "metadata": text.metadata,
        "names": [[one.location, one.source, one.size, one.modified_ns] for one in document.names],
        "blocks": [[one.start, one.end, one.kind, one.level] for one in text.blocks],
        "pages": [[one.number, one.label, one.start, one.end] for one in text.pages],
        "warnings": list(text.warnings),
        "chunks": [
            [one.start, one.end, one.page, list(one.heading), one.tokens, one.vector_key.hex()]
            for one in document.chunks
        ],
        "text": text.text,
    }


def _from_plain(values: dict[str, Any], vectors: FloatArray) -> StagedDocument:
    text = DocumentText(
        text=values["text"],
        blocks=tuple(Block(*one) for one in values["blocks"]),
        title=values["title"],
        media_type=values["media_type"],
        pages=tuple(Page(*one) for one in values["pages"]),
        warnings=tuple(values.get("warnings", ())),
        metadata=values["metadata"],
    )
    chunks = [
        ChunkRecord("", number, start, end, page, tuple(heading), tokens, bytes.fromhex(key))
        for number, (start, end, page, heading, tokens, key) in enumerate(values["chunks"])
    ]
    _require(_tile(text.text, chunks), "chunks that do not rebuild their text")
    sha256, collection = values["sha256"], values["collection"]
    names = [
        NameRecord(collection, location, source, values["id"], size, modified_ns, sha256)
        for location, source, size, modified_ns in values["names"]
    ]
    return StagedDocument(
        document_id=values["id"],
        collection=collection,
        text=text,
        sha256=sha256,
        size=values["size"],
        language=values["language"],
        chunks=chunks,
        vectors=vectors,
        names=names,
        ingested_at=values["ingested_at"],
    )


def _tile(text: str, chunks: Sequence[ChunkRecord]) -> bool:
    ends = [0, *(one.end for one in chunks)]
    return [one.start for one in chunks] == ends[:-1] and ends[-1] == len(text)
