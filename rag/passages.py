"""From ranked chunks to passages: near-duplicates dropped, neighbours joined, documents balanced."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rag.answer import Passage

SHINGLE = 3
"""Words a shingle (Broder, "On the resemblance and containment of documents", 1997)."""
DUPLICATE = 0.85
"""Share of a passage's shingles that a better one has, from which it says nothing new."""
MOST_FROM_ONE_DOCUMENT = 4
LONGEST = 2400
"""Characters of a joined passage; longer, it would no longer point at anything."""
Shingles = frozenset[int]
"""Hashes, which are compared sooner than the words themselves."""


def refine(ranked: Iterable[Passage], limit: int) -> list[Passage]:
    """The first `limit` passages of a ranking, none twice, neighbours as one.

    Args:
        ranked: passages, best first.
        limit: most passages to return. A document gives at most four while others are left.
    """
    kept: list[Passage] = []
    postponed: list[Passage] = []
    shingles: list[Shingles] = []
    for passage in ranked:
        own = _shingles(passage.text)
        if any(_said(own, other) for other in shingles):
            continue
        at = next((i for i, other in enumerate(kept) if touching(other, passage)), None)
        if at is not None and len(kept[at].text) + len(passage.text) <= LONGEST:
            kept[at] = joined(kept[at], passage)
            shingles.append(own)
        elif sum(one.document_id == passage.document_id for one in kept) >= MOST_FROM_ONE_DOCUMENT:
            postponed.append(passage)
        else:
            kept.append(passage)
            shingles.append(own)
            if len(kept) == limit:
                break
    return kept + postponed[: max(0, limit - len(kept))]


def joined(better: Passage, other: Passage) -> Passage:
    """Two passages that touch as one, with the better one's scores."""
    first, second = sorted((better, other), key=lambda one: one.start)
    return replace(
        better,
        start=first.start,
        end=second.end,
        page=first.page,
        text=first.text + second.text,
        words=tuple(dict.fromkeys((*better.words, *other.words))),
    )


def touching(one: Passage, other: Passage) -> bool:
    """Whether two passages of a document follow each other under the same heading."""
    return (
        one.document_id == other.document_id
        and one.heading == other.heading
        and (one.end == other.start or other.end == one.start)
    )


def _shingles(text: str) -> Shingles:
    words = text.casefold().split()
    if len(words) < SHINGLE:
        return frozenset({hash(tuple(words))})
    return frozenset(map(hash, zip(*(words[start:] for start in range(SHINGLE)), strict=False)))


def _said(own: Shingles, better: Shingles) -> bool:
    # Not of the smaller of both: a heading alone, ranked first, must not hide its section.
    return len(own & better) >= DUPLICATE * len(own)
