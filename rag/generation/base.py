"""What every generator has in common: the prompt it is given and the parameters it honours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from rag.generation.token_stream import TokenStream


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn. None leaves the provider's own default in place."""

    temperature: float = 0.0
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int = 400
    repetition_penalty: float | None = None
    seed: int | None = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A stretch of a passage that was packed for the answer."""

    passage: int
    """Number of the passage it comes from, from 1."""
    text: str
    """Verbatim text."""
    score: float
    """How well it fits the question, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that a generator may need: chat messages for a model, evidence for the extractive one."""

    question: str
    language: str
    """ISO 639-1 code of the language to answer in."""
    evidence: Sequence[Evidence]
    messages: Sequence[Message]


class Generator(Protocol):
    """Writes an answer from a prompt."""

    provider: str
    """"ollama", "openai", "llama-server" or "extractive"."""
    model: str

    @property
    def prompt_budget(self) -> int:
        """Most tokens of evidence that suit this generator."""

    def count_tokens(self, text: str) -> int:
        """Tokens that `text` costs this generator, by its own tokenizer where it has one."""

    def stream(self, prompt: Prompt, sampling: Sampling) -> TokenStream:
        """Yield the answer as it is written. Closing the iterator stops the generation.

        Raises:
            ProviderError: the provider refused, failed, or could not be reached.
        """

    def yes_probability(self, messages: Sequence[Message]) -> float | None:
        """Probability (0 to 1) that the model's next word is a yes and not a no; None if it has none."""

    def close(self) -> None:
        """Release what the generator holds."""
