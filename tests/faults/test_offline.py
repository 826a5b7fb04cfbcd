"""With default settings nothing leaves the machine: the whole way works where there is no network.

Run in a network namespace that has a loopback interface and nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CORPUS, ROOT

# Bringing the loopback interface up: SIOCGIFFLAGS, set IFF_UP, SIOCSIFFLAGS (netdevice(7)).
LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    request = struct.pack("16sh14x", b"lo", 0)
    flags = struct.unpack("16sh14x", fcntl.ioctl(control, 0x8913, request))[1]
    fcntl.ioctl(control, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
ISOLATE = ["unshare", "--net", "--map-root-user", sys.executable, "-c", LOOPBACK_UP]
NO_ROUTE = "import socket; socket.create_connection(('192.0.2.1', 80), 2)"


def isolated(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ISOLATE, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module", autouse=True)
def _namespaces() -> None:
    if shutil.which("unshare") is None or isolated("-c", "pass").returncode != 0:
        pytest.skip("this machine does not let us make a network namespace")


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory, models: Path, language_model: Path) -> Any:
    """Runs `cita` without a network on a folder into which two documents were brought the same way."""
    own = {
        "CITA_DATA_DIR": str(tmp_path_factory.mktemp("offline") / "data"),
        "CITA_MODELS_DIR": str(models),
    }

    def run(*arguments: str) -> dict[str, Any]:
        done = isolated("-m", "cli.main", *arguments, "--json", **own)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    names = ("mecanismo-de-atencion.md", "scaling-laws-and-training-data.pdf")
    report = run("ingest", *(str(CORPUS / name) for name in names))
    assert report["counts"] == {"added": 2}
    return run


def test_the_namespace_has_no_way_out() -> None:
    done = isolated("-c", NO_ROUTE)
    assert "unreachable" in done.stderr


def test_the_built_in_model_answers_with_a_verbatim_quote(offline: Any) -> None:
    answer = offline("ask", "¿Qué es la atención?")
    assert answer["generator"]["provider"] == "llama-server"
    assert any(one["status"] == "supported" for one in answer["sentences"])
    citation = answer["citations"][0]
    assert any(
        passage["text"][citation["start"] - passage["start"] : citation["end"] - passage["start"]]
        == citation["quote"]
        for passage in answer["passages"]
        if passage["document_id"] == citation["document_id"]
    )


def test_a_question_far_from_the_documents_is_refused(offline: Any) -> None:
    answer = offline("ask", "¿Cuánto tiempo hay que pochar la cebolla para una tortilla?")
    assert answer["refused"] is True
    assert answer["citations"] == []
    assert answer["passages"]
