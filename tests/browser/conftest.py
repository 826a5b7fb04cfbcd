"""A real Chromium that reaches nothing but the server under test, and notes every complaint of the page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE_MS = 30_000
"""How long something on a page is waited for: a machine that is busy is no fault of the page."""
NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium_path() -> str | None:
    """The Chromium named by `CHROMIUM`, or one on the path; None leaves the choice to Playwright."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests, and none after them: its event loop would be in others' way."""
    with sync_playwright() as playwright:
        try:
            opened = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS)
        except PlaywrightError as error:
            reason = str(error).strip().splitlines()[0]
            pytest.skip(f"no Chromium to test the pages with ({reason}); install one or set CHROMIUM")
        expect.set_options(timeout=PATIENCE_MS)
        yield opened
        opened.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, server_url: str) -> Iterator[OpenPage]:
    """Opens pages in contexts of their own; a page that complained fails its test at the end."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(path: str = "/", *, allow: str = "\0", **options: object) -> Page:
        context = browser.new_context(
            base_url=server_url, **({"locale": "en-GB", "viewport": {"width": 1280, "height": 860}} | options)
        )  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()

        def complain(text: str) -> None:
            if allow not in text:
                complaints.append(text)

        page.on("console", lambda message: complain(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complain(str(error)))
        page.on("dialog", lambda dialog: complain(f"a dialog: {dialog.message}"))
        page.goto(path)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []
