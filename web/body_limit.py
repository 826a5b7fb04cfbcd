"""Refuses a request's body that is larger than what its address can use, before it is read."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problems import problem_response


class BodyLimitMiddleware:
    """Answers 413 to a body over the limit, whether its length is announced or not."""

    def __init__(self, app: ASGIApp, most_bytes: int, exceptions: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._exceptions = dict(exceptions or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._exceptions.get(scope["path"], self._most_bytes)
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced) > most:
            response = problem_response(Request(scope, receive), 413, _sentence(most))
            await response(scope, receive, send)
            return
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise HTTPException(413, _sentence(most))
            return message

        await self._app(scope, receive_within_limit, send)


def _sentence(most: int) -> str:
    return f"The request is larger than the {most / 1e6:,.0f} MB that this address takes; send less at once."
