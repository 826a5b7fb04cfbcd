"""Answers from OpenAI or any server that speaks its API."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rag.generation.base import Message, Prompt, Sampling
from rag.generation.failures import GenerationError
from rag.generation.openai_client import ChatClient, as_chat
from rag.generation.token_count import estimate_tokens
from rag.generation.token_stream import TokenStream
from rag.generation.yes_no import yes_share

EVIDENCE_TOKENS = 4000
# Reasoning counts as part of the answer, and an answer that is all reasoning is empty.
REASONING_TOKENS = 4096
_REASONING_MODEL = re.compile(r"(?:^|/)(?:o\d|gpt-[5-9])(?![a-z])(?!.*-chat)")


class OpenAIGenerator:
    """A generator on OpenAI, or on a server that was named in its place."""

    provider = "openai"
    prompt_budget = EVIDENCE_TOKENS

    def __init__(self, client: ChatClient, model: str) -> None:
        """Args: model: as the server names it."""
        self.model = model
        self._client = client
        self._reasons = _REASONING_MODEL.search(model.casefold()) is not None

    def count_tokens(self, text: str) -> int:
        """A careful estimate: the tokenizer is the server's own."""
        return estimate_tokens(text)

    def stream(self, prompt: Prompt, sampling: Sampling) -> TokenStream:
        """Yield the answer as it is written; closing the iterator closes the connection.

        Raises:
            GenerationError: see `rag.generation.failures`.
        """
        request = self._request(prompt.messages, sampling)
        return TokenStream(lambda record: self._client.stream(request, record))

    def yes_probability(self, messages: Sequence[Message]) -> float | None:
        """Probability that the model's next word is a yes and not a no; None where the model does not tell.

        Raises:
            GenerationError: see `rag.generation.failures`.
        """
        if self._reasons:
            return None
        try:
            return yes_share(self._client.next_token({**self._common(messages), "temperature": 0.0}))
        except GenerationError as error:
            # A look that some servers refuse is no reason to fail the whole answer.
            if error.code == "refused":
                return None
            raise

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _common(self, messages: Sequence[Message]) -> dict[str, Any]:
        return {"model": self.model, "messages": as_chat(messages)}

    def _request(self, messages: Sequence[Message], sampling: Sampling) -> dict[str, Any]:
        request = self._common(messages)
        if self._reasons:
            request["max_completion_tokens"] = sampling.max_tokens + REASONING_TOKENS
            return request
        request |= {"max_tokens": sampling.max_tokens, "temperature": sampling.temperature}
        if sampling.top_p is not None:
            request["top_p"] = sampling.top_p
        if sampling.seed is not None:
            request["seed"] = sampling.seed
        beyond = {"top_k": sampling.top_k, "repetition_penalty": sampling.repetition_penalty}
        given = {name: value for name, value in beyond.items() if value is not None}
        if given:
            # Not OpenAI's own, but what vLLM, LM Studio and others call them.
            request["extra_body"] = given
        return request
