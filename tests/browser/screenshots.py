"""Pictures of every page and state over the sample corpus, in both themes, both languages and two widths.

`make screenshots` writes them below `docs/screenshots/all/`, which git leaves out, and the few that are
kept beside it: `ask.png` for the README, and those of `KEPT`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
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
QUESTIONS = {"es": "¿Qué es RoPE y qué ventaja tiene?", "en": "What do k1 and b control in BM25?"}
FAR = {"es": "¿Cómo se hornea pan de centeno?", "en": "How do I bake sourdough bread with rye?"}
ATTENTION = {"es": "¿Qué es la atención?", "en": "What is attention?"}
PAGES = {
    "home": "/",
    "search-empty": "/search",
    "search": "/search?q=temperature",
    "documents": "/documents",
    "map": "/map",
    "similarity": "/similarity",
    "evaluation": "/evaluation",
    "status": "/status",
    "api": "/docs",
    "missing": "/nothing",
}
KEPT = {
    "ask": ("source", "en", "light", "wide"),
    "ask-es-dark": ("source", "es", "dark", "wide"),
    "documents": ("documents", "en", "light", "wide"),
    "map-es-dark": ("map-question", "es", "dark", "wide"),
    "phone-es": ("answer", "es", "light", "phone"),
}
FIRST = {"en": "What is BERT?", "es": "¿Qué es BERT?"}
"""Asked before any picture, so that none shows how long the model takes to start."""
MOST_BYTES = 300_000
ANSWER_MS = 300_000
Draw = Callable[[Page, str], None]


def ask(page: Page, question: str) -> None:
    """Ask, and wait for the whole answer."""
    page.goto("/")
    page.locator("#question").fill(question)
    page.keyboard.press("Enter")
    page.wait_for_selector(".turn[data-state=done]", timeout=ANSWER_MS)


def show_answer(page: Page, language: str) -> None:
    ask(page, QUESTIONS[language])


def show_source(page: Page, language: str) -> None:
    ask(page, QUESTIONS[language])
    page.locator(".mark").first.click()
    page.wait_for_selector("#cited")
    page.locator("#panel-body").hover()


def show_card(page: Page, language: str) -> None:
    ask(page, QUESTIONS[language])
    page.locator(".mark").first.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")


def show_options(page: Page, language: str) -> None:
    ask(page, QUESTIONS[language])
    page.locator("#options summary").click()


def show_refusal(page: Page, language: str) -> None:
    ask(page, FAR[language])


def show_map_question(page: Page, language: str) -> None:
    page.goto("/map")
    page.locator("#map-question").fill(ATTENTION[language])
    page.keyboard.press("Enter")
    page.wait_for_selector(".map-passages li")


def show_chosen(page: Page, language: str) -> None:
    page.goto("/documents")
    page.locator("tbody input").nth(1).check()
    page.locator("tbody input").nth(2).check()


def show_document(page: Page, language: str) -> None:
    page.goto("/documents")
    page.locator("tbody a").first.click()


def show_chunks(page: Page, language: str) -> None:
    show_document(page, language)
    page.goto(page.url + "?view=chunks")


STATES: dict[str, Draw] = {
    "answer": show_answer,
    "source": show_source,
    "card": show_card,
    "options": show_options,
    "refusal": show_refusal,
    "map-question": show_map_question,
    "chosen": show_chosen,
    "document": show_document,
    "chunks": show_chunks,
}


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


def draw(page: Page, what: str, language: str) -> None:
    """Bring a page into one of the states, or to one of the addresses."""
    if what in PAGES:
        page.goto(PAGES[what])
    else:
        STATES[what](page, language)
    page.wait_for_load_state("networkidle")


def write_kept(browser: Browser, url: str) -> None:
    for name, (what, *how) in KEPT.items():
        page = open_page(browser, url, *how)
        draw(page, what, how[0])
        path = FOLDER / f"{name}.png"
        page.screenshot(path=path)
        page.context.close()
        if path.stat().st_size > MOST_BYTES:
            raise SystemExit(f"{path.name} has {path.stat().st_size:,} bytes, more than {MOST_BYTES:,}")


def write_all(browser: Browser, url: str, empty_url: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for language, theme, width in product(LOCALES, THEMES, WIDTHS):
        page = open_page(browser, url, language, theme, width)
        for what in (*PAGES, *STATES):
            draw(page, what, language)
            path = folder / f"{what}-{language}-{theme}-{width}.jpg"
            page.screenshot(path=path, type="jpeg", quality=80)
        page.goto(empty_url)
        path = folder / f"first-steps-{language}-{theme}-{width}.jpg"
        page.screenshot(path=path, type="jpeg", quality=80)
        page.context.close()


def main() -> None:
    """Serve the sample corpus with the built-in model and take every picture, or with `--kept` only a few."""
    models = load_settings().models_dir
    with (
        tempfile.TemporaryDirectory() as data,
        tempfile.TemporaryDirectory() as empty,
        RunningServer(Path(data), models, "--ingest", str(CORPUS)) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS)
        for language, question in FIRST.items():
            page = open_page(browser, url, language, "light", "wide")
            ask(page, question)
            page.context.close()
        write_kept(browser, url)
        if "--kept" not in sys.argv:
            with RunningServer(Path(empty), models) as empty_url:
                write_all(browser, url, empty_url, FOLDER / "all")
        browser.close()


if __name__ == "__main__":
    main()
