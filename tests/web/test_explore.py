"""The map, the similarity matrix, the reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from rag.core import Core
from web.map_data import Maps
from web.report_pages import FOLDER, report_policy
from web.similarity_pages import compare

HTML = {"Accept": "text/html"}


def test_the_map_holds_every_chunk_and_is_drawn_once(core: Core) -> None:
    maps = Maps(core)
    drawn = maps.get(core.settings.collection)
    assert drawn is not None
    assert len(drawn.chunks) == drawn.total == core.library.catalogue.statistics()["chunks"]
    assert np.abs(drawn.positions).max() <= 1
    assert 0 < drawn.explained < 1
    assert maps.get(core.settings.collection) is drawn
    again = Maps(core).get(core.settings.collection)
    assert again is not None
    assert np.array_equal(again.positions, drawn.positions)


def test_a_chunk_asked_for_in_its_own_words_falls_near_itself(core: Core) -> None:
    drawn = Maps(core).get(core.settings.collection)
    assert drawn is not None
    vectors = core.embedder.encode_documents([chunk.text for chunk in drawn.chunks])
    placed = np.array([drawn.place(v, c.language) for v, c in zip(vectors, drawn.chunks, strict=True)])
    distances = np.hypot(*(placed - drawn.positions).T)
    strangers = np.hypot(*(placed - drawn.positions[::-1]).T)
    assert distances.mean() < 0.6 * strangers.mean()


def test_a_collection_without_chunks_has_no_map(client: TestClient, core: Core) -> None:
    assert Maps(core).get("nothing-here") is None
    assert client.get("/map?collection=nothing-here", headers=HTML).status_code == 200


def test_the_map_says_where_a_question_falls(client: TestClient) -> None:
    points = client.get("/fragments/map/points").json()
    assert len(points["points"]) > 10
    found = client.get("/fragments/map/question", params={"question": "¿Qué es la atención?"}).json()
    assert len(found["at"]) == 2
    known = {one["id"] for one in points["documents"]}
    assert found["places"]
    assert all(place[0] in known for place in found["places"])
    assert "data-open-source" in found["html"]


def test_sentences_of_the_same_meaning_are_the_most_alike_in_two_languages(core: Core) -> None:
    sentences = ["El gato duerme en el sofá.", "Stock markets fell today.", "The cat is asleep on the couch."]
    matrix = compare(core.embedder, sentences)
    assert matrix.nearest == (1, 3)
    assert [row[i].cosine for i, row in enumerate(matrix.rows)] == pytest.approx([1, 1, 1], abs=1e-3)
    assert {cell.heat for row in matrix.rows for cell in row} <= set(range(10))


@pytest.mark.parametrize("sentences", ["uno\n" * 13, "a" * 501])
def test_too_much_to_compare_is_refused(client: TestClient, sentences: str) -> None:
    response = client.get("/similarity", params={"sentences": sentences}, headers=HTML)
    assert response.status_code == 422


def test_one_sentence_and_none_are_no_mistake(client: TestClient) -> None:
    for sentences in ("una sola", " "):
        assert client.get("/similarity", params={"sentences": sentences}, headers=HTML).status_code == 200


@pytest.fixture
def report(core: Core) -> Path:
    folder = core.settings.data_dir / FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / "2026 & más.html"
    path.write_text(
        "<!doctype html><title>Report &amp; more</title><style>p{color:red}</style>"
        "<p>nDCG .95</p><script>alert(1)</script>",
        encoding="utf-8",
    )
    return path


def test_a_report_is_listed_and_shown_where_it_can_do_nothing(client: TestClient, report: Path) -> None:
    listed = client.get("/evaluation", headers=HTML).text
    assert "Report &amp; more" in listed
    page = client.get("/evaluation/2026 & más.html", headers=HTML).text
    assert 'sandbox=""' in page
    file = client.get("/evaluation/2026 & más.html/file")
    policy = file.headers["content-security-policy"]
    assert policy == report_policy(report.read_bytes())
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'")
    assert policy.endswith("sandbox")
    assert "'sha256-" in policy
    for name in ("../cita.sqlite", "nothing.html", "%2e%2e%2fcita.sqlite"):
        assert client.get(f"/evaluation/{name}/file").status_code == 404
