"""The report of `gribouille report`, opened from disk in a real browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from judged import LABELS, judged
from playwright.sync_api import Page, expect
from test_accessibility import AXE, OPERABLE, RUN_AXE, TOO_SMALL, not_by_keyboard

from gribouille.report import ReportOptions, gather, write_pages

WHO = {
    "desktop, light": {"viewport": {"width": 1280, "height": 900}},
    "phone, dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "has_touch": True},
}
PAGES = ("report.html", "report.fr.html")
PICTURE = "() => document.getElementById('matrix').toDataURL()"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report on three models."""
    folder = tmp_path_factory.mktemp("reported")
    store, paths = judged(folder)
    write_pages(gather(paths, store, ReportOptions(drawings=0)), folder)
    return folder


@pytest.fixture
def open_report(new_page: Callable[..., Page], folder: Path) -> Iterator[Callable[..., Page]]:
    """Opens a page of the report; a mistake of its script, or a request for anything else, fails the test in the end."""
    faults: list[str] = []

    def opened(name: str = PAGES[0], **options: object) -> Page:
        page = new_page(reduced_motion="reduce", **options)
        page.on("pageerror", lambda error: faults.append(str(error)))
        address = (folder / name).resolve().as_uri()
        page.on("request", lambda request: request.url.startswith(("data:", address)) or faults.append(request.url))
        page.goto(address)
        return page

    yield opened
    assert faults == []


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", PAGES)
def test_the_report_shuts_nobody_out(new_page, folder, name, who):
    """WCAG 2.2 A and AA and axe's best practices, 44 px to press, nothing wider than the screen, Tab reaches all."""
    page = new_page(reduced_motion="reduce", **WHO[who])  # axe asks for the file again, which `open_report` refuses
    page.goto((folder / name).resolve().as_uri())
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => (one.open = true))")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.evaluate(OPERABLE)
    wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0
    assert page.evaluate(RUN_AXE) + page.evaluate(TOO_SMALL) + not_by_keyboard(page) == []


@pytest.mark.parametrize("who", WHO)
def test_the_matrix_zooms(open_report, who):
    """By buttons and by keys; the whole comes back; a cell says what was taken for what."""
    page = open_report(**WHO[who])
    whole = page.evaluate(PICTURE)
    page.locator("[data-zoom=in]").click()
    nearer = page.evaluate(PICTURE)
    assert nearer != whole
    page.locator("[data-zoom=whole]").click()
    assert page.evaluate(PICTURE) == whole
    page.locator("#matrix").focus()
    page.keyboard.press("+")
    assert page.evaluate(PICTURE) != whole
    page.keyboard.press("0")
    assert page.evaluate(PICTURE) == whole
    page.keyboard.press("ArrowRight")
    expect(page.locator("#cell")).to_contain_text("drawings of")
    first = page.locator("#cell").text_content()
    page.keyboard.press("ArrowDown")
    assert page.locator("#cell").text_content() != first


@pytest.mark.parametrize("who", WHO)
def test_nearer_cells_are_larger(open_report, who):
    """“+” spreads a cell over more pixels, also where a few words' cells are large from the start; “−” takes that back."""
    page = open_report(**WHO[who])
    whole = cell(page)
    page.locator("[data-zoom=in]").click()
    assert cell(page) > whole
    page.locator("[data-zoom=out]").click()
    assert cell(page) == pytest.approx(whole)


def cell(page: Page) -> float:
    """The pixels that a cell of the matrix is wide."""
    return float(page.locator("#matrix").get_attribute("data-cell"))


def test_the_matrix_goes_to_a_word(open_report):
    """In the page's language, without accents; the cell of the word itself is told."""
    page = open_report()
    page.fill("#go-to", LABELS[1].upper())
    expect(page.locator("#cell")).to_contain_text(f"“{LABELS[1]}” were recognised")


def test_words_are_found_and_ordered(open_report):
    """A search leaves those that fit; the order by alphabet is one."""
    page = open_report()
    expect(page.locator("#bars > li")).to_have_count(len(LABELS))
    page.select_option("#sort", "word 0")
    expect(page.locator("#bars > li > span")).to_have_text(list(LABELS))
    page.fill("#search", LABELS[2][:4])
    expect(page.locator("#bars > li > span")).to_have_text([LABELS[2]])
    expect(page.locator("#matches")).to_have_text(f"1 of {len(LABELS)} words")


def test_one_models_mistakes_at_a_time(open_report):
    """The gallery shows the model that is chosen."""
    page = open_report()
    shown = page.locator("[data-of=gallery-of]")
    expect(shown.nth(0)).to_be_visible()
    expect(shown.nth(2)).to_be_hidden()
    page.select_option("[data-shows=gallery-of]", "2")
    expect(shown.nth(0)).to_be_hidden()
    expect(shown.nth(2)).to_be_visible()
