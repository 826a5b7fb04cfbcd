"""The usual pipeline, in a process of its own: `python -m benchmarks.usual_pipeline FILES MODEL STORE …`.

LangChain's DirectoryLoader and RecursiveCharacterTextSplitter, HuggingFaceEmbeddings on torch, and
Chroma.from_documents, with the model's own prompts and cosine, which is the best that it is used with.
The last line printed is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

SPLIT = {"chunk_size": 900, "chunk_overlap": 0}
"""Characters: chunks of about as many tokens as Cita's, and no token embedded twice."""
DEPTH = 30


def main() -> None:
    """Ingest a folder; with a file of questions, also rank the files for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path)
    parser.add_argument("model", help="A sentence-transformers folder.")
    parser.add_argument("store", help="An empty folder for Chroma.")
    parser.add_argument("--questions", type=Path, help="A JSON list of questions.")
    given = parser.parse_args()
    embeddings = _embeddings(given.model)
    started = time.perf_counter()
    chunks, store = _ingest(given.files, embeddings, given.store)
    seconds = time.perf_counter() - started
    tokenizer = embeddings._client.tokenizer
    figures: dict[str, Any] = {
        "seconds": seconds,
        "chunks": len(chunks),
        "tokens": sum(len(tokenizer.encode(one, add_special_tokens=False)) for one in chunks),
    }
    if given.questions:
        asked = json.loads(given.questions.read_text(encoding="utf-8"))
        figures["rankings"] = [_ranking(store, question) for question in asked]
    sys.stdout.write(json.dumps(figures) + "\n")


def _embeddings(model: str) -> Any:
    from langchain_huggingface import HuggingFaceEmbeddings

    return HuggingFaceEmbeddings(
        model_name=model,
        model_kwargs={"device": "cpu"},
        encode_kwargs={"prompt": "passage: ", "normalize_embeddings": True},
        query_encode_kwargs={"prompt": "query: ", "normalize_embeddings": True},
    )


def _ingest(files: Path, embeddings: Any, folder: str) -> tuple[list[str], Any]:
    from langchain_chroma import Chroma
    from langchain_community.document_loaders import DirectoryLoader, TextLoader
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    loader = DirectoryLoader(
        str(files), glob="**/*.txt", loader_cls=TextLoader, loader_kwargs={"encoding": "utf-8"}
    )
    chunks = RecursiveCharacterTextSplitter(**SPLIT).split_documents(loader.load())
    store = Chroma.from_documents(
        chunks,
        embeddings,
        persist_directory=folder,
        collection_metadata={"hnsw:space": "cosine"},
    )
    return [chunk.page_content for chunk in chunks], store


def _ranking(store: Any, question: str) -> list[str]:
    found = store.similarity_search(question, k=DEPTH)
    return list(dict.fromkeys(Path(one.metadata["source"]).stem for one in found))


if __name__ == "__main__":
    main()
