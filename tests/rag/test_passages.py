"""From ranked chunks to passages: nothing twice, neighbours as one, documents balanced."""

from __future__ import annotations

from rag.answer import Passage
from rag.passages import LONGEST, MOST_FROM_ONE_DOCUMENT, refine


def passage(text: str, start: int, document: str = "a", heading: tuple[str, ...] = ()) -> Passage:
    return Passage(
        document_id=document, chunk_id=f"{document}-{start}", title="", source="", page=None, heading=heading,
        start=start, end=start + len(text), text=text, score=1 - start / 1e6, words=(text.split()[0],),
    )  # fmt: skip


def different(number: int) -> str:
    return " ".join(f"palabra{number}{letter}" for letter in "abcdefgh")


def test_what_says_the_same_comes_once() -> None:
    first = passage(different(1) + " y nada más que eso", 0)
    copy = passage(different(1) + " y nada más que eso", 500, "b")
    part = passage(different(1), 900, "c")
    assert refine([first, copy, part], 5) == [first]


def test_a_short_passage_does_not_hide_a_longer_one_that_has_it_too() -> None:
    heading = passage("Plazo de devolución", 0)
    section = passage("Plazo de devolución\n\nTreinta días desde la entrega del pedido.", 0, "b")
    assert refine([heading, section], 5) == [heading, section]
    assert refine([section, heading], 5) == [section]


def test_neighbours_become_one_at_the_place_of_the_better() -> None:
    text = different(1) + ". " + different(2) + "."
    cut = len(different(1)) + 2
    before, after = passage(text[:cut], 0), passage(text[cut:], cut)
    other = passage(different(3), 0, "b")
    found = refine([after, other, before], 5)
    assert [one.document_id for one in found] == ["a", "b"]
    assert (found[0].start, found[0].end, found[0].text) == (0, len(text), text)
    assert found[0].chunk_id == after.chunk_id
    assert found[0].score == after.score
    assert found[0].words == (*after.words, *before.words)


def test_neighbours_stay_apart_under_other_headings_and_beyond_a_length() -> None:
    before = passage(different(1), 0, heading=("Uno",))
    after = passage(different(2), before.end, heading=("Dos",))
    assert len(refine([before, after], 5)) == 2
    long = " ".join(different(number) for number in range(40))[: LONGEST - 10]
    assert len(refine([passage(long, 0), passage(different(77), len(long))], 5)) == 2


def test_a_joined_passage_makes_room_for_another() -> None:
    first, second = passage(different(1), 0), passage(different(2), len(different(1)))
    third = passage(different(3), 5000)
    assert [one.start for one in refine([first, second, third], 2)] == [0, 5000]


def test_a_document_gives_a_few_while_there_are_others() -> None:
    own = [passage(different(i), 1000 * i) for i in range(MOST_FROM_ONE_DOCUMENT + 2)]
    other = passage(different(99), 0, "b")
    found = refine([*own, other], MOST_FROM_ONE_DOCUMENT + 1)
    assert [one.document_id for one in found] == ["a"] * MOST_FROM_ONE_DOCUMENT + ["b"]
    assert refine(own, len(own)) == own
