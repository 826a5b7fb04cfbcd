"""Bringing in files through the server: only for who can read the data folder, and one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from ingest.watching import FOLLOW
from rag.core import Core, open_core
from rag.settings import Settings
from web.app import create_app

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


def in_time(client: TestClient, job: str) -> dict[str, Any]:
    """A job once it is over."""
    with client.stream("GET", f"/api/jobs/{job}/events") as response:
        *_rest, last = events(response.read().decode())
    assert last[0] == "job"
    return dict(last[1])


def events(text: str) -> list[tuple[str, Any]]:
    pairs = [event.split("\n", 1) for event in text.strip().split("\n\n")]
    return [(kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for kind, data in pairs]


def test_files_of_this_machine_go_in_and_each_is_reported(client: TestClient, tmp_path: Path) -> None:
    body = {"paths": [str(documents(tmp_path / "in", 3)), str(tmp_path / "none")]}
    accepted = client.post("/api/ingest", json=body, headers={"X-Cita-Token": TOKEN})
    assert accepted.status_code == 202
    job = in_time(client, accepted.json()["id"])
    assert job["state"] == "done"
    assert job["counts"] == {"added": 3, "failed": 1}
    assert client.get(accepted.headers["Location"]).json()["outcomes"][-1]["name"].endswith("none")
    assert client.get("/api/documents").json()["total"] == 3
    assert client.get("/api/jobs").json()["jobs"][0]["id"] == job["id"]


def test_a_command_that_follows_a_folder_spares_an_empty_one(client: TestClient, tmp_path: Path) -> None:
    folder = documents(tmp_path / "in", 1)
    counted = []
    for _time in range(2):
        body = {"paths": [str(folder)], **asdict(FOLLOW)}
        accepted = client.post("/api/ingest", json=body, headers={"X-Cita-Token": TOKEN})
        counted.append(in_time(client, accepted.json()["id"])["counts"])
        (folder / "0.md").unlink(missing_ok=True)
    assert counted == [{"added": 1}, {"skipped": 1}]
    assert client.get("/api/documents").json()["total"] == 1


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


def test_what_is_sent_goes_in_by_a_job_or_is_waited_for(client: TestClient) -> None:
    sent = [("files", (f"{name}.md", f"# {name}\n\nThe word of {name}.\n".encode())) for name in ("a", "b")]
    accepted = client.post("/api/documents", files=sent)
    assert accepted.status_code == 202, accepted.text
    assert in_time(client, accepted.json()["id"])["counts"] == {"added": 2}
    report = client.post("/api/documents?wait=true", files=[*sent, ("files", ("c.pdf", b"%PDF-1.7 broken"))])
    assert report.status_code == 200
    assert report.json()["counts"] == {"unchanged": 2, "failed": 1}
    assert client.get("/api/documents").json()["total"] == 2


def test_a_job_that_nobody_knows_is_not_found(client: TestClient) -> None:
    for address in ("/api/jobs/none", "/api/jobs/none/events"):
        assert client.get(address).status_code == 404
    assert client.post("/api/jobs/none/cancel").status_code == 404


def test_one_job_after_another_and_a_waiting_one_is_cancelled_at_once(
    client: TestClient, tmp_path: Path
) -> None:
    def post(folder: str, count: int) -> str:
        body = {"paths": [str(documents(tmp_path / folder, count))]}
        return str(client.post("/api/ingest", json=body, headers={"X-Cita-Token": TOKEN}).json()["id"])

    first, second, third = post("in", 60), post("more", 3), post("last", 2)
    assert client.post(f"/api/jobs/{second}/cancel").json()["state"] == "cancelled"
    assert client.post(f"/api/jobs/{first}/cancel").status_code == 200
    assert in_time(client, first)["state"] == "cancelled"
    assert in_time(client, third)["counts"] == {"added": 2}
    assert client.get(f"/api/jobs/{second}").json()["outcomes"] == []
    assert client.post(f"/api/jobs/{third}/cancel").json()["state"] == "done"
    assert client.get("/api/documents").json()["total"] < 62


def test_a_document_is_removed(client: TestClient, tmp_path: Path) -> None:
    client.post("/api/documents?wait=true", files=[("files", ("a.md", b"# A\n\nOne sentence.\n"))])
    document = client.get("/api/documents").json()["documents"][0]["id"]
    assert client.delete(f"/api/documents/{document}").status_code == 204
    assert client.get("/api/documents").json()["total"] == 0
    assert client.get(f"/api/documents/{document}").status_code == 404
