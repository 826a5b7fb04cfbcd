"""What a running Ollama offers; the only module that meets the `ollama` library."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rag.generation.failures import (
    GenerationError,
    bad_key,
    broken_stream,
    context_too_long,
    empty_answer,
    model_missing,
    not_running,
    rate_limit,
    refused,
    timed_out,
)
from rag.generation.token_stream import StreamRecord
from rag.generation.yes_no import TOP_TOKENS

if TYPE_CHECKING:
    import ollama

NAME = "Ollama"
CONNECT_SECONDS = 2.0
RETRY_PAUSES = (0.5, 1.5)
_RETRIED = frozenset({500, 502, 503, 504})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What Ollama says of a model."""

    context: int | None
    """Most tokens that it was made for; None if not told."""
    chats: bool
    """It writes text, rather than only vectors."""
    thinks: bool
    """It writes its reasoning first, unless told not to."""


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far the download of a model has come."""

    status: str
    completed: int
    """Bytes of the file being fetched."""
    total: int


class OllamaClient:
    """One Ollama, each failure turned into a GenerationError."""

    def __init__(self, url: str, timeout: float) -> None:
        """Args: url: where Ollama listens; timeout: seconds of silence after which a request fails."""
        self.url = url
        self.timeout = timeout
        self._facts: dict[str, ModelFacts] = {}

    def models(self) -> list[str]:
        """Names of the models that Ollama has, the newest first.

        Raises:
            GenerationError: Ollama is not running, or refuses.
        """
        with self._failures():
            listed = self._client.list().models
        newest = sorted(listed, key=lambda model: _timestamp(model.modified_at), reverse=True)
        return [model.model for model in newest if model.model]

    def chat_models(self) -> list[str]:
        """Names of the models that can answer, the newest first.

        Raises:
            GenerationError: Ollama is not running, or refuses.
        """
        return [name for name in self.models() if self.facts(name).chats]

    def facts(self, model: str) -> ModelFacts:
        """What Ollama says of `model`; asked once.

        Raises:
            GenerationError: Ollama is not running, or does not have the model.
        """
        if model not in self._facts:
            with self._failures(model):
                self._facts[model] = _facts(model, self._client.show(model))
        return self._facts[model]

    def pull(self, model: str) -> Iterator[PullProgress]:
        """Let Ollama download `model`; yields how far it has come.

        Raises:
            GenerationError: Ollama is not running, or there is no such model.
        """
        with self._failures(model):
            for step in self._client.pull(model, stream=True):
                yield PullProgress(step.status or "", step.completed or 0, step.total or 0)
        self._facts.pop(model, None)

    def stream(self, request: Mapping[str, Any], record: StreamRecord) -> Generator[str, None, None]:
        """Yield the pieces of the answer to `request` (the fields of `/api/chat`); fill `record`.

        Closing the generator closes the connection, which stops Ollama's work.

        Raises:
            GenerationError: see `rag.generation.failures`.
        """
        finished = written = False
        for part in self._begin(request):
            if part.message.content:
                written = True
                yield part.message.content
            if part.done:
                finished = True
                record.cut_short = part.done_reason == "length"
                record.prompt_tokens = part.prompt_eval_count
                record.answer_tokens = part.eval_count
        if not finished:
            raise broken_stream(NAME)
        if not written:
            raise empty_answer(NAME)

    def next_token(self, request: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        """The likeliest first tokens of the answer with their log-probabilities; empty if not told.

        Raises:
            GenerationError: see `rag.generation.failures`.
        """
        with self._failures(str(request["model"])):
            answer = self._client.chat(**request, logprobs=True, top_logprobs=TOP_TOKENS)
        if not answer.logprobs or not answer.logprobs[0].top_logprobs:
            return ()
        return [(candidate.token, candidate.logprob) for candidate in answer.logprobs[0].top_logprobs]

    def close(self) -> None:
        """Close the connections that are kept open."""
        if "_client" in self.__dict__:
            # The library leaves this method without types.
            self._client.close()  # type: ignore[no-untyped-call]
            del self.__dict__["_client"]

    @cached_property
    def _client(self) -> ollama.Client:
        import httpx
        import ollama

        return ollama.Client(
            self.url,
            timeout=httpx.Timeout(self.timeout, connect=CONNECT_SECONDS),
            # What is on this machine is never reached through a proxy.
            trust_env=urlsplit(self.url).hostname not in LOOPBACK,
        )

    def _begin(self, request: Mapping[str, Any]) -> Iterator[Any]:
        """The parts of a streamed chat; a busy or failing server is asked again before the first part."""
        model = str(request["model"])
        for pause in (*RETRY_PAUSES, None):
            begun = False
            try:
                with self._failures(model), closing(self._parts(request)) as parts:
                    for part in parts:
                        begun = True
                        yield part
                return
            except GenerationError as error:
                if begun and error.code in ("not_running", "timeout", "refused"):
                    raise broken_stream(NAME) from error
                if begun or pause is None or not _is_passing(error):
                    raise
            time.sleep(pause or 0)

    def _parts(self, request: Mapping[str, Any]) -> Generator[ollama.ChatResponse, None, None]:
        yield from self._client.chat(**request, stream=True)

    @contextmanager
    def _failures(self, model: str = "") -> Iterator[None]:
        import httpx
        import ollama

        try:
            yield
        except ollama.ResponseError as error:
            raise self._refusal(error, model) from error
        except httpx.TimeoutException as error:
            if isinstance(error, httpx.ConnectTimeout):
                raise self._not_running() from error
            raise timed_out(NAME, self.timeout) from error
        except (httpx.RemoteProtocolError, httpx.ReadError, ValueError) as error:
            raise broken_stream(NAME) from error
        except (httpx.HTTPError, OSError) as error:
            raise self._not_running() from error

    def _not_running(self) -> GenerationError:
        return not_running(NAME, self.url, "start it with `ollama serve` or set CITA_OLLAMA_URL")

    def _refusal(self, error: ollama.ResponseError, model: str) -> GenerationError:
        text = str(error.error)
        if error.status_code == 404:
            return model_missing(NAME, model, f"fetch it with `ollama pull {model}`")
        if error.status_code in (401, 403):
            return bad_key(NAME, "OLLAMA_API_KEY")
        if error.status_code == 429:
            return rate_limit(NAME)
        if "context" in text.casefold():
            return context_too_long(NAME)
        return refused(NAME, text or f"status {error.status_code}")


def _is_passing(error: GenerationError) -> bool:
    """Whether the same request may well succeed a moment later."""
    return getattr(error.__cause__, "status_code", None) in _RETRIED or error.code == "broken_stream"


def _facts(model: str, shown: ollama.ShowResponse) -> ModelFacts:
    about = shown.modelinfo or {}
    context = next((int(value) for name, value in about.items() if name.endswith(".context_length")), None)
    # Versions before capabilities were told: embedding models say so in their name or their family.
    family = (shown.details.family or "") if shown.details else ""
    capabilities = shown.capabilities
    if capabilities is None:
        capabilities = [] if "embed" in model.casefold() or "bert" in family else ["completion"]
    return ModelFacts(context, "completion" in capabilities, "thinking" in capabilities)


def _timestamp(moment: datetime | None) -> float:
    return moment.timestamp() if moment is not None else 0.0
