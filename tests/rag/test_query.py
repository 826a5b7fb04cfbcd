"""The query line: phrases, -words, filters, and text that only looks like one of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import InputError
from rag.query import Filters, make_filters, parse_query
from rag.stemming import wanted

PIECES = st.sampled_from(
    ['"', "“", "»", "-", "path:", "date:2024", "tag:x", "AND", "NEAR(", "col:", "*", "\x00", "\u202e", "😀",
     " ", "palabra", "language:es", "..", ">=", "collection:a", "\n", "ñ", "א"]
)  # fmt: skip


def test_a_line_is_taken_apart() -> None:
    query = parse_query('energía "panel solar" -nuclear path:*.pdf language:es date:>=2023 collection:casa')
    assert query.text == 'energía "panel solar"'
    assert (query.phrases, query.without) == (("panel solar",), ("nuclear",))
    assert query.filters == Filters(paths=("*.pdf",), languages=("es",), since="2023")
    assert query.collection == "casa"


@pytest.mark.parametrize(
    "line",
    ["ratio 3:1", "col:umna", "date:ayer", 'un " suelto', "AND OR", "NEAR(", "*", "-5 grados", "a - b"],
)
def test_what_means_nothing_is_text(line: str) -> None:
    query = parse_query(line)
    assert (query.text, query.filters, query.without) == (line, Filters(), ())


def test_a_line_of_filters_alone_is_also_text() -> None:
    assert parse_query("language:es").text == "language:es"
    assert parse_query("language:es").filters.languages == ("es",)


@given(st.lists(PIECES | st.text(max_size=8), max_size=30).map("".join))
@settings(max_examples=400, deadline=None)
def test_no_line_is_wrong(line: str) -> None:
    query = parse_query(line)
    assert query.text or not line.strip()
    wanted(query.text, ("es", "en"), query.phrases, query.without)


def test_filters_are_made_of_values_and_give_them_back() -> None:
    filters = make_filters(paths=["*.pdf"], dates=["2023..2024-05"], tags=["uno", "dos"])
    assert filters == Filters(paths=("*.pdf",), tags=("uno", "dos"), since="2023", until="2024-05")
    assert make_filters(**filters.values()) == filters
    with pytest.raises(InputError, match="ayer"):
        make_filters(dates=["ayer"])
