"""A real llama-server with the built-in model, and a server that speaks the providers' formats."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rag.generation.base import Evidence, Message, Prompt
from rag.generation.llama_process import LlamaOptions
from rag.generation.llama_server import LlamaServerGenerator
from rag.settings import Settings
from workshop.weights import ensure_language_model


@dataclass
class Reply:
    """One scripted answer of the server."""

    status: int = 200
    body: Any = None
    """An object is sent as JSON, a list of objects as a stream of them, bytes as they are."""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    """Break the connection instead of ending the stream."""
    hold: threading.Event | None = None
    """Waited for before the answer is sent."""


class WireServer:
    """Plays `replies` by path in order, the last one again and again; keeps what it was asked."""

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply]] = {}
        self.asked: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.hung_up = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer({})

            def do_POST(self) -> None:
                self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def _answer(self, body: dict[str, Any]) -> None:
                server.asked.append(
                    (self.path, body, {name.lower(): value for name, value in self.headers.items()})
                )
                script = server.replies.get(self.path, [Reply(404, {"error": "no such path"})])
                server.play(script.pop(0) if len(script) > 1 else script[0], self)

            def log_message(self, format: str, *arguments: object) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def play(self, reply: Reply, handler: BaseHTTPRequestHandler) -> None:
        if reply.hold is not None:
            reply.hold.wait(10)
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if not isinstance(reply.body, list):
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content)
            return
        events = handler.path.startswith("/v1")
        handler.send_header("Content-Type", "text/event-stream" if events else "application/x-ndjson")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        self._stream(reply, handler, events)

    def _stream(self, reply: Reply, handler: BaseHTTPRequestHandler, events: bool) -> None:
        lines = [json.dumps(item) if not isinstance(item, str) else item for item in reply.body]
        if events and not reply.cut:
            lines.append("[DONE]")
        try:
            for line in lines:
                data = (f"data: {line}\n\n" if events else f"{line}\n").encode()
                handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                handler.wfile.flush()
        except OSError:
            self.hung_up.set()
        if reply.cut:
            handler.close_connection = True
        else:
            handler.wfile.write(b"0\r\n\r\n")

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def wire() -> Iterator[WireServer]:
    server = WireServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def language_model() -> Path:
    """The built-in model's weights, fetched if this machine does not have them yet."""
    return ensure_language_model(Settings().models_dir, lambda *_: None)


@pytest.fixture(scope="session")
def llama_options(language_model: Path, tmp_path_factory: pytest.TempPathFactory) -> LlamaOptions:
    return LlamaOptions(language_model, tmp_path_factory.mktemp("llama") / "llama-server.log", context=1024)


@pytest.fixture(scope="session")
def llama(llama_options: LlamaOptions) -> Iterator[LlamaServerGenerator]:
    generator = LlamaServerGenerator(llama_options, timeout=300)
    yield generator
    generator.close()


@pytest.fixture
def prompt() -> Prompt:
    text = "La atención aditiva fue propuesta por Bahdanau en 2014 para la traducción automática."
    question = "¿Quién propuso la atención aditiva?"
    messages = [
        Message("system", "Answer from the evidence only, in one short sentence."),
        Message("user", f"Evidence:\n[1] {text}\n\nQuestion: {question}"),
    ]
    return Prompt(question, "es", [Evidence(1, text, 0.9)], messages)


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture
def hold() -> Iterator[threading.Event]:
    """Keeps a server silent until the test has ended."""
    event = threading.Event()
    yield event
    event.set()
