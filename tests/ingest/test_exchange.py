"""`cita export` and `cita import`: the same answers elsewhere, merging, damaged files."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from ingest.exchange import ExportFile
from ingest.exporting import export_store
from ingest.importing import Import
from ingest.pipeline import Ingestion
from rag.core import Core, open_core
from rag.errors import NotFoundError, StoreError, UnreadableError
from rag.integrity import check
from rag.library import Library
from rag.settings import Settings, load_settings
from tests.rag.staging import MODEL, TinyEmbedder, staged, tiny_core

QUESTIONS = (
    "¿Qué es la atención de varias cabezas?",
    "How does BM25 weigh rare words?",
    "¿Qué posiciones codifica el seno?",
    "compute-optimal training tokens",
)


def ignore(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def answers(core: Core) -> list[list[tuple[str, int, int, str, float]]]:
    """What each question finds, with the scores of every mode."""
    return [
        [(one.source, one.start, one.end, one.text, one.score) for one in found.passages]
        for question in QUESTIONS
        for mode in ("hybrid", "dense", "lexical")
        for found in [core.retriever.search(question, mode=mode)]
    ]


def take_in(path: Path, settings: Settings, core_model: object, **options: object) -> dict[str, int]:
    library = Library(settings.data_dir, core_model, chroma_url=settings.chroma_url)  # type: ignore[arg-type]
    with closing(library):
        counts = Import(library, **options).run(path, ignore).counts()  # type: ignore[arg-type]
        assert check(library) == []
    return counts


@pytest.fixture(scope="module")
def exported(core: Core, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The six documents in a file, written while their library is open."""
    path = tmp_path_factory.mktemp("export") / "library.cita"
    manifest = export_store(core.settings, core.embedder, path, None, ignore)
    assert manifest.documents == manifest.originals == 6
    return path


def test_a_round_trip_gives_the_same_hits_and_scores(core: Core, exported: Path, settings: Settings) -> None:
    assert take_in(exported, settings, core.library.model) == {"added": 6}
    with open_core(settings) as moved:
        assert answers(moved) == answers(core)
        before = {one.source: one for one in core.library.catalogue.documents()}
        for record in moved.library.catalogue.documents():
            assert record == before[record.source]
            assert moved.library.catalogue.text(record.id) == core.library.catalogue.text(record.id)
            original = moved.library.originals.read(record.sha256)
            assert original == core.library.originals.read(record.sha256)
        assert (
            moved.library.cache.missing(
                [
                    one.vector_key
                    for each in before.values()
                    for one in moved.library.catalogue.chunks(each.id)
                ]
            )
            == []
        )
    assert take_in(exported, settings, core.library.model) == {"unchanged": 6}


@pytest.fixture(scope="module")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real Chroma server."""
    program = Path(sys.executable).with_name("chroma")
    if not program.exists():
        pytest.skip("chromadb came without its server")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    folder = tmp_path_factory.mktemp("chroma")
    command = [str(program), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _attempt in range(200):
            try:
                urlopen(f"{url}/api/v2/heartbeat", timeout=1).close()
                break
            except (URLError, OSError):
                time.sleep(0.1)
        yield url
    finally:
        server.kill()
        server.wait()


def test_a_library_moves_to_a_chroma_server_and_back(
    core: Core, exported: Path, settings: Settings, chroma_server: str, tmp_path: Path
) -> None:
    there = settings.model_copy(update={"chroma_url": chroma_server})
    assert take_in(exported, there, core.library.model) == {"added": 6}
    with open_core(there) as moved:
        assert answers(moved) == answers(core)
        export_store(there, moved.embedder, tmp_path / "back.cita", None, ignore)
    assert not (settings.data_dir / "chroma").exists()
    home = settings.model_copy(update={"data_dir": tmp_path / "home"})
    assert take_in(tmp_path / "back.cita", home, core.library.model) == {"added": 6}
    with open_core(home) as back:
        assert answers(back) == answers(core)


# Below the plumbing alone, with a tiny embedder.


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes a library of some documents to a file."""

    def write(*documents: object, name: str = "a.cita", collection: str | None = None) -> Path:
        data = tmp_path / f"{name}.data"
        with closing(Library(data, MODEL)) as library:
            for one in documents:
                keys = [
                    replace(c, vector_key=library.cache.key(str(one) + str(c.ordinal))) for c in one.chunks
                ]  # type: ignore[attr-defined]
                library.cache.put(dict(zip([k.vector_key for k in keys], one.vectors, strict=True)))  # type: ignore[attr-defined]
                library.write([replace(one, chunks=keys)])  # type: ignore[type-var]
        export_store(load_settings(data_dir=data), TinyEmbedder(), tmp_path / name, collection, ignore)
        return tmp_path / name

    return write


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "here")


