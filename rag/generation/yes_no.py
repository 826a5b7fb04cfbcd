"""Reading a yes or a no from the probabilities of a model's next token."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable

TOP_TOKENS = 20
_YES = frozenset({"yes", "y", "ye", "si", "s", "oui", "ja", "sim", "true"})
_NO = frozenset({"no", "n", "non", "nein", "nao", "not", "false"})


def yes_share(candidates: Iterable[tuple[str, float]]) -> float | None:
    """Probability of a yes among the tokens that read as yes or no.

    Args:
        candidates: the likeliest next tokens, each with its natural log-probability.

    Returns:
        0 to 1; None if no candidate reads as either.
    """
    yes = no = 0.0
    for token, log_probability in candidates:
        word = _plain(token)
        if word in _YES:
            yes += math.exp(log_probability)
        elif word in _NO:
            no += math.exp(log_probability)
    return yes / (yes + no) if yes + no > 0 else None


def _plain(token: str) -> str:
    """The token's letters, small and without accents: ` Sí,` reads as `si`."""
    decomposed = unicodedata.normalize("NFKD", token.casefold())
    return "".join(character for character in decomposed if character.isalpha())
