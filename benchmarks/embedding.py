"""How texts are best embedded: `python -m benchmarks.embedding`; the last line is one JSON object.

Passages a second, in turn and several times over, of the compiled model one text a run on as many threads
as there are cores (what Cita does), of the same model with texts padded into batches on all cores, and of
sentence-transformers on torch.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ingest.pipeline import Ingestion
from rag.core import open_core
from rag.embedding import compiled_folder, open_embedder
from rag.settings import load_settings
from workshop.packed_e5 import unpack
from workshop.weights import EMBEDDING_WEIGHTS

CORPUS = Path(__file__).parent.parent / "corpus"
BATCH = 32


def main() -> None:
    """Measure each way in turn and print passages a second and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    texts = sample_chunks()
    with tempfile.TemporaryDirectory() as folder:
        ways = {
            "one_text_a_run": open_embedder(load_settings()).encode_documents,
            "padded_batches": padded_batches(),
            "torch": sentence_transformers(Path(folder)),
        }
        for way in ways.values():
            way(texts[:4])
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _round in range(given.rounds):
            for name, way in ways.items():
                started = time.perf_counter()
                way(texts)
                seconds[name].append(time.perf_counter() - started)
    speed = {name: round(len(texts) / statistics.median(own), 1) for name, own in seconds.items()}
    ratios = {f"{name}_ratio": round(speed["one_text_a_run"] / speed[name], 2) for name in list(ways)[1:]}
    sys.stdout.write(json.dumps({"passages": len(texts), **speed, **ratios}) + "\n")


def sample_chunks() -> list[str]:
    """The chunks of the sample corpus."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(data_dir=Path(folder) / "data", llm="extractive")
        with open_core(settings) as core:
            Ingestion(core).run([CORPUS])
            catalogue = core.library.catalogue
            texts = []
            for document in catalogue.documents(limit=1000):
                whole = catalogue.text(document.id).text
                texts += [whole[chunk.start : chunk.end] for chunk in catalogue.chunks(document.id)]
    return texts


def padded_batches() -> Callable[[Sequence[str]], Any]:
    """The compiled model on batches of texts of like length, all cores on one run.

    Where the model was compiled without a mask the padding counts as text: that changes the vectors, and
    the time by less than masking would take.
    """
    import onnxruntime
    from tokenizers import Tokenizer

    folder = compiled_folder(load_settings())
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding()
    tokenizer.enable_truncation(512)
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    names = [one.name for one in session.get_inputs()]

    def encode(texts: Sequence[str]) -> None:
        ordered = sorted((f"passage: {text}" for text in texts), key=len)
        for start in range(0, len(ordered), BATCH):
            encodings = tokenizer.encode_batch(ordered[start : start + BATCH])
            arrays = {
                "input_ids": np.array([one.ids for one in encodings]),
                "attention_mask": np.array([one.attention_mask for one in encodings]),
                "token_type_ids": np.array([one.type_ids for one in encodings]),
            }
            session.run(["sentence_embedding"], {name: arrays[name] for name in names})

    return encode


def sentence_transformers(folder: Path) -> Callable[[Sequence[str]], Any]:
    """The model as it came, on torch."""
    from sentence_transformers import SentenceTransformer

    unpack(load_settings().models_dir / EMBEDDING_WEIGHTS.filename, folder)
    model = SentenceTransformer(str(folder), device="cpu")
    return lambda texts: model.encode(list(texts), prompt="passage: ", batch_size=BATCH)


if __name__ == "__main__":
    main()
