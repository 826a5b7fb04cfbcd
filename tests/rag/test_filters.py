"""Filters by what documents say of themselves: tags and dates, as loaders find them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ingest.loaders.markdown import load_markdown
from rag.core import Core
from tests.rag.staging import staged, tiny_core

FRONT = {
    "sol": "tags: [energía solar, Casa]\ndate: 2024-05-31",
    "viento": 'tags:\n  - viento\n  - "casa"\ncreated: 2023-01-02T10:00:00Z',
    "mar": "keywords: viento, mar\npublished: 2022",
    "nada": "author: Ana",
}


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    """A document for each front matter; the one that says nothing is dated by its ingest."""
    with tiny_core(tmp_path_factory.mktemp("tagged") / "data") as core:
        for name, front in FRONT.items():
            metadata = load_markdown(f"---\n{front}\n---\nDa corriente.\n", f"{name}.md").metadata
            document = staged(name, [f"{name} da corriente"])
            core.library.write([replace(document, text=replace(document.text, metadata=metadata))])
        yield core


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("tag:casa", {"sol", "viento"}),
        ('tag:"Energia Solar"', {"sol"}),
        ("tag:energía", set()),
        ("tag:viento", {"viento", "mar"}),
        ("tag:mar tag:casa", {"sol", "viento", "mar"}),
        ("date:2024", {"sol"}),
        ("date:2023..2024-05", {"sol", "viento"}),
        ("date:<2024-05-31", {"viento", "mar"}),
        ("date:<=2024-05-31", {"sol", "viento", "mar"}),
        ("date:>2024-05-31", {"nada"}),
        ("date:2022-03", {"mar"}),
        ("tag:casa date:2023", {"viento"}),
    ],
)
def test_tags_and_dates_of_documents_are_filtered_by(tagged: Core, line: str, expected: set[str]) -> None:
    found = tagged.retriever.search(f"corriente {line}").passages
    assert {one.document_id for one in found} == expected
