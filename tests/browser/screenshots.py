"""Pictures of every page over the sample corpus, in both themes, both languages and two widths.

`make screenshots` writes them to `docs/screenshots/`: `ask.png` for the README, and below `all/`, which
git leaves out, one for each page, language, theme and width.
"""

from __future__ import annotations

import sys
import tempfile
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from rag.settings import load_settings
from tests.browser.conftest import CHROMIUM_ARGUMENTS, chromium_path
from tests.conftest import CORPUS, ROOT, RunningServer

FOLDER = ROOT / "docs" / "screenshots"
LOCALES = {"es": "es-ES", "en": "en-GB"}
WIDTHS = {"wide": (1280, 860), "phone": (360, 740)}
THEMES = ("light", "dark")
QUESTIONS = {"es": "¿Qué es la atención?", "en": "What is PagedAttention?"}
PAGES = {
    "home": "/",
    "search": "/search?q=temperature",
    "documents": "/documents",
    "map": "/map",
    "similarity": "/similarity",
    "evaluation": "/evaluation",
    "status": "/status",
    "api": "/docs",
    "missing": "/nothing",
}
ANSWER_MS = 120_000


def open_page(browser: Browser, url: str, language: str, theme: str, width: str) -> Page:
    columns, rows = WIDTHS[width]
    context = browser.new_context(
        base_url=url,
        locale=LOCALES[language],
        color_scheme="dark" if theme == "dark" else "light",
        viewport={"width": columns, "height": rows},
        reduced_motion="reduce",
    )
    return context.new_page()


def show_answer(page: Page, question: str) -> None:
    """Ask, wait for the whole answer and open its first citation."""
    page.goto("/")
    page.locator("#question").fill(question)
    page.keyboard.press("Enter")
    page.wait_for_selector(".turn[data-state=done]", timeout=ANSWER_MS)
    page.locator(".mark").first.click()
    page.wait_for_selector("#cited")
    page.wait_for_load_state("networkidle")


def write_all(browser: Browser, url: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for language, theme, width in product(LOCALES, THEMES, WIDTHS):
        page = open_page(browser, url, language, theme, width)
        name = f"{language}-{theme}-{width}"
        for what, path in PAGES.items():
            page.goto(path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=folder / f"{what}-{name}.jpg", type="jpeg", quality=80)
        page.goto("/documents")
        page.locator("tbody a").first.click()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"document-{name}.jpg", type="jpeg", quality=80)
        show_answer(page, QUESTIONS[language])
        page.screenshot(path=folder / f"ask-{name}.jpg", type="jpeg", quality=80)
        page.context.close()


def main() -> None:
    """Serve the sample corpus with the built-in model and take every picture."""
    with (
        tempfile.TemporaryDirectory() as data,
        RunningServer(Path(data), load_settings().models_dir, "--ingest", str(CORPUS)) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS)
        page = open_page(browser, url, "en", "light", "wide")
        show_answer(page, QUESTIONS["es"])
        page.screenshot(path=FOLDER / "ask.png")
        if "--readme" not in sys.argv:
            write_all(browser, url, FOLDER / "all")
        browser.close()


if __name__ == "__main__":
    main()
