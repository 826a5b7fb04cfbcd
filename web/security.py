"""What keeps other sites out: who may send requests, and what a page may load.

Cita runs beside a browser that also visits strangers. Three doors are closed here, for every
response: a name that was made to point at this machine (DNS rebinding: the Host header is checked),
a form or script on another site that posts here (CSRF: the request's origin is checked), and text
from a document that tries to run as a script (a Content-Security-Policy without `unsafe-inline`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from secrets import compare_digest
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import InputError
from web.problems import problem_response

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types cita",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: with it browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}


class ForbiddenError(InputError):
    """The request comes from where it must not."""

    http_status = 403


def require_owner(token: str, owner_token: str, otherwise: str) -> None:
    """See that a caller has shown the data folder's token, which only who may read the folder knows.

    Raises:
        ForbiddenError: it has not; `otherwise` says what to do.
    """
    if not owner_token or not compare_digest(token.encode(), owner_token.encode()):
        raise ForbiddenError(otherwise)


class SecurityMiddleware:
    """Checks each request's Host and origin, and adds the security headers to each response."""

    def __init__(self, app: ASGIApp, allowed_hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._names = {"localhost", *(name.lower() for name in allowed_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._check(scope["method"], Headers(scope=scope))
        except ForbiddenError as error:
            response = problem_response(Request(scope, receive), error.http_status, str(error))
            await response(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    def _check(self, method: str, headers: Headers) -> None:
        host = headers.get("host", "")
        name = _host_name(host)
        if name not in self._names and not _is_address(name):
            raise ForbiddenError(
                f"This server does not answer to the name {name or '(none)'}; "
                "open it by its address or add the name to its allowed hosts."
            )
        if method not in _SAFE_METHODS and not _same_origin(headers, host):
            raise ForbiddenError(
                "The request came from another site and was refused; send it from Cita's own page, "
                "or as JSON from a program."
            )


def _host_name(host: str) -> str:
    """The Host header without its port, in lower case; empty where it cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    # Rebinding needs a name that its owner can point elsewhere; a literal address cannot be rebound.
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _same_origin(headers: Headers, host: str) -> bool:
    """Whether a request that changes something comes from this site's own page or from a program."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc.lower() == host.lower()
    # Neither header: not a browser of today. A form of an old one could still send these types; every
    # browser there ever was calls itself Mozilla, and a program that uploads files does not.
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type not in _FORM_TYPES or not headers.get("user-agent", "Mozilla").startswith("Mozilla")
