"""The map, the similarity of sentences, the reports, the state, and the way from nothing to an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_asking import answered, ask
from tests.conftest import CORPUS, RunningServer
from web.report_pages import FOLDER

REPORT = (
    "<!doctype html><title>Retrieval, measured</title><style>p{color:rgb(1,2,3)}</style>"
    "<p>nDCG@10 .95</p><script>document.title='run'</script>"
)
MINUTE = 60_000


@pytest.fixture(scope="module")
def empty_url(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[str]:
    """A server with nothing in it but a report."""
    data = tmp_path_factory.mktemp("nothing") / "data"
    (data / FOLDER).mkdir(parents=True)
    (data / FOLDER / "retrieval.html").write_text(REPORT)
    with RunningServer(data, models, CITA_LLM="extractive") as url:
        yield url


@pytest.fixture
def empty_page(browser: Browser, empty_url: str) -> Iterator[Page]:
    context = browser.new_context(base_url=empty_url, locale="en-GB")
    yield context.new_page()
    context.close()


def map_is_drawn(page: Page) -> None:
    expect(page.locator("#map")).to_have_attribute("data-ready", "")


def test_the_map_shows_where_a_question_falls(open_page: OpenPage) -> None:
    page = open_page("/map")
    map_is_drawn(page)
    page.get_by_role("searchbox").fill("What is attention?")
    page.keyboard.press("Enter")
    expect(page.locator(".map-passages li")).not_to_have_count(0)
    expect(page).to_have_url(re.compile(r"question=What"))
    page.reload()
    expect(page.locator(".map-passages li")).not_to_have_count(0)
    page.locator(".map-passages a").first.click()
    expect(page.locator("#panel-body #cited")).to_be_in_viewport()


def test_the_map_is_walked_and_opened_by_key(open_page: OpenPage) -> None:
    page = open_page("/map")
    map_is_drawn(page)
    page.get_by_role("application", name="Map of the chunks").focus()
    page.keyboard.press("ArrowRight")
    first = page.locator("#map-tip").text_content()
    assert first
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator("#map-tip")).not_to_have_text(first)
    expect(page.locator("#announcer")).to_contain_text(page.locator("#map-tip").text_content() or "-")
    page.keyboard.press("+")
    page.keyboard.press("Enter")
    expect(page.locator("#panel-body #cited")).to_be_visible()


def test_the_map_is_moved_enlarged_and_clicked(open_page: OpenPage) -> None:
    page = open_page("/map")
    map_is_drawn(page)
    canvas = page.locator("#map-canvas")
    picture = "canvas => canvas.toDataURL()"
    whole = canvas.evaluate(picture)
    page.get_by_role("button", name="Larger").click()
    page.wait_for_timeout(100)
    larger = canvas.evaluate(picture)
    assert larger != whole
    box = canvas.bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 90, middle[1] + 40, steps=4)
    page.mouse.up()
    page.wait_for_timeout(100)
    assert canvas.evaluate(picture) != larger
    page.get_by_role("button", name="Show all").click()
    page.keyboard.press("Escape")
    canvas.focus()
    page.keyboard.press("ArrowRight")
    at = page.locator("#map-tip").evaluate("tip => [parseFloat(tip.style.left), parseFloat(tip.style.top)]")
    page.mouse.click(box["x"] + at[0], box["y"] + at[1])
    expect(page.locator("#panel-body #cited")).to_be_visible()


@pytest.mark.parametrize("locale", ["es-ES", "en-GB"])
def test_sentences_are_compared_across_languages(open_page: OpenPage, locale: str) -> None:
    page = open_page("/similarity", locale=locale)
    page.locator("#sentences").fill("El gato duerme.\nThe cat is asleep.\nLa bolsa bajó ayer.")
    page.locator("form[action='/similarity'] button").click()
    cells = page.locator(".matrix tbody tr").first.locator("td")
    expect(cells).to_have_count(3)
    own, same, other = (float((text or "").replace(",", ".")) for text in cells.all_text_contents())
    assert own == 1
    assert same > other
    assert cells.nth(1).get_attribute("class") != cells.nth(2).get_attribute("class")


def test_a_report_is_opened_and_can_do_nothing(empty_page: Page) -> None:
    empty_page.goto("/evaluation")
    empty_page.get_by_role("link", name=re.compile("Retrieval, measured")).click()
    frame = empty_page.frame_locator(".report-frame")
    expect(frame.locator("p")).to_have_text("nDCG@10 .95")
    expect(frame.locator("p")).to_have_css("color", "rgb(1, 2, 3)")
    assert empty_page.frames[1].evaluate("1").__class__ is int
    assert empty_page.frames[1].title() == "Retrieval, measured"


def test_the_state_says_what_is_used_and_how_to_get_the_rest(open_page: OpenPage) -> None:
    page = open_page("/status")
    main = page.get_by_role("main")
    expect(main).to_contain_text("Nothing leaves this machine")
    for word in ("Data folder", "Free on the disk", "Memory", "Dimensions", "chromadb"):
        expect(main).to_contain_text(word)
    writers = page.locator(".generators li")
    expect(writers.filter(has_text="OpenAI")).to_contain_text("CITA_OPENAI_API_KEY")
    expect(writers.filter(has_text="Quoted, without a model")).to_contain_text("can be used now")


def test_from_nothing_to_the_first_answer(empty_page: Page) -> None:
    page = empty_page
    page.goto("/search")
    expect(page.get_by_role("main")).to_contain_text("nothing to search yet")
    page.goto("/map")
    expect(page.get_by_role("main")).to_contain_text("not enough here to draw yet")
    page.goto("/")
    expect(page.locator(".step")).to_have_count(3)
    page.set_input_files("#files", CORPUS / "bm25-and-lexical-search.md")
    expect(page.locator("#upload-list li")).to_contain_text("taken in", timeout=MINUTE)
    page.get_by_role("link", name="Ask about them").click()
    expect(page.get_by_label("Your question")).to_be_focused()
    ask(page, "What do k1 and b do in BM25?")
    answered(page)
    expect(page.locator(".sentence").first).to_have_attribute("data-state", "supported")
