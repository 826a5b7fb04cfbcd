"""Zip archives with documents in them, opened with bounds on what they may unpack to."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from typing import Any
from urllib.parse import unquote

from ingest.loaders.markup import local_name, parse_xml, text_of
from rag.errors import UnreadableError

MAX_UNPACKED = 1_000_000_000
MAX_PART = 200_000_000
MAX_RATIO = 250
MAX_PARTS = 50_000
_SMALL = 20_000_000
"""Bytes below which a part may be packed as tightly as it likes."""


class Archive:
    """The parts of a zip archive.

    Raises:
        UnreadableError: the archive is damaged, encrypted, or unpacks to more than is sensible.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise UnreadableError("It is damaged or cut short: its zip archive cannot be opened.") from error
        parts = self._zip.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise UnreadableError("It unpacks to more than a document can sensibly be (a zip bomb?).")
        for part in parts:
            tight = part.file_size > MAX_RATIO * max(part.compress_size, 1)
            if part.file_size > MAX_PART or (tight and part.file_size > _SMALL):
                raise UnreadableError("It unpacks to more than a document can sensibly be (a zip bomb?).")
            if part.flag_bits & 1:
                raise UnreadableError("It is encrypted; save it without a password.")
        self.names = frozenset(part.filename for part in parts)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def read(self, name: str) -> bytes:
        """A part's bytes.

        Raises:
            UnreadableError: the part is missing or damaged.
        """
        try:
            return self._zip.read(name)
        except KeyError as error:
            raise UnreadableError(f"It is damaged: its part {name} is missing.") from error
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise UnreadableError(f"It is damaged: its part {name} cannot be unpacked.") from error

    def xml(self, name: str) -> Any:
        """The root of an XML part."""
        return parse_xml(self.read(name))

    def targets(self, part: str) -> dict[str, str]:
        """The parts that an Office part refers to: relationship id to part name."""
        folder, name = posixpath.split(part)
        relations = f"{folder}/_rels/{name}.rels"
        if relations not in self:
            return {}
        return {
            str(relation.get("Id")): self.beside(part, str(relation.get("Target")))
            for relation in self.xml(relations)
            if relation.get("TargetMode") != "External"
        }

    def beside(self, part: str, target: str) -> str:
        """The name of the part that `part` calls `target`."""
        target = unquote(target.split("#")[0])
        if target.startswith("/"):
            return target.lstrip("/")
        return posixpath.normpath(posixpath.join(posixpath.dirname(part), target))


def core_properties(archive: Archive, part: str = "docProps/core.xml") -> dict[str, str]:
    """Title, author and date of an Office or OpenDocument file."""
    if part not in archive:
        return {}
    names = {
        "title": "title",
        "creator": "author",
        "created": "date",
        "creation-date": "date",
        "subject": "subject",
    }
    found: dict[str, str] = {}
    for element in archive.xml(part).iter():
        key = names.get(local_name(element))
        if key and text_of(element).strip():
            found.setdefault(key, text_of(element))
    return found
