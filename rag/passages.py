"""From ranked chunks to passages: near-duplicates dropped, neighbours joined, documents balanced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rag.answer import Passage
from rag.words import fold

SHINGLE = 3
"""Words a shingle (Broder, "On the resemblance and containment of documents", 1997)."""
DUPLICATE = 0.85
"""Share of the smaller passage's shingles from which two passages say the same."""
MOST_FROM_ONE_DOCUMENT = 4


def refine(ranked: Iterable[Passage], limit: int) -> list[Passage]:
    """The first `limit` passages of a ranking, none twice, neighbours as one.

    Args:
        ranked: passages, best first.
        limit: most passages to return. A document gives at most four while others are left.
    """
    kept: list[Passage] = []
    postponed: list[Passage] = []
    shingles: dict[str, frozenset[tuple[str, ...]]] = {}
    taken: dict[str, int] = {}
    for passage in ranked:
        own = _shingles(passage.text)
        if any(_same(own, shingles[other.chunk_id]) for other in kept):
            continue
        shingles[passage.chunk_id] = own
        if taken.get(passage.document_id, 0) >= MOST_FROM_ONE_DOCUMENT:
            postponed.append(passage)
            continue
        taken[passage.document_id] = taken.get(passage.document_id, 0) + 1
        kept.append(passage)
        if len(kept) == limit:
            break
    kept += postponed[: max(0, limit - len(kept))]
    return kept


def join_neighbours(passages: Sequence[Passage], texts: dict[tuple[str, int, int], str]) -> list[Passage]:
    """Passages that touch in their document become one, at the place of the better.

    Args:
        texts: the text between `start` and `end` of a document, by (document id, start, end), for
            every pair of touching passages.
    """
    joined: list[Passage] = []
    for passage in passages:
        at = next((i for i, other in enumerate(joined) if touching(other, passage)), None)
        if at is None:
            joined.append(passage)
            continue
        better = joined[at]
        start, end = min(better.start, passage.start), max(better.end, passage.end)
        first = better if better.start <= passage.start else passage
        joined[at] = replace(
            better,
            start=start,
            end=end,
            page=first.page,
            text=texts[better.document_id, start, end],
            words=tuple(dict.fromkeys((*better.words, *passage.words))),
        )
    return joined


def touching(one: Passage, other: Passage) -> bool:
    """Whether two passages of a document follow each other under the same heading."""
    return (
        one.document_id == other.document_id
        and one.heading == other.heading
        and (one.end == other.start or other.end == one.start)
    )


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = fold(text)
    return frozenset(tuple(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1)))


def _same(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    smaller = min(len(one), len(other))
    return len(one & other) >= DUPLICATE * smaller
