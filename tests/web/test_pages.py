"""The pages as a browser without JavaScript gets them, and that nothing from a document can run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from babel.support import NullTranslations
from starlette.testclient import TestClient

from rag.core import Core
from rag.expansion import Expansion
from tests.rag.scripted import Writer
from web.answer_view import answer_context
from web.app import create_app
from web.assets import Assets
from web.rendering import Renderer, excerpt
from web.security import HEADERS

PAGES = [
    "/", "/search", "/search?q=attention", "/documents", "/documents?filter=zzzz", "/map",
    "/map?question=atenci%C3%B3n",
    "/similarity", "/evaluation", "/status", "/docs",
]  # fmt: skip
HTML = {"Accept": "text/html"}
FORM = {"Accept": "text/html", "Origin": "http://127.0.0.1"}
QUESTION = "¿Qué es la atención?"


def a_document(client: TestClient) -> str:
    return str(client.get("/api/documents").json()["documents"][0]["id"])


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_page_is_whole_and_has_no_inline_code(client: TestClient, path: str, language: str) -> None:
    response = client.get(path, headers=HTML | {"Accept-Language": language})
    assert response.status_code == 200
    assert response.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
    assert f'<html lang="{language}"' in response.text
    assert '<main id="main"' in response.text
    assert not re.search(r"<script(?![^>]+src=)|<style|\sstyle=|\son\w+=|javascript:", response.text)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', response.text)


def test_a_question_posted_as_a_form_comes_back_answered(client: TestClient) -> None:
    response = client.post("/ask", data={"question": QUESTION, "passages": "4", "top_k": ""}, headers=FORM)
    assert response.status_code == 200
    assert 'data-state="supported"' in response.text
    link = re.search(r'class="mark" href="(/documents/[^"]+)"', response.text)
    assert link
    source = client.get(link.group(1).replace("&amp;", "&"), headers=HTML).text
    quote = re.search(r"<blockquote>([^<]+)</blockquote>", response.text)
    assert quote
    marked = "".join(re.findall(r"<mark[^>]*>([^<]*)</mark>", source))
    assert "".join(quote.group(1).split()) == "".join(marked.split())
    assert source.count('id="cited"') == 1


def test_a_refusal_shows_the_nearest_passages(client: TestClient) -> None:
    question = "How do I bake sourdough bread with rye?"
    response = client.post("/ask", data={"question": question}, headers=FORM)
    assert 'class="refusal"' in response.text
    assert 'class="nearest"' in response.text


@pytest.mark.parametrize(
    ("fields", "part"),
    [({"question": ""}, "empty"), ({"question": "a", "temperature": "9"}, "temperature"), ({}, "empty")],
)
def test_a_bad_question_keeps_what_was_written(client: TestClient, fields: dict[str, str], part: str) -> None:
    response = client.post("/ask", data=fields, headers=FORM)
    assert response.status_code == 422
    assert 'role="alert"' in response.text
    assert part in response.text
    if fields.get("question"):
        assert f"{fields['question']}</textarea>" in response.text


def test_the_answer_streams_as_fragments_of_the_same_page(client: TestClient) -> None:
    response = client.post(
        "/ask",
        data={"question": QUESTION, "turn": "t7"},
        headers={"Accept": "text/event-stream", "Origin": "http://127.0.0.1"},
    )
    kinds = re.findall(r"^event: (\w+)$", response.text, re.M)
    assert kinds[0] == "passages"
    assert kinds[-1] == "answer"
    assert "t7-source-1" in response.text


def test_search_looks_only_where_it_is_told_to(client: TestClient) -> None:
    def titles(**given: str) -> set[str]:
        html = client.get("/search", params={"q": "attention atención", **given}, headers=HTML).text
        return set(re.findall(r"data-open-source>([^<]+)</a></h2>", html))

    everywhere = titles()
    english = titles(language="en")
    assert english
    assert english < everywhere
    assert titles(document="scaling") == {"Scaling laws and training data"}
    assert titles(document="nothing of the kind") == set()


def test_an_answer_of_nothing_says_what_to_do_next() -> None:
    empty = {
        "question": "Why?", "standalone": "Why?", "refused": False, "answer": " ", "language": "en",
        "passages": [], "sentences": [], "citations": [], "timings_ms": {"total": 1.0},
        "generator": {"provider": "llama-server", "model": "small"},
    }  # fmt: skip
    html = Renderer(Assets()).fragment("en", "ask/turn_body.html", **answer_context(empty, "t1"))
    assert "The model wrote nothing that could be shown" in html
    assert "data-retry" in html


def test_an_excerpt_does_not_begin_with_the_headings_above_it() -> None:
    passage = {
        "title": "Tides",
        "heading": ("Tides", "High water"),
        "text": "Tides\n\nHigh water\n\nTwice a day.",
    }
    assert excerpt(passage) == "Twice a day."
    assert excerpt(passage | {"text": "Tides rise."}) == "Tides rise."


def test_a_form_of_another_site_is_refused_with_a_page(client: TestClient) -> None:
    headers = HTML | {"Origin": "http://evil.example"}
    response = client.post("/ask", data={"question": QUESTION}, headers=headers)
    assert response.status_code == 403
    assert "<h1>" in response.text


def test_a_missing_page_says_so_as_a_page(client: TestClient) -> None:
    for path in ("/nothing", "/documents/nothing"):
        response = client.get(path, headers=HTML)
        assert response.status_code == 404
        assert "<h1>" in response.text


@pytest.mark.parametrize(
    ("given", "went"),
    [
        ("/search?q=a", "/search?q=a"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil", "/"),
    ],
)
def test_preferences_are_kept_and_lead_back_to_an_own_page(client: TestClient, given: str, went: str) -> None:
    response = client.post(
        "/preferences",
        data={"next": given, "language": "es", "theme": "dark"},
        headers=FORM,
        follow_redirects=False,
    )
    client.cookies.clear()
    assert response.headers["location"] == went
    cookies = response.headers.get_list("set-cookie")
    assert any(cookie.startswith("language=es;") for cookie in cookies)
    assert any(cookie.startswith("theme=dark;") for cookie in cookies)
    page = client.get("/", headers={"Cookie": "language=es; theme=dark"}).text
    assert '<html lang="es" data-theme="dark">' in page


def test_unknown_preferences_are_not_kept(client: TestClient) -> None:
    data = {"language": "xx", "theme": "<b>"}
    response = client.post("/preferences", data=data, headers=FORM, follow_redirects=False)
    assert "set-cookie" not in response.headers


def test_markup_in_a_question_is_shown_and_not_run(client: TestClient) -> None:
    question = '<script>alert(1)</script>"onmouseover="x" attention'
    for response in (
        client.get("/", params={"question": question}),
        client.get("/search", params={"q": question}),
        client.post("/ask", data={"question": question}, headers=FORM),
    ):
        assert "<script>alert" not in response.text
        assert "&lt;script&gt;" in response.text


class PseudoTranslations(NullTranslations):
    """Wraps every translated string in brackets, so that what was never translated stands out."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        return f"⟦{singular if count == 1 else plural}⟧"

    # The names by which Jinja asks first.
    ugettext = gettext
    ungettext = ngettext


