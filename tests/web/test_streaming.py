"""Server-sent events: their format, and that a reader who leaves stops the work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from web import streaming
from web.streaming import EventStreamResponse, encode_event

SCOPE = {"type": "http", "asgi": {"spec_version": "2.3"}}


def run(response: Coroutine[Any, Any, None]) -> None:
    """Run a response on a loop of its own, also where a browser's loop lives in this thread."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, response).result()


async def never() -> dict[str, Any]:
    await asyncio.sleep(60)
    return {"type": "http.disconnect"}


def test_an_event_is_one_line_of_data() -> None:
    assert encode_event("token", {"text": "a\nñ"}) == 'event: token\ndata: {"text": "a\\nñ"}\n\n'.encode()


def test_all_events_are_sent_and_the_generator_is_closed() -> None:
    closed: list[bool] = []

    def events() -> Generator[tuple[str, Any], None, None]:
        try:
            yield "token", {"text": "a"}
            yield "answer", {}
        finally:
            closed.append(True)

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    run(EventStreamResponse(events())(dict(SCOPE), never, send))
    body = b"".join(message.get("body", b"") for message in sent)
    assert body == encode_event("token", {"text": "a"}) + encode_event("answer", {})
    assert closed == [True]


def test_a_reader_who_leaves_closes_the_generator_while_it_waits() -> None:
    closed: list[float] = []

    def events() -> Generator[tuple[str, Any], None, None]:
        try:
            while True:
                yield "token", {"text": "a"}
                time.sleep(0.2)
        finally:
            closed.append(time.monotonic())

    async def leave() -> dict[str, Any]:
        await asyncio.sleep(0.5)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        return None

    started = time.monotonic()
    run(EventStreamResponse(events())(dict(SCOPE), leave, send))
    assert len(closed) == 1
    assert closed[0] - started < 1.5


def test_a_long_silence_is_filled_with_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "KEEP_ALIVE_SECONDS", 0.05)

    def events() -> Generator[tuple[str, Any], None, None]:
        time.sleep(0.2)
        yield "answer", {}

    sent: list[bytes] = []

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    run(EventStreamResponse(events())(dict(SCOPE), never, send))
    assert b": keep-alive\n\n" in sent
    assert sent[-2] == encode_event("answer", {})
