"""Questions within a conversation: what was said before goes in, what is said now is kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import closing
from copy import deepcopy
from dataclasses import replace
from typing import Any

from rag.answer_cache import AnswerCache
from rag.answering import Answerer, Request, Steps
from rag.conversations import Conversations
from rag.errors import InputError
from rag.standalone import Exchange, leans_on_history

REMEMBERED = 3
"""Turns before a question that are looked at to understand it."""


class Dialogue:
    """Answers questions, in a conversation where one is named."""

    def __init__(
        self,
        answerer: Answerer,
        conversations: Conversations,
        cache: AnswerCache | None,
        store_version: Callable[[], int],
    ) -> None:
        """Args: cache: of answers, None for none; store_version: changes whenever the documents do."""
        self._answerer = answerer
        self._conversations = conversations
        self._cache = cache
        self._store_version = store_version

    def ask(self, request: Request) -> Steps:
        """The steps of an answer, as `Answerer.ask` yields them; the finished answer becomes a turn.

        A question whose asker leaves before the answer is finished leaves no turn behind.

        Raises:
            InputError: both a conversation and a history are given, or the question cannot be asked.
            NotFoundError: there is no such conversation.
            ProviderError: the generator failed.
        """
        if request.conversation is None:
            yield from self._ask(request)
            return
        if request.history:
            raise InputError("A conversation has its own history; give one of the two.")
        turns = self._conversations.turns(request.conversation, last=REMEMBERED)
        history = tuple(Exchange(one.standalone, str(one.answer.get("answer", ""))) for one in turns)
        with closing(self._ask(replace(request, history=history))) as steps:
            for event in steps:
                if event.kind == "answer":
                    event.data["conversation"] = request.conversation
                    self._conversations.add(
                        request.conversation, request.question.strip(), event.data["standalone"], event.data
                    )
                yield event

    def _ask(self, request: Request) -> Steps:
        """The steps of an answer, from the cache where it has them."""
        if self._cache is None:
            yield from self._answerer.ask(request)
            return
        key = self._key(request)
        known = self._cache.replay(key)
        if known is not None:
            yield from known
            return
        steps = []
        with closing(self._answerer.ask(request)) as fresh:
            for event in fresh:
                steps.append(replace(event, data=deepcopy(event.data)))
                yield event
        self._cache.keep(key, steps)

    def _key(self, request: Request) -> tuple[Hashable, ...]:
        """All that an answer depends on; what was said before only where the question leans on it."""
        history = request.history if leans_on_history(request.question) else ()
        asked = replace(request, question=request.question.strip(), conversation=None, history=history)
        return (self._store_version(), asked)

    def answer(self, request: Request) -> dict[str, Any]:
        """The finished answer's JSON.

        Raises:
            CitaError: as `ask`.
        """
        *_steps, last = self.ask(request)
        finished: dict[str, Any] = last.data
        return finished
