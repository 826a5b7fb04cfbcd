"""Another embedding model under a running server: asked for with the folder's token, answered throughout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from rag.core import Core, open_core
from rag.settings import Settings
from tests.ingest.test_reembedding import OTHER, OtherEmbedder
from tests.web.test_ingesting import TOKEN, documents, events, in_time
from web.app import create_app

OWNER = {"X-Cita-Token": TOKEN}


@pytest.fixture
def core(settings: Settings) -> Iterator[Core]:
    with open_core(settings) as core:
        yield core


@pytest.fixture
def client(core: Core, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(core, owner_token=TOKEN), base_url="http://127.0.0.1") as client:
        body = {"paths": [str(documents(tmp_path / "in", 3))]}
        in_time(client, client.post("/api/ingest", json=body, headers=OWNER).json()["id"])
        yield client


def test_the_server_goes_on_with_the_new_model(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("web.model_api.open_embedder", lambda settings: OtherEmbedder())
    answered = client.post("/api/embedding-model", json={"model": "other"}, headers=OWNER)
    *steps, last = events(answered.text)
    assert last == (
        "changed",
        {"model": "other", "changed": True, "documents": 3, "chunks": 3, "embedded": 3},
    )
    assert {kind for kind, _data in steps} == {"progress"}
    assert client.get("/api/models").json()["embedding_model"]["name"] == OTHER.name
    assert len(client.get("/api/search", params={"q": "answer to note 2"}).json()["results"]) == 3
    # What comes in from now on is the new model's too.
    body = {"paths": [str(documents(tmp_path / "more", 1))]}
    job = in_time(client, client.post("/api/ingest", json=body, headers=OWNER).json()["id"])
    assert job["state"] == "done"
    again = client.post("/api/embedding-model", json={"model": "other"}, headers=OWNER)
    assert events(again.text)[-1][1]["changed"] is False


def test_a_model_that_is_not_prepared_changes_nothing(client: TestClient, core: Core) -> None:
    before = core.embedder.description.name
    answered = client.post("/api/embedding-model", json={"model": "none/such"}, headers=OWNER)
    [(kind, told)] = events(answered.text)
    assert kind == "error"
    assert "cita prepare" in told["message"]
    assert client.get("/api/models").json()["embedding_model"]["name"] == before


def test_only_who_can_read_the_data_folder_may_change_the_model(client: TestClient) -> None:
    refused = client.post("/api/embedding-model", json={"model": "other"})
    assert refused.status_code == 403
    assert "cita reembed" in refused.json()["error"]["message"]
