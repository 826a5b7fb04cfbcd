"""What the tests share: the prepared models, a small library, a running server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.pipeline import Ingestion
from rag.core import Core, open_core
from rag.settings import Settings, load_settings
from workshop.compile import ensure_embedding_model
from workshop.weights import ensure_language_model

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "corpus"
SMALL = (
    "mecanismo-de-atencion.md",
    "historia-de-los-transformers.html",
    "codificaciones-de-posicion.pdf",
    "incrustaciones.txt",
    "bm25-and-lexical-search.md",
    "scaling-laws-and-training-data.pdf",
)
START_SECONDS = 60


@pytest.fixture(scope="session", autouse=True)
def _environment() -> Iterator[None]:
    """Settings of whoever runs the tests do not reach them, but for where models are kept."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("CITA_")}
    models = kept.get("CITA_MODELS_DIR")
    if models:
        os.environ["CITA_MODELS_DIR"] = models
    yield
    os.environ.update(kept)


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of prepared models, with the embedding model in it."""
    settings = load_settings()
    ensure_embedding_model(settings, lambda what, done, total: None)
    return settings.models_dir


@pytest.fixture(scope="session")
def language_model(models: Path) -> Path:
    """The built-in language model's weights."""
    return ensure_language_model(models, lambda what, done, total: None)


@pytest.fixture
def settings(tmp_path: Path, models: Path) -> Settings:
    """Settings of an empty data folder and the extractive generator."""
    return load_settings(data_dir=tmp_path / "data", models_dir=models, llm="extractive")


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with six of the sample documents, of every kind."""
    folder = tmp_path_factory.mktemp("documents")
    for name in SMALL:
        (folder / name).write_bytes((CORPUS / name).read_bytes())
    return folder


@pytest.fixture(scope="session")
def core(tmp_path_factory: pytest.TempPathFactory, models: Path, small_corpus: Path) -> Iterator[Core]:
    """A library of six documents with the real embedding model and the extractive generator."""
    settings = load_settings(
        data_dir=tmp_path_factory.mktemp("core") / "data", models_dir=models, llm="extractive"
    )
    with open_core(settings) as opened:
        report = Ingestion(opened).run([small_corpus])
        assert not report.failed
        yield opened


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory, models: Path, small_corpus: Path) -> Iterator[str]:
    """Address of a real server over the same six documents."""
    data = tmp_path_factory.mktemp("server") / "data"
    with RunningServer(data, models, "--ingest", str(small_corpus), CITA_LLM="extractive") as url:
        yield url


class RunningServer:
    """A `cita serve` process on a free port, stopped at the end."""

    def __init__(self, data_dir: Path, models_dir: Path, *arguments: str, **environment: str) -> None:
        own = {"CITA_DATA_DIR": str(data_dir), "CITA_MODELS_DIR": str(models_dir), **environment}
        command = [sys.executable, "-m", "cli.main", "serve", "--port", "0", *arguments]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **own}, stderr=subprocess.PIPE, text=True
        )

    def __enter__(self) -> str:
        said = []
        assert self.process.stderr is not None
        for line in self.process.stderr:
            said.append(line)
            ready = re.search(r"ready at (http://\S+)", line)
            if ready:
                # Nobody reads on: a full pipe would stop the server at its next word.
                threading.Thread(target=self._drain, daemon=True).start()
                return ready.group(1)
        raise AssertionError("the server did not start: " + "".join(said))

    def __exit__(self, *_ignored: object) -> None:
        self.process.terminate()
        self.process.wait(timeout=START_SECONDS)

    def _drain(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr:
            for _line in self.process.stderr:
                pass
