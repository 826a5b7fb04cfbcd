"""What `cita conversations` does, on the data folder itself and through the server that holds it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from cli.remote import RemoteSession
from cli.session import LocalSession, Session
from rag.answering import Request
from rag.core import Core
from rag.errors import NotFoundError
from rag.lock import Owner


@pytest.fixture(params=["local", "remote"])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    if request.param == "local":
        core: Core = request.getfixturevalue("core")
        yield LocalSession(core)
        return
    with RemoteSession(Owner(0, request.getfixturevalue("server_url"), "")) as remote:
        yield remote


def test_a_conversation_is_begun_continued_exported_and_deleted(session: Session) -> None:
    one = session.start_conversation("Atención")["id"]
    for question in ("¿Qué es la atención?", "¿y por qué se divide?"):
        *_steps, last = session.ask(Request(question, conversation=one))
    assert last.data["standalone"] == "¿Qué es la atención? ¿y por qué se divide?"
    session.rename_conversation(one, "Otra")
    newest = session.conversations(0, 1)["conversations"][0]
    assert (newest["id"], newest["title"], newest["turns"]) == (one, "Otra", 2)
    assert session.export_conversation(one, "markdown").startswith("# Otra")
    assert len(json.loads(session.export_conversation(one, "json"))["turns"]) == 2
    session.delete_conversation(one)
    with pytest.raises(NotFoundError):
        session.export_conversation(one, "json")
