"""Changing the embedding model: built beside the live index, resumed where it ended, changed over at once."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.pipeline import Ingestion
from ingest.reembedding import Reembedding
from rag.answering import Request
from rag.core import Core
from rag.errors import NotFoundError, StoreError
from rag.integrity import check
from rag.library import Library
from rag.settings import Settings, load_settings
from tests.ingest.test_exchange import ignore
from tests.rag.staging import MODEL, TinyEmbedder, tiny_core, vector

OTHER = replace(MODEL, name="other", weights_sha256="1" * 64, dimensions=24, max_tokens=80)
WORDS = ("river", "stone", "cloud", "light", "winter", "garden", "paper", "salt")
QUERY = "garden7 paper7"


class OtherEmbedder(TinyEmbedder):
    """Another model: more dimensions, and room for shorter chunks only."""

    description = OTHER

    def encode_queries(self, texts: list[str]) -> np.ndarray:  # type: ignore[override]
        if not texts:
            return np.zeros((0, 24), np.float32)
        wide = np.stack([np.concatenate([vector(text), vector(text + "!")[:8]]) for text in texts])
        return (wide / np.linalg.norm(wide, axis=1, keepdims=True)).astype(np.float32)


class Stopped(BaseException):
    """The process ends here."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for number in range(12):
        sentences = (" ".join(f"{word}{number}" for word in WORDS) + f" {at}." for at in range(30))
        (tmp_path / "in" / f"{number:02}.txt").write_text(" ".join(sentences))
    return tmp_path / "in"


@pytest.fixture
def given(tmp_path: Path, folder: Path) -> Settings:
    with tiny_core(tmp_path / "data", chunk_tokens=60) as core:
        assert not Ingestion(core).run([folder]).failed
        assert not Ingestion(core, "notes").run([folder / "03.txt"]).failed
    return load_settings(data_dir=tmp_path / "data", chunk_tokens=60, llm="extractive")


def found(core: Core) -> list[tuple[str, str, float]]:
    return [(one.source, one.text, round(one.score, 6)) for one in core.retriever.search(QUERY).passages]


def clean(settings: Settings, embedder: TinyEmbedder) -> None:
    library = Library(settings.data_dir, embedder.description)
    with closing(library):
        assert check(library) == []
        assert len(library.vectors.names()) == 2


def test_the_new_index_is_what_a_fresh_ingest_gives(given: Settings, folder: Path, tmp_path: Path) -> None:
    with tiny_core(given.data_dir) as core:
        records = core.library.catalogue.documents()
    embedder = OtherEmbedder()
    report = Reembedding(given, embedder, ignore).run()
    assert (report.changed, report.documents, report.embedded) == (True, 13, embedder.embedded)
    clean(given, embedder)
    with (
        tiny_core(given.data_dir, OtherEmbedder(), chunk_tokens=60) as changed,
        tiny_core(tmp_path / "fresh", OtherEmbedder(), chunk_tokens=60) as fresh,
    ):
        Ingestion(fresh).run([folder])
        assert found(changed) == found(fresh) != []
        after = changed.library.catalogue.documents()
        assert [replace(one, chunks=0) for one in after] == [replace(one, chunks=0) for one in records]
        assert Ingestion(changed).run([folder]).counts() == {"unchanged": 12}
    with pytest.raises(StoreError, match="CITA_EMBEDDING_MODEL=other"):
        Library(given.data_dir, MODEL)
    assert not Reembedding(given, embedder, ignore).run().changed


def test_interrupted_while_embedding_it_embeds_nothing_twice(
    given: Settings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.reembedding.TOGETHER", 5)
    embedder = OtherEmbedder()

    def stop(what: str, done: int, total: int) -> None:
        if done == 7:
            raise Stopped

    with pytest.raises(Stopped):
        Reembedding(given, embedder, stop).run()
    assert embedder.embedded > 5
    clean(given, TinyEmbedder())
    first = embedder.embedded
    report = Reembedding(given, embedder, ignore).run()
    assert report.changed
    assert report.embedded == embedder.embedded - first
    whole = OtherEmbedder()
    with tiny_core(tmp_path / "fresh", whole, chunk_tokens=60) as core:
        Ingestion(core).run([folder])
    assert embedder.embedded == whole.embedded


@pytest.mark.parametrize("step", ["pending", "vectors", "words", "published", "words removed", "forgotten"])
def test_interrupted_at_any_step_either_model_has_a_whole_index(
    given: Settings, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Library] = []

    class Interrupted(Library):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)  # type: ignore[arg-type]
            opened.append(self)
            self.on_step = self._stop

        def _stop(self, done: str) -> None:
            if done == step:
                raise Stopped

    monkeypatch.setattr("ingest.reembedding.Library", Interrupted)
    with pytest.raises(Stopped):
        Reembedding(given, OtherEmbedder(), ignore).run()
    monkeypatch.undo()
    if step in ("pending", "vectors", "words"):
        clean(given, TinyEmbedder())
        with tiny_core(given.data_dir) as core:
            assert found(core)
        embedder = OtherEmbedder()
        assert Reembedding(given, embedder, ignore).run().changed
        assert embedder.embedded == 0
    clean(given, OtherEmbedder())


