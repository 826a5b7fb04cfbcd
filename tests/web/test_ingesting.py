"""Bringing in files through the server: only for who can read the data folder, and one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rag.core import Core, open_core
from rag.settings import Settings
from web.app import create_app
from web.ingesting import Ingests

TOKEN = "a token"


@pytest.fixture
def own_core(settings: Settings) -> Iterator[Core]:
    with open_core(settings) as core:
        yield core


@pytest.fixture
def client(own_core: Core) -> Iterator[TestClient]:
    with TestClient(create_app(own_core, owner_token=TOKEN), base_url="http://127.0.0.1") as client:
        yield client


def documents(folder: Path, count: int) -> Path:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"{number}.md").write_text(f"# Note {number}\n\nThe answer to note {number} is {number}.\n")
    return folder


def events(response: Any) -> list[tuple[str, Any]]:
    pairs = [event.split("\n", 1) for event in response.text.strip().split("\n\n")]
    return [(kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for kind, data in pairs]


def test_files_go_in_and_each_is_reported(client: TestClient, tmp_path: Path) -> None:
    body = {"paths": [str(documents(tmp_path / "in", 3))]}
    steps = events(client.post("/api/ingest", json=body, headers={"X-Cita-Token": TOKEN}))
    assert steps[-1][0] == "report"
    assert steps[-1][1]["counts"] == {"added": 3}
    assert len([data for kind, data in steps if kind == "progress" and data["outcome"]]) == 3
    assert client.get("/api/documents").json()["total"] == 3


@pytest.mark.parametrize("headers", [{}, {"X-Cita-Token": "wrong"}, {"X-Cita-Token": ""}])
def test_who_cannot_read_the_data_folder_cannot_name_files(
    client: TestClient, tmp_path: Path, headers: dict[str, str]
) -> None:
    response = client.post("/api/ingest", json={"paths": [str(tmp_path)]}, headers=headers)
    assert response.status_code == 403
    assert client.get("/api/documents").json()["total"] == 0


def test_without_a_token_of_its_own_a_server_takes_no_paths(own_core: Core, tmp_path: Path) -> None:
    client = TestClient(create_app(own_core), base_url="http://127.0.0.1")
    response = client.post("/api/ingest", json={"paths": [str(tmp_path)]}, headers={"X-Cita-Token": ""})
    assert response.status_code == 403


def test_a_second_ingest_is_refused_while_the_first_runs(own_core: Core, tmp_path: Path) -> None:
    ingests = Ingests(own_core)
    first = ingests.run([documents(tmp_path / "in", 5)], None)
    assert next(first)[0] == "progress"
    second = list(ingests.run([tmp_path / "in"], None))
    rest = list(first)
    # The first may be done by then: what matters is that nothing is brought in twice.
    assert rest[-1][1]["counts"] == {"added": 5}
    assert second[-1][0] == "error" or second[-1][1]["counts"] == {"unchanged": 5}
    assert own_core.library.catalogue.count_documents() == 5


def test_who_leaves_cancels_what_has_not_begun(own_core: Core, tmp_path: Path) -> None:
    steps = Ingests(own_core).run([documents(tmp_path / "in", 60)], None)
    next(steps)
    steps.close()
    assert own_core.library.catalogue.count_documents() < 60


def test_a_document_is_removed(client: TestClient, tmp_path: Path) -> None:
    body = {"paths": [str(documents(tmp_path / "in", 1))]}
    client.post("/api/ingest", json=body, headers={"X-Cita-Token": TOKEN})
    document = client.get("/api/documents").json()["documents"][0]["id"]
    assert client.delete(f"/api/documents/{document}").status_code == 204
    assert client.get("/api/documents").json()["total"] == 0
    assert client.get(f"/api/documents/{document}").status_code == 404
