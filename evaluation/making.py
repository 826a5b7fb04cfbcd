"""Questions about the user's own documents, written by a language model and checked against their quotes.

The model is shown one sentence of a document and asks what it answers; then, shown the sentence again, it
answers. A question is kept if it can be understood by itself and its answer stands word for word in the
sentence and not in the question.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from rag.catalogue import Catalogue
from rag.generation.base import Generator, Message, Prompt, Sampling
from rag.sentences import split_sentences
from rag.standalone import leans_on_history
from rag.stemming import fold

SHORTEST, LONGEST = 60, 320
"""Characters of a sentence that can carry a question."""
LEAST_LETTERS = 0.7
LONGEST_ANSWER = 12
"""Words."""
LEAST_PROBABILITY = 0.5
ENDINGS = (".", "!", "…", "。", "۔", "।")
ASKING = ("?", "؟", "？")
"""Question marks; of Arabic and Chinese, too."""
TRIES = 4
"""Sentences tried for each question that is wanted."""
_WRITING = Sampling(max_tokens=60)
_TELLTALE = frozenset("texto frase oracion extracto pasaje text sentence excerpt passage".split())
_ASK = {
    "es": "Escribe una sola pregunta, en español, cuya respuesta esté en la frase. Nombra en ella de qué se "
    "habla, para que se entienda sin leer la frase, y no menciones la frase. Escribe solo la pregunta.",
    "en": "Write one question, in the sentence's language, that the sentence answers. Name in it what it is "
    "about, so that it is understood without the sentence, and do not mention the sentence. Write only the "
    "question.",
}
_ANSWER = {
    "es": "Responde a la pregunta con las menos palabras posibles, copiadas de la frase. Si la frase no la "
    "responde, escribe: no.",
    "en": "Answer the question in as few words as possible, copied from the sentence. If the sentence does "
    "not answer it, write: no.",
}
_CHECK = {
    "es": "¿Responde la frase a la pregunta? Escribe sí o no.",
    "en": "Does the sentence answer the question? Write yes or no.",
}


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of a document."""

    document: str
    """Its file's name."""
    title: str
    language: str
    text: str


def quotes(catalogue: Catalogue, collection: str | None, seed: int) -> Iterator[Quote]:
    """Sentences that may carry a question, one of each document in turn, the same for the same seed."""
    drawn = random.Random(seed)
    records = catalogue.documents(collection, limit=max(1, catalogue.count_documents(collection)))
    drawn.shuffle(records)
    left = []
    for record in records:
        text = catalogue.text(record.id).text
        found = [one for start, end in split_sentences(text) if _carries(one := text[start:end])]
        drawn.shuffle(found)
        name = PurePath(record.source).name
        left.append([Quote(name, record.title, record.language, one) for one in found])
    while any(left):
        for own in left:
            if own:
                yield own.pop()


def make_questions(sources: Iterator[Quote], generator: Generator, count: int) -> Iterator[dict[str, Any]]:
    """Up to `count` questions as lines of a file that `cita evaluate` reads.

    Raises:
        ProviderError: the model failed.
    """
    made = 0
    for number, quote in enumerate(sources):
        if made == count or number == TRIES * count:
            return
        question = _written(generator, quote, _ASK, f"({quote.title}) {quote.text}")
        if not is_usable(question):
            continue
        both = f"{quote.text}\n\n{question}"
        answer = _written(generator, quote, _ANSWER, both).rstrip(".")
        if is_answer(answer, question, quote.text) and _agrees(generator, quote, both):
            made += 1
            yield {
                "id": f"made-{made:03}",
                "language": quote.language,
                "question": question,
                "answer": answer,
                "document": quote.document,
                "quote": quote.text,
            }


def is_usable(question: str) -> bool:
    """Whether a question can be understood by itself."""
    words = fold(question)
    whole = question.endswith(ASKING) and sum(map(question.count, ASKING)) == 1 and "\n" not in question
    return whole and len(words) > 3 and not _TELLTALE & set(words) and not leans_on_history(question)


def is_answer(answer: str, question: str, quote: str) -> bool:
    """Whether an answer stands word for word in the quote, and not in the question already."""
    words = fold(answer)
    # "no" is what the model was told to write where the sentence does not answer.
    if not words or words == ["no"] or len(words) > LONGEST_ANSWER:
        return False
    return _inside(words, fold(quote)) and not _inside(words, fold(question))


def _inside(words: Sequence[str], others: Sequence[str]) -> bool:
    return any(others[at : at + len(words)] == list(words) for at in range(len(others)))


def _carries(sentence: str) -> bool:
    letters = sum(character.isalpha() or character.isspace() for character in sentence)
    ended = sentence.rstrip().endswith(ENDINGS)
    return ended and SHORTEST <= len(sentence) <= LONGEST and letters >= LEAST_LETTERS * len(sentence)


def _written(generator: Generator, quote: Quote, asked: dict[str, str], text: str) -> str:
    messages = _messages(quote, asked, text)
    prompt = Prompt(text, quote.language, (), messages)
    written = "".join(generator.stream(prompt, _WRITING)).strip()
    return written.strip('"“”«» ')


def _agrees(generator: Generator, quote: Quote, both: str) -> bool:
    """Whether the model, asked outright, holds that the sentence answers; true where it cannot be asked."""
    probability = generator.yes_probability(_messages(quote, _CHECK, both))
    return probability is None or probability >= LEAST_PROBABILITY


def _messages(quote: Quote, asked: dict[str, str], text: str) -> tuple[Message, ...]:
    return (Message("system", asked.get(quote.language, asked["en"])), Message("user", text))
