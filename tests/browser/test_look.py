"""Understanding: what the computer sees, what it thought while the drawing grew, how it works."""

import numpy as np
from browser_page import TIMEOUT, open_ready, recorded, replay

from gribouille.drawing import Drawings, canonical
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import CHANNELS, RasterSpec

ANY_SPEED = 1e6  # as fast as the browser takes it


def open_look(page, address):
    """The screen, ready to guess."""
    open_ready(page, f"{address}#/look")
    page.wait_for_selector("[data-screen=look]")


def scrubbed_to(page, share):
    """Moves the scrubber to a share of its length."""
    page.eval_on_selector(
        "[data-scrubber]",
        "(range, share) => { range.value = share * range.max; range.dispatchEvent(new Event('input', {bubbles: true})) }",
        share,
    )


def pixels(page, channel, side):
    """The values of a channel as its canvas shows them: opacity of its colour, 0…255."""
    shown = page.eval_on_selector(
        f"canvas[data-channel={channel}]",
        "(canvas) => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]",
    )
    return np.array(shown).reshape(side, side, 4)[:, :, 3]


def test_the_channels_of_ones_own_drawing_are_pythons(new_page, address, drawings, recogniser):
    """What is drawn on this screen's paper shows, at once, as the numba kernel's picture of the same strokes."""
    page = new_page()
    open_look(page, address)
    replay(page, drawings["cat"], speed=ANY_SPEED)
    drawing = canonical(recorded(page))
    page.wait_for_selector(f"[data-kept='{len(drawing)}']")
    spec = RasterSpec.from_dict(recogniser.metadata.raster)
    [picture] = rasterise(Drawings.of([drawing]), spec)
    for channel, expected in zip(CHANNELS, picture, strict=True):
        assert np.array_equal(pixels(page, channel, spec.side), np.floor(255 * expected.astype(float) + 0.5)), channel


def test_the_scrubber_goes_back_to_an_earlier_guess(new_page, address):
    """The empty paper shows a house; its beginning was thought to be something else, by mouse and by keyboard alike."""
    page = new_page()
    open_look(page, address)
    page.wait_for_selector("[data-decisive]", timeout=TIMEOUT)
    best = "[data-screen=look] [data-guess] >> nth=0"
    assert page.get_attribute(best, "data-label") == "house"
    assert page.eval_on_selector_all("[data-vote]", "(votes) => votes.length") == 2
    whole = int(page.get_attribute("[data-kept]", "data-kept"))
    scrubbed_to(page, 0.3)
    assert page.get_attribute(best, "data-label") != "house"
    assert int(page.get_attribute("[data-kept]", "data-kept")) < whole
    page.focus("[data-scrubber]")
    page.keyboard.press("End")
    assert page.get_attribute(best, "data-label") == "house"
    page.keyboard.press("ArrowLeft")
    assert "house" in page.get_attribute("[data-scrubber]", "aria-valuetext")
    page.keyboard.press("Home")
    assert page.locator("[data-guess]").count() == 0
    page.focus("[data-action=replay]")
    page.keyboard.press("Enter")
    page.wait_for_selector(best)  # the replay has come to where something was guessed


def test_how_it_works_has_five_pictures_told_in_words(new_page, address):
    """Five figures, in French too, each with a heading and a picture that says in French what it shows."""
    page = new_page(locale="fr-FR")
    open_ready(page, f"{address}#/how")
    assert page.locator("figure[data-figure] h3").count() == 5
    for figure in page.locator("figure[data-figure]").all():
        told = figure.locator("[role=img]").first.get_attribute("aria-label")
        assert len(told) > 20
        assert any(word in told for word in ("traits", "points", "image", "images"))
    page.wait_for_selector("figure[data-figure='5'] [data-guess]")
    assert page.locator("[data-ink]").count() == 4
