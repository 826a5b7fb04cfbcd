"""A second look where the scores leave it open whether the answer is there.

The language model is shown the very prompt that it would answer, asked for one word, yes or no, at its end:
the server keeps what it has read, so the look costs some 20 tokens and the answer nothing more. The
probability of the yes is joined with what the scores say. Measured by `cita evaluate refusal --look`; with
`--fit` it prints weights fitted where the scores leave it open.
"""

from __future__ import annotations

from math import exp, log

from rag.generation.base import Generator, Prompt
from rag.prompting import look_messages

HOPELESS = 0.06
"""Below this there is nothing to look at."""
CERTAIN = 0.85
"""From this on it is not asked: of XQuAD's questions that score as high one in fourteen is unanswerable."""
SCORES_WEIGHT = 0.54
LOOK_WEIGHT = 1.14
BIAS = -1.42
"""Fitted on 135 askings whose scores left it open: 51 of the sample corpus's questions and 84
of the half of XQuAD that weights are fitted on (es, en, and across), each of the two counting the same."""


def is_open(likely: float) -> bool:
    """Whether the scores alone do not settle it."""
    return HOPELESS <= likely < CERTAIN


def second_look(likely: float, prompt: Prompt, generator: Generator) -> float | None:
    """Probability, 0 to 1, that the excerpts answer; None if the generator cannot be asked for one word.

    Args:
        likely: what the scores say.

    Raises:
        ProviderError: the generator failed.
    """
    probability = generator.yes_probability(look_messages(prompt))
    return None if probability is None else joined(likely, probability)


def joined(likely: float, probability: float) -> float:
    """Both probabilities as one."""
    total = SCORES_WEIGHT * logit(likely) + LOOK_WEIGHT * logit(probability) + BIAS
    return 1 / (1 + exp(-total))


def logit(probability: float) -> float:
    """Log-odds of a probability, within bounds."""
    bounded = min(max(probability, 1e-4), 1 - 1e-4)
    return log(bounded / (1 - bounded))
