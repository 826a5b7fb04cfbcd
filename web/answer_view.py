"""An answer as the page draws it: paragraphs of checked sentences, and its Markdown.

The answer's sentences are given without the white space between them; where they stood apart in the
answer (a new paragraph, a list), the page keeps them apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from web.prompts import Suggestion


@dataclass(frozen=True, slots=True)
class SentenceView:
    """A sentence with the citations that stand behind it."""

    text: str
    status: str
    citations: tuple[Mapping[str, Any], ...]


def paragraphs(answer: Mapping[str, Any]) -> list[list[SentenceView]]:
    """The answer's sentences, grouped as they stood in its text."""
    by_number = {citation["number"]: citation for citation in answer["citations"]}
    grouped: list[list[SentenceView]] = []
    position = 0
    for sentence in answer["sentences"]:
        span = find_sentence(answer["answer"], sentence["text"], position)
        apart = span is not None and "\n" in answer["answer"][position : span[0]]
        if span is not None:
            position = span[1]
        if apart or not grouped:
            grouped.append([])
        cited = tuple(by_number[number] for number in sentence["citations"] if number in by_number)
        grouped[-1].append(SentenceView(sentence["text"], sentence["status"], cited))
    return grouped


def find_sentence(text: str, sentence: str, position: int) -> tuple[int, int] | None:
    """Where a sentence stands in `text` at or after `position`, however its words are spaced."""
    words = sentence.split()
    found = re.compile(r"\s+".join(map(re.escape, words))).search(text, position) if words else None
    return found.span() if found else None


def count_states(answer: Mapping[str, Any]) -> dict[str, int]:
    """How many sentences there are, and how many of each state."""
    states = [sentence["status"] for sentence in answer["sentences"]]
    return {
        "all": len(states),
        "supported": states.count("supported"),
        "re-attributed": states.count("re-attributed"),
        "unsupported": states.count("unsupported"),
    }


def answer_context(
    answer: Mapping[str, Any], turn: str, suggestions: Sequence[Suggestion] = ()
) -> dict[str, Any]:
    """What `ask/turn_body.html` needs to draw an answer; `turn` is the prefix of its ids."""
    return {
        "turn": turn,
        "answer": answer,
        "paragraphs": paragraphs(answer),
        "states": count_states(answer),
        "markdown": as_markdown(answer),
        "suggestions": suggestions,
    }


def as_markdown(answer: Mapping[str, Any]) -> str:
    """The answer with its quotes as footnotes, to paste elsewhere."""
    lines = [f"**{_plain(answer['question'])}**", "", re.sub(r"\[(\d+)\]", r"[^\1]", answer["answer"]), ""]
    for citation in answer["citations"]:
        quote = _plain(citation["quote"])
        lines.append(f"[^{citation['number']}]: “{quote}” — {_place(citation)}")
    return "\n".join(lines).strip() + "\n"


def _place(citation: Mapping[str, Any]) -> str:
    parts = [f"*{_plain(citation['title'])}*", *map(_plain, citation["heading"][-1:])]
    if citation["page"] is not None:
        parts.append(f"p. {citation['page']}")
    return ", ".join(dict.fromkeys(parts)) + f" ({_plain(citation['source'])})"


def _plain(text: str) -> str:
    return " ".join(str(text).split())


@dataclass(slots=True)
class StreamedText:
    """The part of an answer in the making that has not been checked yet."""

    pending: str = ""
    begun: bool = False

    def add(self, token: str) -> None:
        """Take in the next token."""
        self.pending += token

    def check(self, sentence: str) -> bool:
        """Take a checked sentence out of the pending text; whether it begins a paragraph."""
        span = find_sentence(self.pending, sentence, 0)
        start, end = span or (0, min(len(sentence), len(self.pending)))
        apart = not self.begun or "\n" in self.pending[:start]
        # White space in front of what follows says whether that begins a paragraph.
        self.pending = self.pending[end:]
        self.begun = True
        return apart
