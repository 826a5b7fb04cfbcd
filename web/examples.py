"""Questions to start with: written ones for the sample documents, else about the newest titles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rag.records import DocumentRecord

SAMPLES = Path(__file__).parent.parent / "corpus"
"""The sample documents; they come with the sources, not with an installed package."""
MOST_EXAMPLES = 3
_SAMPLES = {
    "mecanismo-de-atencion.md": ("es", "¿Qué es la atención?"),
    "decodificacion-practica.md": ("es", "¿Qué cambia en el texto al subir la temperatura?"),
    "similitud-y-busqueda-semantica.md": ("es", "¿Qué mide la similitud del coseno?"),
    "fragmentar-documentos.md": ("es", "¿De qué tamaño conviene hacer los fragmentos?"),
    "bm25-and-lexical-search.md": ("en", "What do k1 and b control in BM25?"),
    "scaling-laws-and-training-data.pdf": (
        "en",
        "How large was Chinchilla, and how many tokens was it trained on?",
    ),
    "hybrid-search-and-score-fusion.md": ("en", "What does reciprocal rank fusion throw away?"),
}


def sample_questions(documents: Sequence[DocumentRecord], language: str) -> list[str]:
    """Up to three questions that the sample documents among these answer, in the reader's language."""
    names = {document.source.replace("\\", "/").rsplit("/", 1)[-1] for document in documents}
    written = [
        question for name, (spoken, question) in _SAMPLES.items() if name in names and spoken == language
    ]
    return written[:MOST_EXAMPLES]


def titles_to_ask_about(documents: Sequence[DocumentRecord], language: str) -> list[str]:
    """Up to three titles, of documents in the reader's language first."""
    ordered = sorted(documents, key=lambda document: document.language != language)
    return list(dict.fromkeys(document.title for document in ordered))[:MOST_EXAMPLES]
