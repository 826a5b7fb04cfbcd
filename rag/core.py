"""Everything that a question needs, opened once and passed on."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType

from rag.answer_cache import AnswerCache
from rag.answering import Answerer
from rag.conversations import Conversations
from rag.cross_encoder import open_reranker
from rag.dialogue import Dialogue
from rag.embedding import Embedder, compiled_folder, open_embedder
from rag.expansion import Expansion
from rag.generation.choice import Generators
from rag.late_interaction import read_basis
from rag.library import Library
from rag.model_change import ModelChange
from rag.rebuilding import ensure_words
from rag.reranking import Reranker
from rag.retrieval import Retriever
from rag.sentence_vectors import SentenceVectors
from rag.settings import Settings
from rag.vector_cache import VectorCache

CONVERSATIONS = "conversations.sqlite"
"""File in the data folder."""


@dataclass(frozen=True, slots=True)
class Core:
    """The parts of a running Cita."""

    settings: Settings
    library: Library
    retriever: Retriever
    generators: Generators
    answerer: Answerer
    conversations: Conversations
    dialogue: Dialogue
    """Asks the answerer, within a conversation where one is named."""

    @property
    def embedder(self) -> Embedder:
        """The embedding model."""
        return self.retriever.encoder.embedder

    @property
    def sentences(self) -> SentenceVectors:
        """What encodes sentences."""
        return self.retriever.encoder

    def change_model(self, change: ModelChange, embedder: Embedder, settings: Settings) -> None:
        """Go on with another embedding model: its index becomes the live one between two searches.

        Args:
            change: holds all documents as that model has them.
            embedder: the model.
            settings: name it.
        """
        encoder, reranker = _scoring(change.cache, embedder, settings)

        def take_on() -> None:
            self.retriever.encoder, self.retriever.reranker = encoder, reranker

        change.finish(take_on)

    def close(self) -> None:
        """Stop the generator and let go of the data folder."""
        self.generators.close()
        self.retriever.close()
        self.conversations.close()
        self.library.close()

    def __enter__(self) -> Core:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_core(settings: Settings) -> Core:
    """Open the embedding model and the data folder that `settings` name.

    The language model is opened by the first question that needs it.

    Raises:
        ModelError: the embedding model, or a CrossEncoder that is named, has not been prepared.
        StoreError: the data folder is held by another process or damaged.
    """
    embedder = open_embedder(settings)
    library = Library(settings.data_dir, embedder.description, chroma_url=settings.chroma_url)
    ensure_words(library)
    encoder, reranker = _scoring(library.cache, embedder, settings)
    retriever = Retriever(library, encoder, settings, reranker)
    generators = Generators(settings)
    if settings.expand:
        retriever.expansion = Expansion(generators.get)
    answerer = Answerer(retriever, generators, settings)
    conversations = Conversations(settings.data_dir / CONVERSATIONS)
    cache = AnswerCache() if settings.answer_cache else None
    dialogue = Dialogue(answerer, conversations, cache, lambda: library.version)
    return Core(settings, library, retriever, generators, answerer, conversations, dialogue)


def _scoring(cache: VectorCache, embedder: Embedder, settings: Settings) -> tuple[SentenceVectors, Reranker]:
    """What encodes sentences, and what scores hits again, with the embedding model that `settings` name."""
    encoder = SentenceVectors(cache, embedder, read_basis(compiled_folder(settings)))
    return encoder, open_reranker(settings, encoder)
