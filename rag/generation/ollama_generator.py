"""Answers from a model that Ollama serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rag.generation.base import Message, Prompt, Sampling
from rag.generation.failures import GenerationError, context_too_long
from rag.generation.ollama_client import NAME, OllamaClient
from rag.generation.token_count import estimate_tokens
from rag.generation.token_stream import TokenStream
from rag.generation.yes_no import yes_share

EVIDENCE_TOKENS = 1500
# Ollama loads a model anew when its context changes, so that few sizes are asked for.
SMALLEST_CONTEXT = 4096
TOKENS_PER_MESSAGE = 16


class OllamaGenerator:
    """A generator on an Ollama that somebody else runs."""

    provider = "ollama"
    prompt_budget = EVIDENCE_TOKENS

    def __init__(self, client: OllamaClient, model: str, keep_alive: str) -> None:
        """Args: model: as `ollama list` names it; keep_alive: how long it stays loaded."""
        self.model = model
        self._client = client
        self._keep_alive: str | int = int(keep_alive) if keep_alive.lstrip("-").isdigit() else keep_alive

    def count_tokens(self, text: str) -> int:
        """A careful estimate, since Ollama has no tokenizer to ask."""
        return estimate_tokens(text)

    def stream(self, prompt: Prompt, sampling: Sampling) -> TokenStream:
        """Yield the answer as it is written; closing the iterator stops Ollama's work.

        Raises:
            GenerationError: see `rag.generation.failures`.
        """
        return TokenStream(
            lambda record: self._client.stream(self._request(prompt.messages, sampling), record)
        )

    def yes_probability(self, messages: Sequence[Message]) -> float | None:
        """Probability that the model's next word is a yes and not a no; None from an Ollama without them.

        Raises:
            GenerationError: see `rag.generation.failures`.
        """
        sampling = Sampling(temperature=0.0, max_tokens=1)
        try:
            return yes_share(self._client.next_token(self._request(messages, sampling)))
        except GenerationError as error:
            # A look that some models refuse is no reason to fail the whole answer.
            if error.code == "refused":
                return None
            raise

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _request(self, messages: Sequence[Message], sampling: Sampling) -> dict[str, Any]:
        facts = self._client.facts(self.model)
        options = {
            "num_ctx": self._context(messages, sampling.max_tokens, facts.context),
            "num_predict": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
            "repeat_penalty": sampling.repetition_penalty,
            "seed": sampling.seed,
        }
        request: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "options": {name: value for name, value in options.items() if value is not None},
            "keep_alive": self._keep_alive,
        }
        if facts.thinks:
            # Reasoning would use up the answer's tokens before its first word.
            request["think"] = False
        return request

    def _context(self, messages: Sequence[Message], answer_tokens: int, limit: int | None) -> int:
        """A context that holds prompt and answer: Ollama drops what does not fit without a word."""
        needed = answer_tokens + sum(
            estimate_tokens(message.content) + TOKENS_PER_MESSAGE for message in messages
        )
        context = SMALLEST_CONTEXT
        while context < needed:
            context *= 2
        if limit is None or context <= limit:
            return context
        if needed > limit:
            raise context_too_long(f"{NAME}'s {self.model}", limit)
        return limit
