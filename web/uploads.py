"""Files sent by a browser or a program, taken in under the names that their sender knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from ingest.job_records import JobRecord
from ingest.jobs import Jobs
from rag.errors import InputError

MOST_UPLOAD_BYTES = 500_000_000
_LONGEST_NAME = 1_000


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent."""

    name: str
    """Its path as the sender has it."""
    content: BinaryIO


def submit(jobs: Jobs, uploads: Sequence[Upload], collection: str | None) -> JobRecord:
    """Have files taken in; a file of a name that was sent before replaces that one.

    Raises:
        InputError: nothing was sent.
    """
    sent = [(readable_name(upload.name), upload.content) for upload in uploads if upload.name]
    if not sent:
        raise InputError("No file was sent; choose one or more.")
    return jobs.submit([], collection, sent=sent)


def readable_name(name: str) -> str:
    """A file's path as the sender has it, without what cannot be printed or would lead elsewhere."""
    shown = "".join(mark if mark.isprintable() else "\ufffd" for mark in name.replace("\\", "/"))
    parts = [part for part in shown.split("/") if part not in ("", ".", "..")]
    return "/".join(parts)[-_LONGEST_NAME:] or "unnamed"
