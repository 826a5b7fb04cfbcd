"""Conversations in a real browser: kept, gone on with, renamed, deleted; with and without JavaScript."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_asking import QUESTION, answered, ask

SECOND = "What do k1 and b do in BM25?"


def first_in_list(page: Page) -> str:
    return page.get_by_role("navigation", name="Conversations").locator(".past-title").first.inner_text()


def test_a_conversation_is_kept_and_gone_on_with(open_page: OpenPage) -> None:
    page = open_page()
    ask(page)
    answered(page)
    page.wait_for_url("**/c/*")
    address = page.url
    page.reload()
    expect(page.locator(".question")).to_have_text([QUESTION])
    ask(page, SECOND)
    answered(page)
    assert page.url == address
    page.goto("/")
    expect(page.locator(".turn")).to_have_count(0)
    assert first_in_list(page) == QUESTION
    page.locator(".past-title").first.click()
    expect(page.locator(".question")).to_have_text([QUESTION, SECOND])
    page.locator(".mark").first.click()
    expect(page.locator("#panel-body #cited")).to_be_in_viewport()


def test_a_follow_up_says_how_it_was_understood(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, SECOND)
    answered(page)
    ask(page, "why?")
    answered(page)
    expect(page.locator(".understood")).to_contain_text(SECOND)


def test_a_conversation_is_renamed_and_deleted_after_a_second_step(open_page: OpenPage) -> None:
    page = open_page()
    ask(page)
    answered(page)
    page.wait_for_url("**/c/*")
    page.locator(".past-more > summary").first.click()
    page.get_by_label("Title", exact=True).first.fill("<b>Attention</b> and more")
    page.get_by_role("button", name="Rename").first.click()
    assert first_in_list(page) == "<b>Attention</b> and more"
    page.locator(".past-more > summary").first.click()
    page.locator(".past-delete > summary").first.click()
    page.get_by_role("button", name="Delete the conversation").first.click()
    expect(page.get_by_role("heading", name="Ask your documents")).to_be_visible()
    assert "<b>Attention</b> and more" not in page.locator(".past-title").all_inner_texts()


def test_conversations_work_without_javascript(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.get_by_label("Your question").fill(QUESTION)
    page.get_by_role("button", name="Ask", exact=True).click()
    page.wait_for_url("**/c/*")
    page.get_by_label("Your question").fill(SECOND)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".question")).to_have_text([QUESTION, SECOND])


def test_a_reload_in_the_middle_of_an_answer_loses_nothing_that_was_said(open_page: OpenPage) -> None:
    page = open_page()
    ask(page)
    answered(page)
    page.wait_for_url("**/c/*")
    page.route("**/ask", lambda route: None)  # the next answer never comes
    ask(page, SECOND)
    expect(page.locator(".turn").last).to_have_attribute("data-state", "streaming")
    page.reload()
    expect(page.locator(".question")).to_have_text([QUESTION, SECOND])
    expect(page.locator(".turn").last).to_contain_text("interrupted")
    expect(page.get_by_role("button", name="Ask again").last).to_be_visible()
