"""A PDF's pages with the quoted words marked, its text, its chunks."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def pdf(client: TestClient) -> dict[str, Any]:
    listed = client.get("/api/documents").json()["documents"]
    record: dict[str, Any] = next(one for one in listed if one["pages"])
    return record | client.get(f"/api/documents/{record['id']}").json()


def cited(pdf: dict[str, Any]) -> tuple[int, int]:
    block = next(
        one for one in pdf["blocks"] if one["kind"] == "paragraph" and one["end"] - one["start"] > 80
    )
    return block["start"], block["end"]


def test_a_pdf_shows_its_pages_with_boxes_over_the_quoted_words(
    client: TestClient, pdf: dict[str, Any]
) -> None:
    start, end = cited(pdf)
    for path in ("/documents", "/fragments/documents"):
        page = client.get(f"{path}/{pdf['id']}?start={start}&end={end}", headers=HTML).text
        assert page.count('class="sheet"') == pdf["pages"]
        assert page.count('id="cited"') == 1
        boxes = re.findall(r'<rect x="([\d.-]+)" y="([\d.-]+)" width="([\d.]+)" height="([\d.]+)"', page)
        assert boxes
        assert all(0 < float(width) < 700 and 0 < float(height) < 60 for *_, width, height in boxes)
        assert 'loading="lazy"' in page


def test_a_page_is_a_picture_that_a_browser_may_keep(client: TestClient, pdf: dict[str, Any]) -> None:
    response = client.get(f"/documents/{pdf['id']}/pages/1.png?scale=2.0")
    assert response.content.startswith(b"\x89PNG")
    assert response.headers["content-type"] == "image/png"
    assert "immutable" in response.headers["cache-control"]
    for address, status in (("pages/999.png", 404), ("pages/1.png?scale=40", 404), ("pages/0.png", 422)):
        assert client.get(f"/documents/{pdf['id']}/{address}").status_code == status


def test_the_text_stays_within_reach(client: TestClient, pdf: dict[str, Any]) -> None:
    start, end = cited(pdf)
    page = client.get(f"/documents/{pdf['id']}?view=text&start={start}&end={end}", headers=HTML).text
    marked = "".join(re.findall(r"<mark[^>]*>([^<]*)</mark>", page))
    assert len(marked) > 60
    assert 'class="sheet"' not in page


def test_the_chunks_are_shown_as_they_were_cut(client: TestClient, pdf: dict[str, Any]) -> None:
    page = client.get(f"/documents/{pdf['id']}?view=chunks", headers=HTML).text
    assert page.count('class="chunk"') == pdf["chunks"]


def test_a_document_that_is_no_pdf_has_no_pages(client: TestClient) -> None:
    listed = client.get("/api/documents").json()["documents"]
    other = next(one for one in listed if not one["pages"])
    page = client.get(f"/documents/{other['id']}?view=pages", headers=HTML).text
    assert 'class="sheet"' not in page
    assert 'class="reading' in page
    assert client.get(f"/documents/{other['id']}/pages/1.png").status_code in (404, 415)


def test_a_document_names_questions_that_it_can_answer(client: TestClient, pdf: dict[str, Any]) -> None:
    page = client.get(f"/documents/{pdf['id']}", headers=HTML | {"Accept-Language": "es"}).text
    assert "Preguntas que puede responder" in page
    assert "/?question=" in page
