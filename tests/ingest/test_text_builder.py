"""The builder: canonical text, blocks and pages that fit each other."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.text_builder import TextBuilder, one_line, visible


def test_joins_blocks_as_a_reader_sees_them() -> None:
    builder = TextBuilder()
    builder.heading("  Título\u00a0uno ", 1)
    builder.paragraph("Una línea\r\ny otra  \n\n junta")
    builder.list_item("uno")
    builder.list_item("dentro", 2)
    builder.list_item("dos", 1, "2.")
    builder.table([["a", "", "3"]], ["X", "Y", "Z"])
    builder.code("\n    def f():\n\n        return 1   \n")
    document = builder.build("T\x00", "text/plain", {"author": " Ana ", "empty": ""})
    assert document.text == (
        "Título uno\n\nUna línea\ny otra\njunta\n\n- uno\n  - dentro\n2. dos\n\nX: a | Z: 3\n\n"
        "    def f():\n\n        return 1"
    )
    assert [document.text[block.start : block.end] for block in document.blocks][3] == "- dentro"
    assert document.title == "T"
    assert document.metadata == {"author": "Ana"}


def test_pages_cover_the_text_and_may_be_empty() -> None:
    builder = TextBuilder()
    builder.page(1, "i")
    builder.paragraph("Uno")
    builder.page(2)
    builder.page(3)
    builder.paragraph("Tres")
    builder.page(4)
    document = builder.build("t", "application/pdf")
    assert [(page.number, page.label, document.text[page.start : page.end]) for page in document.pages] == [
        (1, "i", "Uno\n\n"),
        (2, "2", ""),
        (3, "3", "Tres"),
        (4, "4", ""),
    ]


def test_takes_away_what_nobody_sees() -> None:
    assert visible("a\x00b\ud800c\u200bd\u00ade\U000e0041f\r\n\u2028g") == "abcdef\n\ng"
    assert one_line(" a\u2003b\t\nc ") == "a b c"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["heading", "paragraph", "quote", "list_item", "code", "page"]),
            st.text(max_size=30),
            st.integers(0, 9),
        )
    )
)
def test_blocks_are_in_order_trimmed_and_all_there_is(parts: list[tuple[str, str, int]]) -> None:
    builder = TextBuilder()
    for number, (kind, text, level) in enumerate(parts):
        if kind == "page":
            builder.page(number)
        elif kind in ("heading", "list_item"):
            getattr(builder, kind)(text, level)
        else:
            getattr(builder, kind)(text)
    document = builder.build("t", "text/plain")
    at = 0
    for block in document.blocks:
        assert document.text[at : block.start].strip() == ""
        inner = document.text[block.start : block.end]
        assert inner
        assert inner == inner.strip()
        at = block.end
    assert document.text[at:].strip() == ""
    assert [page.start for page in document.pages[1:]] == [page.end for page in document.pages[:-1]]
    document.text.encode()