def texts(settings: Settings, collection: str | None = None) -> dict[str, tuple[str, ...]]:
    with closing(Library(settings.data_dir, MODEL)) as library:
        records = library.catalogue.documents(collection)
        return {library.catalogue.text(one.id).text: one.sources for one in records}


def test_importing_merges_and_stores_the_same_content_once(
    written: Callable[..., Path], here: Settings
) -> None:
    first = written(staged("a", ["uno"]), staged("b", ["dos"]), name="first.cita")
    second = written(staged("a", ["otro"], "/x/a.txt"), staged("c", ["dos"], "/x/c.txt"), name="second.cita")
    assert take_in(first, here, MODEL) == {"added": 2}
    assert take_in(second, here, MODEL) == {"added": 1, "duplicate": 1}
    assert texts(here) == {"uno": ("docs/a.txt",), "otro": ("x/a.txt",), "dos": ("docs/b.txt", "x/c.txt")}


def test_another_version_stays_unless_it_is_to_be_replaced(
    written: Callable[..., Path], here: Settings
) -> None:
    take_in(written(staged("a", ["viejo"]), name="old.cita"), here, MODEL)
    newer = written(staged("a", ["nuevo"]), name="new.cita")
    assert take_in(newer, here, MODEL) == {"skipped": 1}
    assert texts(here) == {"viejo": ("docs/a.txt",)}
    assert take_in(newer, here, MODEL, replace_others=True) == {"updated": 1}
    assert texts(here) == {"nuevo": ("docs/a.txt",)}


def test_collections_are_kept_chosen_and_joined(written: Callable[..., Path], here: Settings) -> None:
    other = staged("b", ["uno"], "/docs/b.txt")
    names = [replace(one, collection="notes") for one in other.names]
    other = replace(other, collection="notes", names=names)
    both = written(staged("a", ["uno"]), other, name="both.cita")
    assert take_in(both, here, MODEL) == {"added": 2}
    assert texts(here, "notes") == {"uno": ("docs/b.txt",)}
    assert take_in(both, here, MODEL, collection="all") == {"added": 1, "duplicate": 1}
    assert texts(here, "all") == {"uno": ("docs/a.txt", "docs/b.txt")}
    one = written(staged("a", ["uno"]), other, name="one.cita", collection="notes")
    with ExportFile(one) as file:
        assert [document.collection for document in file.documents()] == ["notes"]
    with pytest.raises(NotFoundError, match="collection nowhere"):
        written(staged("a", ["uno"]), name="none.cita", collection="nowhere")


