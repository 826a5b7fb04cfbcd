"""Conversations: kept, named, exported, deleted, and never mixed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.conversations import Conversations
from rag.errors import InputError, NotFoundError

ANSWER = {
    "answer": "Mide 7845 metros. [1]",
    "citations": [{"number": 1, "source": "puente.txt", "page": 3, "quote": "Mide\n7845 metros."}],
}


@pytest.fixture
def conversations(tmp_path: Path) -> Iterator[Conversations]:
    opened = Conversations(tmp_path / "conversations.sqlite")
    yield opened
    opened.close()


def test_turns_are_kept_in_order_and_across_a_restart(conversations: Conversations, tmp_path: Path) -> None:
    started = conversations.start()
    conversations.add(started.id, "¿Cuánto mide?", "¿Cuánto mide el puente?", ANSWER)
    conversations.add(started.id, "¿Y en millas?", "¿Cuánto mide el puente en millas?", {"answer": "No."})
    conversations.close()
    again = Conversations(tmp_path / "conversations.sqlite")
    assert [turn.question for turn in again.turns(started.id)] == ["¿Cuánto mide?", "¿Y en millas?"]
    assert [turn.question for turn in again.turns(started.id, last=1)] == ["¿Y en millas?"]
    assert again.turns(started.id)[0].answer == ANSWER
    assert again.get(started.id).title == "¿Cuánto mide?"
    again.close()


def test_one_conversation_never_shows_in_another(conversations: Conversations) -> None:
    first, second = conversations.start(), conversations.start()
    conversations.add(first.id, "secreto", "secreto", {"answer": "secreto"})
    assert conversations.turns(second.id) == []
    assert "secreto" not in conversations.to_markdown(second.id)
    assert "secreto" not in str(conversations.to_json(second.id))
    conversations.delete(second.id)
    assert len(conversations.turns(first.id)) == 1


def test_the_last_changed_comes_first(conversations: Conversations) -> None:
    first, second = conversations.start("uno"), conversations.start("dos")
    conversations.add(second.id, "a", "a", {})
    conversations.add(first.id, "b", "b", {})
    assert [one.title for one in conversations.listed()] == ["uno", "dos"]
    assert [one.turns for one in conversations.listed()] == [1, 1]


def test_rename_and_delete(conversations: Conversations) -> None:
    started = conversations.start("viejo")
    assert conversations.rename(started.id, " nuevo \n título ").title == "nuevo título"
    with pytest.raises(InputError):
        conversations.rename(started.id, "  ")
    conversations.add(started.id, "q", "q", ANSWER)
    conversations.delete(started.id)
    for missing in (conversations.get, conversations.turns, conversations.delete, conversations.to_json):
        with pytest.raises(NotFoundError):
            missing(started.id)
    with pytest.raises(NotFoundError):
        conversations.add(started.id, "q", "q", {})


def test_export(conversations: Conversations) -> None:
    started = conversations.start("Puentes")
    conversations.add(started.id, "¿Cuánto mide?", "¿Cuánto mide el puente?", ANSWER)
    page = conversations.to_markdown(started.id)
    assert page.startswith("# Puentes\n\n## ¿Cuánto mide?\n\nMide 7845 metros. [1]\n")
    assert "- [1] puente.txt, p. 3: “Mide 7845 metros.”" in page
    exported = conversations.to_json(started.id)
    assert exported["title"] == "Puentes"
    assert exported["turns"][0]["standalone"] == "¿Cuánto mide el puente?"


def test_exported_markdown_has_no_picture_link_or_markup_of_a_document(
    conversations: Conversations,
) -> None:
    started = conversations.start()
    bad = "![x](http://evil.example/?q=1) <img src=x> [y](javascript:alert(1))"
    answer = {"answer": bad, "citations": [{"number": 1, "source": "<b>.md", "page": None, "quote": bad}]}
    conversations.add(started.id, bad, bad, answer)
    exported = conversations.to_markdown(started.id)
    assert "![" not in exported
    assert "](" not in exported
    assert "<" not in exported
