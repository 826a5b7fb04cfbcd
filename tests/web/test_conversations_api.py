"""Conversations over HTTP: follow-ups are understood, turns are kept, nothing leaks from one to another."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

FIRST = "¿Qué es la atención?"
FOLLOW_UP = "¿y por qué se divide?"


def start(client: TestClient, title: str = "") -> str:
    response = client.post("/api/conversations", json={"title": title})
    assert response.status_code == 201
    return str(response.json()["id"])


def ask(client: TestClient, question: str, **fields: Any) -> Any:
    return client.post("/api/ask", json={"question": question} | fields)


def test_a_follow_up_is_understood_from_its_own_conversation_only(client: TestClient) -> None:
    one, other = start(client), start(client)
    ask(client, FIRST, conversation=one)
    ask(client, "What is BM25?", conversation=other)
    answer = ask(client, FOLLOW_UP, conversation=one).json()
    assert answer["question"] == FOLLOW_UP
    assert answer["standalone"] == f"{FIRST} {FOLLOW_UP}"
    assert answer["conversation"] == one
    whole = client.get(f"/api/conversations/{one}").json()
    assert [turn["question"] for turn in whole["turns"]] == [FIRST, FOLLOW_UP]
    assert whole["turns"][1]["answer"]["answer"] == answer["answer"]
    assert "BM25" not in str(whole["turns"][1]["standalone"])
    assert [turn["question"] for turn in client.get(f"/api/conversations/{other}").json()["turns"]] == [
        "What is BM25?"
    ]
    alone = ask(client, FOLLOW_UP).json()
    assert alone["standalone"] == FOLLOW_UP
    assert alone["conversation"] is None


def test_a_streamed_answer_is_kept_too(client: TestClient) -> None:
    one = start(client)
    body = {"question": FIRST, "conversation": one}
    client.post("/api/ask", json=body, headers={"Accept": "text/event-stream"})
    assert [turn["question"] for turn in client.get(f"/api/conversations/{one}").json()["turns"]] == [FIRST]


def test_history_may_come_with_the_question(client: TestClient) -> None:
    history = [{"question": FIRST, "answer": "Un mecanismo."}]
    assert ask(client, FOLLOW_UP, history=history).json()["standalone"] == f"{FIRST} {FOLLOW_UP}"
    both = ask(client, FOLLOW_UP, history=history, conversation=start(client))
    assert both.status_code == 422
    assert "its own history" in both.json()["error"]["message"]


def test_conversations_are_listed_renamed_and_deleted(client: TestClient) -> None:
    one = start(client, "Mine")
    listed = client.get("/api/conversations", params={"limit": 1}).json()
    assert listed["conversations"][0]["id"] == one
    assert listed["total"] >= 1
    renamed = client.patch(f"/api/conversations/{one}", json={"title": "Ours"}).json()
    assert renamed["title"] == "Ours"
    assert client.patch(f"/api/conversations/{one}", json={"title": " "}).status_code == 422
    assert client.delete(f"/api/conversations/{one}").status_code == 204
    assert client.get(f"/api/conversations/{one}").status_code == 404
    assert ask(client, FIRST, conversation=one).status_code == 404


@pytest.mark.parametrize(("form", "kind"), [("markdown", "text/markdown"), ("json", "application/json")])
def test_a_conversation_is_exported_as_a_file(client: TestClient, form: str, kind: str) -> None:
    one = start(client)
    ask(client, FIRST, conversation=one)
    exported = client.get(f"/api/conversations/{one}/export", params={"format": form})
    assert exported.headers["content-type"].startswith(kind)
    assert "attachment" in exported.headers["content-disposition"]
    assert FIRST in exported.text
