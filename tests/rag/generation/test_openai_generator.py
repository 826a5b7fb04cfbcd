"""OpenAI's wire format against a server of our own: requests, streams and every failure."""

from __future__ import annotations

import time
from typing import Any

import pytest

from rag.generation.base import Prompt, Sampling
from rag.generation.failures import GenerationError
from rag.generation.openai_client import ChatClient, ChatEndpoint
from rag.generation.openai_generator import OpenAIGenerator

CHAT = "/v1/chat/completions"


def piece(text: str = "", finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


USAGE = {**piece(), "choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 2, "total_tokens": 14}}
ANSWER = [piece("Bah"), piece("danau"), piece(finish="stop"), USAGE]


def failure(message: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": code, "param": param}}


def generator(url: str, model: str = "gpt-4o-mini", timeout: float = 5) -> OpenAIGenerator:
    endpoint = ChatEndpoint("OpenAI", f"{url}/v1", "secret", timeout, organization="ours", local=True)
    return OpenAIGenerator(ChatClient(endpoint), model)


def test_the_answer_the_request_and_the_usage(wire: Any, reply: Any, prompt: Prompt) -> None:
    wire.replies[CHAT] = [reply(body=ANSWER)]
    stream = generator(wire.url).stream(prompt, Sampling(0.2, 0.9, 40, 50, 1.1, 3))
    assert list(stream) == ["Bah", "danau"]
    assert (stream.record.prompt_tokens, stream.record.answer_tokens) == (12, 2)
    path, body, headers = wire.asked[0]
    assert path == CHAT
    assert headers["authorization"] == "Bearer secret"
    assert headers["openai-organization"] == "ours"
    assert body["messages"][0] == {"role": "system", "content": prompt.messages[0].content}
    sampled = {
        "temperature": 0.2,
        "top_p": 0.9,
        "top_k": 40,
        "max_tokens": 50,
        "repetition_penalty": 1.1,
        "seed": 3,
    }
    assert sampled.items() <= body.items()


@pytest.mark.parametrize("model", ["o1", "o3-mini", "gpt-5", "gpt-5-nano", "openai/o4-mini"])
def test_reasoning_models_get_their_own_parameters(wire: Any, reply: Any, prompt: Prompt, model: str) -> None:
    wire.replies[CHAT] = [reply(body=ANSWER)]
    reasoning = generator(wire.url, model)
    assert "".join(reasoning.stream(prompt, Sampling(max_tokens=50))) == "Bahdanau"
    body = wire.asked[0][1]
    assert body["max_completion_tokens"] > 50
    assert not {"temperature", "max_tokens", "seed", "top_p"} & set(body)
    assert reasoning.yes_probability(prompt.messages) is None


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-5-chat-latest", "ollama1", "o1ga"])
def test_other_models_get_the_common_parameters(wire: Any, reply: Any, prompt: Prompt, model: str) -> None:
    wire.replies[CHAT] = [reply(body=ANSWER)]
    list(generator(wire.url, model).stream(prompt, Sampling(max_tokens=50)))
    assert wire.asked[0][1]["max_tokens"] == 50


def test_a_refused_parameter_is_left_out(wire: Any, reply: Any, prompt: Prompt) -> None:
    wire.replies[CHAT] = [
        reply(400, failure("Unsupported parameter: 'max_tokens'", param="max_tokens")),
        reply(400, failure("seed is not supported by this server")),
        reply(body=ANSWER),
    ]
    assert "".join(generator(wire.url).stream(prompt, Sampling(max_tokens=50))) == "Bahdanau"
    last = wire.asked[-1][1]
    assert last["max_completion_tokens"] == 50
    assert "max_tokens" not in last
    assert "seed" not in last


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (401, failure("Incorrect API key", "invalid_api_key"), "bad_key", "CITA_OPENAI_API_KEY"),
        (403, failure("No access"), "bad_key", "CITA_OPENAI_API_KEY"),
        (404, failure("No such model", "model_not_found"), "model_missing", "gpt-4o-mini"),
        (429, failure("Slow down"), "rate_limit", "wait"),
        (400, failure("This model's maximum context length is 8 tokens"), "context_too_long", "passages"),
        (400, failure("Too long", "context_length_exceeded"), "context_too_long", "passages"),
        (400, failure("The moon is full"), "refused", "The moon is full"),
        (500, failure("Oh no"), "refused", "Oh no"),
    ],
)
def test_each_refusal_has_its_sentence(
    wire: Any, reply: Any, prompt: Prompt, status: int, body: Any, code: str, words: str
) -> None:
    wire.replies[CHAT] = [reply(status, body, {"retry-after-ms": "1"})]
    with pytest.raises(GenerationError, match=words) as caught:
        list(generator(wire.url).stream(prompt, Sampling()))
    assert caught.value.code == code
    assert str(caught.value).endswith(".")


def test_a_busy_server_is_asked_again(wire: Any, reply: Any, prompt: Prompt) -> None:
    busy = reply(429, failure("Slow down"), {"retry-after-ms": "1"})
    wire.replies[CHAT] = [busy, reply(503, failure("Busy"), {"retry-after-ms": "1"}), reply(body=ANSWER)]
    assert "".join(generator(wire.url).stream(prompt, Sampling())) == "Bahdanau"
    assert len(wire.asked) == 3


def test_nothing_listens(prompt: Prompt) -> None:
    with pytest.raises(GenerationError, match=r"cannot be reached at http://127\.0\.0\.1:9/v1") as caught:
        list(generator("http://127.0.0.1:9").stream(prompt, Sampling()))
    assert caught.value.code == "not_running"


def test_a_silent_server_is_given_up(wire: Any, reply: Any, prompt: Prompt, hold: Any) -> None:
    wire.replies[CHAT] = [reply(body=ANSWER, hold=hold)]
    endpoint = ChatEndpoint("OpenAI", f"{wire.url}/v1", "secret", 0.3, retries=0, local=True)
    started = time.monotonic()
    with pytest.raises(GenerationError, match=r"0\.3 seconds") as caught:
        list(OpenAIGenerator(ChatClient(endpoint), "m").stream(prompt, Sampling()))
    assert caught.value.code == "timeout"
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("body", "cut", "code"),
    [
        ([piece(finish="stop")], False, "empty_answer"),
        ([piece("Bah")], True, "broken_stream"),
        ([piece("Bah")], False, "broken_stream"),
        ([piece("Bah"), "{not json"], False, "broken_stream"),
        ([piece("Bah"), failure("The server fell over")], False, "broken_stream"),
    ],
)
def test_a_stream_that_does_not_end_well(
    wire: Any, reply: Any, prompt: Prompt, body: Any, cut: bool, code: str
) -> None:
    wire.replies[CHAT] = [reply(body=body, cut=cut)]
    with pytest.raises(GenerationError) as caught:
        list(generator(wire.url).stream(prompt, Sampling()))
    assert caught.value.code == code
    assert len(wire.asked) == 1


