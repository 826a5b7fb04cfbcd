"""A generator that writes what it is told to, for tests of what is done with its words."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from rag.generation.base import Message, Prompt, Sampling
from rag.generation.failures import GenerationError
from rag.generation.token_stream import StreamRecord, TokenStream


class Writer:
    """Writes one given text whatever it is asked, or fails."""

    provider = "writer"
    model = "writer"
    prompt_budget = 100

    def __init__(self, text: str, yes: float | None = None) -> None:
        self.text = text
        self.yes = yes
        self.asked = 0

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def stream(self, prompt: Prompt, sampling: Sampling) -> TokenStream:
        self.asked += 1
        return TokenStream(self._write)

    def _write(self, record: StreamRecord) -> Generator[str, None, None]:
        if not self.text:
            raise GenerationError("not_running", "It does not run; start it.")
        yield self.text

    def yes_probability(self, messages: Sequence[Message]) -> float | None:
        return self.yes

    def close(self) -> None:
        """Nothing is held."""
