"""Cita inside a LangChain chain: the retriever, the embeddings, and the example as it is shipped."""

from __future__ import annotations

import asyncio
import importlib.util

import numpy as np
import pytest

from rag.core import Core
from rag.errors import InputError
from rag.langchain import CitaEmbeddings, CitaRetriever
from rag.query import Filters
from tests.conftest import ROOT

QUESTION = "¿Qué es la atención?"


def test_documents_carry_offsets_and_a_verbatim_quote(core: Core) -> None:
    documents = CitaRetriever(core=core, limit=3).invoke(QUESTION)
    assert len(documents) == 3
    for one in documents:
        about = one.metadata
        text = core.library.catalogue.text(about["document_id"]).text
        assert text[about["start"] : about["end"]] == one.page_content
        assert text[about["quote_start"] : about["quote_end"]] == about["quote"] != ""


def test_async_finds_the_same(core: Core) -> None:
    retriever = CitaRetriever(core=core, limit=3, filters=Filters(languages=("en",)))
    documents = asyncio.run(retriever.ainvoke(QUESTION))
    assert [one.id for one in documents] == [one.id for one in retriever.invoke(QUESTION)]
    assert {one.metadata["language"] for one in documents} == {"en"}
    with pytest.raises(InputError):
        retriever.invoke(" ")


def test_embeddings_are_those_of_the_model_with_its_prompts(core: Core) -> None:
    embeddings = CitaEmbeddings(core.embedder)
    assert np.allclose(embeddings.embed_query("a"), core.embedder.encode_queries(["a"])[0])
    assert np.allclose(embeddings.embed_documents(["a", "b"]), core.embedder.encode_documents(["a", "b"]))
    assert asyncio.run(embeddings.aembed_query("a")) == embeddings.embed_query("a")


def test_the_example_runs(core: Core) -> None:
    path = ROOT / "examples" / "langchain_chain.py"
    spec = importlib.util.spec_from_file_location("langchain_chain", path)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    prompt = example.build_chain(core).invoke(QUESTION)
    assert prompt.startswith("Human: Answer from these sources only")
    assert "[4] " in prompt
    assert prompt.endswith(QUESTION)
