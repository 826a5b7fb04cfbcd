"""What a file's name says about it."""

from __future__ import annotations

from pathlib import PurePosixPath


def stem(name: str) -> str:
    """The file's name without folders and extension: the title where the document has none."""
    last = PurePosixPath(name.replace("\\", "/").split("?")[0].rstrip("/")).name
    return last[: last.rfind(".")] if last.rfind(".") > 0 else last or "document"


def extension(name: str) -> str:
    """The extension in lower case with its dot, empty where there is none."""
    last = name.replace("\\", "/").split("?")[0].rstrip("/").rsplit("/", 1)[-1].lower()
    return last[last.rfind(".") :] if last.rfind(".") > 0 else ""
