"""Where an answer needs the documents' own words, and which: a draft that failed, said little or looked away.

A model of 1.5 billion parameters refuses what it was given, answers in two words, or answers from a sentence
beside the one that was asked for. The search knows which sentence fits the question best; it is shown too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answer import Citation, Sentence
from rag.generation.base import Prompt
from rag.generation.extractive import best_sentences, tells
from rag.grounding import is_fragment
from rag.stemming import fold
from rag.support import COMMON_WORDS

OUTRANKED = 0.03
"""How much better than all that an answer cites the best sentence must fit the question to be shown too."""
SAYS_NOTHING = COMMON_WORDS | frozenset("si yes no not".split())
"""Words that alone answer nothing that a quote could show."""
CODE_SIGNS = re.compile(r"[=(){}\[\]<>_;\\#`]")
MOST_CODE_SIGNS = 0.06
"""Share of a text's characters from which it is a line of code, which adds nothing to a sentence."""


def own_words(
    sentences: Sequence[Sentence], citations: Sequence[Citation], prompt: Prompt, *, small: bool
) -> tuple[str, list[str]]:
    """What of the documents is to be quoted besides what was written, word for word.

    Args:
        sentences: what was written, checked; empty where the generator refused.
        citations: what it cites, by number from 1.
        small: the generator reads little and is easily led astray.

    Returns:
        Why (`refused`, `unsupported`, `fragment`, `outranked`; empty for nothing) and the quotes.
    """
    nothing = all(one.status == "unsupported" for one in sentences)
    if len(sentences) == 1 and is_fragment(sentences[0].text):
        own = [citations[number - 1].quote for number in sentences[0].citations]
        if quotes := _holding(sentences[0].text, prompt) if nothing else own:
            return "fragment", quotes
    if nothing:
        reason = "unsupported" if sentences else "refused"
        return reason, [one.text for one in best_sentences(prompt.evidence)]
    missed = _missed(citations, prompt) if small else None
    return ("outranked", [missed]) if missed else ("", [])


def _holding(text: str, prompt: Prompt) -> list[str]:
    """The best sentence of the evidence that has all words of a text; none where those say nothing."""
    words = set(fold(text)) - SAYS_NOTHING
    holding = [one for one in prompt.evidence if words and words <= set(fold(one.text))]
    return [max(holding, key=lambda one: one.score).text] if holding else []


def _missed(citations: Sequence[Citation], prompt: Prompt) -> str | None:
    """The best sentence of the evidence, where all that is cited fits the question much less."""
    best = max(prompt.evidence, key=lambda one: one.score)
    cited = [
        one.score
        for one in prompt.evidence
        if any(one.text.strip() in citation.quote for citation in citations)
    ]
    outranked = bool(cited) and best.score > max(cited) + OUTRANKED
    code = len(CODE_SIGNS.findall(best.text)) > MOST_CODE_SIGNS * len(best.text)
    return best.text if outranked and not code and tells(best.text) else None
