"""A yes or a no out of probabilities, and tokens without a tokenizer."""

from __future__ import annotations

import math

import pytest

from rag.generation.llama_server import LlamaServerGenerator
from rag.generation.token_count import estimate_tokens
from rag.generation.yes_no import yes_share

TEXTS = [
    "La atención aditiva fue propuesta por Bahdanau, Cho y Bengio en 2014 para la traducción automática.",
    "The Transformer has 65 million parameters in its base version and was trained for 12 hours on 8 GPUs.",
    "Das Wörterbuch enthält 37.600 Einträge; die meisten stammen aus dem 19. Jahrhundert.",
    "注意力机制于二零一四年提出,用于机器翻译。",
    "def f(x):\n    return {'a': x ** 2, 'b': [1, 2, 3]}\n",
]


def test_every_spelling_counts() -> None:
    tokens = [("Sí", 0.3), (" yes", 0.2), ("YES", 0.1), ("No", 0.1), (" no", 0.1), ("Maybe", 0.2)]
    assert yes_share((token, math.log(share)) for token, share in tokens) == pytest.approx(0.75)


def test_neither_is_no_answer() -> None:
    assert yes_share([("Perhaps", -0.1)]) is None
    assert yes_share([]) is None


@pytest.mark.parametrize("text", TEXTS)
def test_the_estimate_is_not_below_the_tokenizer(llama: LlamaServerGenerator, text: str) -> None:
    assert llama.count_tokens(text) <= estimate_tokens(text) <= 2 * llama.count_tokens(text)
