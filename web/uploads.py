"""Files sent by a browser or a program, taken in under the names that their sender knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from ingest.pipeline import Ingestion
from ingest.sources import GivenSource
from rag.core import Core
from rag.errors import InputError
from web.ingesting import Ingests

MOST_UPLOAD_BYTES = 500_000_000
_LONGEST_NAME = 1_000


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent."""

    name: str
    """Its path as the sender has it."""
    content: BinaryIO


class Uploads:
    """Takes uploads into one library."""

    def __init__(self, core: Core, ingests: Ingests) -> None:
        self._core = core
        self._ingests = ingests

    def take(self, uploads: Sequence[Upload], collection: str | None) -> dict[str, Any]:
        """Take files in and return the report as plain data; waits for its turn.

        A file of a name that was sent before replaces that one.

        Raises:
            InputError: nothing was sent.
        """
        sent = [upload for upload in uploads if upload.name]
        if not sent:
            raise InputError("No file was sent; choose one or more.")
        sources = [GivenSource(upload.content.read(), readable_name(upload.name)) for upload in sent]
        with self._ingests.turn(wait=True):
            return Ingestion(self._core, collection).run(sources).to_json()


def readable_name(name: str) -> str:
    """A file's path as the sender has it, without what cannot be printed or would lead elsewhere."""
    shown = "".join(mark if mark.isprintable() else "\ufffd" for mark in name.replace("\\", "/"))
    parts = [part for part in shown.split("/") if part not in ("", ".", "..")]
    return "/".join(parts)[-_LONGEST_NAME:] or "unnamed"
