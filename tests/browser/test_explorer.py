"""The explorer of `gribouille data explore`, opened from disk in a real browser."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from drawn_store import ordinary, store_of
from playwright.sync_api import Page, expect
from test_accessibility import AXE, OPERABLE, RUN_AXE, TOO_SMALL, TOO_WIDE, not_by_keyboard

from gribouille.data.clean import CleanOptions, clean
from gribouille.data.explorer import ExplorerOptions, write_explorer
from gribouille.store import Store

PER_WORD = 150
SHOWN = 60  # drawings a page of the explorer has
SAMPLE = 130
NARROW = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "has_touch": True}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address on disk of an explorer of three words; two swords are marked."""
    folder = tmp_path_factory.mktemp("explored")
    store = store_of(folder, ordinary(PER_WORD))
    marks = [{"row": row, "reason": "scribble"} for row in range(2 * PER_WORD, 2 * PER_WORD + 40)]
    (folder / "list.ndjson").write_text("".join(json.dumps(mark) + "\n" for mark in marks))
    clean(store.path, CleanOptions(exact=False), folder / "list.ndjson")
    written = write_explorer(Store.open(store.path), folder / "site", ExplorerOptions(SAMPLE))
    return Path(written.page).resolve().as_uri()


@pytest.fixture
def open_site(new_page: Callable[..., Page], site: str) -> Iterator[Callable[..., Page]]:
    """Opens the explorer at a word, or at all; a mistake of its script, or a missing file, fails the test in the end."""
    faults: list[str] = []

    def opened(word: str = "", **options: object) -> Page:
        page = new_page(**options)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "requestfailed", lambda request: request.resource_type == "xhr" or faults.append(request.url)
        )  # axe asks
        page.goto(f"{site}#{word}")
        page.wait_for_selector("#drawings li" if word else "#words li")
        return page

    yield opened
    assert faults == []


def test_words_are_found_in_both_languages_without_accents(open_site):
    """ "epee" and "ÉPÉE" find "épée", "swo" finds it too; what matches nothing says so."""
    page = open_site()
    for wanted in ("epee", "ÉPÉE", "swo"):
        page.fill("#search", wanted)
        expect(page.locator("#words b")).to_have_text(["sword"])
        expect(page.locator("#words i")).to_have_text(["épée"])
    expect(page.locator("#matches")).to_have_text("1 of 3 words")
    page.fill("#search", "licorne")
    expect(page.locator("#words li")).to_have_count(0)


def test_a_word_is_opened_and_left_by_keyboard(open_site):
    """Search, Tab, Enter: the word's drawings; its count is honest; back leads to every word."""
    page = open_site()
    page.locator("#search").focus()
    page.keyboard.type("epee")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#word")).to_have_text("sword")
    expect(page.locator("#sample")).to_contain_text(f"{SAMPLE} of {PER_WORD} drawings, a random sample, seed 0.")
    expect(page.locator("#drawings svg")).to_have_count(SHOWN)
    page.go_back()
    expect(page.locator("#all")).to_be_visible()


def test_pages_turn_and_a_random_one_is_another(open_site):
    """Next, previous, and random: always within the sample, never the page that is there."""
    page = open_site("cat")
    expect(page.locator("#page")).to_have_text("Page 1 of 3")
    expect(page.locator("#before")).to_be_disabled()
    first = page.locator("#drawings path").first.get_attribute("d")
    page.click("#after")
    expect(page.locator("#shown")).to_have_text(f"Drawings 61 to 120 of {SAMPLE}")
    assert page.locator("#drawings path").first.get_attribute("d") != first
    page.click("#after")
    expect(page.locator("#drawings li")).to_have_count(SAMPLE - 2 * SHOWN)
    expect(page.locator("#after")).to_be_disabled()
    for _ in range(5):
        before = page.locator("#page").inner_text()
        page.click("#random")
        expect(page.locator("#page")).not_to_have_text(before)


def test_filters_narrow_together(open_site):
    """Recognized and country leave what fits both; going elsewhere takes them back."""
    page = open_site("cat")
    page.select_option("#recognized", "0")
    page.select_option("#country", "FR")
    tags = page.locator("#drawings .tags").all_inner_texts()
    assert 0 < len(tags) < SHOWN
    assert {tag.split()[0] for tag in tags} == {"FR"}
    assert {tag.split()[1] for tag in tags} == {"✗"}
    expect(page.locator("#shown")).to_have_text(f"Drawings 1 to {len(tags)} of {len(tags)}")
    page.select_option("#country", "?")
    assert all("FR" not in tag for tag in page.locator("#drawings .tags").all_inner_texts())
    page.locator(".back a").click()
    page.locator("#words a").first.click()
    expect(page.locator("#recognized")).to_have_value("")


def test_the_language_changes_everything(open_site):
    """French words first, French texts and countries, and back; the address stays."""
    page = open_site("sword")
    page.click("#language")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator("#word")).to_have_text("épée")
    expect(page.locator("#sample")).to_contain_text("un échantillon au hasard")
    expect(page.locator("#shown")).to_contain_text("En pointillé")
    assert any("Allemagne" in option for option in page.locator("#country option").all_inner_texts())
    assert page.title() == "épée – Gribouille"
    page.click("#language")
    expect(page.locator("#word")).to_have_text("sword")


def test_one_drawing_is_shown_large_with_what_is_known(open_site):
    """A dialog with the drawing, its fields and why it is left out; Escape closes it and gives the focus back."""
    page = open_site("sword")
    marked = page.locator("#drawings .marked").first
    marked.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#large svg")).to_be_visible()
    assert "scribble" in page.locator("#facts").inner_text()
    assert page.locator("#large path").get_attribute("d") == marked.locator("path").get_attribute("d")
    page.keyboard.press("Escape")
    expect(page.locator("#large")).to_be_hidden()
    expect(marked).to_be_focused()


@pytest.mark.parametrize("options", [{}, NARROW], ids=["desktop, light", "phone, dark"])
def test_the_explorer_shuts_nobody_out(open_site, options):
    """No axe violation, 44 px to press, nothing wider than the screen, all by Tab: every word, one word, one drawing."""
    page = open_site(**options)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = {}
    for place, action in (("all", None), ("one", "#words a"), ("large", "#drawings button")):
        if action:
            page.locator(action).first.click()
            page.wait_for_selector({"one": "#drawings li", "large": "dialog[open]"}[place])
        page.evaluate(OPERABLE)
        found[place] = (
            page.evaluate(RUN_AXE) + page.evaluate(TOO_SMALL) + page.evaluate(TOO_WIDE) + not_by_keyboard(page)
        )
    assert {place: faults for place, faults in found.items() if faults} == {}
