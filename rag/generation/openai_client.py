"""Chat completions as OpenAI's API speaks them; the only module that meets the `openai` library."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rag.generation.base import Message
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
    import openai

CONNECT_SECONDS = 5.0
_CONTEXT_MARKS = (
    "context_length_exceeded",
    "exceed_context_size",
    "context length",
    "context size",
    "context window",
)
_RENAMED = {"max_tokens": "max_completion_tokens"}


@dataclass(frozen=True, slots=True)
class ChatEndpoint:
    """A server that speaks OpenAI's API, and what to tell the user about it."""

    name: str
    base_url: str | None
    """None is OpenAI itself."""
    api_key: str
    timeout: float
    """Seconds of silence after which a request fails."""
    organization: str | None = None
    retries: int = 2
    """Tries after the first, with back-off, and only before the answer has begun."""
    start_remedy: str = "check the connection and CITA_OPENAI_BASE_URL"
    model_remedy: str = "see its list of models and set CITA_LLM_MODEL"
    key_setting: str = "CITA_OPENAI_API_KEY"
    local: bool = False
    """Never through a proxy."""


class ChatClient:
    """Streams answers of one endpoint and turns each failure into a GenerationError."""

    def __init__(self, endpoint: ChatEndpoint) -> None:
        self.endpoint = endpoint

    def stream(self, request: Mapping[str, Any], record: StreamRecord) -> Generator[str, None, None]:
        """Yield the pieces of the answer to `request` (the API's own fields); fill `record`.

        Closing the generator closes the connection, which stops the server's work.

        Raises:
            GenerationError: see `rag.generation.failures`.
        """
        import openai

        finished = written = False
        try:
            stream = self._create({**request, "stream": True, "stream_options": {"include_usage": True}})
            with stream:
                for chunk in stream:
                    _note_usage(chunk, record)
                    if not chunk.choices:
                        continue
                    choice = chunk.choices[0]
                    if choice.delta.content:
                        written = True
                        yield choice.delta.content
                    if choice.finish_reason:
                        finished = True
                        record.cut_short = choice.finish_reason == "length"
        except openai.OpenAIError as error:
            raise self._failure(error, str(request["model"]), written) from error
        except ValueError as error:
            raise broken_stream(self.endpoint.name) from error
        if not finished:
            raise broken_stream(self.endpoint.name)
        if not written:
            raise empty_answer(self.endpoint.name)

    def next_token(self, request: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        """The likeliest first tokens of the answer with their log-probabilities; empty if not told.

        Raises:
            GenerationError: see `rag.generation.failures`.
        """
        import openai

        try:
            completion = self._create(
                {**request, "max_tokens": 1, "logprobs": True, "top_logprobs": TOP_TOKENS}
            )
        except openai.OpenAIError as error:
            raise self._failure(error, str(request["model"]), False) from error
        details = completion.choices[0].logprobs if completion.choices else None
        if details is None or not details.content:
            return ()
        return [(candidate.token, candidate.logprob) for candidate in details.content[0].top_logprobs]

    def models(self) -> list[str]:
        """Names of the models that the endpoint offers, sorted.

        Raises:
            GenerationError: see `rag.generation.failures`.
        """
        import openai

        try:
            return sorted(model.id for model in self._client.models.list())
        except openai.OpenAIError as error:
            raise self._failure(error, "", False) from error

    def close(self) -> None:
        """Close the connections that are kept open."""
        if "_client" in self.__dict__:
            self._client.close()
            del self.__dict__["_client"]

    @cached_property
    def _client(self) -> openai.OpenAI:
        import openai

        return openai.OpenAI(
            base_url=self.endpoint.base_url,
            api_key=self.endpoint.api_key,
            organization=self.endpoint.organization,
            max_retries=self.endpoint.retries,
            timeout=openai.Timeout(self.endpoint.timeout, connect=CONNECT_SECONDS),
            http_client=openai.DefaultHttpxClient(trust_env=False) if self.endpoint.local else None,
        )

    def _create(self, request: dict[str, Any]) -> Any:
        """Send `request`; where one of its parameters is refused, send it again without that one."""
        import openai

        optional = set(request) - {"model", "messages", "stream"}
        while True:
            try:
                return self._client.chat.completions.create(**request)
            except openai.BadRequestError as error:
                parameter = _refused_parameter(error, optional)
                if parameter is None:
                    raise
                optional.remove(parameter)
                value = request.pop(parameter)
                if parameter in _RENAMED:
                    request[_RENAMED[parameter]] = value

    def _failure(self, error: openai.OpenAIError, model: str, written: bool) -> GenerationError:
        import openai

        endpoint = self.endpoint
        text, code = _words(error)
        if isinstance(error, openai.APITimeoutError):
            return timed_out(endpoint.name, endpoint.timeout)
        if isinstance(error, openai.APIConnectionError):
            if written:
                return broken_stream(endpoint.name)
            return not_running(endpoint.name, endpoint.base_url or "api.openai.com", endpoint.start_remedy)
        if isinstance(error, (openai.AuthenticationError, openai.PermissionDeniedError)):
            return bad_key(endpoint.name, endpoint.key_setting)
        if any(mark in f"{code} {text}".casefold() for mark in _CONTEXT_MARKS):
            return context_too_long(endpoint.name)
        if isinstance(error, openai.RateLimitError):
            return rate_limit(endpoint.name)
        if isinstance(error, openai.NotFoundError):
            return model_missing(endpoint.name, model, endpoint.model_remedy)
        if written:
            return broken_stream(endpoint.name)
        return refused(endpoint.name, text)


def as_chat(messages: Sequence[Message]) -> list[dict[str, str]]:
    """The messages as the API takes them."""
    return [{"role": message.role, "content": message.content} for message in messages]


def _note_usage(chunk: Any, record: StreamRecord) -> None:
    if chunk.usage is None:
        return
    record.prompt_tokens = chunk.usage.prompt_tokens
    record.answer_tokens = chunk.usage.completion_tokens
    details = chunk.usage.prompt_tokens_details
    record.cached_tokens = details.cached_tokens if details is not None else None


def _words(error: openai.OpenAIError) -> tuple[str, str]:
    """What the server said, without the library's own words, and its code."""
    body = getattr(error, "body", None)
    told = body if isinstance(body, dict) else {}
    return str(told.get("message") or error), str(told.get("code") or told.get("type") or "")


def _refused_parameter(error: openai.BadRequestError, optional: set[str]) -> str | None:
    """The optional parameter that a refusal names, in its `param` field or in its words."""
    named = (error.param or "").split(".")[0]
    if named in optional:
        return named
    words, _ = _words(error)
    # A prompt that is too long is often told with advice to lower `max_tokens`.
    if "context" in words.casefold():
        return None
    # The longest name first: `top_logprobs` also holds `logprobs`.
    return next((name for name in sorted(optional, key=len, reverse=True) if name in words), None)
