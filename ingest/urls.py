"""Documents at `http` and `https` addresses: bounded in redirects, size and time.

An address of this machine or its network is refused unless a setting allows it. The name is looked up
once, and the connection goes to the very address that was checked: a name that answers differently the
second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from pathlib import PurePosixPath
from time import monotonic
from urllib.parse import unquote, urljoin, urlsplit

from ingest.sources import Content
from rag.errors import UnreadableError

MOST_REDIRECTS = 5
MOST_BYTES = 100_000_000
MOST_SECONDS = 60.0
STEP_SECONDS = 15.0
"""For connecting, and for each wait for more."""
EXTENSIONS = {
    "text/html": ".html", "application/xhtml+xml": ".html", "application/pdf": ".pdf",
    "text/markdown": ".md", "text/csv": ".csv", "application/json": ".json", "text/plain": ".txt",
    "application/epub+zip": ".epub", "message/rfc822": ".eml",
}  # fmt: skip
"""For addresses whose path has no extension."""
_EMBEDDED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"))
"""IPv6 networks that stand for IPv4 addresses, private ones too."""


@dataclass(frozen=True, slots=True)
class UrlSource:
    """A document at an address."""

    url: str
    allow_private: bool = False

    @property
    def location(self) -> str:
        """The address without its fragment."""
        return self.url.partition("#")[0]

    @property
    def source(self) -> str:
        """The address."""
        return self.location

    @property
    def size(self) -> int:
        """Not known before it is read."""
        return 0

    def read(self) -> Content:
        """Fetch the document."""
        return fetch(self.location, allow_private=self.allow_private)


def is_url(name: str) -> bool:
    """Whether a name is an address that can be fetched."""
    return name.lower().startswith(("http://", "https://"))


def fetch(url: str, *, allow_private: bool = False) -> Content:
    """The document at an address.

    Raises:
        UnreadableError: it cannot be had, is too large or slow, or lies where it may not be fetched.
    """
    end = monotonic() + MOST_SECONDS
    for _redirect in range(MOST_REDIRECTS + 1):
        step = _get(url, allow_private, end)
        if isinstance(step, Content):
            return step
        url = step
    raise UnreadableError(f"It was redirected more than {MOST_REDIRECTS} times.")


def _get(url: str, allow_private: bool, end: float) -> Content | str:
    """The document, or the address it has moved to."""
    import httpx

    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host:
        raise UnreadableError("It leads to an address that is neither http nor https.")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise UnreadableError("Its address has no valid port.") from error
    address = _address(host, port, allow_private)
    literal = f"[{address}]" if ":" in address else address
    target = parts._replace(netloc=f"{literal}:{port}", fragment="").geturl()
    headers = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": "cita", "Accept": "*/*"}
    # No proxy from the environment: it would look the name up again, past the check.
    with httpx.Client(trust_env=False, timeout=STEP_SECONDS, follow_redirects=False) as client:
        try:
            stream = client.stream("GET", target, headers=headers, extensions={"sni_hostname": host})
            with stream as response:
                if response.is_redirect:
                    return urljoin(url, response.headers["location"])
                if response.is_error:
                    raise UnreadableError(f"The server answered {response.status_code}; check the address.")
                return Content(_body(response, end), _name(url, response.headers.get("content-type", "")))
        except httpx.HTTPError as error:
            said = str(error) or type(error).__name__
            raise UnreadableError(f"It cannot be fetched ({said}); check the address.") from error


def _body(response: object, end: float) -> bytes:
    import httpx

    assert isinstance(response, httpx.Response)
    parts: list[bytes] = []
    size = 0
    for part in response.iter_bytes(65536):
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise UnreadableError(f"It has more than {MOST_BYTES / 1e6:,.0f} MB; download it and split it.")
        if monotonic() > end:
            raise UnreadableError(f"It took more than {MOST_SECONDS:.0f} s to fetch; download it yourself.")
    return b"".join(parts)


def _address(host: str, port: int, allow_private: bool) -> str:
    """An address of the host to which a connection may go."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnreadableError(f"There is no host {host}; check the address and the network.") from error
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    if not allow_private:
        # One bad address spoils the name: whoever owns it may answer with either.
        for address in addresses:
            if not is_public(address):
                raise UnreadableError(
                    f"{host} is an address of this machine or network ({address}), which is not fetched; "
                    "CITA_ALLOW_PRIVATE_URLS=true allows it."
                )
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet's hosts."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return is_public(str(parsed.ipv4_mapped))
        if any(parsed in network for network in _EMBEDDED):
            return False
    return parsed.is_global and not parsed.is_multicast


def _name(url: str, content_type: str) -> str:
    parts = urlsplit(url)
    name = unquote(PurePosixPath(parts.path).name) or (parts.hostname or "page")
    extension = EXTENSIONS.get(content_type.partition(";")[0].strip().lower(), "")
    known = PurePosixPath(name).suffix.lower() in (*EXTENSIONS.values(), ".htm", ".docx", ".xlsx", ".pptx")
    return name if known else name + extension
