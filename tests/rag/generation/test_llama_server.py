"""The built-in model on a real llama-server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rag.generation.base import Message, Prompt, Sampling
from rag.generation.failures import GenerationError
from rag.generation.llama_process import LlamaOptions, LlamaServer, find_executable
from rag.generation.llama_server import LlamaServerGenerator

ROOT = Path(__file__).parents[3]
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to find the processes")

# A Cita of its own, which is then killed; its worker thread that started the server ends at once.
PARENT = """
import sys, threading, time
from pathlib import Path
from rag.generation.llama_process import LlamaOptions, LlamaServer
server = LlamaServer(LlamaOptions(Path(sys.argv[1]), Path(sys.argv[2]), context=512))
starter = threading.Thread(target=server.ensure_running)
starter.start()
starter.join()
time.sleep(3)
print(server.is_healthy(), flush=True)
time.sleep(600)
"""


def servers_under(process: int) -> list[int]:
    """Process numbers of the llama-servers below `process`."""
    children: dict[int, list[int]] = {}
    names: dict[int, str] = {}
    for folder in Path("/proc").iterdir():
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)
        except (OSError, NotADirectoryError):
            continue
        if folder.name.isdigit():
            names[int(folder.name)] = fields[0].split("(", 1)[1]
            children.setdefault(int(fields[1].split()[1]), []).append(int(folder.name))
    found, waiting = [], [process]
    while waiting:
        number = waiting.pop()
        waiting += children.get(number, [])
        if names.get(number) == "llama-server":
            found.append(number)
    return found


def ended(process: int) -> bool:
    try:
        return (Path("/proc") / str(process) / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def wait_until(condition: object, seconds: float = 10.0) -> bool:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


def test_an_answer_is_streamed_from_the_evidence(llama: LlamaServerGenerator, prompt: Prompt) -> None:
    stream = llama.stream(prompt, Sampling(max_tokens=60))
    pieces = list(stream)
    assert "Bahdanau" in "".join(pieces)
    assert len(pieces) > 1
    assert not stream.record.cut_short
    assert stream.record.prompt_tokens
    assert stream.record.answer_tokens


def test_the_same_seed_gives_the_same_answer(llama: LlamaServerGenerator, prompt: Prompt) -> None:
    sampling = Sampling(temperature=0.9, top_p=0.9, top_k=50, repetition_penalty=1.1, max_tokens=25, seed=7)
    assert "".join(llama.stream(prompt, sampling)) == "".join(llama.stream(prompt, sampling))


def test_an_answer_cut_short_is_marked_and_no_error(llama: LlamaServerGenerator, prompt: Prompt) -> None:
    stream = llama.stream(prompt, Sampling(max_tokens=2))
    assert "".join(stream)
    assert stream.record.cut_short
    assert stream.record.answer_tokens == 2


def test_the_prompt_is_read_from_the_cache_the_second_time(
    llama: LlamaServerGenerator, prompt: Prompt
) -> None:
    list(llama.stream(prompt, Sampling(max_tokens=2)))
    stream = llama.stream(prompt, Sampling(max_tokens=2))
    list(stream)
    assert stream.record.cached_tokens is not None
    assert stream.record.prompt_tokens is not None
    assert stream.record.cached_tokens >= stream.record.prompt_tokens - 1


def test_tokens_are_counted_by_the_models_own_tokenizer(llama: LlamaServerGenerator) -> None:
    assert llama.count_tokens("") == 0
    assert llama.count_tokens("Hello world") == 2
    assert llama.count_tokens("1234567890") == 10


def test_yes_and_no_are_told_apart(llama: LlamaServerGenerator, prompt: Prompt) -> None:
    def probability(question: str) -> float:
        messages = [*prompt.messages, Message("user", f"{question} Answer with yes or no only.")]
        found = llama.yes_probability(messages)
        assert found is not None
        return found

    held = probability("Does the evidence name who proposed additive attention?")
    absent = probability("Does the evidence name the price of a kilogram of bread in Lima?")
    assert 0 <= absent < held <= 1


def test_closing_the_stream_frees_the_server(llama: LlamaServerGenerator) -> None:
    count = Prompt("", "es", [], [Message("user", "Cuenta de uno a mil, en letras.")])
    stream = llama.stream(count, Sampling(max_tokens=900))
    next(stream)
    assert llama.server.request("GET", "/slots")["items"][0]["is_processing"]
    stream.close()
    assert wait_until(lambda: not llama.server.request("GET", "/slots")["items"][0]["is_processing"], 20)
    assert list(stream) == []


def test_closing_from_another_thread_ends_the_answer(llama: LlamaServerGenerator) -> None:
    count = Prompt("", "es", [], [Message("user", "Cuenta de uno a mil, en letras.")])
    stream = llama.stream(count, Sampling(max_tokens=900))
    next(stream)
    reader = threading.Thread(target=lambda: list(stream))
    reader.start()
    stream.close()
    reader.join(20)
    assert not reader.is_alive()
    assert wait_until(lambda: not llama.server.request("GET", "/slots")["items"][0]["is_processing"], 20)


def test_a_prompt_beyond_the_context_is_refused(llama: LlamaServerGenerator) -> None:
    endless = Prompt("", "es", [], [Message("user", "una palabra " * 2000)])
    with pytest.raises(GenerationError) as caught:
        list(llama.stream(endless, Sampling()))
    assert caught.value.code == "context_too_long"


def test_nobody_without_the_key_is_answered(llama: LlamaServerGenerator) -> None:
    llama.server.ensure_running()
    stranger = LlamaServer(llama.server.options)
    stranger.port = llama.server.port
    with pytest.raises(GenerationError, match="API"):
        stranger.request("POST", "/tokenize", {"content": "hola"})
    stranger.close()


@linux_only
def test_the_key_is_in_no_argument_and_the_port_on_loopback_only(llama: LlamaServerGenerator) -> None:
    llama.server.ensure_running()
    for process in servers_under(os.getpid()):
        arguments = (Path("/proc") / str(process) / "cmdline").read_text()
        assert llama.server.key not in arguments
        assert "127.0.0.1" in arguments
    listening = [
        line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if " 0A " in line
    ]
    hexadecimal = f"{llama.server.port:04X}"
    assert [address for address in listening if address.endswith(":" + hexadecimal)] == [
        f"0100007F:{hexadecimal}"
    ]


@linux_only
def test_a_server_that_died_is_started_again(llama: LlamaServerGenerator, prompt: Prompt) -> None:
    assert "".join(llama.stream(prompt, Sampling(max_tokens=5)))
    starts = llama.server.starts
    for process in servers_under(os.getpid()):
        os.kill(process, signal.SIGKILL)
    assert "".join(llama.stream(prompt, Sampling(max_tokens=5)))
    assert llama.server.starts == starts + 1
    assert llama.server.is_healthy()


@linux_only
def test_a_server_that_dies_in_mid_answer_is_a_broken_stream(llama: LlamaServerGenerator) -> None:
    count = Prompt("", "es", [], [Message("user", "Cuenta de uno a mil, en letras.")])
    stream = llama.stream(count, Sampling(max_tokens=900))
    next(stream)
    for process in servers_under(os.getpid()):
        os.kill(process, signal.SIGKILL)
    with pytest.raises(GenerationError) as caught:
        list(stream)
    assert caught.value.code == "broken_stream"


@linux_only
def test_no_server_outlives_a_killed_parent(llama_options: LlamaOptions, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(llama_options.model_path), str(tmp_path / "server.log")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        # Still healthy three seconds after the thread that started it has ended.
        assert parent.stdout.readline().strip() == "True"
        [server] = servers_under(parent.pid)
        parent.kill()
        parent.wait()
    assert wait_until(lambda: ended(server))


@linux_only
def test_no_server_outlives_a_killed_supervisor(llama_options: LlamaOptions, tmp_path: Path) -> None:
    server = LlamaServer(replace(llama_options, log_path=tmp_path / "server.log"))
    before = set(servers_under(os.getpid()))
    server.ensure_running()
    [process] = set(servers_under(os.getpid())) - before
    assert server._supervisor is not None
    server._supervisor.kill()
    assert wait_until(lambda: ended(process))
    server.close()


def test_closing_stops_the_server_for_good(llama_options: LlamaOptions, tmp_path: Path) -> None:
    server = LlamaServer(replace(llama_options, log_path=tmp_path / "server.log"))
    server.ensure_running()
    assert server.is_healthy()
    server.close()
    server.close()
    assert not server.is_healthy()
    with pytest.raises(GenerationError):
        server.ensure_running()


def test_a_missing_model_is_said_with_what_to_do(tmp_path: Path) -> None:
    generator = LlamaServerGenerator(LlamaOptions(tmp_path / "none.gguf", tmp_path / "log"), timeout=5)
    with pytest.raises(GenerationError, match=r"none\.gguf; run `make setup`") as caught:
        generator.count_tokens("hola")
    assert caught.value.code == "model_missing"
    generator.close()


def test_a_file_that_is_no_model_is_said_with_the_log(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF and nothing else")
    generator = LlamaServerGenerator(
        LlamaOptions(tmp_path / "broken.gguf", tmp_path / "server.log"), timeout=5
    )
    with pytest.raises(GenerationError, match=r"did not start .*server\.log") as caught:
        generator.count_tokens("hola")
    assert caught.value.code == "not_running"
    generator.close()


def test_the_server_comes_with_its_package() -> None:
    executable = find_executable()
    assert executable is not None
    assert executable.name.startswith("llama-server")
