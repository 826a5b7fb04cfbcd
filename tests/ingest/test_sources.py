"""Files, folders, addresses and given bytes as sources: odd names, odd files, odd hosts."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingest import urls
from ingest.pipeline import Ingestion
from ingest.sources import GivenSource, find_files, still_there
from ingest.urls import fetch, is_public
from rag.core import Core
from rag.errors import UnreadableError
from tests.rag.staging import tiny_core


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    with tiny_core(tmp_path / "data", allow_private_urls=True) as opened:
        yield opened


class Site(BaseHTTPRequestHandler):
    """A small site: a page, redirects, an endless body, a slow one."""

    def do_GET(self) -> None:
        self.server.hosts.append(self.headers["Host"])  # type: ignore[attr-defined]
        if self.path == "/moved":
            self._answer(302, b"", Location="/page.html")
        elif self.path == "/round":
            self._answer(302, b"", Location="/round")
        elif self.path == "/away":
            self._answer(302, b"", Location="file:///etc/passwd")
        elif self.path in ("/endless", "/slow"):
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(200):
                    self.wfile.write(b"word " * (20_000 if self.path == "/endless" else 1))
                    time.sleep(0 if self.path == "/endless" else 0.05)
            except OSError:
                pass
        elif self.path == "/page.html":
            self._answer(200, b"<html><body><p>The tide turns twice a day.</p></body></html>")
        elif self.path == "/plain":
            self._answer(200, b"Plain words about rivers.", **{"Content-Type": "text/plain; charset=utf-8"})
        else:
            self._answer(404, b"")

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.hosts = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_page_is_fetched_and_known_again(core: Core, site: str) -> None:
    report = Ingestion(core).run([f"{site}/moved", f"{site}/plain#part"])
    assert report.counts() == {"added": 2}
    assert {one.name for one in report.outcomes} == {f"{site}/moved", f"{site}/plain"}
    assert Ingestion(core).run([f"{site}/moved"]).counts() == {"unchanged": 1}
    assert Ingestion(core).run([f"{site}/page.html"]).counts() == {"duplicate": 1}


@pytest.mark.parametrize(
    ("path", "said"),
    [("/nothing", "404"), ("/round", "more than 5 times"), ("/away", "neither http nor https")],
)
def test_what_cannot_be_fetched_says_why(core: Core, site: str, path: str, said: str) -> None:
    (outcome,) = Ingestion(core).run([site + path]).outcomes
    assert outcome.status == "failed"
    assert said in outcome.message


def test_size_and_time_are_bounded(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "MOST_BYTES", 1_000_000)
    with pytest.raises(UnreadableError, match="more than 1 MB"):
        fetch(f"{site}/endless", allow_private=True)
    monkeypatch.setattr(urls, "MOST_SECONDS", 0.5)
    with pytest.raises(UnreadableError, match="took more than"):
        fetch(f"{site}/slow", allow_private=True)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "0.0.0.0"]
)
def test_this_machine_and_its_network_are_refused(host: str) -> None:
    with pytest.raises(UnreadableError, match="CITA_ALLOW_PRIVATE_URLS"):
        fetch(f"http://{host}:9/")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("192.168.1.1", False), ("100.64.0.1", False),
        ("::ffff:10.0.0.1", False), ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False),
        ("224.0.0.1", False),
        ("fe80::1", False), ("fd00::1", False), ("::", False),
    ],
)  # fmt: skip
def test_public_addresses_are_told_from_others(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_the_connection_goes_to_the_address_that_was_checked(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(site.rpartition(":")[2])
    looked_up: list[str] = []

    def first_public_then_private(host: str, *_rest: object, **_more: object) -> list[tuple[object, ...]]:
        looked_up.append(host)
        address = "127.0.0.1" if len(looked_up) > 1 else "198.51.100.7"
        return [(0, 0, 0, "", (address, port))]

    monkeypatch.setattr(urls.socket, "getaddrinfo", first_public_then_private)
    monkeypatch.setattr(urls, "is_public", lambda address: address != "127.0.0.1")
    monkeypatch.setattr(urls, "STEP_SECONDS", 0.5)
    with pytest.raises(UnreadableError, match="cannot be fetched"):
        fetch(f"http://rebinding.example:{port}/page.html")
    assert looked_up[0] == "rebinding.example"
    assert all(host == "198.51.100.7" for host in looked_up[1:])


def test_the_host_that_was_named_is_asked_for(site: str) -> None:
    port = site.rpartition(":")[2]
    assert b"tide" in fetch(f"http://localhost:{port}/page.html", allow_private=True).data


def test_given_bytes_replace_what_had_their_name(core: Core) -> None:
    assert Ingestion(core).run([GivenSource(b"First words.", "note.txt")]).counts() == {"added": 1}
    assert Ingestion(core).run([GivenSource(b"Second words.", "note.txt")]).counts() == {"updated": 1}
    assert Ingestion(core).run([GivenSource(b"Second words.", "other.txt")]).counts() == {"duplicate": 1}
    (record,) = core.library.catalogue.documents()
    assert record.sources == ("note.txt", "other.txt")


def test_odd_files_end_with_an_outcome_and_the_rest_goes_in(core: Core, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.txt").write_text("Good words.")
    os.mkfifo(folder / "pipe.txt")
    (folder / "round.txt").symlink_to("round.txt")
    (folder / "dangling.txt").symlink_to("nowhere.txt")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "locked.txt").write_text("Locked words.")
    (folder / "locked.txt").chmod(0)
    report = Ingestion(core).run([folder])
    failed = {Path(one.name).name for one in report.failed}
    assert failed >= {"pipe.txt", "round.txt"}
    assert all(one.message for one in report.failed)
    assert any(one.status == "added" and one.name.endswith("good.txt") for one in report.outcomes)


def test_names_that_are_not_utf8_are_told_apart(core: Core, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    paths = [tmp_path / "in" / os.fsdecode(name) for name in (b"caf\xe9.txt", b"caf\xe8.txt")]
    for number, path in enumerate(paths):
        path.write_text(f"Words number {number}.")
    assert Ingestion(core).run([tmp_path / "in"]).counts() == {"added": 2}
    assert Ingestion(core).run([tmp_path / "in"]).counts() == {"unchanged": 2}
    paths[0].rename(tmp_path / "in" / "moved.txt")
    assert Ingestion(core).run([tmp_path / "in"]).counts() == {"unchanged": 1, "moved": 1}


def test_a_file_that_vanishes_or_grows_while_it_is_read(core: Core, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "growing.txt"
    path.write_text("One line.\n")
    stop = threading.Event()

    def grow() -> None:
        with path.open("a") as file:
            while not stop.is_set():
                file.write("more ")
                file.flush()

    writer = threading.Thread(target=grow)
    writer.start()
    (outcome,) = Ingestion(core).run([path]).outcomes
    stop.set()
    writer.join()
    assert outcome.status == "failed"
    assert "still being written" in outcome.message
    (source,) = find_files([path]).files
    path.unlink()
    (outcome,) = Ingestion(core).run([source]).outcomes
    assert "cannot be read" in outcome.message


def test_a_library_in_a_folder_is_none_of_its_documents(core: Core, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One sentence.")
    assert [one.source for one in find_files([tmp_path]).files] == [str(tmp_path / "a.txt")]
    own = find_files([core.settings.data_dir])
    assert not own.files
    assert "library" in own.failures[0].message


def test_a_file_that_cannot_be_looked_at_is_not_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    assert not still_there(str(tmp_path / "none.txt"))
    monkeypatch.setattr(os, "lstat", closed)
    assert still_there(str(tmp_path / "none.txt"))
