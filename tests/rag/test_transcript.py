"""An answer as it arrives."""

import pytest

from rag.transcript import Transcript

ANSWER = "La atención pondera palabras. La presentó Bahdanau en 2014. Costó 3.5 días."


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_pieces_of_any_size_give_the_same_text_and_sentences(size: int) -> None:
    transcript = Transcript()
    shown, sentences = "", []
    for start in range(0, len(ANSWER), size):
        text, ended = transcript.feed(ANSWER[start : start + size])
        shown += text
        sentences += ended
    text, ended = transcript.finish()
    assert shown + text == ANSWER
    assert sentences + ended == [
        "La atención pondera palabras.",
        "La presentó Bahdanau en 2014.",
        "Costó 3.5 días.",
    ]


@pytest.mark.parametrize("said", ["NO CONSTA", "No consta.", " «NO CONSTA» en los extractos", "NOT STATED."])
def test_a_refusal_is_never_shown(said: str) -> None:
    transcript = Transcript()
    shown = "".join(transcript.feed(letter)[0] for letter in said) + transcript.finish()[0]
    assert transcript.refused
    assert shown == ""


def test_what_only_begins_like_a_refusal_is_shown_whole() -> None:
    transcript = Transcript()
    shown = "".join(transcript.feed(letter)[0] for letter in "Nota: son 12.") + transcript.finish()[0]
    assert not transcript.refused
    assert shown == "Nota: son 12."
