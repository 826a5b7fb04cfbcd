"""The built-in language model, written by a llama-server of our own on the loopback interface."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from functools import lru_cache
from typing import Any

from rag.generation.base import Message, Prompt, Sampling
from rag.generation.failures import GenerationError
from rag.generation.llama_process import NAME, LlamaOptions, LlamaServer
from rag.generation.openai_client import ChatClient, ChatEndpoint, as_chat
from rag.generation.token_stream import StreamRecord, TokenStream
from rag.generation.yes_no import yes_share

# Reading the prompt is what an answer costs on a processor without a GPU.
EVIDENCE_TOKENS = 200
COUNTS_KEPT = 4096
_BEFORE_ANSWER = frozenset({"not_running", "broken_stream"})


class LlamaServerGenerator:
    """A generator on its own llama-server, which starts on first use and is restarted if it dies."""

    provider = "llama-server"

    def __init__(self, options: LlamaOptions, timeout: float) -> None:
        """Args: options: model and size; timeout: seconds of silence after which an answer fails."""
        self.model = options.model_path.stem
        self.server = LlamaServer(options)
        self._timeout = timeout
        self._clients: dict[str, ChatClient] = {}
        self._clients_lock = threading.Lock()
        self._count = lru_cache(maxsize=COUNTS_KEPT)(self._count_once)

    @property
    def prompt_budget(self) -> int:
        """Tokens of evidence that are read within two seconds on two cores."""
        return min(EVIDENCE_TOKENS, self.server.options.context // 2)

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` by the model's own tokenizer; starts the server if need be."""
        return self._count(text)

    def stream(self, prompt: Prompt, sampling: Sampling) -> TokenStream:
        """Yield the answer as it is written; closing the iterator frees the server at once.

        Raises:
            GenerationError: see `rag.generation.failures`.
        """
        request = self._request(prompt.messages)
        request["extra_body"].update(
            _given({"top_k": sampling.top_k, "repeat_penalty": sampling.repetition_penalty})
        )
        request.update(
            _given(
                {
                    "temperature": sampling.temperature,
                    "top_p": sampling.top_p,
                    "max_tokens": sampling.max_tokens,
                    "seed": sampling.seed,
                }
            )
        )
        return TokenStream(lambda record: self._stream(request, record))

    def yes_probability(self, messages: Sequence[Message]) -> float | None:
        """Probability that the model's next word is a yes and not a no; reads only what its cache lacks.

        Raises:
            GenerationError: see `rag.generation.failures`.
        """
        request = {**self._request(messages), "temperature": 0.0}
        try:
            return yes_share(self._client().next_token(request))
        except GenerationError as error:
            if error.code not in _BEFORE_ANSWER:
                raise
            self.server.note_failure()
            return yes_share(self._client().next_token(request))

    def warm_up(self, messages: Sequence[Message]) -> None:
        """Start the server and let it read what all prompts begin with, so that no question waits for it.

        Raises:
            GenerationError: it cannot be started.
        """
        self._client().next_token(self._request(messages))

    def close(self) -> None:
        """Stop the server."""
        with self._clients_lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
        self.server.close()

    def _stream(self, request: dict[str, Any], record: StreamRecord) -> Generator[str, None, None]:
        begun = False
        try:
            for piece in self._client().stream(request, record):
                begun = True
                yield piece
        except GenerationError as error:
            # A server that died is started again; an answer that has begun cannot be taken back.
            if begun or error.code not in _BEFORE_ANSWER:
                raise
            self.server.note_failure()
            yield from self._client().stream(request, record)

    def _request(self, messages: Sequence[Message]) -> dict[str, Any]:
        return {"model": self.model, "messages": as_chat(messages), "extra_body": {"cache_prompt": True}}

    def _client(self) -> ChatClient:
        base_url = self.server.ensure_running() + "/v1"
        with self._clients_lock:
            if base_url not in self._clients:
                self._clients[base_url] = ChatClient(self._endpoint(base_url))
            return self._clients[base_url]

    def _endpoint(self, base_url: str) -> ChatEndpoint:
        return ChatEndpoint(
            name=NAME,
            base_url=base_url,
            api_key=self.server.key,
            timeout=self._timeout,
            retries=0,
            start_remedy="ask again",
            model_remedy="run `make setup`",
            local=True,
        )

    def _count_once(self, text: str) -> int:
        try:
            return self._tokenize(text)
        except GenerationError as error:
            if error.code not in _BEFORE_ANSWER:
                raise
            self.server.note_failure()
            return self._tokenize(text)

    def _tokenize(self, text: str) -> int:
        self.server.ensure_running()
        return len(self.server.request("POST", "/tokenize", {"content": text})["tokens"])


def _given(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}
