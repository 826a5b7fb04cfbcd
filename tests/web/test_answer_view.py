"""An answer's sentences as paragraphs, its Markdown, and the text that is still to be checked."""

from __future__ import annotations

from typing import Any

from web.answer_view import StreamedText, as_markdown, count_states, paragraphs


def an_answer() -> dict[str, Any]:
    citation = {
        "number": 1, "document_id": "d", "title": "Attention", "source": "corpus/a.md", "page": 3,
        "heading": ["Attention", "Heads"], "start": 0, "end": 9, "quote": "Heads\nlook.",
    }  # fmt: skip
    return {
        "question": "What are heads?",
        "answer": "Heads look. [1] They are many.\n\nSo it is said. [1]",
        "sentences": [
            {"text": "Heads look.", "status": "supported", "citations": [1]},
            {"text": "They are many.", "status": "unsupported", "citations": []},
            {"text": "So it is said.", "status": "re-attributed", "citations": [1]},
        ],
        "citations": [citation],
    }


def test_sentences_stand_in_the_paragraphs_of_the_answer() -> None:
    assert [[s.text for s in p] for p in paragraphs(an_answer())] == [
        ["Heads look.", "They are many."],
        ["So it is said."],
    ]


def test_a_sentence_carries_its_citations() -> None:
    first, second = paragraphs(an_answer())[0]
    assert [c["quote"] for c in first.citations] == ["Heads\nlook."]
    assert second.citations == ()


def test_states_are_counted() -> None:
    assert count_states(an_answer()) == {"all": 3, "supported": 1, "re-attributed": 1, "unsupported": 1}


def test_markdown_has_the_quotes_as_footnotes() -> None:
    assert as_markdown(an_answer()) == (
        "**What are heads?**\n\nHeads look. [^1] They are many.\n\nSo it is said. [^1]\n\n"
        "[^1]: “Heads look.” — *Attention*, Heads, p. 3 (corpus/a.md)\n"
    )


def test_a_checked_sentence_leaves_the_pending_text() -> None:
    text = StreamedText()
    for token in ("Heads", "  look. They", " are"):
        text.add(token)
    assert text.check("Heads look.") is True
    assert text.pending == " They are"
    text.add(" many.\n\nSo")
    assert text.check("They are many.") is False
    assert text.pending == "\n\nSo"
    text.add(" it is said.")
    assert text.check("So it is said.") is True


def test_a_sentence_that_was_never_streamed_does_not_stop_the_rest() -> None:
    text = StreamedText()
    text.add("short")
    assert text.check("A sentence that the core made up.") is True
    assert text.pending == ""
