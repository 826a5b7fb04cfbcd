"""A source in its place: the page of a PDF with the words marked, the text, a link that opens the same."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_asking import answered, ask, squeezed

IN_PDF = "How many tokens for each parameter did Chinchilla train with?"
IN_TEXT = "What do k1 and b do in BM25?"
PERCENT = re.compile(r"\d+")


def open_citation(page: Page, question: str = IN_PDF) -> None:
    ask(page, question)
    answered(page)
    page.locator(".mark").first.click()
    expect(page.locator("#panel-body #cited")).to_be_in_viewport()


def test_quoted_words_are_marked_on_the_picture_of_their_page(open_page: OpenPage) -> None:
    page = open_page()
    open_citation(page)
    panel = page.locator("#panel-body")
    sheet = panel.locator(".sheet:has(#cited)")
    expect(sheet.locator("figcaption")).to_have_text("page 2")
    quote = page.locator(".source blockquote").first.text_content()
    assert squeezed(quote) in squeezed(sheet.locator("svg").get_attribute("aria-label"))
    paper, first = sheet.locator("img").bounding_box(), sheet.locator("rect").first.bounding_box()
    assert paper is not None
    assert first is not None
    assert paper["x"] < first["x"] < paper["x"] + paper["width"]
    assert paper["y"] < first["y"] < paper["y"] + paper["height"]
    assert 5 < first["height"] < 40
    assert sheet.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 500


def test_pages_are_drawn_when_they_come_into_view(open_page: OpenPage) -> None:
    page = open_page()
    drawn: list[str] = []
    page.on("request", lambda request: drawn.append(request.url) if "/pages/" in request.url else None)
    open_citation(page)
    assert page.locator("#panel-body .sheet img:not([loading=lazy])").count() == 0
    assert any("/pages/2.png" in url for url in drawn)


def test_a_page_is_enlarged_and_one_goes_to_the_next(open_page: OpenPage) -> None:
    page = open_page()
    open_citation(page)
    panel = page.get_by_role("complementary", name="Source")
    before = panel.locator(".sheet img").first.bounding_box()
    panel.get_by_role("button", name="Larger").click()
    expect(panel.locator("[data-zoom-now]")).to_have_text(re.compile("125"))
    after = panel.locator(".sheet img").first.bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] > 1.2 * before["width"]
    panel.get_by_role("button", name="Smaller").click()
    expect(panel.locator("[data-zoom-now]")).to_have_text(re.compile("100"))
    panel.get_by_role("button", name="Previous page").click()
    expect(panel.locator("[data-page-now]")).to_have_text(re.compile(r"^1 of \d+$"))
    panel.get_by_role("button", name="Next page").click()
    expect(panel.locator("[data-page-now]")).to_have_text(re.compile(r"^2 of \d+$"))


def test_the_original_is_downloaded_as_it_came_in(open_page: OpenPage) -> None:
    page = open_page()
    open_citation(page)
    with page.expect_download() as started:
        page.locator("#panel-body").get_by_role("link", name="Download").click()
    path = started.value.path()
    assert started.value.suggested_filename == "scaling-laws-and-training-data.pdf"
    assert path.read_bytes().startswith(b"%PDF")


def test_a_link_to_a_passage_of_a_pdf_opens_the_same_page(open_page: OpenPage) -> None:
    page = open_page()
    open_citation(page)
    link = page.locator("#panel-open").get_attribute("href") or ""
    boxes = page.locator("#panel-body rect").count()
    shared = open_page(link)
    expect(shared.locator("#cited")).to_be_in_viewport()
    expect(shared.locator("rect")).to_have_count(boxes)
    expect(shared.locator(".sheet:has(#cited) figcaption")).to_have_text("page 2")


def test_the_words_of_a_page_can_be_read_as_text(open_page: OpenPage) -> None:
    page = open_page()
    open_citation(page)
    quote = page.locator(".source blockquote").first.text_content()
    page.locator("#panel-body").get_by_role("link", name="Text", exact=True).click()
    expect(page.locator("#panel-body mark").first).to_be_visible()
    assert squeezed("".join(page.locator("#panel-body mark").all_text_contents())) == squeezed(quote)


def test_markdown_is_shown_as_it_is_read(open_page: OpenPage) -> None:
    page = open_page()
    open_citation(page, IN_TEXT)
    panel = page.locator("#panel-body")
    expect(panel.locator(".reading :is(h2, h3)")).not_to_have_count(0)
    expect(panel.locator(".reading")).not_to_contain_text("##")
    expect(panel.locator("mark").first).to_be_in_viewport()


def test_a_documents_page_has_its_outline_its_chunks_and_questions(open_page: OpenPage) -> None:
    page = open_page("/documents?filter=scaling")
    page.locator("tbody a").first.click()
    expect(page.locator("h1")).to_have_text("Scaling laws and training data")
    expect(page.locator(".document-state")).to_have_text("up to date")
    page.get_by_role("navigation", name="Outline").get_by_role("link").nth(2).click()
    expect(page.locator(":target")).to_be_in_viewport()
    page.get_by_role("navigation", name="How it is shown").get_by_role("link", name="Chunks").click()
    expect(page.locator(".chunk")).not_to_have_count(0)
    expect(page.locator(".chunk").first).to_contain_text("tokens")
    suggested = page.get_by_role("region", name="Questions this can answer").get_by_role("link").first
    question = suggested.text_content()
    suggested.click()
    expect(page.get_by_label("Your question")).to_have_value(question or "")
