"""Which generator is opened, and what is told of those that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from rag.errors import InputError
from rag.generation.base import Prompt, Sampling
from rag.generation.choice import BUILT_IN_MODEL, Generators, available_generators, open_generator
from rag.generation.failures import GenerationError
from rag.settings import Settings

NOWHERE = "http://127.0.0.1:9"


def settings(tmp_path: Path, **more: Any) -> Settings:
    given = {"data_dir": tmp_path / "data", "models_dir": tmp_path / "models", "ollama_url": NOWHERE, **more}
    return Settings(**given)


def with_weights(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / BUILT_IN_MODEL).write_bytes(b"weights")


@pytest.fixture
def ollama(wire: Any, reply: Any) -> Any:
    models = [{"model": "qwen:latest", "modified_at": "2025-01-01T00:00:00Z"}]
    wire.replies["/api/tags"] = [reply(body={"models": models})]
    wire.replies["/api/show"] = [reply(body={"model_info": {}, "capabilities": ["completion"]})]
    return wire


def test_auto_takes_ollama_first(ollama: Any, tmp_path: Path) -> None:
    with_weights(tmp_path)
    generator = open_generator(settings(tmp_path, ollama_url=ollama.url))
    assert (generator.provider, generator.model) == ("ollama", "qwen:latest")


def test_auto_takes_the_built_in_model_next(tmp_path: Path) -> None:
    with_weights(tmp_path)
    generator = open_generator(settings(tmp_path))
    assert (generator.provider, generator.model) == ("llama-server", BUILT_IN_MODEL.removesuffix(".gguf"))
    generator.close()


def test_auto_ends_with_the_extractive_answerer(tmp_path: Path) -> None:
    assert open_generator(settings(tmp_path)).provider == "extractive"


def test_auto_never_takes_openai(tmp_path: Path) -> None:
    assert open_generator(settings(tmp_path, openai_api_key=SecretStr("key"))).provider == "extractive"


def test_auto_passes_by_an_ollama_without_a_chat_model(ollama: Any, reply: Any, tmp_path: Path) -> None:
    ollama.replies["/api/show"] = [reply(body={"model_info": {}, "capabilities": ["embedding"]})]
    assert open_generator(settings(tmp_path, ollama_url=ollama.url)).provider == "extractive"


def test_a_named_model_is_not_replaced_by_another(ollama: Any, reply: Any, tmp_path: Path) -> None:
    ollama.replies["/api/show"] = [reply(404, {"error": "model 'phi' not found"})]
    with pytest.raises(GenerationError, match="`ollama pull phi`"):
        open_generator(settings(tmp_path, ollama_url=ollama.url, llm_model="phi"))


@pytest.mark.parametrize(
    ("llm", "code", "words"),
    [
        ("ollama", "not_running", "ollama serve"),
        ("openai", "bad_key", "CITA_OPENAI_API_KEY"),
        ("llama-server", "model_missing", "make setup"),
    ],
)
def test_a_named_provider_that_is_not_there_says_so(tmp_path: Path, llm: str, code: str, words: str) -> None:
    with pytest.raises(GenerationError, match=words) as caught:
        open_generator(settings(tmp_path), provider=llm)
    assert caught.value.code == code


def test_an_unknown_provider_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose one of auto, ollama"):
        open_generator(settings(tmp_path), provider="crystal-ball")


def test_a_file_of_ones_own_takes_the_place_of_the_built_in_model(tmp_path: Path) -> None:
    (tmp_path / "mine.gguf").write_bytes(b"weights")
    generator = open_generator(settings(tmp_path, llama_model_path=tmp_path / "mine.gguf"))
    assert generator.model == "mine"
    generator.close()


def test_a_server_of_ones_own_needs_no_key(wire: Any, reply: Any, tmp_path: Path, prompt: Prompt) -> None:
    choice = {"index": 0, "delta": {"content": "sí"}, "finish_reason": "stop"}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    wire.replies["/v1/chat/completions"] = [reply(body=[chunk])]
    own = settings(tmp_path, llm="openai", openai_base_url=f"{wire.url}/v1", llm_model="local")
    generator = open_generator(own)
    assert "".join(generator.stream(prompt, Sampling())) == "sí"
    assert wire.asked[0][1]["model"] == "local"


def test_what_can_be_used_is_told_with_how_to_get_the_rest(tmp_path: Path) -> None:
    found = {status.provider: status for status in available_generators(settings(tmp_path))}
    assert set(found) == {"ollama", "llama-server", "openai", "extractive"}
    assert found["extractive"].available
    assert not found["ollama"].available
    assert "ollama serve" in found["ollama"].reason
    assert "make setup" in found["llama-server"].reason
    assert "CITA_OPENAI_API_KEY" in found["openai"].reason


def test_every_chat_model_of_ollama_is_told(ollama: Any, tmp_path: Path) -> None:
    found = available_generators(settings(tmp_path, ollama_url=ollama.url))
    assert [status.model for status in found if status.provider == "ollama" and status.available] == [
        "qwen:latest"
    ]


def test_a_generator_is_opened_once(tmp_path: Path) -> None:
    with_weights(tmp_path)
    generators = Generators(settings(tmp_path))
    assert generators.get() is generators.get("auto")
    assert generators.get("extractive").provider == "extractive"
    assert generators.get("llama-server").provider == "llama-server"
    generators.close()
