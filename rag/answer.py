"""What a question gives: passages, an answer in sentences, citations; and its JSON.

Other tools rely on the JSON: fields may be added, none renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

SentenceStatus = Literal["supported", "re-attributed", "unsupported"]
EventKind = Literal["passages", "token", "sentence", "answer", "error"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a document that was found for a question: `document.text[start:end] == text`."""

    document_id: str
    chunk_id: str
    title: str
    source: str
    page: int | None
    heading: tuple[str, ...]
    start: int
    end: int
    text: str
    score: float
    """What the order was made by; comparable within one search only."""
    cosine: float = 0.0
    """Cosine of question and chunk, -1 to 1."""
    lexical: float = 0.0
    """Share of the question's words that the passage has, weighted by rarity, 0 to 1."""
    words: tuple[str, ...] = ()
    """Words of the question that the passage shares."""
    language: str = ""
    bm25: float = 0.0
    """Share of the most that BM25 could give, 0 to 1."""
    fused: float = 0.0
    """Meaning and words together, before any second scoring."""
    reranked: bool = False
    """Whether it was scored again."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A verbatim quote: `document.text[start:end] == quote`."""

    number: int
    document_id: str
    title: str
    source: str
    page: int | None
    heading: tuple[str, ...]
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer and what the documents say of it."""

    text: str
    status: SentenceStatus
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question."""

    question: str
    answer: str
    """The sentences with their citation marks, or the refusal."""
    refused: bool
    language: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]
    generator: Mapping[str, str]
    """`provider` and `model`."""
    standalone: str = ""
    """The question as it was looked up: a follow-up says here what it left out."""
    cached: bool = False
    """Whether it was given before and has been looked up."""
    timings_ms: Mapping[str, int] = field(default_factory=dict)
    """Milliseconds: embed, retrieve, first_token, generate, ground, total."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Prompt tokens, budget, why it was refused and the like."""

    def to_json(self) -> dict[str, Any]:
        """The answer as plain data, as `POST /api/ask` returns it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Event:
    """One step of an answer in the making, as the event stream carries it."""

    kind: EventKind
    data: Any
    """passages: list of passages; token: {"text"}; sentence: {"index", "text", "status", "citations",
    "new_citations"}; answer: the answer's JSON; error: {"message"}."""
