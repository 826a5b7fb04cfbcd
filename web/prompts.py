"""Questions that the documents themselves suggest: their headings, those beside what was cited first."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag.document_text import DocumentText
from rag.errors import NotFoundError

# Marks a sentence for translation.
N_ = str
ABOUT = N_("What does “%(title)s” say about “%(heading)s”?")
MOST = 3
MOST_FOR_A_DOCUMENT = 6
_SHORTEST, _LONGEST = 4, 90
_NUMBER = re.compile(r"^\d{1,2}(?:\.\d{1,2})*[.)]? ")
"""Of a section: "2.1 Attention", but neither a year nor a figure that belongs to the words."""
_NOT_A_SUBJECT = frozenset(
    "introduction introducción introduccion conclusion conclusiones conclusions references referencias "
    "bibliography bibliografía abstract resumen summary contents índice contenido presentación".split()
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A heading to ask about, and the document that has it."""

    heading: str
    title: str

    def question(self, gettext: Callable[[str], str]) -> str:
        """The heading itself where it is a question, else a question about it in the reader's language."""
        if self.heading.endswith("?"):
            return self.heading
        return gettext(ABOUT) % {"title": self.title, "heading": self.heading}


def heading_questions(title: str, text: DocumentText) -> list[Suggestion]:
    """What a document can be asked: about its sections, spread over all of it."""
    headings = [heading for _start, heading in _headings(title, text)]
    step = max(1, -(-len(headings) // MOST_FOR_A_DOCUMENT))
    return [Suggestion(heading, title) for heading in headings[::step]]


def follow_ups(answer: Mapping[str, Any], read: Callable[[str], DocumentText]) -> list[Suggestion]:
    """What to ask next: the sections beside those that the answer cites, of each document in turn.

    Args:
        answer: an answer's JSON.
        read: gives the text of a document by its id.
    """
    asked = str(answer["question"]).casefold()
    beside = [_beside(citations, read) for citations in _by_document(answer).values()]
    chosen: list[Suggestion] = []
    for rank in range(MOST):
        for suggestions in beside:
            if rank < len(suggestions) and suggestions[rank].heading.casefold() not in asked:
                chosen.append(suggestions[rank])
    return chosen[:MOST]


def _by_document(answer: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for citation in answer["citations"]:
        grouped.setdefault(citation["document_id"], []).append(citation)
    return grouped


def _beside(citations: Sequence[Mapping[str, Any]], read: Callable[[str], DocumentText]) -> list[Suggestion]:
    """The nearest headings before and after the cited ones, what follows first."""
    try:
        text = read(citations[0]["document_id"])
    except NotFoundError:
        return []  # removed while the answer was written
    title = citations[0]["title"]
    headings = _headings(title, text)
    cited = {_last_before(headings, citation["start"]) for citation in citations}
    distance = {
        index: min((abs(index - one) - 0.5 * (index > one) for one in cited), default=0.0)
        for index in range(len(headings))
        if index not in cited
    }
    nearest = sorted(distance, key=lambda index: (distance[index], index))
    return [Suggestion(headings[index][1], title) for index in nearest[:MOST]]


def _last_before(headings: Sequence[tuple[int, str]], offset: int) -> int:
    return max((index for index, (start, _) in enumerate(headings) if start <= offset), default=-1)


def _headings(title: str, text: DocumentText) -> list[tuple[int, str]]:
    """Start and words of the headings that name a subject, each once."""
    found: dict[str, int] = {}
    for block in text.blocks:
        if block.kind != "heading":
            continue
        heading = _NUMBER.sub("", " ".join(text.text[block.start : block.end].split()))
        is_subject = _SHORTEST <= len(heading) <= _LONGEST and heading.casefold() not in _NOT_A_SUBJECT
        if is_subject and heading.casefold() != title.casefold():
            found.setdefault(heading, block.start)
    return sorted((start, heading) for heading, start in found.items())
