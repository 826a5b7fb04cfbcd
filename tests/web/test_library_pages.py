"""Taking files in, removing them, and bringing them back exactly as they were."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ingest.jobs import Jobs
from ingest.pipeline import Ingestion
from rag.core import Core, open_core
from rag.errors import StoreError
from rag.settings import COLLECTION_PATTERN, Settings
from tests.rag.staging import staged, tiny_core, vector
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


def take_in(core: Core, *paths: Path) -> list[str]:
    report = Ingestion(core).run(paths)
    return [one.document_id for one in report.outcomes]


def state(client: TestClient) -> str:
    return re.findall(r'data-state="(\w+)" title=', client.get("/documents").text)[0]


def test_a_document_says_what_became_of_its_file(own: TestClient, own_core: Core, tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text("# Mareas\n\nLa marea sube dos veces al día.")
    take_in(own_core, note)
    assert state(own) == "current"
    note.write_text("# Mareas\n\nLa marea sube dos veces al día, cada doce horas.")
    assert state(own) == "changed"
    note.unlink()
    assert state(own) == "gone"


def test_what_was_sent_is_kept_and_has_no_file_to_read_again(own: TestClient) -> None:
    send(own, ("note.md", NOTE.encode()))
    assert state(own) == "kept"
    document = own.get("/api/documents").json()["documents"][0]["id"]
    refused = own.post("/documents/again", data={"id": document}, headers=FORM | {"Accept-Language": "es"})
    assert refused.status_code == 422
    assert "no tiene un archivo que se pueda volver a leer" in refused.text


def test_what_has_changed_is_read_again(own: TestClient, own_core: Core, tmp_path: Path) -> None:
    paths = [tmp_path / "one.md", tmp_path / "two.md"]
    for path in paths:
        path.write_text(f"# {path.stem}\n\nThe lighthouse of {path.stem} is white.")
    documents = take_in(own_core, *paths)
    paths[0].write_text("# one\n\nThe lighthouse of one is painted red.")
    page = own.post("/documents/again", data={"id": documents}, headers=FORM)
    assert "1 document has changed and was taken in anew" in page.text
    assert "painted red" in own.get("/search", params={"q": "colour of the lighthouse of one"}).text
    again = own.post("/documents/again", data={"id": documents}, headers=FORM)
    assert "nothing has changed" in again.text


def test_what_could_not_be_read_again_is_said_beside_what_was(
    own: TestClient, own_core: Core, tmp_path: Path
) -> None:
    paths = [tmp_path / "one.md", tmp_path / "two.md"]
    for path in paths:
        path.write_text(f"# {path.stem}\n\nThe lighthouse of {path.stem} is white.")
    documents = take_in(own_core, *paths)
    paths[0].write_text("# one\n\nThe lighthouse of one is painted red.")
    paths[1].unlink()
    page = own.post("/documents/again", data={"id": documents}, headers=FORM).text
    assert "1 document has changed and was taken in anew" in page
    assert "1 file could not be read again" in page


def test_reading_again_that_fails_as_a_whole_is_no_news_of_nothing_changed(
    own: TestClient, own_core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "note.md"
    note.write_text("# Mareas\n\nLa marea sube dos veces al día.")
    documents = take_in(own_core, note)

    def fail(*_given: object, **_named: object) -> None:
        raise StoreError("The disk is <full>.")

    monkeypatch.setattr(Ingestion, "run", fail)
    page = own.post("/documents/again", data={"id": documents}, headers=FORM).text
    assert "They could not all be read again: The disk is &lt;full&gt;." in page
    assert "nothing has changed" not in page


def test_reading_again_that_was_cancelled_is_said_to_be(own: TestClient, own_core: Core) -> None:
    waiting = Jobs(own_core)
    waiting.close()  # it writes down what it is given, and does nothing any more
    jobs = [waiting.submit([f"/nowhere/{number}.md"], f"of-{number}").id for number in range(30)]
    told = {"again": ",".join(jobs)}
    assert "Being read again" in own.get("/documents", params=told).text
    for job in jobs:
        waiting.cancel(job)
    page = own.get("/documents", params=told).text
    assert "Reading again was cancelled; what was finished stays." in page
    assert "nothing has changed" not in page


def test_what_came_from_somewhere_has_a_button_to_be_read_again(tmp_path: Path) -> None:
    fetched = staged("fetched", ["El faro."], "https://example.org/faro.html")
    scan = replace(staged("scan", ["La torre."]), chunks=[], vectors=vector("")[None][:0])
    with tiny_core(tmp_path / "data") as core:
        core.library.write([fetched, scan, staged("sent", ["El mar."], "mar.txt")])
        with TestClient(create_app(core), base_url="http://127.0.0.1") as client:
            pages = {one: client.get(f"/documents/{one}").text for one in ("fetched", "scan", "sent")}
    assert 'data-state="kept"' in pages["fetched"]
    assert 'data-state="empty"' in pages["scan"]
    assert [one for one, page in pages.items() if 'formaction="/documents/again"' in page] == [
        "fetched",
        "scan",
    ]


def test_the_form_takes_the_collections_that_the_server_takes(own: TestClient) -> None:
    send(own, ("note.md", NOTE.encode()))
    assert f'pattern="{COLLECTION_PATTERN}"' in own.get("/documents").text


def test_a_new_collection_begins_with_what_is_sent_into_it(own: TestClient) -> None:
    parts = {"files": ("a.md", b"# Orillas\n\nEl rio baja turbio.")}
    headers = {"Accept": "application/json", "Origin": "http://127.0.0.1"}
    assert own.post("/documents/add", files=parts, data={"collection": "rivers"}, headers=headers).is_success
    page = own.get("/documents", params={"collection": "rivers"}).text
    assert "1 document" in page
    assert "Orillas" in page
    bad = own.post("/documents/add", files=parts, data={"collection": "No spaces"}, headers=headers)
    assert bad.status_code == 422


def test_the_sample_documents_are_one_click_away(
    own: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sample.md").write_text("# Sample\n\nThe herring gull nests on roofs.")
    monkeypatch.setattr("web.library_pages.SAMPLES", tmp_path)
    assert 'action="/documents/samples"' in own.get("/").text
    assert "Sample" in own.post("/documents/samples", headers=FORM).text
    monkeypatch.setattr("web.library_pages.SAMPLES", tmp_path / "nowhere")
    assert own.post("/documents/samples", headers=FORM).status_code == 404
