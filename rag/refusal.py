"""Saying that the documents do not say."""

from __future__ import annotations

import re

NOT_STATED = {"es": "NO CONSTA", "en": "NOT STATED"}
"""What the model is told to write where the evidence does not hold the answer."""
_PHRASES = tuple(phrase.casefold() for phrase in NOT_STATED.values())
_OPENING = re.compile(r"^[\s\"'«“*(\[.:>-]+")
_TEXTS = {
    "de": "Die Dokumente sagen dazu nichts.",
    "en": "The documents do not say.",
    "es": "Los documentos no lo dicen.",
    "fr": "Les documents ne le disent pas.",
    "it": "I documenti non lo dicono.",
    "pt": "Os documentos não o dizem.",
}


def refusal_text(language: str) -> str:
    """The sentence shown instead of an answer, in English where we do not speak the language."""
    return _TEXTS.get(language, _TEXTS["en"])


def is_refusal(text: str) -> bool:
    """Whether a generator's text says that the evidence does not hold the answer."""
    return _plain(text).startswith(_PHRASES)


def may_become_refusal(text: str) -> bool:
    """Whether a text that is still being written may turn out to be a refusal."""
    plain = _plain(text)
    return any(phrase.startswith(plain) for phrase in _PHRASES)


def _plain(text: str) -> str:
    return _OPENING.sub("", text).casefold()
