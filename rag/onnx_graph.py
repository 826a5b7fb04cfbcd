"""ONNX Runtime and tokenizers, met here only: a compiled model with its tokenizer, several runs at once."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"
BACKGROUND_NICENESS = 15


class OnnxGraph:
    """A compiled model: one text a run, `threads` runs at once on one session.

    One text a run wastes nothing on padding, and single-threaded runs side by side beat one run
    spread over the cores (`benchmarks/embedding.py`).
    """

    def __init__(
        self, folder: Path, inputs: Sequence[str], max_tokens: int, threads: int | None = None
    ) -> None:
        """Open the model.

        Args:
            folder: holds `model.onnx` and `tokenizer.json`.
            inputs: names of the model's inputs.
            max_tokens: tokens beyond which a text is cut.
            threads: runs at once; as many as there are cores if not given.
        """
        self._folder = folder
        self._inputs = tuple(inputs)
        self._max_tokens = max_tokens
        self._threads = threads or os.cpu_count() or 1
        self._tokenizer = _open_tokenizer(folder / TOKENIZER)
        self._session = _open_session(folder / MODEL)
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="onnx")

    def in_background(self) -> OnnxGraph:
        """The same for work that lets everything else go first."""
        behind = copy(self)
        # Its threads run when nothing else would: a question is answered as fast as on an idle machine.
        behind._pool = ThreadPoolExecutor(
            self._threads, thread_name_prefix="onnx-behind", initializer=_let_others_go_first
        )
        return behind

    def encodings(self, texts: Sequence[str]) -> list[Encoding]:
        """The tokens of texts, cut to what the model takes."""
        encodings = self._tokenizer.encode_batch(list(texts))
        for one in encodings:
            one.truncate(self._max_tokens)
        return encodings

    def pair_encodings(self, pairs: Sequence[tuple[str, str]]) -> list[Encoding]:
        """The tokens of pairs of texts, the longer one of each cut so that the model takes both."""
        return self._pair_tokenizer.encode_batch(list(pairs))

    @cached_property
    def _pair_tokenizer(self) -> Tokenizer:
        tokenizer = _open_tokenizer(self._folder / TOKENIZER)
        tokenizer.enable_truncation(self._max_tokens, strategy="longest_first")
        return tokenizer

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text without the special ones."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(one.ids) for one in encodings]

    def run_all(self, encodings: Sequence[Encoding], *outputs: str) -> list[Any]:
        """For each text its output, or all of several, without the axis of the batch."""
        if len(encodings) == 1:
            return [self._run(encodings[0], outputs)]
        # Longest first, so that no long text is left alone at the end.
        order = sorted(range(len(encodings)), key=lambda i: -len(encodings[i].ids))
        done = self._pool.map(lambda i: self._run(encodings[i], outputs), order)
        by_index = dict(zip(order, done, strict=True))
        return [by_index[i] for i in range(len(encodings))]

    def _run(self, encoding: Encoding, outputs: tuple[str, ...]) -> Any:
        available: dict[str, list[int]] = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        feed = {name: np.array([available[name]], np.int64) for name in self._inputs}
        results: Any = self._session.run(list(outputs), feed)
        return results[0][0] if len(outputs) == 1 else [result[0] for result in results]


def _let_others_go_first() -> None:
    """Lower the priority of the calling thread, where the system has one for each thread."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BACKGROUND_NICENESS)


def _open_tokenizer(path: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _open_session(path: Path) -> InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Without the arena a long text's buffers go back to the system after its run.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    # Adding and normalising in one takes five times as long as one after the other.
    return onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=["SkipLayerNormFusion"]
    )
