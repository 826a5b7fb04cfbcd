"""Which language a text is written in.

py3langid (a naive Bayes model over bytes) tells long texts apart well and short questions less
so; function words that only Spanish or only English has settle those, without loading the model.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

_SAMPLE = 4000
"""Characters looked at: more change nothing and cost time."""
_SHORT = 300
"""Characters up to which function words are asked too."""
_ENOUGH = {"es": 8, "en": 5}
"""Different function words that tell a long text's language by themselves, without any of the other's, where
they are also as many as in running text. The model takes ten times as long."""
_DENSE = 0.12
"""Share of a text's words that those are; less where a text only quotes the language."""
_OWN = {"es": "y", "en": "the"}
"""A function word that its text has and its neighbours (Galician, Catalan, Scots) do not."""
_SURE = 0.75
"""The model's probability from which it is believed against the function words."""
_GUESS = {"es": 0.12, "en": 0.12}
_GUESS_OTHER = 0.3
"""The model's probability from which it is believed without other evidence."""

_WORD = re.compile(r"[^\W\d_]+")
_FUNCTION_WORDS = {
    "es": frozenset(
        "qué cuál cuáles cuándo cómo cuánto cuánta cuántos cuántas dónde quién quiénes el los las del una "
        "y es por para con según más está están fue fueron hay sirve hace tiene puede son cuando donde "
        "entre sus explica dime porqué hola".split()
    ),
    "en": frozenset(
        "the what which who whose how why when where does did were and that with from this these has have "
        "had been by can could should would between about their they it explain tell name hello".split()
    ),
}
_COMMON = frozenset(
    "ar bg bn ca cs da de el en es et eu fa fi fr gl he hi hr hu id it ja ko lt lv nl no pl pt ro ru sk sl "
    "sr sv ta th tr uk ur vi zh".split()
)
"""What a short text is taken for; of a few words the model often makes one of its rarer languages."""

_loading = threading.Lock()


def detect(text: str, default: str = "en") -> str:
    """The ISO 639-1 code of the text's language, `default` where the text does not tell.

    Args:
        text: of any length; only its first 4,000 characters count.
        default: the answer for an empty text, for digits and for a lone name.
    """
    sample = text[:_SAMPLE].strip()
    short = len(sample) <= _SHORT
    words = _WORD.findall(sample.lower())
    spoken, hits = _by_function_words(sample, words)
    if spoken and (hits >= 2 if short else hits >= _ENOUGH[spoken] and _is_running(words, spoken)):
        return spoken
    if not words:
        return default
    ranked = _by_model(sample, short)
    best, probability = ranked[0]
    if short and spoken and (probability < _SURE or best == spoken):
        return spoken
    for code, probability in ranked[:3]:
        if len(code) == 2 and probability >= _GUESS.get(code, _GUESS_OTHER):
            return code
    return default


def _by_function_words(sample: str, words: Sequence[str]) -> tuple[str | None, int]:
    """The language whose function words alone appear in the sample, and how many of them."""
    distinct = set(words)
    hits = {code: len(distinct & own) for code, own in _FUNCTION_WORDS.items()}
    hits["es"] += 2 * any(mark in sample for mark in "¿¡") + any(mark in sample for mark in "ñÑ")
    if hits["es"] and hits["en"]:
        return None, 0
    code = "es" if hits["es"] else "en"
    return (code, hits[code]) if hits[code] else (None, 0)


def _is_running(words: Sequence[str], code: str) -> bool:
    """Whether the function words are those of running text in their language."""
    own = sum(word in _FUNCTION_WORDS[code] for word in words)
    return _OWN[code] in words and own > _DENSE * len(words)


def _by_model(sample: str, short: bool) -> list[tuple[str, float]]:
    """Languages with their probabilities, best first; only the common ones for a short sample."""
    with _loading:
        identifier = _identifier()
    ranked: list[tuple[str, float]] = identifier.rank(sample)
    if not short:
        return ranked
    common = [(code, probability) for code, probability in ranked if code in _COMMON]
    total = sum(probability for _, probability in common) or 1.0
    return [(code, probability / total) for code, probability in common]


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
