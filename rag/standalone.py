"""Follow-up questions ("¿y en inglés?", "why?") made understandable by themselves.

A question that leans on what was said before is rewritten by the language model; where there is none, or
what it writes has lost the question, the question before is put in front of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.errors import ProviderError
from rag.generation.base import Generator, Message, Prompt, Sampling
from rag.generation.extractive import ExtractiveGenerator
from rag.stemming import fold
from rag.support import COMMON_WORDS

LONGEST_REWRITTEN = 300
"""Characters; a rewritten question that is longer has become something else."""
ANSWER_SHOWN = 300
"""Characters of the last answer that the model sees."""
FEW_WORDS = 1
"""Words of its own up to which a question cannot stand alone."""
REWRITING = Sampling(max_tokens=64)
_OPENERS = frozenset("y e o pero entonces and or but so".split())
_ABOUT = re.compile(
    r"^(?:what|how) about\b|^(?:que hay|que tal|que pasa) (?:de|con)\b|^in (?:spanish|english)\b"
)
_LEANING = frozenset(
    "eso esto ese esa esos esas aquello aquel aquella ello ella ellos ellas su sus suyo suya alli ahi ahora "
    "tambien anterior mismo misma it its they them their he she his her him this that those these there one "
    "ones same former latter previous too also else instead".split()
)
_DEFINING = re.compile(
    r"^(?:(?:que|quien|quienes|cual|cuales) (?:es|son|era|eran|fue|fueron|hace|hacen|mide|significa)"
    r"|para que (?:sirve|sirven)|(?:what|who) (?:is|are|was|were|does|do)|define|explica|describe|explain)\b"
)
_RELATIONS = frozenset(
    "ventajas desventajas inconvenientes diferencia diferencias limites limitaciones problema problemas "
    "pasos resultado resultados motivo causa razon coste precio tamano autor autores fecha formula "
    "advantages disadvantages drawbacks difference differences limits limitations problem problems steps "
    "result results reason cause cost price size author authors date formula".split()
)
"""Nouns that are of something: alone they ask about what was spoken of."""
_ABBREVIATION = re.compile(r"\b(?=\w*[A-Z0-9]\w*[A-Z0-9]|[A-Za-z]+\d)\w{2,}")
_PRONOUN = re.compile(r"\b(?:él|éste|ésta)\b", re.IGNORECASE)
_ASKING = frozenset(
    "que cual cuales cuando como cuanto cuanta cuantos cuantas donde quien quienes porque explica dime "
    "cuenta detalles mas ejemplo ejemplos what which who whose how why when where tell explain more details "
    "example examples please favor can could you puedes podrias does did mean significa".split()
)
_SYSTEM = (
    "Rewrite the last question so that it can be understood without the conversation: put in what it leaves "
    "out, change nothing else, keep its language. Write only the question."
)
_EXAMPLES = (
    (
        "Question: ¿Cuántos habitantes tiene Lima?\nAnswer: Diez millones.\nLast question: ¿y Quito?",
        "¿Cuántos habitantes tiene Quito?",
    ),
    (
        "Question: Who built the old lighthouse?\nAnswer: It was built by Anne Reed.\nLast question: why?",
        "Why did Anne Reed build the old lighthouse?",
    ),
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question that was asked before, as it was looked up, and its answer."""

    question: str
    answer: str = ""


def leans_on_history(question: str) -> bool:
    """Whether a question cannot be understood without what was said before."""
    words = fold(question)
    if not words:
        return False
    if words[0] in _OPENERS or _ABOUT.match(" ".join(words)) or _PRONOUN.search(question):
        return True
    if any(word in _LEANING for word in words):
        return True
    own = [word for word in words if len(word) > 2 and word not in COMMON_WORDS | _ASKING]
    if len(own) > FEW_WORDS:
        return False
    defines = _DEFINING.match(" ".join(words)) is not None and bool(own) and own[0] not in _RELATIONS
    names = len(words) > FEW_WORDS + 1 and _ABBREVIATION.search(question) is not None
    return not (defines or names)


def standalone_question(question: str, history: Sequence[Exchange], generator: Generator) -> str:
    """The question, understandable by itself; unchanged where it is so already."""
    if not history or not leans_on_history(question):
        return question
    before = history[-1]
    joined = f"{before.question.strip()} {question.strip()}"
    if isinstance(generator, ExtractiveGenerator):
        return joined
    prompt = Prompt(question, "", (), _messages(question, before))
    try:
        written = "".join(generator.stream(prompt, REWRITING))
    except ProviderError:
        # The answer itself will tell what is wrong with the provider, if anything still is.
        return joined
    rewritten = written.strip().split("\n")[0].strip().strip('"“”')
    return rewritten if _keeps(rewritten, question, before) else joined


def _messages(question: str, before: Exchange) -> tuple[Message, ...]:
    shown = [Message("system", _SYSTEM)]
    for asked, rewritten in _EXAMPLES:
        shown += [Message("user", asked), Message("assistant", rewritten)]
    answer = " ".join(before.answer.split())[:ANSWER_SHOWN]
    last = f"Question: {before.question}\nAnswer: {answer}\nLast question: {question}"
    return (*shown, Message("user", last))


def _keeps(rewritten: str, question: str, before: Exchange) -> bool:
    """Whether a rewritten question still has the question's own words, and something of what went before."""
    if not rewritten or len(rewritten) > LONGEST_REWRITTEN:
        return False
    there = _own(rewritten)
    earlier = _own(before.question) | _own(before.answer)
    return _own(question) <= there and bool(there & earlier - _own(question))


def _own(text: str) -> set[str]:
    dropped = COMMON_WORDS | _ASKING | _LEANING
    return {word for word in fold(text) if len(word) > 2 and word not in dropped}