def test_questions_are_answered_while_it_embeds_and_the_folder_is_asked_for_at_the_end(
    given: Settings, folder: Path
) -> None:
    with tiny_core(given.data_dir, chunk_tokens=60) as core:
        before = found(core)
        during: list[object] = []
        step = threading.Event()

        def show(what: str, done: int, total: int) -> None:
            during.append([one[:2] for one in found(core)])
            if not step.is_set():
                step.set()
                (folder / "late.txt").write_text("Something that came in late.")
                assert Ingestion(core, "notes").run([folder / "late.txt"]).counts() == {"added": 1}

        with pytest.raises(StoreError, match="in use by process"):
            Reembedding(given, OtherEmbedder(), show).run()
        assert len(during) == 14
        assert all(one == [each[:2] for each in before] for one in during)
        assert [one[:2] for one in found(core)] == [one[:2] for one in before]
    report = Reembedding(given, OtherEmbedder(), ignore).run()
    # What came in late.
    assert (report.changed, report.documents, report.embedded) == (True, 14, 1)


def test_a_core_goes_on_with_the_new_model_while_it_is_asked(given: Settings) -> None:
    with tiny_core(given.data_dir, chunk_tokens=60) as core:
        before = [one[:2] for one in found(core)]
        came: list[list[tuple[str, str]]] = []
        over = threading.Event()

        failed: list[Exception] = []

        def ask() -> None:
            try:
                while not over.is_set():
                    came.append([one[:2] for one in found(core)])
            except Exception as error:  # noqa: BLE001 - told of below
                failed.append(error)

        asking = [threading.Thread(target=ask) for _ in range(4)]
        for one in asking:
            one.start()
        other = given.model_copy(update={"embedding_model": "other"})
        reembedding = Reembedding(other, OtherEmbedder(), ignore)
        assert reembedding.embed()
        try:
            report = reembedding.change_over(core)
            asked = len(came)
            while len(came) < asked + 8 and not failed:
                time.sleep(0.01)
        finally:
            over.set()
            for one in asking:
                one.join()
        assert (report.changed, report.documents) == (True, 13)
        assert core.embedder.description is OTHER
        after = [one[:2] for one in found(core)]
        assert not failed
        assert before in came
        assert after in came
        assert all(one in (before, after) for one in came)
        assert after != before
        assert core.answerer.answer(Request(QUERY))["passages"]
        (given.data_dir / "late.txt").write_text("Something that came in late.")
        assert Ingestion(core).run([given.data_dir / "late.txt"]).counts() == {"added": 1}
        assert not Reembedding(given, OtherEmbedder(), ignore).change_over(core).changed
    clean(given, OtherEmbedder())


def test_a_change_that_is_given_up_leaves_the_old_index(given: Settings) -> None:
    def stop(what: str, done: int, total: int) -> None:
        if what == "Changing over":
            raise Stopped

    with tiny_core(given.data_dir, chunk_tokens=60) as core:
        before = found(core)
        with pytest.raises(Stopped):
            Reembedding(given, OtherEmbedder(), stop).change_over(core)
        assert core.embedder.description is MODEL
        assert found(core) == before
        assert check(core.library) == []


def test_what_is_left_of_the_old_index_does_not_undo_the_change(
    given: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_core(given.data_dir, chunk_tokens=60) as core:
        before = found(core)

        def full() -> None:
            raise StoreError("The disk is full.")

        monkeypatch.setattr(core.library, "sweep", full)
        other = given.model_copy(update={"embedding_model": "other"})
        assert Reembedding(other, OtherEmbedder(), ignore).change_over(core).changed
        assert core.embedder.description is OTHER
        assert len(found(core)) == len(before)
    clean(given, OtherEmbedder())


def test_documents_do_not_change_while_the_model_does(given: Settings) -> None:
    with tiny_core(given.data_dir, chunk_tokens=60) as core:
        [document, *_rest] = core.library.catalogue.documents()
        refused: list[str] = []

        def remove() -> None:
            try:
                core.library.remove(document.id)
            except StoreError as error:
                refused.append(str(error))

        def meanwhile(what: str, done: int, total: int) -> None:
            if what == "Changing over":
                other = threading.Thread(target=remove)
                other.start()
                other.join()

        assert Reembedding(given, OtherEmbedder(), meanwhile).change_over(core).documents == 13
        assert "another embedding model" in refused[0]
        assert core.library.catalogue.document(document.id)


def test_a_folder_without_documents_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no documents"):
        Reembedding(load_settings(data_dir=tmp_path / "none"), OtherEmbedder(), ignore).run()
