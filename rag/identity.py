"""Which model and rules an index was made with, and what its collections are called in Chroma."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from rag.database import Database
from rag.embedding import ModelDescription
from rag.errors import StoreError
from rag.stemming import RULES

MODEL = "embedding_model"
FINGERPRINT = "embedding_fingerprint"
STORE = "store"
WORDS = "word_rules"


def check_model(database: Database, model: ModelDescription, data_dir: Path, *, any_model: bool) -> None:
    """Note the model of a new index, and refuse an index of another one unless any will do.

    Raises:
        StoreError: the index was made with another model.
    """
    fingerprint = database.meta(FINGERPRINT)
    if fingerprint is None:
        database.set_meta(MODEL, model.name)
        database.set_meta(FINGERPRINT, model.fingerprint)
        database.set_meta(WORDS, RULES)
    elif fingerprint != model.fingerprint and not any_model:
        made_with = database.meta(MODEL)
        raise StoreError(
            f"The index in {data_dir} was made with the embedding model {made_with} (another name, "
            f"weights or precision than {model.name} here); run `cita reembed --model "
            f"{model.name}` to re-embed it, or set CITA_EMBEDDING_MODEL={made_with}."
        )


def vector_collection(
    database: Database, collection: str, *, shared: bool, fingerprint: str | None = None
) -> str:
    """Name in Chroma of a collection as one model sees it.

    Args:
        database: whose collection it is.
        collection: its name in Cita.
        shared: whether other data folders may keep their vectors in the same Chroma.
        fingerprint: the model's, the index's own if none is given.
    """
    name = f"{collection}-{fingerprint or database.meta(FINGERPRINT)}"
    return f"{name}-{_store(database)}" if shared else name


def stale_collections(database: Database, names: Iterable[str], *, shared: bool) -> list[str]:
    """Those of Chroma's collections that are this data folder's, as a model sees them that is not its own.

    Args:
        database: the data folder's.
        names: what Chroma holds.
        shared: whether other data folders may keep their vectors in the same Chroma.
    """
    own = f"-{_store(database)}" if shared else ""
    current = f"-{database.meta(FINGERPRINT)}{own}"
    return [name for name in names if name.endswith(own) and not name.endswith(current)]


def _store(database: Database) -> str:
    """A name of the data folder's own."""
    known = database.meta(STORE)
    if known is None:
        known = uuid4().hex[:8]
        database.set_meta(STORE, known)
    return known
