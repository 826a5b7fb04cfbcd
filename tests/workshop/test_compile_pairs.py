"""A CrossEncoder as the reranker: compiled once, held against the original, used by the search."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.core import open_core
from rag.cross_encoder import (
    OnnxPairScorer,
    PairModel,
    PairReranker,
    TorchPairScorer,
    cross_encoder_folder,
    open_reranker,
    pair_scorer_in,
    with_headings,
)
from rag.embedding import DESCRIPTION
from rag.errors import ModelError
from rag.reranking import Hit
from rag.settings import Settings, load_settings
from tests.rag.staging import staged, tiny_core
from workshop.compile_pairs import LEAST_AGREEMENT, ensure_reranker

ASKED = "where is the cat"
PAIRS = [(ASKED, "the cat is on the sofa"), (ASKED, "markets fell"), ("a", "b " * 90)]
LETTERS = [*"abcdefghijklmnopqrstuvwxyz0123456789"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY = [*SPECIAL, *ASKED.split(), *LETTERS, *(f"##{letter}" for letter in LETTERS)]


def ignore(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def make_cross_encoder(folder: Path, classes: int = 1) -> Path:
    """A BERT of two layers with weights drawn at random, saved as sentence-transformers does."""
    import torch
    from sentence_transformers import CrossEncoder
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY), encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=64).save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=64, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=64, num_labels=classes, initializer_range=0.3,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    saved = folder.with_name(f"{folder.name}-saved")
    CrossEncoder(str(folder), device="cpu").save_pretrained(str(saved))
    return saved


@pytest.fixture(scope="module")
def prepared(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    scratch = tmp_path_factory.mktemp("pairs")
    settings = load_settings(
        reranker=str(make_cross_encoder(scratch / "tiny")),
        models_dir=scratch / "models",
        llm="extractive",
        data_dir=scratch / "data",
    )
    (scratch / "models").mkdir()
    (scratch / "models" / "embedding").symlink_to(models / "embedding")
    ensure_reranker(settings, ignore)
    return settings


def test_it_is_compiled_and_scores_as_its_original(prepared: Settings) -> None:
    folder = cross_encoder_folder(prepared)
    model = PairModel.read(folder)
    assert model is not None
    assert model.precision in ("int8", "fp32")
    assert model.agreement >= LEAST_AGREEMENT
    compiled = pair_scorer_in(folder, model).logits(PAIRS)
    original = TorchPairScorer(prepared.reranker).logits(PAIRS)
    # The last pair is longer than the model takes: both cut it in the same place.
    assert np.corrcoef(compiled, original)[0, 1] > 0.98
    assert np.allclose(compiled, original, atol=0.1 * np.abs(original).max())


def test_it_is_compiled_again_only_when_its_folder_changes(prepared: Settings) -> None:
    said: list[str] = []
    ensure_reranker(prepared, lambda what, done, total: said.append(what))
    assert said == []
    description = cross_encoder_folder(prepared) / DESCRIPTION
    kept = description.read_text(encoding="utf-8")
    model = PairModel.read(description.parent)
    assert model is not None
    description.write_text(kept.replace(model.weights_sha256, "other"), encoding="utf-8")
    assert ensure_reranker(prepared, lambda what, done, total: said.append(what)) == model
    assert said


def test_a_long_passage_leaves_the_question_whole(prepared: Settings) -> None:
    folder = cross_encoder_folder(prepared)
    model = PairModel.read(folder)
    assert model is not None
    graph = OnnxPairScorer(folder, model).graph
    [short], [long] = graph.pair_encodings([("the cat", "b")]), graph.pair_encodings([("the cat", "b " * 90)])
    assert len(long.ids) == model.max_tokens
    assert long.tokens[:4] == short.tokens[:4] == ["[CLS]", "the", "cat", "[SEP]"]
    [both] = graph.pair_encodings([("a " * 90, "b " * 90)])
    assert len(both.ids) == model.max_tokens
    assert abs(both.tokens.count("a") - both.tokens.count("b")) <= 1


def test_it_is_what_a_core_is_opened_with(prepared: Settings) -> None:
    with open_core(prepared) as core:
        assert isinstance(core.retriever.reranker, PairReranker)


def test_a_search_takes_its_order_from_it(prepared: Settings, tmp_path: Path) -> None:
    with tiny_core(tmp_path / "data") as core:
        core.retriever.reranker = open_reranker(prepared, core.sentences)
        core.library.write([staged(one, [f"{one} is on the sofa"]) for one in ("cat", "dog", "market", "b")])
        ranking = core.retriever.rank(ASKED, rerank=True)
        found = core.library.catalogue.found(ranking.order)
    hits = [Hit(found[one].text, 0, 0, 0, (found[one].title,)) for one in ranking.order]
    logits = TorchPairScorer(prepared.reranker).logits([(ASKED, with_headings(one)) for one in hits])
    assert len(hits) == 4
    assert ranking.reranked == set(ranking.order)
    assert list(logits) == sorted(logits, reverse=True)


def test_headings_that_the_text_has_are_not_said_twice() -> None:
    assert with_headings(Hit("Thirty days.", 0, 0, 0, ("Shop", "Returns"))) == "Shop › Returns\nThirty days."
    assert (
        with_headings(Hit("Returns take thirty days.", 0, 0, 0, ("", "Returns")))
        == "Returns take thirty days."
    )


def test_what_gives_several_scores_is_refused(tmp_path: Path) -> None:
    folder = make_cross_encoder(tmp_path / "classes", classes=3)
    settings = load_settings(reranker=str(folder), models_dir=tmp_path / "models")
    with pytest.raises(ModelError, match="3 classes"):
        ensure_reranker(settings, ignore)
    with pytest.raises(ModelError, match="cita prepare"):
        open_reranker(settings, None)  # type: ignore[arg-type]


def test_an_embedding_model_is_no_reranker(tmp_path: Path) -> None:
    from transformers import BertConfig, BertModel

    folder = make_cross_encoder(tmp_path / "embeds")
    config = BertConfig.from_pretrained(folder)
    config.architectures = None
    BertModel(config).save_pretrained(folder)
    settings = load_settings(reranker=str(folder), models_dir=tmp_path / "models")
    with pytest.raises(ModelError, match="never trained to score pairs"):
        ensure_reranker(settings, ignore)
