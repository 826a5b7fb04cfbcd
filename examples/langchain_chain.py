"""Cita in a LangChain chain: passages in, a prompt with numbered sources out.

    python examples/langchain_chain.py "¿Qué es la atención?"

uses the data folder that CITA_DATA_DIR names (`data` here); fill it first with `cita ingest`. Put a chat
model at the end of the chain to have it answer.
"""

from __future__ import annotations

import sys

from langchain_core.documents import Document
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnablePassthrough

from rag.core import Core, open_core
from rag.langchain import CitaRetriever
from rag.settings import load_settings

PROMPT = ChatPromptTemplate.from_template(
    "Answer from these sources only, and cite them by number.\n\n{sources}\n\nQuestion: {question}"
)


def numbered(documents: list[Document]) -> str:
    """The passages with their numbers and where the nearest sentence stands."""
    lines = []
    for number, document in enumerate(documents, start=1):
        about = document.metadata
        place = f"{about['source']}, characters {about['quote_start']} to {about['quote_end']}"
        lines.append(f"[{number}] {place}\n{document.page_content.strip()}")
    return "\n\n".join(lines)


def build_chain(core: Core) -> Runnable[str, str]:
    """From a question to the prompt that a chat model would be given."""
    retriever = CitaRetriever(core=core, limit=4, rerank=True)
    sources = {"sources": retriever | numbered, "question": RunnablePassthrough()}
    return sources | PROMPT | (lambda prompt: prompt.to_string())


def main() -> None:
    """Print the prompt for the question on the command line."""
    question = " ".join(sys.argv[1:]) or "¿Qué es la atención?"
    with open_core(load_settings()) as core:
        sys.stdout.write(build_chain(core).invoke(question) + "\n")


if __name__ == "__main__":
    main()
