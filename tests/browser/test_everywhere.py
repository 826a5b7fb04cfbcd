"""What holds on every page: no JavaScript needed, both themes, both languages, no barrier, no script."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage

QUESTION = "¿Qué es la atención?"
PATHS = ["/", "/search", "/search?q=attention", "/documents", "/status", "/docs", "/nothing"]
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}


def barriers(page: Page) -> str:
    """What axe-core finds on the page as it is."""
    found: dict[str, Any] = Axe().run(page, options=RULES).response
    return json.dumps(
        [(v["id"], [node["target"] for node in v["nodes"]][:4]) for v in found["violations"]], indent=1
    )


def answer(page: Page) -> None:
    page.locator("#question").fill(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator(".turn").last).to_have_attribute("data-state", "done")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_barrier(open_page: OpenPage, scheme: str) -> None:
    page = open_page("/", color_scheme=scheme, allow="404")
    for path in PATHS:
        page.goto(path)
        assert barriers(page) == "[]", path
    page.goto("/documents")
    page.locator("tbody a").first.click()
    assert barriers(page) == "[]"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_state_of_asking_has_a_barrier(open_page: OpenPage, scheme: str, width: int) -> None:
    page = open_page("/", color_scheme=scheme, viewport={"width": width, "height": 860})
    page.locator("#options summary").click()
    assert barriers(page) == "[]"
    answer(page)
    for details in page.locator(".turn details").all():
        details.evaluate("element => { element.open = true }")
    assert barriers(page) == "[]"
    page.locator(".mark").first.focus()
    page.locator(".mark").first.press("Enter")
    expect(page.locator("#source-panel #cited")).to_be_visible()
    assert barriers(page) == "[]"


def test_without_javascript_one_can_ask_search_and_read(open_page: OpenPage) -> None:
    page = open_page("/", java_script_enabled=False)
    page.locator("#question").fill(QUESTION)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".sentence").first).to_be_visible()
    expect(page.get_by_role("button", name="Copy")).to_be_hidden()
    page.locator(".mark").first.click()
    expect(page.locator("#cited")).to_be_in_viewport()
    page.get_by_role("link", name="Search").click()
    page.locator("#q").fill("attention")
    page.get_by_role("button", name="Search").click()
    page.locator(".result a").first.click()
    expect(page.locator("#cited")).to_be_in_viewport()
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Documents").click()
    page.locator("tbody a").first.click()
    expect(page.locator("article.reading")).to_be_visible()
    page.get_by_role("button", name="Español").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")


def test_the_browser_chooses_the_language_and_the_reader_overrules(open_page: OpenPage) -> None:
    page = open_page("/", locale="es-ES")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pregunta a tus documentos")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ask your documents")
    page.goto("/documents")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_theme_follows_the_system_until_it_is_switched(open_page: OpenPage) -> None:
    page = open_page("/", color_scheme="dark")

    def paper() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    dark = paper()
    page.get_by_role("button", name="Switch to the light theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert paper() != dark
    page.wait_for_load_state("networkidle")
    page.reload()
    assert paper() != dark
    page.get_by_role("button", name="Switch to the dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert paper() == dark


def test_search_finds_as_one_types(open_page: OpenPage) -> None:
    page = open_page("/search")
    page.locator("#q").press_sequentially("attention", delay=30)
    expect(page.locator(".result")).not_to_have_count(0)
    expect(page).to_have_url(re.compile("q=attention"))
    page.locator(".result a").first.click()
    expect(page.locator("#source-panel #cited")).to_be_visible()


def test_a_page_is_light_and_paints_at_once(open_page: OpenPage) -> None:
    page = open_page("/")
    for path in PATHS[:-1]:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        sizes = page.evaluate(
            "performance.getEntriesByType('resource').map(e => e.encodedBodySize)"
            ".concat(performance.getEntriesByType('navigation').map(e => e.encodedBodySize))"
        )
        assert sum(sizes) < 150_000, path
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
        assert paint < 300, path
