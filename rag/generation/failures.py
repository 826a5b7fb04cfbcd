"""What can go wrong with a language model's server, each in one sentence with a code of its own."""

from __future__ import annotations

from typing import Literal

from rag.errors import ProviderError

FailureCode = Literal[
    "not_running",
    "model_missing",
    "bad_key",
    "rate_limit",
    "context_too_long",
    "empty_answer",
    "broken_stream",
    "timeout",
    "refused",
]

_HTTP_STATUS: dict[FailureCode, int] = {
    "not_running": 503,
    "model_missing": 503,
    "rate_limit": 429,
    "context_too_long": 422,
    "timeout": 504,
}


class GenerationError(ProviderError):
    """A generator's failure; `code` tells the kinds apart for programs."""

    def __init__(self, code: FailureCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = _HTTP_STATUS.get(code, ProviderError.http_status)


def not_running(name: str, url: str, remedy: str) -> GenerationError:
    """Nothing answers at `url`."""
    return GenerationError("not_running", f"{name} cannot be reached at {url}; {remedy}.")


def model_missing(name: str, model: str, remedy: str) -> GenerationError:
    """The server runs but does not have the model; `remedy` names the command or setting."""
    return GenerationError("model_missing", f"{name} does not have the model {model}; {remedy}.")


def bad_key(name: str, setting: str) -> GenerationError:
    """The key is missing, wrong, or may not use this model."""
    return GenerationError("bad_key", f"{name} refused the key; set a valid one in {setting}.")


def rate_limit(name: str) -> GenerationError:
    """Too many requests, or the account's quota is used up."""
    return GenerationError(
        "rate_limit", f"{name} is refusing more requests for now; wait a little and ask again."
    )


def context_too_long(name: str, limit: int | None = None) -> GenerationError:
    """Prompt and answer do not fit into the model's context of `limit` tokens."""
    context = f"context of {limit} tokens" if limit else "context"
    return GenerationError(
        "context_too_long",
        f"The prompt does not fit into the {context} of {name}; ask for fewer passages or a shorter answer.",
    )


def empty_answer(name: str) -> GenerationError:
    """The model ended without writing anything."""
    return GenerationError(
        "empty_answer", f"{name} answered with nothing; ask again or choose another model."
    )


def broken_stream(name: str) -> GenerationError:
    """The connection was lost after the answer had begun."""
    return GenerationError(
        "broken_stream", f"The connection to {name} broke in the middle of the answer; ask again."
    )


def timed_out(name: str, seconds: float) -> GenerationError:
    """The server was silent for too long."""
    return GenerationError(
        "timeout", f"{name} said nothing for {seconds:g} seconds; ask again or raise CITA_LLM_TIMEOUT."
    )


def refused(name: str, reason: str) -> GenerationError:
    """Any other refusal, in the server's own words."""
    text = " ".join(reason.split())[:300].rstrip(".")
    return GenerationError("refused", f"{name} refused the request: {text}.")
