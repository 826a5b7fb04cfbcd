"""How likely it is that a stretch of a document says what a sentence says.

Figures, dates and names that the source does not have, a negation on one side only, "all" where the
source says less, names in another order: each speaks against the sentence; nearness of the sentence
vectors and of the words' own vectors speaks for it. The weights were fitted on the tuning half of
`evaluation/grounding.jsonl` by `python -m evaluation.calibration grounding`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray

from rag.facts import Facts, calendar_words, missing_dates, missing_figures, read_facts
from rag.names import folded, missing_names, names_of, opening_word
from rag.polarity import Polarity, clause_numbers, read_polarity
from rag.sentence_vectors import WordVectors
from rag.stemming import fold, stems

FloatArray = NDArray[np.float32]
WEIGHTS: Mapping[str, float] = {
    "cosine": 8.41,
    "words": 6.16,
    "weakest": 0.91,
    "cross": 1.24,
    "facts": -4.04,
    "negation": -2.93,
    "exception": -3.0,
    "universal": -3.03,
    "order": -3.36,
    "replaced": -1.46,
}
BIAS = -11.52
COPIED = 0.6
"""Share of the claim's words that a near copy has in common with the source."""
NEAR_COPY = 0.75
"""The same share where only the order of the words can tell the two apart."""
FOLLOWING = 3
"""Words after the claim's first that are looked for before it in the source."""
CLAUSE_SHARE = 0.6
"""Share of the claim's words that must meet one clause for its polarity to count alone."""
_WORD = re.compile(r"\w[\w’'-]*")
_PASSIVE = re.compile(r"\b(?:by|por)\b", re.IGNORECASE)
COMMON_WORDS = frozenset(
    "el la los las un una unos unas de del al a en y o u e que se su sus lo le les por para con como es son "
    "era fue ser ha han hay mas esta este esto the an of to in and or is are was were be been it its their "
    "his her by for with as at on from that this these those he she they has have had there than tras hasta "
    "desde cuando mientras cada about around".split()
)
"""Words without a meaning of their own, folded."""


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence or a stretch of a document, read for comparison."""

    text: str
    language: str
    words: WordVectors
    facts: Facts
    polarity: Polarity
    names: frozenset[str]
    vocabulary: frozenset[str]
    """Its folded words."""
    asked: frozenset[str] = frozenset()
    """The folded words of the question that it answers."""
    fragment: bool = False
    """It is no sentence by itself; its words' vectors include the question's."""


@dataclass(frozen=True, slots=True)
class Source:
    """A stretch of a document and what stands around it in the passage."""

    span: Text
    whole: str
    """All of the passage with its title and headings."""
    before: str
    """The passage's text from its beginning to the end of the stretch, its title and headings first."""


def read_text(text: str, language: str, words: WordVectors) -> Text:
    """Read what is compared of a text."""
    return Text(
        text,
        language,
        words,
        read_facts(text, language),
        read_polarity(text),
        frozenset(names_of(text) - calendar_words(language)),
        vocabulary(text),
    )


def joined(first: Text, second: Text, text: str) -> Text:
    """Two adjacent sentences as one; `text` is what stands in the document."""
    words = WordVectors(
        first.words.words + second.words.words, np.concatenate([first.words.vectors, second.words.vectors])
    )
    return read_text(text, first.language, words)


def vocabulary(text: str) -> frozenset[str]:
    """The folded words of a text, whole and without what hangs on by an apostrophe."""
    return frozenset(form for word in _WORD.findall(text) for form in (folded(word), *fold(word)))


def support_features(claim: Text, source: Source, cosine: float) -> dict[str, float]:
    """What speaks for and against `source` saying what `claim` says."""
    span = source.span
    own, theirs = content_rows(claim.words), content_rows(span.words)
    near = claim.words.vectors[own] @ span.words.vectors[theirs].T if own and theirs else np.zeros((1, 1))
    best = near.max(axis=1)
    return {
        "cosine": cosine,
        "words": float(best.mean()),
        "weakest": float(np.sort(best)[:2].mean()),
        "cross": float(claim.language != span.language),
        "facts": float(_facts_missing(claim, source)),
        "negation": float(
            not claim.fragment and _negation_differs(claim.polarity, _clause_polarity(span, near, theirs))
        ),
        "exception": float(_exception_differs(claim, span)),
        "universal": float(_overstates(claim.polarity, span.polarity)),
        "order": float(_order_differs(claim, span) or _opening_moved(claim, span)),
        "replaced": _replaced(claim, source, best, own),
    }


def probability(features: Mapping[str, float]) -> float:
    """Probability, 0 to 1, that the source supports the claim."""
    total = BIAS + sum(weight * features[name] for name, weight in WEIGHTS.items())
    return 1 / (1 + exp(-max(-30.0, min(30.0, total))))


def content_rows(words: WordVectors) -> list[int]:
    """Positions of the words that carry meaning."""
    return [
        position
        for position, word in enumerate(words.words)
        if any((part not in COMMON_WORDS and len(part) > 1) or part.isdigit() for part in fold(word))
    ]


