"""Searching a library: modes, phrases, filters by every way in, and whatever people type."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag import candidates
from rag.core import Core
from rag.errors import InputError
from rag.query import Filters
from rag.retrieval import LONGEST_QUESTION
from tests.rag.staging import staged, tiny_core

QUESTION = "¿Qué es la atención?"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    """Forty documents of three chunks; every other one is in English."""
    with tiny_core(tmp_path_factory.mktemp("tiny") / "data") as core:
        documents = [
            staged(
                f"doc{number}",
                [f"{word}{number} tema común" for word in ("primero", "segundo", "tercero")],
                f"/casa/{'par' if number % 2 else 'non'}/{number}.txt",
                "en" if number % 2 else "es",
            )
            for number in range(40)
        ]
        core.library.write(documents)
        yield core


def sources(core: Core, line: str, **given: object) -> set[str]:
    return {one.source for one in core.retriever.search(line, **given).passages}  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical", "rrf"])
def test_the_same_question_gives_the_same_passages(core: Core, mode: str) -> None:
    first = core.retriever.search(QUESTION, mode=mode)  # type: ignore[arg-type]
    assert first.passages
    assert core.retriever.search(QUESTION, mode=mode).passages == first.passages  # type: ignore[arg-type]


def test_scores_fall_and_texts_are_verbatim(core: Core) -> None:
    for rerank in (False, True):
        passages = core.retriever.search(QUESTION, rerank=rerank).passages
        assert [one.score for one in passages] == sorted((one.score for one in passages), reverse=True)
        for one in passages:
            assert core.library.catalogue.text(one.document_id).text[one.start : one.end] == one.text


def test_no_more_searches_run_at_once_than_there_are_cores(
    tiny: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, most = [0], [0]
    rank = tiny.retriever.rank

    def counted(*given: Any, **named: Any) -> Any:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.01)
        inside[0] -= 1
        return rank(*given, **named)

    monkeypatch.setattr(tiny.retriever, "rank", counted)
    lines = [f'"primero{number} tema"' for number in range(40)]
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda line: sources(tiny, line, limit=1), lines))
    assert most[0] <= (os.cpu_count() or 1)
    assert all(one == {f"casa/{'par' if i % 2 else 'non'}/{i}.txt"} for i, one in enumerate(found))


def test_a_phrase_must_be_there_unless_nothing_has_it(tiny: Core) -> None:
    assert sources(tiny, '"segundo7 tema" cosas') == {"casa/par/7.txt"}
    assert len(sources(tiny, '"tema inventado" segundo7')) > 1


def test_a_banned_word_is_not_there(tiny: Core) -> None:
    found = tiny.retriever.search("tema común -segundo7 document:doc7").passages
    assert {one.text.split()[0] for one in found} == {"primero7", "tercero7"}


@pytest.mark.parametrize("few", [1500, 10, 0])
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(documents=("doc7",)), {"casa/par/7.txt"}),
        (Filters(paths=("*/par/*",)), {f"casa/par/{number}.txt" for number in range(1, 40, 2)}),
        (Filters(languages=("es",)), {f"casa/non/{number}.txt" for number in range(0, 40, 2)}),
        (Filters(tags=("nothing",)), set()),
        (Filters(until="1999"), set()),
    ],
)
def test_filters_hold_whichever_way_is_taken(
    tiny: Core, monkeypatch: pytest.MonkeyPatch, few: int, filters: Filters, expected: set[str]
) -> None:
    monkeypatch.setattr(candidates, "FEW", few)
    # The second search of a filter goes another way than the first.
    for _time in range(3):
        assert sources(tiny, "tema común", filters=filters, limit=60) == expected


def test_a_new_document_is_seen_by_a_filter_that_was_asked_before(tmp_path: Path) -> None:
    with tiny_core(tmp_path / "data") as core:
        core.library.write([staged("uno", ["tema uno"])])
        for _time in range(3):
            assert len(sources(core, "tema", filters=Filters(languages=("es",)))) == 1
        core.library.write([staged("dos", ["tema dos"])])
        assert len(sources(core, "tema", filters=Filters(languages=("es",)))) == 2


@pytest.mark.parametrize("line", ["", "  \n", "a" * (LONGEST_QUESTION + 1), "a " * 50_000])
def test_a_question_that_cannot_be_asked_gets_a_sentence(tiny: Core, line: str) -> None:
    with pytest.raises(InputError):
        tiny.retriever.search(line)


@pytest.mark.parametrize(
    "line", ["el la", '"', "*", "NEAR(", "col:x", "AND", "😀", "\u202eאבג", "a\x00b", "-"]
)
def test_odd_questions_are_searched_like_any_other(core: Core, line: str) -> None:
    assert core.retriever.search(line, rerank=True).passages


@given(st.text(max_size=60).filter(str.strip))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_question_breaks_the_search(tiny: Core, line: str) -> None:
    tiny.retriever.search(line)


def test_many_at_once_get_their_own_answers(tiny: Core) -> None:
    lines = [f"segundo{number}" for number in range(40)]
    alone = [tiny.retriever.search(line).passages for line in lines]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda line: tiny.retriever.search(line).passages, lines)) == alone
