"""Asking in a real browser: the answer streams in, its citations open the source at the words."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage

QUESTION = "¿Qué es la atención?"
TWICE_CITED = "What do k1 and b do in BM25?"
FAR = "How do I bake sourdough bread with rye?"


def ask(page: Page, question: str = QUESTION) -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")


def answered(page: Page) -> None:
    expect(page.locator(".turn").last).to_have_attribute("data-state", "done")


def squeezed(text: str | None) -> str:
    return re.sub(r"[\s«»]+", "", text or "")


def test_a_question_is_answered_with_its_sources(open_page: OpenPage) -> None:
    page = open_page()
    ask(page)
    answered(page)
    expect(page.locator(".question")).to_have_text(QUESTION)
    first = page.locator(".sentence").first
    expect(first).to_have_attribute("data-state", "supported")
    expect(first.locator(".state")).to_have_text("supported")
    expect(page.locator(".source")).not_to_have_count(0)
    expect(page.locator(".progress")).to_contain_text("supported")


def test_a_citation_opens_its_source_at_the_quoted_words(open_page: OpenPage) -> None:
    page = open_page()
    ask(page)
    answered(page)
    quote = page.locator(".source blockquote").first.text_content()
    page.locator(".mark").first.click()
    panel = page.get_by_role("complementary", name="Source")
    expect(panel.locator("#cited")).to_be_in_viewport()
    assert squeezed("".join(panel.locator("mark").all_text_contents())) == squeezed(quote)
    expect(panel).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator(".mark").first).to_be_focused()


def test_the_next_citation_opens_by_key(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, TWICE_CITED)
    answered(page)
    page.locator(".mark").first.click()
    position = page.locator("#panel-position")
    expect(position).to_have_text(re.compile(r"^1 of \d$"))
    expect(page.locator("#source-panel")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(position).to_have_text(re.compile(r"^2 of \d$"))
    page.keyboard.press("ArrowLeft")
    expect(position).to_have_text(re.compile(r"^1 of \d$"))


def test_a_link_to_the_passage_opens_the_same_view(open_page: OpenPage) -> None:
    page = open_page()
    ask(page)
    answered(page)
    quote = page.locator(".source blockquote").first.text_content()
    link = page.locator(".mark").first.get_attribute("href") or ""
    shared = open_page(link)
    expect(shared.locator("#cited")).to_be_in_viewport()
    assert squeezed("".join(shared.locator("mark").all_text_contents())) == squeezed(quote)


def test_a_card_shows_the_quote_on_hover_and_on_focus(open_page: OpenPage) -> None:
    page = open_page()
    ask(page)
    answered(page)
    card = page.get_by_role("tooltip")
    page.locator(".mark").first.hover()
    expect(card.locator("blockquote")).to_be_visible()
    card.hover()
    page.wait_for_timeout(400)
    expect(card).to_be_visible()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    page.mouse.move(2, 2)
    page.get_by_label("Your question").focus()
    page.keyboard.press("Shift+Tab")
    page.locator(".mark").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(card).to_be_visible()


def test_a_refusal_is_an_answer_with_the_nearest_passages(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, FAR)
    answered(page)
    expect(page.locator(".progress")).to_have_text("The documents do not say")
    expect(page.locator(".nearest li")).not_to_have_count(0)
    page.locator(".nearest a").first.click()
    expect(page.locator("#source-panel #cited")).to_be_visible()


def test_questions_follow_each_other_and_a_reload_keeps_them(open_page: OpenPage) -> None:
    page = open_page()
    ask(page)
    answered(page)
    ask(page, "What is BM25?")
    expect(page.locator(".turn")).to_have_count(2)
    answered(page)
    page.reload()
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".turn .answer-text").first).to_be_visible()
    page.locator(".turn").last.locator(".mark").first.click()
    expect(page.locator("#source-panel #cited")).to_be_visible()


def test_an_answer_is_copied_with_its_citations(open_page: OpenPage) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    ask(page)
    answered(page)
    page.get_by_role("button", name="Copy").click()
    expect(page.locator(".progress")).to_have_text("Copied with its citations.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"**{QUESTION}**")
    assert "[^1]: “" in copied


def test_what_to_ask_next_comes_from_the_sources(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, TWICE_CITED)
    answered(page)
    suggested = page.get_by_role("navigation", name="Where to go on").get_by_role("link").first
    subject = suggested.inner_text().splitlines()[0]
    suggested.click()
    expect(page.locator(".turn")).to_have_count(2)
    answered(page)
    expect(page.locator(".question").last).to_contain_text(subject)


def test_the_time_it_took_is_told_on_demand(open_page: OpenPage) -> None:
    page = open_page()
    ask(page)
    answered(page)
    expect(page.locator(".timings")).to_be_hidden()
    page.locator(".aside-details summary", has_text=" s").first.click()
    for step in ("Finding passages", "Checking each sentence", "Altogether"):
        expect(page.locator(".timings")).to_contain_text(step)


def test_how_to_answer_is_chosen_explained_and_remembered(open_page: OpenPage) -> None:
    page = open_page()
    page.locator("#options summary").click()
    for name in ("Temperature", "Top-p", "Top-k", "Longest answer", "Repetition penalty", "Seed", "Passages"):
        field = page.get_by_label(name, exact=True)
        about = page.locator(f"#{field.get_attribute('aria-describedby')}")
        assert len(about.inner_text()) > 30, name
    page.get_by_label("Passages", exact=True).fill("2")
    page.get_by_label("Who writes").select_option("extractive")
    ask(page)
    answered(page)
    expect(page.locator(".passages summary")).to_have_text(re.compile("^[12] passage"))
    expect(page.locator("#options-body")).to_be_visible()
    page.get_by_label("Passages", exact=True).press("Escape")
    expect(page.locator("#options-body")).to_be_hidden()
    page.goto("/")
    page.locator("#options summary").click()
    expect(page.get_by_label("Passages", exact=True)).to_have_value("2")
    page.get_by_role("button", name="Back to the settings' values").click()
    expect(page.get_by_label("Passages", exact=True)).to_have_value("")


def test_an_example_asks_itself(open_page: OpenPage) -> None:
    page = open_page()
    page.locator("[data-example]").first.click()
    answered(page)


def test_a_server_that_is_gone_is_said_and_the_question_kept(open_page: OpenPage) -> None:
    page = open_page(allow="ERR_CONNECTION_REFUSED")
    page.route("**/ask", lambda route: route.abort("connectionrefused"))
    ask(page)
    expect(page.get_by_role("alert")).to_contain_text("Your question is kept")
    expect(page.get_by_label("Your question")).to_have_value(QUESTION)
    page.unroute("**/ask")
    page.get_by_role("button", name="Ask again").click()
    answered(page)


def test_nothing_moves_while_the_answer_streams(open_page: OpenPage) -> None:
    for size in ({"width": 1280, "height": 860}, {"width": 360, "height": 740}):
        page = open_page(viewport=size)
        page.evaluate(
            """() => {
                window.shift = 0;
                new PerformanceObserver((list) => {
                    for (const entry of list.getEntries())
                        if (!entry.hadRecentInput) window.shift += entry.value;
                }).observe({ type: "layout-shift" });
            }"""
        )
        ask(page)
        page.wait_for_selector(".turn")
        page.evaluate("window.shift = 0")
        answered(page)
        assert page.evaluate("window.shift") < 0.05


@pytest.mark.parametrize("width", [320, 360, 640, 1280])
def test_no_page_is_wider_than_the_screen(open_page: OpenPage, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 740}, locale="es-ES")
    page.locator("#question").fill(QUESTION)
    page.keyboard.press("Enter")
    answered(page)
    page.locator("#options summary").click()
    paths = (
        "/search",
        "/search?q=attention",
        "/documents",
        "/map",
        "/similarity",
        "/evaluation",
        "/status",
        "/docs",
    )
    for path in (None, *paths):
        if path:
            page.goto(path)
        # Less the scroll bar's place: nothing may lie under that either.
        assert page.evaluate("document.body.scrollWidth <= document.body.clientWidth"), path


def test_by_keyboard_alone_from_the_question_to_the_source(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.get_by_label("Your question")).to_be_focused()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    answered(page)
    for _ in range(40):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.matches('.mark')"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#source-panel #cited")).to_be_visible()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('.mark')")


def test_a_screen_reader_hears_each_sentence_with_its_state(open_page: OpenPage) -> None:
    page = open_page()
    ask(page)
    answered(page)
    expect(page.locator("#announcer")).to_contain_text("supported")