class VisibleText(HTMLParser):
    """Collects the words that a reader sees or hears and that are not a document's own."""

    SKIPPED = frozenset({"script", "style", "code", "pre", "title", "textarea", "option"})
    SPOKEN = frozenset({"aria-label", "title", "placeholder", "alt"})
    OWN = frozenset(
        "question answer-text reading result nearest source-list passages library document-head outline "
        "wordmark api facts examples suggestions chunks matrix map-passages report-list "
        "past-title conversation-title".split()
    )

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._stack: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        classes = set((given.get("class") or "").split())
        own = bool(classes & self.OWN) or tag in self.SKIPPED or ("lang" in given and tag != "html")
        hidden = own or any(skip for _, skip in self._stack)
        if tag not in {"meta", "link", "input", "path", "rect", "circle", "br"}:
            self._stack.append((tag, own))
        if not hidden:
            spoken = [value for name, value in attrs if name in self.SPOKEN or name.startswith("data-")]
            self.texts += [value for value in spoken if value and " " in value]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        return None  # shapes of icons: they say nothing

    def handle_endtag(self, tag: str) -> None:
        while self._stack and self._stack.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(skip for _, skip in self._stack):
            self.texts.append(data)


@pytest.fixture(scope="module")
def pseudo(core: Core) -> Iterator[TestClient]:
    renderer = Renderer(Assets(), translations={"en": PseudoTranslations(), "es": PseudoTranslations()})
    with TestClient(create_app(core, renderer=renderer), base_url="http://127.0.0.1") as client:
        yield client


def untranslated(html: str) -> list[str]:
    parser = VisibleText()
    parser.feed(html)
    known = {"Cita", "Español", "English", "Ollama", "OpenAI", "Top-p", "Top-k", "Markdown", "JSON"}
    rest = re.sub(r"⟦[^⟧]*⟧", "", "\0".join(parser.texts)).split("\0")
    rest = [text.strip(" \n·«»–") for text in rest]
    return [text for text in rest if re.search(r"[A-Za-z]{3}", text) and text not in known]


@pytest.mark.parametrize("path", [*PAGES, "/nothing"])
def test_no_page_has_words_that_were_never_translated(pseudo: TestClient, path: str) -> None:
    assert untranslated(pseudo.get(path, headers=HTML).text) == []


@pytest.mark.parametrize("question", [QUESTION, "How do I bake sourdough bread with rye?"])
def test_no_answer_has_words_that_were_never_translated(pseudo: TestClient, question: str) -> None:
    response: Any = pseudo.post("/ask", data={"question": question}, headers=FORM)
    assert untranslated(response.text) == []


def test_no_document_page_has_words_that_were_never_translated(pseudo: TestClient) -> None:
    document = a_document(pseudo)
    assert untranslated(pseudo.get(f"/documents/{document}?start=0&end=9", headers=HTML).text) == []


def test_results_as_one_types_cost_no_words_of_a_language_model(
    client: TestClient, core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer("What is attention good for?")
    monkeypatch.setattr(core.retriever, "expansion", Expansion(lambda: writer))
    assert client.get("/fragments/search?q=attention").status_code == 200
    assert writer.asked == 0
    assert client.get("/search?q=attention").status_code == 200
    assert writer.asked == 1
