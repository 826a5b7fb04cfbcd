"""Questions that the documents suggest."""

from __future__ import annotations

from rag.document_text import Block, DocumentText
from rag.errors import NotFoundError
from web.prompts import Suggestion, follow_ups, heading_questions

TEXT = (
    "Tides\n\nIntroduction\n\nThe moon\n\nIt pulls.\n\n"
    "Why two a day?\n\nTwo bulges.\n\nSpring tides\n\nAt new moon."
)


def document() -> DocumentText:
    headings = ("Tides", "Introduction", "The moon", "Why two a day?", "Spring tides")
    blocks = []
    for block in TEXT.split("\n\n"):
        start = TEXT.index(block)
        kind = "heading" if block in headings else "paragraph"
        blocks.append(Block(start, start + len(block), kind, 2 if kind == "heading" else 0))  # type: ignore[arg-type]
    return DocumentText(TEXT, tuple(blocks), "Tides", "text/markdown")


def answer(question: str = "What pulls?") -> dict[str, object]:
    start = TEXT.index("It pulls.")
    return {
        "question": question,
        "citations": [{"document_id": "d", "title": "Tides", "start": start, "end": start + 9}],
    }


def test_a_document_is_asked_about_its_sections_but_not_its_title_or_introduction() -> None:
    found = [suggestion.heading for suggestion in heading_questions("Tides", document())]
    assert found == ["The moon", "Why two a day?", "Spring tides"]


def test_follow_ups_are_the_sections_beside_the_cited_one() -> None:
    found = [suggestion.heading for suggestion in follow_ups(answer(), lambda _id: document())]
    assert found == ["Why two a day?", "Spring tides"]


def test_what_was_just_asked_is_not_suggested_again() -> None:
    found = follow_ups(answer("Why two a day?"), lambda _id: document())
    assert [suggestion.heading for suggestion in found] == ["Spring tides"]


def test_a_document_removed_meanwhile_suggests_nothing() -> None:
    def gone(_id: str) -> DocumentText:
        raise NotFoundError("gone")

    assert follow_ups(answer(), gone) == []


def test_a_heading_that_is_a_question_is_asked_as_it_stands() -> None:
    assert Suggestion("Why two a day?", "Tides").question(str) == "Why two a day?"
    assert (
        Suggestion("Spring tides", "100 % tides").question(str)
        == "What does “100 % tides” say about “Spring tides”?"
    )


def test_the_number_of_a_section_is_left_out_but_not_a_year() -> None:
    lines = ("2017: no more recurrence", "2.1 Attention heads", "3. Training", "1000 steps are enough")
    text = "\n".join(lines)
    blocks = tuple(Block(text.index(one), text.index(one) + len(one), "heading", 2) for one in lines)
    found = heading_questions("Paper", DocumentText(text, blocks, "Paper", "text/plain"))
    expected = ["2017: no more recurrence", "Attention heads", "Training", "1000 steps are enough"]
    assert [one.heading for one in found] == expected
