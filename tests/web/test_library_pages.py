"""Taking files in, removing them, and bringing them back exactly as they were."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from rag.core import Core, open_core
from rag.settings import Settings
from web.app import create_app
from web.uploads import readable_name

FORM = {"Accept": "text/html", "Origin": "http://127.0.0.1"}
HOSTILE = "<script>alert(1)</script>.md"
NOTE = "# Zorzales <script>alert(1)</script>\n\nEl zorzal canta al amanecer en la ribera del Duero."


@pytest.fixture
def own_core(settings: Settings) -> Iterator[Core]:
    with open_core(settings) as core:
        yield core


@pytest.fixture
def own(own_core: Core) -> Iterator[TestClient]:
    with TestClient(create_app(own_core), base_url="http://127.0.0.1") as client:
        yield client


def send(client: TestClient, *files: tuple[str, bytes], accept: str = "application/json") -> object:
    parts = [("files", ("file", content)) for _name, content in files]
    names = {"path": [name for name, _content in files]}
    headers = {"Accept": accept, "Origin": "http://127.0.0.1"}
    response = client.post("/documents/add", files=parts, data=names, headers=headers)
    assert response.status_code == 200, response.text
    return response.json() if accept == "application/json" else response.text


def test_an_upload_can_be_found_at_once_under_the_name_that_was_sent(own: TestClient) -> None:
    report = send(own, (HOSTILE, NOTE.encode()))
    assert [one["status"] for one in report["outcomes"]] == ["added"]  # type: ignore[index]
    listed = own.get("/api/documents").json()["documents"]
    assert [one["source"] for one in listed] == [HOSTILE]
    assert own.get("/api/search", params={"q": "pájaro que canta"}).json()["results"]


def test_what_fails_is_told_in_the_readers_language_and_the_rest_goes_in(own: TestClient) -> None:
    own.cookies.set("language", "es")
    report = send(own, ("roto.pdf", b"%PDF-1.7 nothing"), ("nota.md", NOTE.encode()))
    failed, added = report["outcomes"]  # type: ignore[index]
    assert (failed["status"], added["status"]) == ("failed", "added")
    assert "está dañado" in failed["message"]


def test_without_a_script_a_page_says_what_became_of_the_files(own: TestClient) -> None:
    page = send(own, (HOSTILE, NOTE.encode()), accept="text/html")
    assert "&lt;script&gt;" in str(page)
    assert "<script>alert" not in str(page)


def test_an_upload_of_nothing_is_refused(own: TestClient) -> None:
    response = own.post("/documents/add", headers=FORM)
    assert response.status_code == 422


def test_a_removal_is_undone_to_the_last_number(own: TestClient, own_core: Core) -> None:
    send(own, ("a.md", NOTE.encode()), ("b.md", b"# Tides\n\nThe tide turns twice a day."))
    before = {one["id"]: one for one in own.get("/api/documents").json()["documents"]}
    found = own.get("/api/search", params={"q": "tide"}).json()["results"]
    chosen = list(before)
    gone = own.post("/documents/remove", data={"id": chosen}, headers=FORM, follow_redirects=False)
    assert own.get("/api/documents").json()["total"] == 0
    assert own.get("/api/search", params={"q": "tide"}).json()["results"] == []
    page = own.get(gone.headers["location"], headers=FORM).text
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token
    own.post("/documents/restore", data={"token": token.group(1)}, headers=FORM)
    after = {one["id"]: one for one in own.get("/api/documents").json()["documents"]}
    assert set(after) == set(before)
    for key in ("title", "source", "sha256", "chunks", "language", "size"):
        assert {i: one[key] for i, one in after.items()} == {i: one[key] for i, one in before.items()}
    again = own.get("/api/search", params={"q": "tide"}).json()["results"]
    assert [(one["document_id"], one["text"]) for one in again] == [
        (one["document_id"], one["text"]) for one in found
    ]
    for one in after.values():
        assert own.get(f"/api/documents/{one['id']}/original").status_code == 200


def test_a_removal_is_undone_once(own: TestClient) -> None:
    send(own, ("a.md", NOTE.encode()))
    chosen = own.get("/api/documents").json()["documents"][0]["id"]
    gone = own.post("/documents/remove", data={"id": chosen}, headers=FORM, follow_redirects=False)
    token = gone.headers["location"].split("removed=")[1]
    assert own.post("/documents/restore", data={"token": token}, headers=FORM).status_code == 200
    assert own.post("/documents/restore", data={"token": token}, headers=FORM).status_code == 404


def test_removing_nothing_is_said(own: TestClient) -> None:
    assert own.post("/documents/remove", headers=FORM).status_code == 422


def test_the_way_back_leads_nowhere_else(own: TestClient) -> None:
    send(own, ("a.md", NOTE.encode()))
    chosen = own.get("/api/documents").json()["documents"][0]["id"]
    data = {"id": chosen, "next": "https://evil.example/"}
    gone = own.post("/documents/remove", data=data, headers=FORM, follow_redirects=False)
    assert gone.headers["location"].startswith("/?removed=")


def test_an_empty_library_guides_to_the_first_answer(own: TestClient) -> None:
    page = own.get("/", headers=FORM).text
    assert 'class="steps"' in page
    assert 'id="drop"' in page
    send(own, ("a.md", NOTE.encode()))
    assert 'id="ask-form"' in own.get("/", headers=FORM).text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("C:\\notes\\a.md", "C:/notes/a.md"),
        ("../../etc/passwd", "etc/passwd"),
        ("a\x00\nb.md", "a\ufffd\ufffdb.md"),
        ("///", "unnamed"),
        (HOSTILE, HOSTILE),
    ],
)
def test_a_name_is_made_readable(given: str, shown: str) -> None:
    assert readable_name(given) == shown
