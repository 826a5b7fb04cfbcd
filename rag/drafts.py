"""An answer in the making, and what it becomes: an answer, or a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from rag.answer import Answer, Citation, Event, Passage, Sentence
from rag.generation.base import Generator
from rag.grounding import Verdict
from rag.refusal import refusal_text

TIMINGS = ("embed", "retrieve", "first_token", "generate", "ground")


@dataclass(slots=True)
class Draft:
    """What is known of one question's answer so far."""

    asked: str
    question: str
    """Understandable by itself."""
    language: str
    passages: Sequence[Passage]
    started: float
    generator: Generator | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    timings: dict[str, int] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)

    def note(self, verdict: Verdict) -> Event:
        """Take in a sentence; returns the event that tells of it."""
        self.verdicts.append(verdict)
        return Event(
            "sentence",
            {
                "index": len(self.verdicts) - 1,
                "text": verdict.sentence.text,
                "status": verdict.sentence.status,
                "citations": verdict.sentence.citations,
                "new_citations": verdict.new_citations,
            },
        )

    def refusal(self, reason: str) -> Answer:
        """The finished refusal."""
        self.details["refusal_reason"] = reason
        return self._answer(refusal_text(self.language), refused=True)

    def answer(self, sentences: Sequence[Sentence], citations: Sequence[Citation]) -> Answer:
        """The finished answer; citations that no sentence has any more are left out."""
        used = {number for sentence in sentences for number in sentence.citations}
        text = " ".join(one.text + "".join(f" [{number}]" for number in one.citations) for one in sentences)
        kept = tuple(one for one in citations if one.number in used)
        return self._answer(text, refused=False, sentences=tuple(sentences), citations=kept)

    def _answer(
        self,
        text: str,
        *,
        refused: bool,
        sentences: tuple[Sentence, ...] = (),
        citations: tuple[Citation, ...] = (),
    ) -> Answer:
        timings = {name: self.timings.get(name, 0) for name in TIMINGS}
        return Answer(
            question=self.asked.strip(),
            answer=text,
            refused=refused,
            language=self.language,
            sentences=sentences,
            citations=citations,
            passages=tuple(self.passages),
            generator={
                "provider": self.generator.provider if self.generator else "none",
                "model": self.generator.model if self.generator else "none",
            },
            standalone=self.question.strip(),
            timings_ms=timings | {"total": milliseconds(self.started)},
            details=self.details,
        )


def milliseconds(since: float) -> int:
    """Whole milliseconds since a `perf_counter` reading."""
    return round(1000 * (perf_counter() - since))
