"""XQuAD as files to ingest, each paragraph one of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from evaluation.answer_sets import SetDocument
from evaluation.retrieval_sets import RetrievalSet, read_retrieval_set
from rag.core import Core

XQUAD = Path(__file__).parent.parent.parent / "shared" / "xquad"
DEPTH = 30
"""Passages that are looked through for documents."""


def read_xquad(folder: Path) -> dict[Literal["es", "en"], RetrievalSet]:
    """Its Spanish and English parts, the same paragraphs and questions under the same ids.

    Raises:
        SystemExit: it is not there.
    """
    if not (folder / "es" / "corpus.jsonl").is_file():
        raise SystemExit(f"There is no XQuAD in {folder}; name its folder with --xquad.")
    return {"es": read_retrieval_set(folder / "es"), "en": read_retrieval_set(folder / "en")}


def write_files(documents: Iterable[SetDocument], folder: Path) -> None:
    """Write each document to a text file named by its id."""
    folder.mkdir(parents=True, exist_ok=True)
    for document in documents:
        (folder / f"{document.id}.txt").write_text(document.text, encoding="utf-8")


def ranking(core: Core, question: str, mode: Literal["dense", "hybrid"] | None = None) -> list[str]:
    """The ids of the documents found, best first; by the settings' mode if none is given."""
    found = core.retriever.search(question, limit=DEPTH, mode=mode, rerank=False)
    return list(dict.fromkeys(Path(one.source).stem for one in found.passages))
