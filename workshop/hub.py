"""Single files from the Hugging Face hub, for machines that cannot have the packages."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path


class HubUnavailableError(Exception):
    """The hub cannot be reached or does not have the file."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository on the hub."""

    repository: str
    filename: str


def download(wanted: HubFile, target: Path) -> None:
    """Put the file at `target`, which is replaced; no second copy is kept in a cache.

    Raises:
        HubUnavailableError: the hub cannot be reached or does not have the file. `target` is then untouched,
            unless the connection was lost on the way.
        OSError: the folder cannot be written.
    """
    from httpx2 import HTTPError
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import XetDownloadError

    try:
        get_hf_file_metadata(hf_hub_url(wanted.repository, wanted.filename), timeout=10)
        # Room for the download: at no time are there two copies of the weights.
        target.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
            fetched = hf_hub_download(wanted.repository, wanted.filename, local_dir=folder)
            Path(fetched).replace(target)
    except (HTTPError, XetDownloadError, ConnectionError) as error:
        reason = str(error).strip().splitlines()
        raise HubUnavailableError(reason[0] if reason else type(error).__name__) from error
