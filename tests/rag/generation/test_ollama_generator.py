"""Ollama's wire format against a server of our own: requests, streams and every failure."""

from __future__ import annotations

from typing import Any

import pytest

from rag.generation.base import Message, Prompt, Sampling
from rag.generation.failures import GenerationError
from rag.generation.ollama_client import OllamaClient, PullProgress
from rag.generation.ollama_generator import OllamaGenerator

CHAT = "/api/chat"


def piece(text: str = "", **more: Any) -> dict[str, Any]:
    return {"model": "qwen", "message": {"role": "assistant", "content": text}, "done": False, **more}


END = piece(done=True, done_reason="stop", prompt_eval_count=12, eval_count=2)
ANSWER = [piece("Bah"), piece("danau"), END]


def shown(context: int = 32768, capabilities: list[str] | None = None) -> dict[str, Any]:
    about = {"general.architecture": "qwen2", "qwen2.context_length": context}
    return {
        "model_info": about,
        "details": {"family": "qwen2"},
        "capabilities": capabilities or ["completion"],
    }


@pytest.fixture
def ollama(wire: Any, reply: Any) -> Any:
    wire.replies["/api/show"] = [reply(body=shown())]
    return wire


def generator(url: str, timeout: float = 5) -> OllamaGenerator:
    return OllamaGenerator(OllamaClient(url, timeout), "qwen", "5m")


def test_the_answer_the_request_and_the_usage(ollama: Any, reply: Any, prompt: Prompt) -> None:
    ollama.replies[CHAT] = [reply(body=ANSWER)]
    stream = generator(ollama.url).stream(prompt, Sampling(0.2, 0.9, 40, 50, 1.1, 3))
    assert ollama.asked == []
    assert list(stream) == ["Bah", "danau"]
    assert (stream.record.prompt_tokens, stream.record.answer_tokens, stream.record.cut_short) == (
        12,
        2,
        False,
    )
    body = ollama.asked[-1][1]
    assert body["keep_alive"] == "5m"
    assert "think" not in body
    assert body["options"] == {
        "num_ctx": 4096,
        "num_predict": 50,
        "temperature": 0.2,
        "top_p": 0.9,
        "top_k": 40,
        "repeat_penalty": 1.1,
        "seed": 3,
    }


def test_the_context_grows_with_the_prompt(ollama: Any, reply: Any) -> None:
    ollama.replies[CHAT] = [reply(body=ANSWER)]
    long = Prompt("", "es", [], [Message("user", "palabra " * 5000)])
    list(generator(ollama.url).stream(long, Sampling(max_tokens=500)))
    assert ollama.asked[-1][1]["options"]["num_ctx"] == 16384


def test_a_prompt_beyond_the_models_context_is_never_sent(ollama: Any, reply: Any) -> None:
    ollama.replies["/api/show"] = [reply(body=shown(context=2048))]
    long = Prompt("", "es", [], [Message("user", "palabra " * 5000)])
    with pytest.raises(GenerationError, match="2048 tokens") as caught:
        list(generator(ollama.url).stream(long, Sampling()))
    assert caught.value.code == "context_too_long"
    assert CHAT not in [path for path, _, _ in ollama.asked]


def test_a_model_that_thinks_is_told_not_to(ollama: Any, reply: Any, prompt: Prompt) -> None:
    ollama.replies["/api/show"] = [reply(body=shown(capabilities=["completion", "thinking"]))]
    ollama.replies[CHAT] = [reply(body=ANSWER)]
    list(generator(ollama.url).stream(prompt, Sampling()))
    assert ollama.asked[-1][1]["think"] is False


@pytest.mark.parametrize(
    ("status", "message", "code", "words"),
    [
        (404, "model 'qwen' not found", "model_missing", "`ollama pull qwen`"),
        (401, "unauthorized", "bad_key", "OLLAMA_API_KEY"),
        (429, "slow down", "rate_limit", "wait"),
        (400, "the input exceeds the context length", "context_too_long", "passages"),
        (400, "the moon is full", "refused", "the moon is full"),
        (500, "model runner has stopped", "refused", "model runner has stopped"),
    ],
)
def test_each_refusal_has_its_sentence(
    ollama: Any, reply: Any, prompt: Prompt, status: int, message: str, code: str, words: str
) -> None:
    ollama.replies[CHAT] = [reply(status, {"error": message})]
    with pytest.raises(GenerationError, match=words) as caught:
        list(generator(ollama.url).stream(prompt, Sampling()))
    assert caught.value.code == code
    assert str(caught.value).endswith(".")


def test_a_busy_server_is_asked_again(ollama: Any, reply: Any, prompt: Prompt) -> None:
    ollama.replies[CHAT] = [reply(503, {"error": "server busy"}), reply(body=ANSWER)]
    assert "".join(generator(ollama.url).stream(prompt, Sampling())) == "Bahdanau"


