"""A client of the API that leaves in the middle of an answer stops its generation."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from rag.core import Core
from rag.generation.base import Prompt, Sampling
from rag.generation.token_stream import StreamRecord, TokenStream
from tests.rag.scripted import Writer
from web.app import create_app

QUESTION = "How long is the bridge?"
LONGEST = 200
"""Pieces, so that a generation that nobody stops ends too."""


class Endless(Writer):
    """Writes on and on, and notes when it is stopped."""

    def __init__(self) -> None:
        super().__init__("", yes=1.0)
        self.written = 0
        self.stopped = False

    def stream(self, prompt: Prompt, sampling: Sampling) -> TokenStream:
        return TokenStream(self._go_on)

    def _go_on(self, record: StreamRecord) -> Generator[str, None, None]:
        try:
            while self.written < LONGEST:
                self.written += 1
                yield " and"
                time.sleep(0.05)
        except GeneratorExit:
            self.stopped = True
            raise


def test_a_client_that_leaves_stops_the_generation(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = Endless()
    monkeypatch.setattr(core.generators, "get", lambda provider=None, model=None: endless)
    sent: list[bytes] = []
    body = json.dumps({"question": QUESTION}).encode()
    headers = {
        "host": "127.0.0.1", "content-type": "application/json", "accept": "text/event-stream",
        "content-length": str(len(body)),
    }  # fmt: skip
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
        "method": "POST", "scheme": "http", "path": "/api/ask", "raw_path": b"/api/ask", "query_string": b"",
        "root_path": "", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 50000),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    requests = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        if request := next(requests, None):
            return request
        while not any(b"event: token" in one for one in sent):
            await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    async def ask() -> None:
        await asyncio.wait_for(create_app(core)(scope, receive, send), 30)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, ask()).result()
    assert endless.stopped
    assert endless.written < LONGEST / 4
    assert not any(b"event: answer" in one for one in sent)