def _facts_missing(claim: Text, source: Source) -> bool:
    if missing_figures(claim.facts, source.span.facts) or missing_dates(claim.facts, source.span.facts):
        return True
    same = claim.language == source.span.language
    # What the question itself names is not what the answer adds: it need only be there somewhere, and
    # not even that where the answer's own names and figures are.
    own, repeated = claim.names - claim.asked, claim.names & claim.asked
    if missing_names(own, vocabulary(source.before), same_language=same):
        return True
    if own or claim.facts.quantities or claim.facts.calendar:
        return False
    return bool(missing_names(repeated, vocabulary(source.whole), same_language=same))


def _negation_differs(claim: Polarity, source: Polarity) -> bool:
    if (claim.exception or claim.only) and (source.exception or source.only or source.negative):
        return False
    return claim.negative != source.negative


def _clause_polarity(span: Text, near: NDArray[np.floating], theirs: Sequence[int]) -> Polarity:
    """The polarity of the clause that most of the claim's words meet, of the whole stretch if none does."""
    numbers = clause_numbers(span.words.words)
    if not theirs or len(set(numbers)) < 2:
        return span.polarity
    met: dict[int, float] = {}
    for column, weight in zip(near.argmax(axis=1), near.max(axis=1), strict=True):
        clause = numbers[theirs[int(column)]]
        met[clause] = met.get(clause, 0.0) + max(0.0, float(weight))
    clause = max(met, key=lambda one: met[one])
    if met[clause] < CLAUSE_SHARE * sum(met.values()):
        return span.polarity
    chosen = (word for word, number in zip(span.words.words, numbers, strict=True) if number == clause)
    return read_polarity(" ".join(chosen))


def _exception_differs(claim: Text, span: Text) -> bool:
    """Whether the source makes an exception and the claim none, or the reverse."""
    ours, theirs = claim.polarity, span.polarity
    if theirs.exception and not (ours.exception or ours.only):
        return ours.universal or ours.includes or ours.negative == theirs.negative
    return ours.exception and not (theirs.exception or theirs.only or theirs.negative)


def _overstates(claim: Polarity, source: Polarity) -> bool:
    if claim.universal and not (source.universal or source.negative or claim.exception):
        return True
    up = claim.more and not claim.less and source.less and not source.more
    down = claim.less and not claim.more and source.more and not source.less
    return up or down


def _order_differs(claim: Text, span: Text) -> bool:
    """Whether two of the claim's names stand the other way round in the source, both active or passive."""
    if _voices_differ(claim, span):
        return False
    same = claim.language == span.language
    candidates = claim.names | ({opening_word(claim.text)} - COMMON_WORDS - {""})
    ordered = [name for name in map(folded, _WORD.findall(claim.text)) if name in candidates]
    there = [frozenset([folded(word)]) for word in _WORD.findall(span.text)]
    places = [
        next(
            (at for at, word in enumerate(there) if not missing_names([name], word, same_language=same)), None
        )
        for name in dict.fromkeys(ordered)
    ]
    known = [place for place in places if place is not None]
    return any(first > second + 1 for i, first in enumerate(known) for second in known[i + 1 :])


def _voices_differ(claim: Text, span: Text) -> bool:
    """Whether one is active and the other passive, which turns the order round."""
    return bool(_PASSIVE.search(claim.text)) != bool(_PASSIVE.search(span.text))


def _opening_moved(claim: Text, span: Text) -> bool:
    """Whether a near copy opens with what the source says only after the words that follow it there.

    "The transformer is half of the transformer" against "GPT is half of the transformer".
    """
    if claim.language != span.language or _voices_differ(claim, span):
        return False
    ours = [_stem(claim.words.words[position], claim.language) for position in content_rows(claim.words)]
    there = [_stem(word, span.language) for word in span.words.words]
    if len(ours) <= FOLLOWING or sum(stem in there for stem in ours) < NEAR_COPY * len(ours):
        return False
    following = [there.index(one) for one in ours[1 : FOLLOWING + 1] if one in there and one != ours[0]]
    return (
        ours[0] in there
        and len(following) >= FOLLOWING - 1
        and all(there.index(ours[0]) > place + 1 for place in following)
    )


def _replaced(claim: Text, source: Source, best: NDArray[np.floating], own: Sequence[int]) -> float:
    """Where the claim has most of the source's words: how far its oddest other word is from all of them."""
    span = source.span
    if claim.language != span.language or claim.fragment or not own:
        return 0.0
    ours = [_stem(claim.words.words[position], claim.language) for position in own]
    there = {_stem(word, span.language) for word in span.words.words}
    if sum(stem in there for stem in ours) < COPIED * len(ours):
        return 0.0
    # What was said before the stretch is what its pronouns stand for.
    known = there | set(stems(source.before, span.language))
    return 1 - min(
        (float(score) for stem, score in zip(ours, best, strict=True) if stem not in known), default=1
    )


def _stem(word: str, language: str) -> str:
    return (stems(word, language) or [word])[0]
