"""Server-sent events from an ordinary iterator, which is closed when the reader leaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Generator
from typing import Any

import anyio
from anyio.to_thread import run_sync
from starlette.responses import StreamingResponse
from starlette.types import Send

MEDIA_TYPE = "text/event-stream"
KEEP_ALIVE_SECONDS = 15.0
"""A comment is sent after this long without an event, so that no proxy takes the stream for dead."""


def encode_event(kind: str, data: Any) -> bytes:
    """One event in the wire's format; JSON holds no raw line break, so one `data:` line is enough."""
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


class EventStreamResponse(StreamingResponse):
    """Sends what a generator of (kind, data) yields, running it in the thread pool.

    The generator is closed as soon as the client is gone, which stops the work behind it.
    """

    media_type = MEDIA_TYPE

    def __init__(self, events: Generator[tuple[str, Any], None, None]) -> None:
        self._events = events
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(self._encoded(), headers=headers)

    async def stream_response(self, send: Send) -> None:
        """Send the events, then close the generator, whether it was finished, broken off or failed."""
        try:
            await super().stream_response(send)
        finally:
            with anyio.CancelScope(shield=True):
                await run_sync(self._events.close)

    async def _encoded(self) -> AsyncIterator[bytes]:
        while True:
            step = asyncio.ensure_future(run_sync(next, self._events, None))
            try:
                while not (await asyncio.wait({step}, timeout=KEEP_ALIVE_SECONDS))[0]:
                    yield b": keep-alive\n\n"
            finally:
                # A generator cannot be closed while it runs: wait for the step under way.
                with anyio.CancelScope(shield=True):
                    await asyncio.wait({step})
            event = step.result()
            if event is None:
                return
            yield encode_event(*event)