def test_an_interrupted_import_goes_on(
    written: Callable[..., Path], here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(*(staged(f"d{n}", [f"texto {n}"]) for n in range(6)))
    monkeypatch.setattr("ingest.importing.BATCH_CHUNKS", 2)
    library = Library(here.data_dir, MODEL)
    calls = iter(range(100))

    def stop(step: str) -> None:
        if step == "published" and next(calls) == 1:
            raise KeyboardInterrupt

    library.on_step = stop
    with closing(library), pytest.raises(KeyboardInterrupt):
        Import(library).run(path, ignore)
    assert len(texts(here)) == 4
    assert take_in(path, here, MODEL) == {"unchanged": 4, "added": 2}


def test_another_embedding_model_is_refused(written: Callable[..., Path], here: Settings) -> None:
    path = written(staged("a", ["uno"]))
    other = replace(MODEL, name="other", weights_sha256="1" * 64)
    with pytest.raises(StoreError, match="CITA_EMBEDDING_MODEL=tiny"):
        take_in(path, here, other)


def change(path: Path, part: str, edit: Callable[[bytes], bytes]) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = next(one for one in parts if one.startswith(part))
    parts[name] = edit(parts[name])
    with zipfile.ZipFile(path, "w") as archive:
        for key, value in parts.items():
            archive.writestr(key, value)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-200]),
    "no archive": lambda path: path.write_bytes(b"hola"),
    "a flipped byte": lambda path: path.write_bytes(_flipped(path.read_bytes())),
    "an original changed": lambda path: change(path, "originals/", lambda data: data + b"!"),
    "a text changed": lambda path: change(path, "documents/", lambda data: data.replace(b"dos", b"dosos")),
    "vectors cut": lambda path: change(path, "vectors/", lambda data: data[:-8]),
    "vectors of zeros": lambda path: change(
        path, "vectors/", lambda data: data[:128] + bytes(len(data) - 128)
    ),
    "a document less": lambda path: change(path, "documents/", lambda data: data.split(b"\n")[0]),
    "another program's": lambda path: change(path, "manifest", lambda data: b'{"format": "x"}'),
    "a newer version": lambda path: change(path, "manifest", _newer),
}


def _flipped(data: bytes) -> bytes:
    at = data.index(b"documents/000000.jsonl") + 60
    return data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :]


def _newer(data: bytes) -> bytes:
    return json.dumps({**json.loads(data), "version": 99, "more": 1}).encode()


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_file_is_refused_whole(case: str, written: Callable[..., Path], here: Settings) -> None:
    path = written(staged("a", ["uno"]), staged("b", ["dos"]))
    with closing(Library(path.with_name("a.cita.data"), MODEL)) as library:
        for record in library.catalogue.documents():
            library.originals.keep(record.sha256, library.catalogue.text(record.id).text.encode())
    export_store(load_settings(data_dir=path.with_name("a.cita.data")), TinyEmbedder(), path, None, ignore)
    DAMAGE[case](path)
    with pytest.raises(UnreadableError, match="newer Cita" if case == "a newer version" else "damaged"):
        take_in(path, here, MODEL)
    assert texts(here) == {}
    assert not list((here.data_dir / "originals").glob("*/*"))


def test_an_export_that_fails_leaves_the_older_file(tmp_path: Path, written: Callable[..., Path]) -> None:
    path = written(staged("a", ["uno"]))
    before = path.read_bytes()
    data = load_settings(data_dir=path.with_name("a.cita.data"))

    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_store(data, TinyEmbedder(), path, None, stop)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))
    with pytest.raises(StoreError, match="cannot be written"):
        export_store(data, TinyEmbedder(), tmp_path / "no" / "a.cita", None, ignore)
    shutil.rmtree(data.data_dir)
    with pytest.raises(NotFoundError, match="no documents"):
        export_store(data, TinyEmbedder(), path, None, ignore)


def test_vectors_that_the_cache_lost_are_made_again(tmp_path: Path, here: Settings) -> None:
    (tmp_path / "a.txt").write_text("Words about rivers. " * 30)
    with tiny_core(tmp_path / "data") as core:
        Ingestion(core).run([tmp_path / "a.txt"])
    (tmp_path / "data" / "vectors.sqlite").unlink()
    export_store(load_settings(data_dir=tmp_path / "data"), TinyEmbedder(), tmp_path / "x.cita", None, ignore)
    assert take_in(tmp_path / "x.cita", here, MODEL) == {"added": 1}