def test_nothing_listens(prompt: Prompt) -> None:
    with pytest.raises(GenerationError, match="`ollama serve`") as caught:
        list(generator("http://127.0.0.1:9").stream(prompt, Sampling()))
    assert caught.value.code == "not_running"


def test_a_silent_server_is_given_up(ollama: Any, reply: Any, prompt: Prompt, hold: Any) -> None:
    ollama.replies[CHAT] = [reply(body=ANSWER, hold=hold)]
    with pytest.raises(GenerationError, match=r"0\.3 seconds") as caught:
        list(generator(ollama.url, timeout=0.3).stream(prompt, Sampling()))
    assert caught.value.code == "timeout"


@pytest.mark.parametrize(
    ("body", "cut", "code"),
    [
        ([END], False, "empty_answer"),
        ([piece("Bah")], True, "broken_stream"),
        ([piece("Bah")], False, "broken_stream"),
        ([piece("Bah"), "{not json"], False, "broken_stream"),
        ([piece("Bah"), {"error": "the runner fell over"}], False, "broken_stream"),
    ],
)
def test_a_stream_that_does_not_end_well(
    ollama: Any, reply: Any, prompt: Prompt, body: Any, cut: bool, code: str
) -> None:
    ollama.replies[CHAT] = [reply(body=body, cut=cut)]
    with pytest.raises(GenerationError) as caught:
        list(generator(ollama.url).stream(prompt, Sampling()))
    assert caught.value.code == code
    assert [path for path, _, _ in ollama.asked].count(CHAT) == 1


def test_an_answer_cut_short_is_marked(ollama: Any, reply: Any, prompt: Prompt) -> None:
    ollama.replies[CHAT] = [reply(body=[piece("Bah"), {**END, "done_reason": "length"}])]
    stream = generator(ollama.url).stream(prompt, Sampling())
    assert list(stream) == ["Bah"]
    assert stream.record.cut_short


def test_closing_hangs_up(ollama: Any, reply: Any, prompt: Prompt) -> None:
    ollama.replies[CHAT] = [reply(body=[piece("word " * 2000)] * 5000)]
    stream = generator(ollama.url).stream(prompt, Sampling())
    next(stream)
    stream.close()
    assert ollama.hung_up.wait(10)


def test_yes_is_read_from_the_first_token(ollama: Any, reply: Any, prompt: Prompt) -> None:
    likely = [{"token": "No", "logprob": -0.2}, {"token": "yes", "logprob": -1.8}]
    first = {"token": "No", "logprob": -0.2, "top_logprobs": likely}
    ollama.replies[CHAT] = [reply(body={**END, "logprobs": [first]})]
    assert generator(ollama.url).yes_probability(prompt.messages) == pytest.approx(0.168, abs=0.001)
    assert ollama.asked[-1][1]["options"]["num_predict"] == 1
    ollama.replies[CHAT] = [reply(body=END)]
    assert generator(ollama.url).yes_probability(prompt.messages) is None


def test_chat_models_are_listed_the_newest_first(wire: Any, reply: Any) -> None:
    models = [
        {"model": "old", "modified_at": "2024-01-01T00:00:00Z"},
        {"model": "new", "modified_at": "2025-01-01T00:00:00Z"},
        {"model": "nomic-embed-text", "modified_at": "2026-01-01T00:00:00Z"},
    ]
    wire.replies["/api/tags"] = [reply(body={"models": models})]
    wire.replies["/api/show"] = [reply(body=shown(capabilities=["embedding"])), reply(body=shown())]
    client = OllamaClient(wire.url, 5)
    assert client.models() == ["nomic-embed-text", "new", "old"]
    assert client.chat_models() == ["new", "old"]


def test_older_versions_tell_embedding_models_by_their_name(wire: Any, reply: Any) -> None:
    about = {name: value for name, value in shown().items() if name != "capabilities"}
    wire.replies["/api/show"] = [reply(body=about)]
    client = OllamaClient(wire.url, 5)
    assert client.facts("qwen").chats
    assert not client.facts("mxbai-embed-large").chats


def test_pulling_tells_how_far_it_is(wire: Any, reply: Any) -> None:
    steps = [{"status": "pulling", "digest": "x", "completed": 5, "total": 10}, {"status": "success"}]
    wire.replies["/api/pull"] = [reply(body=steps)]
    found = list(OllamaClient(wire.url, 5).pull("qwen"))
    assert found == [PullProgress("pulling", 5, 10), PullProgress("success", 0, 0)]
    wire.replies["/api/pull"] = [reply(body=[{"error": "pull model manifest: file does not exist"}])]
    with pytest.raises(GenerationError, match="file does not exist"):
        list(OllamaClient(wire.url, 5).pull("nothing"))
