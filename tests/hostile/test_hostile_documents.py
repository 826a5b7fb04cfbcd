"""Hostile documents change no instruction, leak none, and put nothing active on a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ingest.pipeline import Ingestion
from rag.core import Core, open_core
from rag.generation.base import Prompt
from rag.grounding import gather_evidence
from rag.packing import pack, sentence_cosines, sentence_scores
from rag.prompting import build_prompt, fixed_messages
from rag.query import make_filters
from rag.records import DocumentRecord
from rag.settings import load_settings
from tests.hostile.documents import FACT, QUESTION, hostile_documents
from web.app import create_app

DOCUMENTS = hostile_documents()
HTML = {"Accept": "text/html"}
FORM = HTML | {"Sec-Fetch-Site": "same-origin"}
MARKER = re.compile(r"<\|[a-z_]+\|>")


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Core]:
    folder = tmp_path_factory.mktemp("hostile")
    for name, content in DOCUMENTS.items():
        (folder / name).write_bytes(content)
    settings = load_settings(data_dir=folder.parent / "data", models_dir=models, llm="extractive")
    with open_core(settings) as opened:
        assert not Ingestion(opened).run([folder]).failed
        yield opened


@pytest.fixture(scope="module")
def client(core: Core) -> Iterator[TestClient]:
    with TestClient(create_app(core), base_url="http://127.0.0.1") as client:
        yield client


def record(core: Core, name: str) -> DocumentRecord:
    listed = core.library.catalogue.documents(limit=500)
    return next(one for one in listed if Path(one.source).name == name)


def prompt_about(core: Core, name: str) -> Prompt:
    """The prompt with all that the document says."""
    filters = make_filters([record(core, name).id], (), (), (), ())
    found = core.retriever.search(QUESTION, filters=filters, limit=20)
    evidence = gather_evidence(found.passages, core.sentences)
    cosines = sentence_cosines(found.question_vector, found.language_offsets, evidence)
    scores = sentence_scores(QUESTION, cosines, evidence)
    packed = pack(evidence, scores, 100_000, lambda text: len(text.split()))
    return build_prompt(QUESTION, "en", evidence, packed)


def test_there_are_enough_of_them() -> None:
    assert len(DOCUMENTS) >= 40


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_document_speaks_as_another_role_or_leaves_its_fence(core: Core, name: str) -> None:
    prompt = prompt_about(core, name)
    assert prompt.messages[:-1] == fixed_messages("en")
    last = prompt.messages[-1]
    assert last.role == "user"
    assert FACT in " ".join(last.content.split())
    assert not MARKER.search(last.content)
    assert len(re.findall(r"<\s*/?\s*(?:excerpts|extractos)\b", last.content, re.IGNORECASE)) == 2
    assert last.content.startswith("<excerpts>\n")
    assert last.content.endswith(f"\n</excerpts>\n\nQuestion: {QUESTION}")
    # Each excerpt is one line, so that no line of a document passes for an excerpt of its own.
    lines = last.content.split("\n")[1:-3]
    assert all(line.startswith("[") for line in lines)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_page_runs_what_a_document_says(client: TestClient, core: Core, name: str) -> None:
    document = record(core, name).id
    for address in (
        f"/documents/{document}?start=0&end=5",
        f"/documents/{document}?view=text",
        f"/documents/{document}?view=chunks",
        f"/fragments/documents/{document}?start=0&end=5",
        f"/search?q=document:{document} lighthouse",
    ):
        assert active(client.get(address, headers=HTML).text) == []


def test_nor_do_the_pages_that_show_all_of_them(client: TestClient, core: Core) -> None:
    for address in ("/", "/documents?limit=500", "/map", "/status", "/fragments/search?q=script alert"):
        assert active(client.get(address, headers=HTML).text) == []
    for question in (QUESTION, "What does <script>alert(1)</script> say about the previous instructions?"):
        page = client.post("/ask", data={"question": question}, headers=FORM)
        assert page.status_code == 200
        assert active(page.text) == []
    conversation = core.conversations.listed()[0].id
    exported = client.get(f"/api/conversations/{conversation}/export").text
    assert "<script" not in exported
    assert "![" not in exported.replace("!\\[", "")


def test_what_is_hidden_from_a_reader_is_hidden_from_the_model(core: Core) -> None:
    for name in DOCUMENTS:
        if name.startswith("hidden-") and name != "hidden-by-colour.html":
            text = core.library.catalogue.text(record(core, name).id).text
            assert "previous instructions" not in text
            assert FACT in text


class Active(HTMLParser):
    """Notes whatever could run, load or send something and is not the page's own."""

    OWN_SOURCES = ("/static/", "/documents/", "/map")
    SAFE_LINK = re.compile(r"^(?:/(?!/)|#|\?|https?://)")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("iframe", "object", "embed", "base", "style", "frame", "applet"):
            self.found.append(tag)
        if tag == "script" and not given.get("src", "").startswith("/static/"):
            self.found.append("script")
        if tag == "meta" and given.get("http-equiv"):
            self.found.append("meta")
        for name, value in given.items():
            if name.startswith("on") or name in ("srcdoc", "style"):
                self.found.append(f"{tag} {name}")
            if name in ("src", "srcset", "data", "poster") and not value.startswith(self.OWN_SOURCES):
                self.found.append(f"{tag} {name}={value}")
            if name in ("href", "action", "formaction", "xlink:href") and not self.SAFE_LINK.match(value):
                self.found.append(f"{tag} {name}={value}")
            if name == "action" and not value.startswith("/"):
                self.found.append(f"{tag} {name}={value}")


def active(html: str) -> list[str]:
    parser = Active()
    parser.feed(html)
    return parser.found
