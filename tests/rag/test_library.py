"""The library: revisions, replacement, sweeping, one owner, one model."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag import rebuilding
from rag.errors import NotFoundError, StoreError
from rag.library import Library
from rag.lock import running_server
from rag.rebuilding import ensure_words
from rag.staged import StagedDocument, staged_vectors, staged_words, write_pending
from tests.rag.staging import MODEL, staged, tiny_core, vector

PLACE = f"default-{MODEL.fingerprint}"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "data", MODEL)
    yield opened
    opened.close()


def live_texts(library: Library) -> set[str]:
    """The texts of all chunks that a search could show, checked to be the same everywhere."""
    ids = set(library.vectors.ids(PLACE))
    assert ids == library.words.chunk_ids()
    found = library.catalogue.found(sorted(ids))
    assert set(found) == ids
    return {chunk.text.strip() for chunk in found.values()}


def test_a_document_is_written_and_read_back(library: Library) -> None:
    library.write([staged("a", ["Primer párrafo.", "Segundo párrafo 😀."])])
    record = library.catalogue.document("a")
    assert (record.title, record.chunks, record.source) == ("a", 2, "docs/a.txt")
    text = library.catalogue.text("a")
    assert text.text == "Primer párrafo.\n\nSegundo párrafo 😀."
    chunks = library.catalogue.chunks("a")
    assert "".join(text.text[c.start : c.end] for c in chunks) == text.text
    nearest = library.vectors.nearest(PLACE, vector("Segundo párrafo 😀."), 1)
    assert library.catalogue.found([nearest[0][0]])[nearest[0][0]].text == "Segundo párrafo 😀."


def test_a_new_revision_replaces_the_old_one_everywhere(library: Library) -> None:
    library.write([staged("a", ["uno", "dos", "tres"]), staged("b", ["aparte"])])
    library.write([staged("a", ["dos", "cuatro"])])
    assert live_texts(library) == {"dos", "cuatro", "aparte"}
    assert library.catalogue.statistics()["documents"] == 2


def test_removal_leaves_nothing(library: Library) -> None:
    library.write([staged("a", ["uno"]), staged("b", ["dos"])])
    library.remove("a")
    assert live_texts(library) == {"dos"}
    with pytest.raises(NotFoundError):
        library.catalogue.document("a")
    with pytest.raises(NotFoundError):
        library.remove("a")


def test_a_document_with_two_names_lives_until_both_are_gone(library: Library) -> None:
    document = staged("a", ["uno"], "/docs/x.txt")
    other = replace(document.names[0], location="/docs/y.txt", source="docs/y.txt")
    library.write([document])
    library.set_names([other])
    assert library.catalogue.document("a").sources == ("docs/x.txt", "docs/y.txt")
    library.remove_names("default", ["/docs/x.txt"])
    assert library.catalogue.document("a").source == "docs/y.txt"
    library.remove_names("default", ["/docs/y.txt"])
    assert library.catalogue.count_documents() == 0


def test_words_found_by_other_rules_are_indexed_anew_once(
    library: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    library.write([staged("a", ["uno", "dos"])])
    library.words.clear()
    ensure_words(library)
    assert library.words.chunk_ids() == set()
    assert not caplog.messages
    monkeypatch.setattr(rebuilding, "RULES", "another")
    ensure_words(library)
    (said,) = caplog.messages
    assert "made anew" in said
    assert live_texts(library) == {"uno", "dos"}
    library.words.clear()
    ensure_words(library)
    assert library.words.chunk_ids() == set()


def index(library: Library, document: StagedDocument, revision: int) -> None:
    """Write vectors and words of a revision that is not live."""
    for _collection, ids, vectors in staged_vectors([document], [revision]):
        library.vectors.add(PLACE, ids, vectors)
    library.words.add(staged_words([document], [revision]))
    library.words.commit()


def test_what_never_became_live_is_never_found_and_is_swept(tmp_path: Path) -> None:
    library = Library(tmp_path / "data", MODEL)
    library.write([staged("a", ["viejo"])])
    half = staged("a", ["nuevo"])
    revision = write_pending(library.database, half)
    index(library, half, revision)
    ids = [one for one, _ in library.vectors.nearest(PLACE, vector("nuevo"), 2)]
    assert [chunk.text for chunk in library.catalogue.found(ids).values()] == ["viejo"]
    library.close()
    reopened = Library(tmp_path / "data", MODEL)
    assert live_texts(reopened) == {"viejo"}
    reopened.close()


def test_a_retired_revision_is_swept(tmp_path: Path) -> None:
    library = Library(tmp_path / "data", MODEL)
    library.write([staged("a", ["viejo"])])
    fresh = staged("a", ["nuevo"])
    revision = write_pending(library.database, fresh)
    index(library, fresh, revision)
    library.database.publish([revision], fresh.names)
    library.close()
    reopened = Library(tmp_path / "data", MODEL)
    assert live_texts(reopened) == {"nuevo"}
    reopened.close()


def test_centroids_follow_what_is_written_and_removed(tmp_path: Path) -> None:
    library = Library(tmp_path / "data", MODEL)
    library.write([staged("a", ["uno", "dos"]), staged("b", ["three"], language="en")])
    library.write([staged("a", ["cuatro"])])
    kept = library.centroids("default").offsets(vector("x"))
    library.write([staged("c", ["cinco"])])
    library.remove("c")
    assert library.centroids("default").offsets(vector("x")) == pytest.approx(kept, abs=1e-6)
    library.close()
    reopened = Library(tmp_path / "data", MODEL)
    assert reopened.centroids("default").offsets(vector("x")) == pytest.approx(kept, abs=1e-6)
    reopened.close()


def test_another_process_is_told_who_holds_the_folder(library: Library) -> None:
    code = (
        "from pathlib import Path; from rag.library import Library; from tests.rag.staging import MODEL;"
        f"Library(Path({str(library.data_dir)!r}), MODEL)"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert other.returncode != 0
    assert "is in use by process" in other.stderr
    assert running_server(library.data_dir) is None
    library.lock.announce("http://127.0.0.1:1")
    owner = running_server(library.data_dir)
    assert owner is not None
    assert owner.url == "http://127.0.0.1:1"


def test_a_folder_is_free_again_after_it_was_closed(tmp_path: Path) -> None:
    Library(tmp_path / "data", MODEL).close()
    Library(tmp_path / "data", MODEL).close()
    assert running_server(tmp_path / "data") is None


def test_another_model_never_answers_from_this_index(tmp_path: Path) -> None:
    Library(tmp_path / "data", MODEL).close()
    other = replace(MODEL, name="other", weights_sha256="1" * 64)
    with pytest.raises(StoreError, match="cita reembed --model other"):
        Library(tmp_path / "data", other)
    Library(tmp_path / "data", MODEL).close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="cannot be written"):
        Library(tmp_path / "file" / "data", MODEL)


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cita.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with pytest.raises(StoreError, match="damaged"):
        Library(tmp_path / "data", MODEL)
    assert running_server(tmp_path / "data") is None


def test_the_keys_of_any_number_of_chunks_are_found(tmp_path: Path) -> None:
    texts = [f"word {number}" for number in range(1200)]
    with tiny_core(tmp_path) as core:
        core.library.write([staged("long", texts, "long.txt")])
        catalogue = core.library.catalogue
        records = catalogue.chunks("long")
        known = catalogue.vector_keys([*(one.id for one in records), "1-5000", "77-0"])
    assert known == {one.id: one.vector_key for one in records}
    assert len(known) == len(texts)


def test_what_the_reader_should_know_stays_with_the_document(tmp_path: Path) -> None:
    document = staged("half", ["word"], "half.pdf")
    told = replace(document, text=replace(document.text, warnings=("Page 4 is a picture.",)))
    with tiny_core(tmp_path) as core:
        core.library.write([told])
        assert core.library.catalogue.text("half").warnings == ("Page 4 is a picture.",)
