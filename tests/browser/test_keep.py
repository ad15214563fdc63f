"""What stays on the device: keeping, consent, giving back, one's own gallery, how others drew, and the settings."""

import json

import numpy as np
import pytest
from browser_page import open_ready, recorded, replay, serving, settled_guesses

from gribouille.drawing import canonical
from gribouille.ingest import ingest
from gribouille.store import Store

ANY_SPEED = 1e6  # as fast as the browser takes it


def draw(page, strokes):
    """Draws on the empty paper and waits until the guesses stand; what the page recorded."""
    page.click("[data-way=draw]")
    replay(page, strokes, speed=ANY_SPEED)
    settled_guesses(page)
    return recorded(page)


def keep(page):
    """Presses Keep and waits until the drawing is kept."""
    page.click("[data-action=keep]")
    page.wait_for_selector("[data-kept=true]")


def collect(page):
    """Switches collecting on, in the settings."""
    page.click("[data-way=settings]")
    page.check("[data-setting=collect]")


def test_without_consent_nothing_is_collected(page, drawings):
    """A drawing kept for oneself is in the gallery, but not among those to be given back, even if one consents later."""
    draw(page, drawings["house"])
    page.click("[data-action=right]")
    assert page.get_attribute("[data-verdict]", "data-kept") == "false", "an opinion alone keeps nothing"
    keep(page)
    page.click("[data-way=gallery]")
    page.wait_for_selector("[data-drawings='1']")
    collect(page)
    page.wait_for_selector("[data-collected='0'][data-given='0']")
    assert page.locator("[data-action=save-collected]").count() == 0


def test_what_is_given_back_is_what_was_drawn(new_page, address, drawings, tmp_path):
    """With consent, in French: “c’était un chat” → a file that `gribouille ingest` takes, with the same drawing and its times."""
    page = new_page(locale="fr-FR")
    open_ready(page, address)
    collect(page)
    strokes = draw(page, drawings["house"])
    page.click("[data-action=it-was]")
    page.keyboard.type("chat")
    page.wait_for_selector("[role=option][aria-selected=true][data-label=cat]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-kept=true][data-verdict=named][data-word=cat]")
    page.click("[data-way=settings]")
    with page.expect_download() as download:
        page.click("[data-action=save-collected]")
    file = tmp_path / "given.ndjson"
    download.value.save_as(file)

    record = json.loads(file.read_text())
    assert record["verdict"] == "named"
    assert record["recognized"] is False
    assert ingest([file], tmp_path / "store").labels == ("cat",)
    records = Store.open(tmp_path / "store").records(np.array([0]))
    assert records.drawings[0].tolist() == canonical(strokes).tolist()
    assert records.times[-1] == round(strokes[-1][2][-1])
    assert str(records.key_id[0]) == record["key_id"]

    page.click("[data-setting=collect]")
    page.click("[data-action=stop-remove]")
    page.wait_for_selector("[data-collected='0']")
    assert not page.is_checked("[data-setting=collect]")


def test_a_kept_drawing_is_watched_and_drawn_on(page, drawings):
    """From the gallery a drawing is replayed with its timing, comes back from deletion, and goes back on the paper as it was."""
    strokes = draw(page, drawings["house"])
    keep(page)
    page.click("[data-action=clear]")
    page.click("[data-way=gallery]")
    page.click("[data-screen=gallery] a[data-kept]")
    page.click("[data-action=replay]")
    page.wait_for_selector("[data-replay][data-playing=true]:not([data-moment=end])")
    page.wait_for_selector("[data-replay][data-playing=false][data-moment=end]")
    page.click("[data-action=remove]")
    page.wait_for_selector("[data-empty]")
    page.click("[data-action=undo-remove]")
    page.click("[data-screen=gallery] a[data-kept]")
    page.click("[data-action=draw-on]")
    page.wait_for_selector("[data-screen=draw]")
    assert recorded(page) == strokes
    x, y = page.locator("[data-paper]").bounding_box()["x"] + 30, page.locator("[data-paper]").bounding_box()["y"] + 30
    page.mouse.click(x, y)
    *_, dot = recorded(page)
    assert dot[2][0] >= strokes[-1][2][-1], "time goes on where the drawing ended"


def test_choices_last_until_everything_is_forgotten(page, drawings):
    """The theme survives a reload; "forget everything" brings back the first day: no choices, no drawings."""
    draw(page, drawings["house"])
    keep(page)
    page.click("[data-way=settings]")
    page.check("[data-setting=theme] [value=contrast]")
    page.reload()
    page.wait_for_selector("html[data-theme=contrast]")
    page.click("[data-action=reset]")
    page.click("[data-action=reset-now]")
    page.wait_for_selector("html[data-theme=light]")
    page.click("[data-way=gallery]")
    page.wait_for_selector("[data-empty]")


@pytest.fixture(scope="module")
def store(golden_raw, tmp_path_factory):
    """A store of the golden drawings."""
    folder = tmp_path_factory.mktemp("others")
    lines = [json.dumps({"word": one["word"], "countrycode": "CA", "drawing": one["strokes"]}) for one in golden_raw]
    (folder / "golden.ndjson").write_text("\n".join(lines))
    ingest([folder / "golden.ndjson"], folder / "store")
    return folder / "store"


def test_how_others_drew_it(new_page, model, store, drawings):
    """Where the server has a store, the gallery shows its drawings of the word chosen, and says so where there are none."""
    with serving(model, store) as address:
        page = new_page(locale="fr-FR")
        open_ready(page, address)
        page.click("[data-way=gallery]")
        page.fill("[data-word-chooser] input", "house")  # found by its English name too
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-others=house][data-stage=all]")
        shown = page.locator("[data-other]")
        assert shown.count() == 1
        assert "Canada" in shown.inner_text()
        assert shown.locator("path").count() == len(drawings["house"])
        missing = next(word for word in ("zebra", "yoga") if word not in drawings)
        page.fill("[data-word-chooser] input", missing)
        page.keyboard.press("Enter")
        page.wait_for_selector(f"[data-others={missing}][data-stage=all]")
        assert shown.count() == 0
