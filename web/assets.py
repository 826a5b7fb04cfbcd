"""The style sheets and scripts, read once, served compressed under a name made from their content.

The name of the folder in the address holds a hash of every file in it, so a browser may keep a file
for ever, and a script may import its neighbour by a relative path and get the same version.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from rag.errors import NotFoundError

STATIC_DIRECTORY = Path(__file__).parent / "static"
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, as sent: plain and compressed."""

    media_type: str
    plain: bytes
    compressed: bytes


class Assets:
    """All static files of the page, held in memory (a few tens of kilobytes)."""

    def __init__(self, directory: Path = STATIC_DIRECTORY) -> None:
        self._assets = {
            path.relative_to(directory).as_posix(): _read(path)
            for path in sorted(directory.rglob("*"))
            if path.is_file()
        }
        digest = hashlib.sha256()
        for name, asset in self._assets.items():
            digest.update(name.encode() + b"\0" + asset.plain + b"\0")
        self.version = digest.hexdigest()[:12]

    def names(self) -> list[str]:
        """Names of the files, such as `css/cita.css`."""
        return list(self._assets)

    def address(self, name: str) -> str:
        """Where a browser finds the file; raises KeyError for a name that is not there."""
        if name not in self._assets:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"

    def compressed_size(self, name: str) -> int:
        """Bytes that travel when the file is fetched."""
        return len(self._assets[name].compressed)

    def response(self, request: Request, version: str, name: str) -> Response:
        """Answer a request for a file.

        Raises:
            NotFoundError: there is no such file.
        """
        asset = self._assets.get(name)
        if asset is None:
            raise NotFoundError(f"There is no static file {name}; reload the page.")
        headers = {"Vary": "Accept-Encoding"}
        # A page from before an upgrade may still ask for the old folder: give it what there is now,
        # and do not let the browser keep it under the old name.
        headers["Cache-Control"] = _FOR_EVER if version == self.version else "no-cache"
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(asset.compressed, media_type=asset.media_type, headers=headers)
        return Response(asset.plain, media_type=asset.media_type, headers=headers)


def _read(path: Path) -> Asset:
    plain = path.read_bytes()
    # The machine's own table may call a script text/plain, which a browser then refuses to run.
    known = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    guessed = known.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    return Asset(guessed or "application/octet-stream", plain, gzip.compress(plain, 9, mtime=0))
