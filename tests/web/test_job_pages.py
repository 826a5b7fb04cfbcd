"""What the library page shows of jobs."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from ingest.jobs import Jobs
from rag.core import Core, open_core
from rag.settings import Settings
from web.app import create_app

FORM = {"Accept": "text/html", "Origin": "http://127.0.0.1"}


@pytest.fixture
def own_core(settings: Settings) -> Iterator[Core]:
    with open_core(settings) as core:
        yield core


def test_jobs_are_told_of_while_they_run_and_when_something_failed(own_core: Core) -> None:
    with TestClient(create_app(own_core), base_url="http://127.0.0.1") as client:
        assert client.get("/fragments/jobs").text.strip() == ""
        sent = [("files", (f"{number}.txt", f"Note {number}. " * 300)) for number in range(40)]
        job = client.post("/api/documents", files=sent).json()["id"]
        page = client.get("/documents", headers={"Accept-Language": "es"}).text
        fragment = client.get("/fragments/jobs")
        assert "0.txt" in page
        assert "y 39 más" in page
        assert fragment.headers["X-Running"] == "1"
        assert f"/jobs/{job}/cancel" in fragment.text
        assert client.post(f"/jobs/{job}/cancel", headers=FORM, follow_redirects=False).status_code == 303
        client.post("/api/documents?wait=true", files=[("files", ("<b>broken</b>.pdf", b"%PDF-1.7 no"))])
        after = client.get("/fragments/jobs")
        assert after.headers["X-Running"] == "0"
        assert "cancelled; what was finished stays" in after.text
        assert "1 file could not be taken in" in after.text
        assert "&lt;b&gt;broken&lt;/b&gt;.pdf" in after.text


def test_a_job_of_an_earlier_server_is_told_of_too(own_core: Core) -> None:
    earlier = Jobs(own_core)
    earlier.close()  # it writes down what it is given, and does nothing any more
    earlier.submit([], sent=[("later.txt", io.BytesIO(b"It waited for the next server."))])
    with TestClient(create_app(own_core), base_url="http://127.0.0.1") as client:
        (job,) = client.get("/api/jobs").json()["jobs"]
        client.get(f"/api/jobs/{job['id']}/events")
        assert client.get("/api/documents").json()["total"] == 1
