"""The `cita` command as its users run it: a process, its output and its exit code."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, RunningServer

Run = Callable[..., subprocess.CompletedProcess[str]]
HEAVY = ("torch", "chromadb", "onnxruntime", "fastapi", "openai", "numpy")


def run_cita(data_dir: Path, models: Path, *arguments: str, **environment: str) -> Any:
    own = {"CITA_DATA_DIR": str(data_dir), "CITA_MODELS_DIR": str(models), "CITA_LLM": "extractive"}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=ROOT,
        env={**os.environ, **own, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def cita(tmp_path: Path, models: Path) -> Run:
    """Runs the command on an empty data folder."""
    return lambda *arguments, **environment: run_cita(tmp_path / "data", models, *arguments, **environment)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, models: Path, small_corpus: Path) -> Run:
    """Runs the command on a data folder with six documents."""
    data = tmp_path_factory.mktemp("filled") / "data"
    done = run_cita(data, models, "ingest", str(small_corpus))
    assert done.returncode == 0, done.stderr
    return lambda *arguments, **environment: run_cita(data, models, *arguments, **environment)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, models: Path, small_corpus: Path) -> Iterator[Run]:
    """Runs the command on a data folder that a server holds."""
    data = tmp_path_factory.mktemp("served") / "data"
    with RunningServer(data, models, "--ingest", str(small_corpus), CITA_LLM="extractive"):
        yield lambda *arguments, **environment: run_cita(data, models, *arguments, **environment)


@pytest.fixture(params=["filled", "served"])
def either(request: pytest.FixtureRequest) -> Run:
    """The same documents on the data folder itself and through a server."""
    runner: Run = request.getfixturevalue(request.param)
    return runner


def test_help_lists_the_commands_and_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['cita', '--help']\n"
        "from cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "ingest" in done.stdout
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_search_runs_without_torch(filled: Run) -> None:
    done = filled("search", "atención", "--json", PYTHONPROFILEIMPORTTIME="1")
    loaded = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "chromadb" in loaded
    assert "torch" not in loaded


@pytest.mark.parametrize(
    "name",
    [
        "ask",
        "search",
        "ingest",
        "documents",
        "status",
        "serve",
        "evaluate",
        "prepare",
        "export",
        "import",
        "reembed",
    ],
)
def test_each_command_has_help(cita: Run, name: str) -> None:
    done = cita(name, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


def test_ask_gives_the_answer_that_other_tools_rely_on(either: Run) -> None:
    done = either("ask", "¿Qué es la atención?", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["refused"] is False
    assert answer["language"] == "es"
    assert answer["sentences"][0]["status"] == "supported"
    citation = answer["citations"][0]
    assert citation["source"].endswith("mecanismo-de-atencion.md")
    assert len(citation["quote"]) == citation["end"] - citation["start"]
    assert set(answer["timings_ms"]) == {"embed", "retrieve", "first_token", "generate", "ground", "total"}
    assert answer["generator"]["provider"] == "extractive"


def test_ask_prints_sentences_with_their_quotes(either: Run) -> None:
    done = either("ask", "¿Qué es la atención?")
    assert "[1]" in done.stdout
    assert "mecanismo-de-atencion.md" in done.stdout
    assert "“" in done.stdout


def test_search_finds_the_passage(either: Run) -> None:
    found = json.loads(either("search", "BM25 saturation k1", "--json", "-n", "3").stdout)
    assert len(found["results"]) == 3
    assert found["results"][0]["source"].endswith("bm25-and-lexical-search.md")


def test_documents_and_status(either: Run) -> None:
    documents = json.loads(either("documents", "--json").stdout)
    assert documents["total"] == 6
    pages = {Path(one["source"]).suffix: one["pages"] for one in documents["documents"]}
    assert pages[".pdf"] >= 1
    assert pages[".md"] == 0
    status = json.loads(either("status", "--json").stdout)
    assert status["library"]["documents"] == 6
    assert status["leaves_the_machine"] == "nothing"


def test_ingest_again_adds_and_embeds_nothing(either: Run, small_corpus: Path) -> None:
    report = json.loads(either("ingest", str(small_corpus), "--json").stdout)
    assert report["counts"] == {"unchanged": 6}
    assert report["embedded"] == 0


def test_ingest_and_remove(either: Run, tmp_path: Path) -> None:
    (tmp_path / "nota.txt").write_text(
        "El zorzal canta al amanecer en la ribera del Duero.", encoding="utf-8"
    )
    added = json.loads(either("ingest", str(tmp_path), "--json").stdout)
    assert added["counts"] == {"added": 1}
    found = json.loads(either("search", "pájaro que canta de madrugada", "--json").stdout)
    assert any("zorzal" in one["text"] for one in found["results"])
    removed = either("remove", added["outcomes"][0]["document_id"], "--yes")
    assert removed.returncode == 0
    assert json.loads(either("documents", "--json").stdout)["total"] == 6


def test_what_fails_is_named_and_the_rest_goes_in(cita: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.md").write_text("# Tides\n\nThe tide turns twice a day.")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing of the kind")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 50)
    done = cita("ingest", str(folder), str(tmp_path / "missing.txt"), "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 4
    assert report["counts"] == {"added": 1, "failed": 4}
    failed = {
        Path(one["name"]).name: one["message"] for one in report["outcomes"] if one["status"] == "failed"
    }
    assert set(failed) == {"broken.pdf", "empty.txt", "binary.txt", "missing.txt"}
    assert all(message for message in failed.values())


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "said"),
    [
        (["ask", "   "], {}, 2, "question is empty"),
        (["ask", "a" * 100_000], {}, 2, "shorten it"),
        (["search", ""], {}, 2, "question is empty"),
        (["search", "Why?", "-c", "Mi Colección"], {}, 2, "No collection can be called 'Mi Colección'"),
        (["remove", "nothing", "--yes"], {}, 3, "no document nothing"),
        (["status"], {"CITA_COLOUR": "red"}, 2, "There is no setting CITA_COLOUR"),
        (["status"], {"CITA_EMBEDDING_MODEL": "/nowhere/at/all"}, 6, "CITA_EMBEDDING_MODEL takes"),
        (["ask", "Why?", "--llm", "parrot"], {}, 2, "no provider 'parrot'"),
        (["evaluate", "questions", "/nowhere.jsonl"], {}, 2, "cannot be read"),
    ],
)
def test_bad_input_gets_one_sentence_and_a_code(
    cita: Run, arguments: list[str], environment: dict[str, str], code: int, said: str
) -> None:
    done = cita(*arguments, **environment)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_said_at_once(cita: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = cita("serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "cannot be used" in done.stderr


def test_a_library_goes_to_a_file_and_comes_back(served: Run, cita: Run, tmp_path: Path) -> None:
    # A server that holds the data folder does not stand in the way of an export.
    done = served("export", str(tmp_path / "all.cita"), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["documents"] == 6
    done = cita("import", str(tmp_path / "all.cita"), "--collection", "copies", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"] == {"added": 6}
    listed = json.loads(cita("documents", "--collection", "copies", "--json").stdout)
    assert listed["total"] == 6
    assert json.loads(cita("check", "--json").stdout) == {"clean": True, "findings": []}
    assert cita("import", str(tmp_path / "none.cita")).returncode == 4
