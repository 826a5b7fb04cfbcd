"""Another embedding model under a running server: asked for with the folder's token, answered throughout."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from ingest.jobs import Jobs
from rag.core import Core, open_core
from rag.integrity import check
from rag.settings import Settings
from tests.ingest.test_reembedding import OTHER, OtherEmbedder
from tests.web.test_ingesting import TOKEN, documents, events, in_time
from web.app import create_app
from web.model_api import model_events
from web.removal import Removals

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


def test_a_removal_is_undone_under_the_model_of_now(
    client: TestClient, core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.model_api.open_embedder", lambda settings: OtherEmbedder())
    removals = Removals(core)
    [gone, *_rest] = core.library.catalogue.documents()
    token = removals.remove([gone.id])
    client.post("/api/embedding-model", json={"model": "other"}, headers=OWNER)
    assert removals.undo(token) == 1
    assert core.library.catalogue.document(gone.id).title == gone.title
    assert check(core.library) == []


def test_a_job_under_way_stands_still_and_goes_on(
    client: TestClient, core: Core, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("web.model_api.open_embedder", lambda settings: OtherEmbedder())
    body = {"paths": [str(documents(tmp_path / "many", 300))]}
    job = client.post("/api/ingest", json=body, headers=OWNER).json()["id"]
    answered = client.post("/api/embedding-model", json={"model": "other"}, headers=OWNER)
    assert events(answered.text)[-1][0] == "changed"
    ended = in_time(client, job)
    assert ended["state"] == "done"
    assert sum(ended["counts"].values()) == 300
    assert core.library.catalogue.count_documents() == 300
    assert check(core.library) == []


@pytest.mark.parametrize("leaves", [True, False])
def test_who_leaves_and_a_server_that_stops_give_the_change_up(
    client: TestClient, core: Core, monkeypatch: pytest.MonkeyPatch, leaves: bool
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Slow(OtherEmbedder):
        def encode_documents(self, texts: list[str]) -> np.ndarray:  # type: ignore[override]
            begun.set()
            assert go_on.wait(20)
            return super().encode_documents(texts)

    before = core.embedder
    monkeypatch.setattr("web.model_api.open_embedder", lambda settings: Slow())
    jobs = Jobs(core)
    told = model_events(core, jobs, "other")
    next(told)
    assert begun.wait(20)
    ending = threading.Thread(target=told.close if leaves else jobs.close)
    ending.start()
    time.sleep(0.1)
    go_on.set()
    ending.join()
    assert all(kind == "progress" for kind, _data in told)
    assert core.embedder is before
    assert check(core.library) == []
