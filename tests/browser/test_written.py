"""Answers that a language model writes, in a real browser: streamed, checked, stopped, asked again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_asking import QUESTION
from tests.conftest import CORPUS, RunningServer

MINUTE = 60_000
STATES = ("supported", "re-attributed", "unsupported")
WORDS = {"supported": "respaldada", "re-attributed": "reatribuida", "unsupported": "sin respaldo"}
WATCH = """() => {
    window.seen = [];
    window.shift = 0;
    const turns = document.getElementById("turns");
    new MutationObserver(() => {
        const turn = turns.lastElementChild;
        const said = turn?.querySelector(".answer-text")?.textContent.trim().length ?? 0;
        if (turn?.dataset.state === "streaming" && said) window.seen.push(said);
    }).observe(turns, { childList: true, subtree: true, characterData: true });
    new PerformanceObserver((list) => {
        for (const one of list.getEntries()) if (!one.hadRecentInput) window.shift += one.value;
    }).observe({ type: "layout-shift" });
}"""


@pytest.fixture(scope="module")
def page(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, models: Path, language_model: Path
) -> Iterator[Page]:
    documents = tmp_path_factory.mktemp("written")
    name = "mecanismo-de-atencion.md"
    (documents / name).write_bytes((CORPUS / name).read_bytes())
    data = tmp_path_factory.mktemp("written-data") / "data"
    with RunningServer(data, models, "--ingest", str(documents), CITA_LLM="llama-server") as url:
        context = browser.new_context(base_url=url, locale="es-ES")
        context.set_default_timeout(3 * MINUTE)
        opened = context.new_page()
        complaints: list[str] = []
        opened.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
        opened.goto("/")
        yield opened
        context.close()
        assert complaints == []


def ask_in_spanish(page: Page, question: str) -> None:
    page.get_by_label("Tu pregunta").fill(question)
    page.keyboard.press("Enter")


def test_an_answer_streams_is_checked_and_nothing_moves(page: Page) -> None:
    page.evaluate(WATCH)
    ask_in_spanish(page, QUESTION)
    page.wait_for_selector(".turn")
    page.evaluate("window.shift = 0")
    expect(page.locator(".turn")).to_have_attribute("data-state", "done", timeout=3 * MINUTE)
    seen = page.evaluate("window.seen")
    # It grew word by word before it was whole.
    assert len(set(seen)) > 5
    assert page.evaluate("window.shift") < 0.05
    first = page.locator(".sentence").first
    state = first.get_attribute("data-state") or ""
    assert state in STATES
    expect(first.locator(".state")).to_have_text(WORDS[state])
    page.locator(".aside-details summary").first.click()
    expect(page.locator(".timings")).to_contain_text("Modelo incluido")


def test_an_answer_is_stopped_and_asked_again(page: Page) -> None:
    page.goto("/")
    ask_in_spanish(page, "¿Cómo se calcula la atención, paso a paso y con números?")
    expect(page.locator(".found summary")).to_be_visible()
    page.get_by_role("button", name="Detener la respuesta").click()
    expect(page.locator(".turn")).to_have_attribute("data-state", "stopped")
    expect(page.get_by_label("Tu pregunta")).to_be_focused()
    page.locator(".turn [data-retry]").click()
    expect(page.locator(".turn")).to_have_count(2)
    page.get_by_role("button", name="Detener la respuesta").click()
    expect(page.locator(".turn").last).to_have_attribute("data-state", "stopped")
