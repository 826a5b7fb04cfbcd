"""A question in other words, written by the language model, for documents that say it differently.

The meaning that is searched for is then the mean of the question's and of its rewritings' (as Gao and others,
"Precise Zero-Shot Dense Retrieval without Relevance Labels", ACL 2023, do with invented answers). The words
that are looked for stay the question's own: they are what a rewriting may get wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.embedding import Embedder
from rag.errors import CitaError
from rag.generation.base import Generator, Message, Prompt, Sampling
from rag.generation.extractive import ExtractiveGenerator
from rag.stemming import fold

FloatArray = NDArray[np.float32]
MOST = 2
"""Rewritings of one question."""
LONGEST = 300
"""Characters of a rewriting; a longer one has become something else."""
_WRITING = Sampling(max_tokens=100)
_SYSTEM = (
    "Write the question in two other ways, as another person would ask the same. Keep its language, its "
    "names and its numbers; answer nothing. Write one question a line."
)
_EXAMPLE = (
    "How large is the harbour of Vigo?",
    "What size does the port of Vigo have?\nHow big is Vigo's port?",
)
_MARKS = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s*")


class Expansion:
    """Rewrites questions with the generator in use; where it cannot, a question stays as it is."""

    def __init__(self, generator: Callable[[], Generator]) -> None:
        """Prepare; `generator` is called for the first question, not before."""
        self._generator = generator

    def rewritings(self, question: str) -> list[str]:
        """Up to two other ways to ask the same."""
        try:
            generator = self._generator()
            if isinstance(generator, ExtractiveGenerator):
                return []
            written = "".join(generator.stream(Prompt(question, "", (), _messages(question)), _WRITING))
        except CitaError:
            # A search needs no language model; who asks for an answer is told what is wrong with it.
            return []
        lines = [_MARKS.sub("", line).strip() for line in written.splitlines()]
        found = [line for line in dict.fromkeys(lines) if _is_the_same(line, question)]
        return found[:MOST]


def expanded_vector(question: str, rewritings: Sequence[str], embedder: Embedder) -> FloatArray:
    """The unit vector of a question and its rewritings, the question counting as much as all of them."""
    vectors = embedder.encode_queries([question, *rewritings])
    if len(vectors) == 1:
        alone: FloatArray = vectors[0]
        return alone
    both = vectors[0] + vectors[1:].mean(axis=0)
    unit: FloatArray = (both / np.linalg.norm(both)).astype(np.float32)
    return unit


def _messages(question: str) -> tuple[Message, ...]:
    asked, written = _EXAMPLE
    return (
        Message("system", _SYSTEM),
        Message("user", asked),
        Message("assistant", written),
        Message("user", question),
    )


def _is_the_same(line: str, question: str) -> bool:
    """Whether a line may ask what the question does: it has its numbers and no others, and is not itself."""
    if not line or len(line) > LONGEST or fold(line) == fold(question):
        return False
    return _numbers(line) == _numbers(question)


def _numbers(text: str) -> set[str]:
    return {word for word in fold(text) if any(character.isdigit() for character in word)}
