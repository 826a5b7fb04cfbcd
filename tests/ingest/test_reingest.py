"""Bringing in the same folder again and again: exact, cheap, and the same as from nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.outcomes import Progress, Report
from ingest.pipeline import Ingestion, IngestOptions
from rag.core import Core
from tests.rag.staging import TinyEmbedder, tiny_core

NAMES = ("a.txt", "b.txt", "c.md", "sub/a.txt", "sub/z.md")
PARAGRAPHS = tuple(
    " ".join(f"{word}{number}" for word in ("river", "stone", "cloud", "light", "winter") * 5) + "."
    for number in range(8)
)


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    with tiny_core(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def text(*numbers: int) -> str:
    return "\n\n".join(PARAGRAPHS[number] for number in numbers)


def ingest(core: Core, folder: Path, **options: bool) -> Report:
    return Ingestion(core).run([folder], options=IngestOptions(**options))


def embedded(core: Core) -> int:
    assert isinstance(core.embedder, TinyEmbedder)
    return core.embedder.embedded


def contents(core: Core) -> set[tuple[tuple[str, ...], str, tuple[str, ...]]]:
    """What the library holds but for its own ids, checked to be the same in all its parts."""
    library = core.library
    found = set()
    ids = set()
    for record in library.catalogue.documents(limit=1000):
        whole = library.catalogue.text(record.id).text
        chunks = library.catalogue.chunks(record.id)
        ids |= {chunk.id for chunk in chunks}
        found.add((record.sources, record.sha256, tuple(whole[c.start : c.end] for c in chunks)))
    assert set(library.vectors.ids(library.vector_collection("default"))) == ids
    assert library.words.chunk_ids() == ids
    assert library.originals.hashes() == {sha256 for _sources, sha256, _chunks in found}
    return found


def test_unchanged_changed_and_gone(core: Core, folder: Path) -> None:
    (folder / "a.txt").write_text(text(0, 1, 2))
    (folder / "b.txt").write_text(text(3))
    assert ingest(core, folder).counts() == {"added": 2}
    before = embedded(core)
    assert ingest(core, folder).counts() == {"unchanged": 2}
    assert embedded(core) == before
    (folder / "a.txt").write_text(text(0, 4, 2))
    report = ingest(core, folder)
    assert report.counts() == {"updated": 1, "unchanged": 1}
    assert embedded(core) - before == 1
    assert next(one for one in report.outcomes if one.status == "updated").embedded == 1
    (folder / "b.txt").unlink()
    assert ingest(core, folder).counts() == {"unchanged": 1, "gone": 1}
    assert core.library.catalogue.count_documents() == 2
    assert ingest(core, folder, prune=True).counts() == {"unchanged": 1, "removed": 1}
    assert core.library.catalogue.count_documents() == 1


def test_moved_and_duplicate(core: Core, folder: Path) -> None:
    (folder / "a.txt").write_text(text(0, 1))
    ingest(core, folder)
    before = embedded(core)
    (folder / "a.txt").rename(folder / "z.txt")
    report = ingest(core, folder)
    assert report.counts() == {"moved": 1}
    assert "was a.txt" in report.outcomes[0].message
    (folder / "copy.txt").write_text(text(0, 1))
    assert ingest(core, folder).counts() == {"duplicate": 1, "unchanged": 1}
    assert embedded(core) == before
    (record,) = core.library.catalogue.documents()
    assert [Path(source).name for source in record.sources] == ["copy.txt", "z.txt"]


def test_the_language_of_each_document_is_kept(core: Core, folder: Path) -> None:
    (folder / "es.txt").write_text("La biblioteca abre a las nueve y cierra cuando se va el último lector.")
    (folder / "en.txt").write_text("The library opens at nine and closes when the last reader has left.")
    ingest(core, folder)
    found = {Path(one.source).name: one.language for one in core.library.catalogue.documents()}
    assert found == {"es.txt": "es", "en.txt": "en"}


def test_a_dry_run_says_what_would_happen_and_does_nothing(core: Core, folder: Path) -> None:
    (folder / "a.txt").write_text(text(0, 1))
    ingest(core, folder)
    before = contents(core)
    (folder / "a.txt").write_text(text(0, 2))
    (folder / "b.txt").write_text(text(3))
    (folder / "bad.pdf").write_text("no pdf")
    report = ingest(core, folder, dry_run=True, prune=True)
    assert report.counts() == {"updated": 1, "added": 1, "failed": 1}
    assert [one.embedded for one in report.outcomes if one.status == "updated"] == [1]
    assert contents(core) == before


def test_what_cannot_be_read_any_more_stays_as_it_was(core: Core, folder: Path) -> None:
    (folder / "a.txt").write_text(text(0))
    ingest(core, folder)
    (folder / "a.txt").write_bytes(bytes(range(256)) * 20)
    assert ingest(core, folder).counts() == {"failed": 1}
    assert PARAGRAPHS[0] in core.library.catalogue.text(core.library.catalogue.documents()[0].id).text


def test_patterns_choose_files(core: Core, folder: Path) -> None:
    for name in ("a.txt", "b.md", "skip/c.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"{name} {text(0)}")
    report = Ingestion(core).run([folder], options=IngestOptions(include=("*.txt",), exclude=("skip/",)))
    assert [Path(one.name).name for one in report.outcomes] == ["a.txt"]


def test_a_cancelled_ingest_keeps_what_was_finished(core: Core, folder: Path) -> None:
    for number in range(300):
        (folder / f"{number:03}.txt").write_text(f"{number} {text(number % 8)}")
    calls = iter(range(10_000))
    report = Ingestion(core).run([folder], cancelled=lambda: next(calls) > 200)
    assert report.cancelled
    assert 0 < core.library.catalogue.count_documents() < 300
    contents(core)
    ingest(core, folder)
    assert core.library.catalogue.count_documents() == 300


def test_a_document_removed_during_an_ingest_stays_removed(core: Core, folder: Path) -> None:
    (folder / "a.txt").write_text(text(0))
    ingest(core, folder)
    os.utime(folder / "a.txt", ns=(1, 1))
    (document,) = core.library.catalogue.documents()

    def remove(progress: Progress) -> None:
        if progress.stage == "writing" and progress.outcome is None:
            core.library.remove(document.id)

    Ingestion(core).run([folder], remove)
    assert contents(core) == set()


step = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMES), st.lists(st.integers(0, 7), min_size=1, max_size=3)),
    st.tuples(st.just("delete"), st.sampled_from(NAMES), st.none()),
    st.tuples(st.just("move"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("ingest"), st.none(), st.none()),
)


def apply(folder: Path, kind: str, name: str, value: object) -> None:
    path = folder / name
    if kind == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text(*value))  # type: ignore[misc]
    elif kind == "delete":
        path.unlink(missing_ok=True)
    elif path.exists():
        (folder / str(value)).parent.mkdir(exist_ok=True)
        path.replace(folder / str(value))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(step, max_size=14))
def test_any_order_of_changes_gives_what_a_fresh_ingest_would(steps: list[tuple[str, str, object]]) -> None:
    scratch = Path(tempfile.mkdtemp())
    folder = scratch / "in"
    folder.mkdir()
    try:
        with tiny_core(scratch / "data") as kept, tiny_core(scratch / "fresh") as fresh:
            for kind, name, value in steps:
                if kind == "ingest":
                    ingest(kept, folder, prune=True)
                else:
                    apply(folder, kind, name, value)
            ingest(kept, folder, prune=True)
            before = contents(kept)
            work = embedded(kept)
            assert set(ingest(kept, folder, prune=True).counts()) <= {"unchanged"}
            assert (contents(kept), embedded(kept)) == (before, work)
            ingest(fresh, folder)
            assert contents(fresh) == before
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
