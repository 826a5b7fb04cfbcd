"""From a draft to an answer: what is kept, quoted instead, refused, and what comes from the cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from rag.answer import Citation, Sentence
from rag.answer_cache import AnswerCache
from rag.answering import Answerer, Request
from rag.conversations import Conversations
from rag.core import Core
from rag.dialogue import Dialogue
from rag.generation.base import Evidence, Message, Prompt
from rag.generation.choice import Generators
from rag.prompting import look_messages
from rag.quoting import own_words
from tests.rag.scripted import Writer

QUESTION = "¿Quién presentó la atención para la traducción automática?"


class One:
    """Generators that are always the same one."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer

    def get(self, provider: str | None = None, model: str | None = None) -> Writer:
        return self.writer


def answer(
    core: Core, said: str, question: str = QUESTION, yes: float | None = None, **settings: Any
) -> dict[str, Any]:
    given = core.settings.model_copy(update=settings)
    generators = cast(Generators, One(Writer(said, yes)))
    return Answerer(core.retriever, generators, given).answer(Request(question))


@pytest.mark.parametrize(
    "said", ["NO CONSTA", "La presentó Napoleón Bonaparte en 1805 durante su exilio en Elba."]
)
def test_the_documents_own_words_stand_in_for_a_draft_that_fails(core: Core, said: str) -> None:
    given = answer(core, said, quote_threshold=0.0)
    assert not given["refused"]
    assert {one["status"] for one in given["sentences"]} == {"supported"}
    quotes = " ".join(" ".join(one["quote"].split()) for one in given["citations"])
    assert all(one["text"] in quotes for one in given["sentences"])
    assert "Napoleón" not in given["answer"]


def test_a_draft_that_fails_is_refused_where_an_answer_is_less_likely(core: Core) -> None:
    given = answer(
        core, "La presentó Napoleón Bonaparte en 1805 durante su exilio en Elba.", quote_threshold=1.0
    )
    assert given["refused"]
    assert given["citations"] == ()


def test_an_answer_of_a_few_words_comes_with_its_sentence(core: Core) -> None:
    said = "En septiembre de 2014."
    given = answer(core, said, "¿Cuándo se difundió el trabajo de Bahdanau, Cho y Bengio?")
    assert given["sentences"][0]["text"] == said
    assert len(given["sentences"]) == 2
    assert given["sentences"][1]["citations"] == given["sentences"][0]["citations"]


def test_a_few_words_that_no_sentence_supports_are_replaced_by_the_one_that_has_them() -> None:
    evidence = (Evidence(1, "Se repite hasta cuatro veces.", 0.80), Evidence(2, "Nada de eso.", 0.90))
    prompt = Prompt("¿Cuántas veces?", "es", evidence, ())
    said = [Sentence("Cuatro veces", "unsupported", ())]
    assert own_words(said, [], prompt, small=True) == ("fragment", [evidence[0].text])
    for other in ("Sí", "Cinco veces"):
        reason, _quotes = own_words([Sentence(other, "unsupported", ())], [], prompt, small=True)
        assert reason == "unsupported"


def test_where_the_scores_leave_it_open_the_model_is_asked_for_a_word(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.answering.answerability", lambda *_: 0.4)
    said = "La presentó Napoleón Bonaparte en 1805 durante su exilio en Elba."
    doubted = answer(core, said, yes=0.05)
    assert doubted["refused"]
    assert doubted["details"]["answerable"] < 0.35
    assert doubted["generator"]["provider"] == "none"
    assert not answer(core, said, yes=0.97)["refused"]
    assert answer(core, said, yes=None)["refused"]  # what it wrote is in no passage


def test_where_the_scores_settle_it_nobody_is_asked(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    for likely, refused in ((0.01, True), (0.95, False)):
        monkeypatch.setattr("rag.answering.answerability", lambda *_, likely=likely: likely)
        given = answer(core, "NO CONSTA", yes=1.0 - likely)
        assert given["refused"] is refused
        assert "look_ms" not in given["details"]


@pytest.fixture
def cached(core: Core, tmp_path: Any) -> Iterator[tuple[Dialogue, list[int]]]:
    version = [0]
    conversations = Conversations(tmp_path / "c.sqlite")
    yield Dialogue(core.answerer, conversations, AnswerCache(), lambda: version[0]), version
    conversations.close()


def test_the_same_question_is_answered_from_the_cache_and_marked(cached: tuple[Dialogue, list[int]]) -> None:
    dialogue, version = cached
    first = dialogue.answer(Request(QUESTION))
    again = dialogue.answer(Request(f" {QUESTION} "))
    assert (first["cached"], again["cached"]) == (False, True)
    unequal = {"cached", "timings_ms"}
    assert {k: v for k, v in again.items() if k not in unequal} == {
        k: v for k, v in first.items() if k not in unequal
    }
    assert not dialogue.answer(replace(Request(QUESTION), strict=True))["cached"]
    version[0] += 1
    assert not dialogue.answer(Request(QUESTION))["cached"]


def test_the_library_changes_its_version_with_its_documents(core: Core) -> None:
    before = core.library.version
    with pytest.raises(Exception, match="no document"):
        core.library.remove("nothing")
    assert core.library.version == before
    assert before > 0


def test_the_look_is_taken_at_the_end_of_the_prompt_of_the_answer() -> None:
    prompt = Prompt("q", "en", (), (Message("system", "s"), Message("user", "excerpts and question")))
    *before, last = look_messages(prompt)
    assert tuple(before) == prompt.messages[:-1]
    assert last.content.startswith(prompt.messages[-1].content)  # what the server has read it keeps


def test_where_an_answer_rests_on_a_much_weaker_sentence_the_best_one_is_shown_too(core: Core) -> None:
    asked = "¿Cuántas dimensiones tiene cada cabeza en el modelo base?"
    weak = "El mecanismo de atención se explica con números."
    evidence = (
        Evidence(1, weak, 0.80),
        Evidence(1, "Cada cabeza tiene 64 dimensiones.", 0.90),
    )
    cites = Citation(1, "d", "", "", None, (), 0, len(weak), weak)
    said = [Sentence(f"{weak} Es largo y no viene al caso.", "supported", (1,))]
    prompt = Prompt(asked, "es", evidence, ())
    assert own_words(said, [cites], prompt, small=True) == ("outranked", [evidence[1].text])
    assert own_words(said, [cites], prompt, small=False) == ("", [])
    code = Prompt(asked, "es", (evidence[0], Evidence(1, "d_k = int(d_model / heads)  # one head", 0.9)), ())
    assert own_words(said, [cites], code, small=True) == ("", [])
    near = Prompt(asked, "es", (replace(evidence[0], score=0.89), evidence[1]), ())
    assert own_words(said, [cites], near, small=True) == ("", [])
