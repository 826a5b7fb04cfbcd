"""Files that are told by their first bytes, and what to do with those that are not read."""

from __future__ import annotations

import re

_REFUSED = (
    (re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8|II\*\x00|MM\x00\*|RIFF....WEBP|BM....\x00\x00\x00\x00", re.S),
     "It is a picture; pictures are only read as pages of a PDF."),
    (re.compile(rb"\xd0\xcf\x11\xe0"),
     "It is an old Office file (.doc, .xls, .ppt) or one with a password; save it as .docx, .xlsx or "
     ".pptx without one."),
    (re.compile(rb"\{\\rtf"), "It is RTF, which is not read; save it as .docx or .odt."),
    (re.compile(rb"%!PS"), "It is PostScript, which is not read; make a PDF of it."),
    (re.compile(rb"\x1f\x8b|7z\xbc\xaf|Rar!|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd|.{257}ustar", re.S),
     "It is an archive; unpack it and ingest the files in it."),
    (re.compile(rb"\x7fELF|MZ.{50}|\xca\xfe\xba\xbe|\xcf\xfa\xed\xfe|\x00asm", re.S),
     "It is a program, not a document."),
    (re.compile(rb"ID3|OggS|fLaC|RIFF....(?:WAVE|AVI )|.{4}ftyp|\x1aE\xdf\xa3", re.S),
     "It is sound or video, which is not read."),
    (re.compile(rb"SQLite format 3\x00"), "It is a database, which is not read; export its tables as CSV."),
)  # fmt: skip


def refusal(data: bytes) -> str | None:
    """Why a file is refused, in one sentence; None where its first bytes give no reason."""
    return next((reason for pattern, reason in _REFUSED if pattern.match(data[:600])), None)
