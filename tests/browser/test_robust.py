"""What goes wrong around a page: many files, large ones, hostile names, two readers, a restart."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from fpdf import FPDF
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_asking import QUESTION, ask
from tests.conftest import CORPUS, RunningServer

HOSTILE = "<script>alert(1)</script>.pdf"
SECOND = "What do k1 and b do in BM25?"
MINUTE = 60_000


@pytest.fixture(scope="module")
def own_url(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[str]:
    """A server whose library these tests may fill."""
    documents = tmp_path_factory.mktemp("own")
    for name in ("mecanismo-de-atencion.md", "bm25-and-lexical-search.md"):
        (documents / name).write_bytes((CORPUS / name).read_bytes())
    data = tmp_path_factory.mktemp("own-data") / "data"
    with RunningServer(data, models, "--ingest", str(documents), CITA_LLM="extractive") as url:
        yield url


@pytest.fixture
def page(browser: Browser, own_url: str) -> Iterator[Page]:
    context = browser.new_context(base_url=own_url, locale="en-GB")
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
    yield opened
    context.close()
    assert complaints == []


def finished(page: Page, files: int, failed: int = 0) -> None:
    said = re.compile(f"All {files} files are done, {failed} failed")
    expect(page.locator("#uploads-summary")).to_have_text(said, timeout=2 * MINUTE)


def test_two_readers_at_once_get_each_their_own_answer(browser: Browser, own_url: str) -> None:
    contexts = [browser.new_context(base_url=own_url, locale="en-GB") for _ in range(2)]
    pages = [context.new_page() for context in contexts]
    for one, question in zip(pages, (QUESTION, SECOND), strict=True):
        one.goto("/")
        ask(one, question)
    for one, word in zip(pages, ("atención", "b controls"), strict=True):
        expect(one.locator(".turn").last).to_have_attribute("data-state", "done", timeout=MINUTE)
        expect(one.locator(".answer-text")).to_contain_text(word)
    for context in contexts:
        context.close()


def test_a_document_with_a_script_for_a_name_runs_nowhere(page: Page, tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.set_title(HOSTILE)
    pdf.add_page()
    pdf.set_font("helvetica", size=12)
    pdf.write(8, f"{HOSTILE} The ferry to Kirkwall leaves at nine.")
    path = tmp_path / "x.pdf"
    pdf.output(str(path))
    page.goto("/documents")
    sent = {"name": HOSTILE, "mimeType": "application/pdf", "buffer": path.read_bytes()}
    page.set_input_files("#files", [sent])  # type: ignore[list-item]
    finished(page, 1)
    page.goto("/documents")
    page.locator("tr", has_text=HOSTILE).get_by_role("link").click()
    expect(page.locator("main")).to_contain_text(HOSTILE)
    page.goto("/search?q=ferry to Kirkwall")
    expect(page.locator(".result").first).to_contain_text("ferry")
    page.goto("/")
    ask(page, "When does the ferry to Kirkwall leave?")
    expect(page.locator(".turn").last).to_have_attribute("data-state", "done")
    expect(page.locator(".answer-text")).to_contain_text("nine")
    page.locator(".mark").first.click()
    expect(page.locator("#panel-body")).to_contain_text("page", ignore_case=True)


def test_five_hundred_files_go_in_and_a_broken_one_is_named(page: Page, tmp_path: Path) -> None:
    names = []
    for number in range(499):
        names.append(tmp_path / f"note-{number}.txt")
        names[-1].write_text(f"Note {number}: the tide was {number * 7919 % 997} cm.")
    names.append(tmp_path / "broken.pdf")
    names[-1].write_bytes(b"%PDF-1.7 and nothing else")
    page.goto("/documents")
    page.set_input_files("#files", names)  # type: ignore[arg-type]
    finished(page, 500, failed=1)
    expect(page.locator("#upload-list li[data-state=failed]")).to_contain_text("broken.pdf")
    page.locator("#uploads-show").click()
    expect(page.locator(".pager")).to_contain_text("50")


def test_a_file_of_twenty_megabytes_goes_in(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "large.html"
    words = (
        "<article><h1>Large</h1><p>The glacier of Vatnajökull covers 7,700 square kilometres.</p></article>"
    )
    path.write_text(f"<html><body><!-- {'x' * 20_000_000} -->{words}</body></html>")
    page.goto("/documents")
    page.set_input_files("#files", path)
    finished(page, 1)
    expect(page.locator("#upload-list li").first).to_contain_text("taken in")


def test_a_server_that_restarts_under_an_open_page_loses_nothing(
    browser: Browser, tmp_path: Path, models: Path, small_corpus: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    arguments = (tmp_path / "data", models, "--port", port, "--ingest", str(small_corpus))
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    with RunningServer(*arguments, CITA_LLM="extractive") as url:  # type: ignore[arg-type]
        page.goto(url)
        ask(page)
        expect(page.locator(".turn").last).to_have_attribute("data-state", "done")
    ask(page, SECOND)
    expect(page.locator(".turn").last).to_have_attribute("data-state", "failed")
    expect(page.get_by_role("alert")).to_contain_text("connection to Cita broke off")
    expect(page.get_by_label("Your question")).to_have_value(SECOND)
    with RunningServer(*arguments, CITA_LLM="extractive"):  # type: ignore[arg-type]
        page.get_by_role("button", name="Ask again").last.click()
        expect(page.locator(".turn").last).to_have_attribute("data-state", "done", timeout=MINUTE)
        page.reload()
        expect(page.locator(".question")).to_have_text([QUESTION, SECOND])
    context.close()
