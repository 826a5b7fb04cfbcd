"""What counts as a sentence of the evidence."""

from dataclasses import replace

import pytest

from rag.core import Core
from rag.sentence_vectors import sentences_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HyDE. Gao y otros inventan una respuesta. Después buscan con ella.", 2),
        ("Yes. It was added two years later.", 1),
        ("Self-RAG\n\nAsai and others train the model.", 2),
        ("One whole sentence here. And one more.", 2),
        ("No.", 1),
    ],
)
def test_a_few_words_go_with_what_they_open(core: Core, text: str, expected: int) -> None:
    passage = core.retriever.search("atención").passages[0]
    found = sentences_of([replace(passage, text=text, start=100, end=100 + len(text))])
    assert len(found) == expected
    assert all(text[one.start - 100 : one.end - 100] == one.text for one in found)