def test_an_answer_cut_short_is_marked(wire: Any, reply: Any, prompt: Prompt) -> None:
    wire.replies[CHAT] = [reply(body=[piece("Bah"), piece(finish="length")])]
    stream = generator(wire.url).stream(prompt, Sampling())
    assert list(stream) == ["Bah"]
    assert stream.record.cut_short


def test_closing_hangs_up(wire: Any, reply: Any, prompt: Prompt) -> None:
    wire.replies[CHAT] = [reply(body=[piece("word " * 2000)] * 5000)]
    stream = generator(wire.url).stream(prompt, Sampling())
    next(stream)
    stream.close()
    assert wire.hung_up.wait(10)


def test_yes_is_read_from_the_first_token(wire: Any, reply: Any, prompt: Prompt) -> None:
    likely = [
        {"token": token, "logprob": value, "bytes": None} for token, value in [("Sí", -0.2), (" no", -1.8)]
    ]
    content = [{"token": "Sí", "logprob": -0.2, "bytes": None, "top_logprobs": likely}]
    message = {"role": "assistant", "content": "Sí"}
    choice = {"index": 0, "message": message, "finish_reason": "length", "logprobs": {"content": content}}
    whole = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    wire.replies[CHAT] = [reply(body=whole)]
    assert generator(wire.url).yes_probability(prompt.messages) == pytest.approx(0.832, abs=0.001)
    assert wire.asked[0][1]["max_tokens"] == 1
    wire.replies[CHAT] = [reply(body={**whole, "choices": [{**choice, "logprobs": None}]})]
    assert generator(wire.url).yes_probability(prompt.messages) is None


def test_the_models_are_listed(wire: Any, reply: Any) -> None:
    data = [{"id": name, "object": "model", "created": 1, "owned_by": "us"} for name in ("b", "a")]
    wire.replies["/v1/models"] = [reply(body={"object": "list", "data": data})]
    endpoint = ChatEndpoint("OpenAI", f"{wire.url}/v1", "secret", 5, local=True)
    assert ChatClient(endpoint).models() == ["a", "b"]
