"""Words that turn a meaning round: negations, exceptions, "only", "all"; Spanish and English."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.stemming import fold

_NEGATIONS = frozenset(
    "no not nunca jamas ni sin tampoco ningun ninguna ninguno nadie nada never neither nor without none "
    "nobody nothing cannot can't don't doesn't didn't isn't aren't wasn't weren't won't wouldn't shouldn't "
    "couldn't hasn't haven't hadn't".split()
)
_NEGATIVE_STEMS = (
    "rechaz", "prohib", "nieg", "neg", "exclu", "incompatib", "impid", "imped", "desaconsej", "carec",
    "suprim", "elimin", "refus", "reject", "forbid", "forbad", "bann", "deny", "deni", "lack",
    "declin", "remov", "prevent", "fail", "fracas", "unable", "insufic", "unsupport", "disagree", "dissent",
    "prohibit", "imposib", "impossib", "incapa", "evit", "avoid",
)  # fmt: skip
_NOT_NEGATIVE = frozenset("negro negra negros negras negocio negocios negociacion".split())
_UN = re.compile(r"un(?!ited|ified|ivers)\w{3,}(?:ed|able|ful|known|likely|true|paid|fair|like|safe|clear)$")
"""English words such as "unfinished"."""
_NO_TURN = re.compile(
    r"\b(?:no (?:more|less|fewer|later|longer than|matter)\b|not (?:only|just)\b"
    r"|no (?:mas|menos) (?:de|que)\b"
    r"|no (?:solo|solamente|obstante)\b|(?:sin duda|sin embargo|no doubt)\b)"
)
"""Negations that bound or add and turn nothing round."""
_EXCEPTIONS = frozenset("excepto salvo except unless besides aparte".split())
_ONLY = frozenset("solo solamente unicamente only just sole solely unico unica".split())
_INCLUDING = frozenset("incluso incluido incluida incluidos tambien including included even also too".split())
_UNIVERSAL = frozenset(
    "todo toda todos todas siempre cualquier cualquiera cada all always every any entire whole unlimited "
    "ilimitado ilimitada ilimitados ilimitadas everything everyone everybody completamente completely "
    "totally totalmente whenever".split()
)
_MORE = frozenset(
    "mas mayor mayores mejor mejores maximo maxima more most best greatest highest largest biggest above "
    "over up increase increased sube subio subieron aumento aumenta rise rose risen gain grew grow crecio "
    "crece superior supera superan exceeds exceed often menudo frecuentemente frequently admite add added "
    "anadio".split()
)
_LESS = frozenset(
    "menos menor menores peor peores minimo minima less least fewer fewest lowest smallest worst below under "
    "down decrease decreased baja bajo bajaron disminuyo disminuye reduce redujo reducido fall fell fallen "
    "drop dropped cut shrank lost perdio pierde inferior rara raramente rarely seldom loses".split()
)
_ENDS_CLAUSE = re.compile(r"[,;:.()]$")
_OPENS_CLAUSE = frozenset("pero but sino aunque although while mientras".split())


@dataclass(frozen=True, slots=True)
class Polarity:
    """Which turning words a text has."""

    negative: bool
    exception: bool
    only: bool
    includes: bool
    universal: bool
    more: bool
    less: bool


def read_polarity(text: str) -> Polarity:
    """The turning words of a text; a negated word of refusal ("did not reject") counts as no negation."""
    plain = _NO_TURN.sub(" ", " ".join(fold(text.replace("’", "'"))))
    words = plain.split()
    negated = any(_is_negation(word) for word in words) or "n't" in text.casefold().replace("’", "'")
    refusing = any(_refuses(word) for word in words)
    found = frozenset(words)
    return Polarity(
        negative=negated != refusing,
        exception=bool(found & _EXCEPTIONS),
        only=bool(found & _ONLY),
        includes=bool(found & _INCLUDING),
        universal=bool(found & _UNIVERSAL),
        more=bool(found & _MORE),
        less=bool(found & _LESS),
    )


def _is_negation(word: str) -> bool:
    return word in _NEGATIONS


def _refuses(word: str) -> bool:
    return (word.startswith(_NEGATIVE_STEMS) and word not in _NOT_NEGATIVE) or _UN.match(word) is not None


def clause_numbers(words: list[str]) -> list[int]:
    """For each word of a text in order the number of its clause, from 0."""
    numbers = []
    clause = 0
    for word in words:
        if fold(word)[:1] and fold(word)[0] in _OPENS_CLAUSE:
            clause += 1
        numbers.append(clause)
        if _ENDS_CLAUSE.search(word):
            clause += 1
    return numbers
