"""Questions within a conversation: what was said before goes in, what is said now is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from rag.answer import Event
from rag.answering import Answerer, Request
from rag.conversations import Conversations
from rag.errors import InputError
from rag.standalone import Exchange

REMEMBERED = 3
"""Turns before a question that are looked at to understand it."""


class Dialogue:
    """Answers questions, in a conversation where one is named."""

    def __init__(self, answerer: Answerer, conversations: Conversations) -> None:
        self._answerer = answerer
        self._conversations = conversations

    def ask(self, request: Request) -> Iterator[Event]:
        """The steps of an answer, as `Answerer.ask` yields them; the finished answer becomes a turn.

        A question whose asker leaves before the answer is finished leaves no turn behind.

        Raises:
            InputError: both a conversation and a history are given, or the question cannot be asked.
            NotFoundError: there is no such conversation.
            ProviderError: the generator failed.
        """
        if request.conversation is None:
            yield from self._answerer.ask(request)
            return
        if request.history:
            raise InputError("A conversation has its own history; give one of the two.")
        turns = self._conversations.turns(request.conversation, last=REMEMBERED)
        history = tuple(Exchange(one.standalone, str(one.answer.get("answer", ""))) for one in turns)
        with closing(self._answerer.ask(replace(request, history=history))) as steps:
            for event in steps:
                if event.kind == "answer":
                    event.data["conversation"] = request.conversation
                    self._conversations.add(
                        request.conversation, request.question.strip(), event.data["standalone"], event.data
                    )
                yield event

    def answer(self, request: Request) -> dict[str, Any]:
        """The finished answer's JSON.

        Raises:
            CitaError: as `ask`.
        """
        *_steps, last = self.ask(request)
        finished: dict[str, Any] = last.data
        return finished
