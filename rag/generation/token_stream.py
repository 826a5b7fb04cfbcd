"""An answer in the making: its text piece by piece, and what is known of it at the end."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class StreamRecord:
    """What a stream tells beside its text; complete once the stream has ended."""

    cut_short: bool = False
    """The answer stopped at the most tokens that it was allowed."""
    prompt_tokens: int | None = None
    answer_tokens: int | None = None
    cached_tokens: int | None = None
    """Tokens of the prompt that the server had in its cache."""


class TokenStream(Iterator[str]):
    """Iterator of pieces of text with a `record`; nothing is asked of the server before the first piece."""

    def __init__(self, write: Callable[[StreamRecord], Generator[str, None, None]]) -> None:
        self.record = StreamRecord()
        self._pieces = self._begin(write)
        self._closed = False

    def __next__(self) -> str:
        if self._closed:
            self._pieces.close()
            raise StopIteration
        return next(self._pieces)

    def close(self) -> None:
        """Stop the generation; called from another thread, it takes effect at the next piece."""
        self._closed = True
        try:
            self._pieces.close()
        except ValueError:
            # Another thread is inside `next`; it closes the stream as soon as it asks for more.
            return

    def _begin(
        self, write: Callable[[StreamRecord], Generator[str, None, None]]
    ) -> Generator[str, None, None]:
        yield from write(self.record)
