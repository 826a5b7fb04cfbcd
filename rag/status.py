"""What is running: the library, the models, the generators, and what leaves the machine."""

from __future__ import annotations

import os
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rag.core import Core
from rag.cross_encoder import SENTENCES
from rag.generation.choice import available_generators
from rag.generation.ollama_client import LOOPBACK
from rag.settings import Settings

OWN_MODELS = ("multilingual-e5-small", "intfloat/multilingual-e5-small", SENTENCES)
"""Names that need no hub."""
PACKAGES = ("cita", "chromadb", "tantivy", "onnxruntime", "fastapi")


def status(core: Core) -> dict[str, Any]:
    """The state of a running Cita as plain data."""
    library, settings = core.library, core.settings
    description = core.embedder.description
    return {
        "library": {
            "data_dir": str(library.data_dir.resolve()),
            "collections": library.catalogue.collections(),
            "disk_bytes": library.disk_bytes(),
            "free_bytes": library.free_bytes(),
            **library.catalogue.statistics(),
        },
        "embedding_model": {
            "name": description.name,
            "precision": description.precision,
            "dimensions": description.dimensions,
            "max_tokens": description.max_tokens,
            "fingerprint": description.fingerprint,
            "agreement": round(description.agreement, 4),
        },
        "llm": settings.llm,
        "generators": [asdict(one) for one in available_generators(settings)],
        "memory_bytes": _resident_bytes(),
        "process": os.getpid(),
        "versions": {name: version(name) for name in PACKAGES},
        "leaves_the_machine": _leaving(settings, description.name),
    }


def _leaving(settings: Settings, embedding_model: str) -> str:
    """What goes to other machines because a setting asks for it."""
    gone = []
    if settings.llm == "openai":
        where = settings.openai_base_url or "OpenAI"
        gone.append(f"questions and the passages chosen for them go to {where}")
    if settings.llm in ("auto", "ollama") and urlsplit(settings.ollama_url).hostname not in LOOPBACK:
        gone.append(f"questions and the passages chosen for them go to the Ollama at {settings.ollama_url}")
    if settings.chroma_url and urlsplit(settings.chroma_url).hostname not in LOOPBACK:
        gone.append(f"vectors go to the Chroma server at {settings.chroma_url}")
    for model in (embedding_model, settings.reranker):
        if model not in OWN_MODELS and not Path(model).is_dir():
            gone.append(f"the model {model} is fetched from its hub where it is not there yet")
    return "; ".join(gone) or "nothing"


def _resident_bytes() -> int | None:
    """Memory that this process has resident, in bytes; None where the system does not tell."""
    table = Path("/proc/self/statm")
    if not table.is_file():
        return None
    return int(table.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
