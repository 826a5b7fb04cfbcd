"""A document's blocks as the page draws them: nothing lost, the cited words and only they marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.document_text import Block, DocumentText, Page
from web.document_view import PART_CHARACTERS, BlockView, DocumentView, view_document


def document(*texts: tuple[str, str], pages: tuple[Page, ...] = ()) -> DocumentText:
    """A document of (kind, text) blocks with a blank line between them."""
    blocks = []
    whole = ""
    for kind, text in texts:
        start = len(whole)
        blocks.append(Block(start, start + len(text), kind, 1 if kind == "heading" else 0))  # type: ignore[arg-type]
        # Items and rows are one line break apart, everything else a blank line.
        whole += text + ("\n" if kind in ("list_item", "table_row") else "\n\n")
    return DocumentText(whole, tuple(blocks), "A title", "text/markdown", pages)


def blocks_of(view: DocumentView) -> list[BlockView]:
    return [block for group in view.groups for block in group.blocks]


def drawn(view: DocumentView) -> str:
    return "|".join("".join(p.text for cell in b.cells for p in cell) for b in blocks_of(view))


def cited(view: DocumentView) -> str:
    return "".join(p.text for b in blocks_of(view) for cell in b.cells for p in cell if p.cited)


def test_neighbours_of_a_kind_share_a_group() -> None:
    view = view_document(
        document(("heading", "One"), ("list_item", "- a"), ("list_item", "- b"), ("paragraph", "End."))
    )
    assert [(group.kind, len(group.blocks)) for group in view.groups] == [
        ("heading", 1),
        ("list_item", 2),
        ("paragraph", 1),
    ]


def test_the_range_is_marked_across_blocks_and_only_its_first_run_is_the_target() -> None:
    text = document(("paragraph", "First words here."), ("paragraph", "Second words here."))
    start, end = text.text.index("words"), text.text.index("Second") + len("Second words")
    view = view_document(text, start, end)
    assert cited(view) == "words here.Second words"
    assert [p.first for b in blocks_of(view) for p in b.pieces if p.cited] == [True, False]


@pytest.mark.parametrize(("start", "end"), [(-1, 4), (4, 4), (9, 3), (0, 10_000)])
def test_a_range_outside_the_text_marks_nothing(start: int, end: int) -> None:
    view = view_document(document(("paragraph", "Some words.")), start, end)
    assert cited(view) == ""
    assert (view.start, view.end) == (0, 0)


def test_a_first_heading_that_repeats_the_title_is_not_drawn_twice() -> None:
    text = document(("heading", "A title"), ("paragraph", "Body."))
    assert drawn(view_document(text)) == "Body."
    assert drawn(view_document(text, 0, 3)) == "A title|Body."


def test_rows_that_name_their_columns_are_drawn_as_a_table() -> None:
    text = document(("table_row", "Model: e5 | Score: 0.98"), ("table_row", "Score: 0.63"))
    start = text.text.index("0.63")
    (group,) = view_document(text, start, start + 4).groups
    assert group.columns == ("Model", "Score")
    assert [["".join(p.text for p in cell) for cell in b.cells] for b in group.blocks] == [
        ["e5", "0.98"],
        ["", "0.63"],
    ]
    assert [p.cited for p in group.blocks[1].cells[1]] == [True]


def test_rows_without_names_are_drawn_cell_by_cell() -> None:
    (group,) = view_document(document(("table_row", "Note: one | plain"), ("table_row", "a | b"))).groups
    assert group.columns == ()
    assert [len(block.cells) for block in group.blocks] == [2, 2]


def test_a_list_item_is_drawn_without_its_marker() -> None:
    view = view_document(document(("list_item", "- first"), ("list_item", "2. second")))
    assert drawn(view) == "first|second"
    assert [block.number for block in blocks_of(view)] == [None, 2]


def test_a_page_is_named_where_it_begins() -> None:
    text = document(
        ("paragraph", "One."),
        ("paragraph", "Two."),
        ("paragraph", "Three."),
        pages=(Page(1, "i", 0, 6), Page(2, "ii", 6, 20)),
    )
    assert [g.page.label if g.page else None for g in view_document(text).groups] == ["i", "ii", None]


def test_a_long_document_is_drawn_in_parts_and_opens_at_the_cited_one() -> None:
    paragraph = "Word " * 200
    count = 3 * PART_CHARACTERS // len(paragraph)
    text = document(*[("paragraph", f"{number} {paragraph}") for number in range(count)])
    whole = [view_document(text, part=part) for part in range(1, view_document(text).parts + 1)]
    assert len(whole) >= 3
    assert sum(len(blocks_of(view)) for view in whole) == count
    last = text.blocks[-1]
    assert view_document(text, last.start, last.start + 5).part == len(whole)
    assert view_document(text, part=99).part == len(whole)


def test_a_text_without_blocks_is_drawn_as_paragraphs() -> None:
    assert (
        drawn(view_document(DocumentText("One\nline.\n\nTwo.", (), "t", "text/plain"))) == "One\nline.|Two."
    )


def test_an_empty_document_has_one_empty_part() -> None:
    view = view_document(DocumentText("", (), "t", "text/plain"))
    assert (view.groups, view.parts) == ((), 1)


@given(st.lists(st.text(alphabet="ab |-\t<&é", min_size=1), min_size=1, max_size=6), st.data())
def test_what_is_marked_is_what_was_cited(texts: list[str], data: st.DataObject) -> None:
    text = document(*[("paragraph", part) for part in texts])
    start = data.draw(st.integers(0, len(text.text) - 1))
    end = data.draw(st.integers(start + 1, len(text.text)))
    view = view_document(text, start, end)
    inside = "".join(text.text[max(b.start, start) : min(b.end, end)] for b in text.blocks)
    assert cited(view) == inside
    assert drawn(view).replace("|", "") == "".join(texts).replace("|", "")
