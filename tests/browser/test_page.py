"""What the page does besides guessing: drawing by hand, undo, clear, languages, keyboard, screen readers."""

import pytest
from browser_page import guesses, open_ready, recorded, replay, settled_guesses

ANY_SPEED = 1e6  # as fast as the browser takes it


def middle_of_paper(page):
    """The middle of the paper, CSS pixels."""
    box = page.locator("[data-paper]").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def inked_pixels(page):
    """How many pixels carry ink in the next frame (the page itself never reads them)."""
    return page.evaluate(
        """async () => {
          await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))
          const canvas = document.querySelector('[data-paper] canvas')
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
          return data.filter((value, index) => index % 4 === 3 && value > 128).length
        }"""
    )


def test_an_empty_paper_invites_and_guesses_nothing(page):
    """Before the first stroke there is an invitation, no guess, and nothing to undo or clear."""
    assert page.get_by_text("Draw something").is_visible()
    assert guesses(page) == []
    for action in ("undo", "clear"):
        assert page.get_attribute(f"[data-action={action}]", "aria-disabled") == "true"
        page.click(f"[data-action={action}]", force=True)
    assert recorded(page) == []


def test_undo_takes_back_one_stroke_and_guesses_again(page, drawings):
    """Undo, by button or by Ctrl+Z, leaves the strokes before it, ink and guesses alike."""
    strokes = drawings["house"]
    replay(page, strokes[:-2], speed=ANY_SPEED)
    before, ink, kept = settled_guesses(page), inked_pixels(page), recorded(page)
    page.click("[data-action=clear]")
    replay(page, strokes, speed=ANY_SPEED)
    settled_guesses(page)
    page.click("[data-action=undo]")
    page.keyboard.press("Control+z")
    assert len(recorded(page)) == len(kept)
    after = settled_guesses(page)
    assert len(before) == len(after) == 5
    assert inked_pixels(page) == pytest.approx(ink, rel=0.2)  # the hand's speed, and so the ink, differs a little


@pytest.mark.parametrize("earlier", [0, 1])
@pytest.mark.parametrize("action", ["undo", "clear", "Ctrl+Z"])
def test_a_stroke_taken_back_under_the_hand_stays_away(page, action, earlier):
    """Undo and clear during a stroke end it: what the hand still draws joins nothing, and the next stroke is drawn."""
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    x, y = middle_of_paper(page)
    for _ in range(earlier):
        page.mouse.click(x - 200, y - 200)
    before = recorded(page) if action != "clear" else []
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 50, y, steps=3)
    if action == "Ctrl+Z":
        page.keyboard.press("Control+z")
    else:
        page.focus(f"[data-action={action}]")
        page.keyboard.press("Enter")
    page.mouse.move(x + 50, y + 50, steps=3)
    page.mouse.up()
    assert recorded(page) == before
    page.mouse.click(x, y)
    assert len(recorded(page)) == len(before) + 1
    assert len(settled_guesses(page)) == 5
    assert errors == []


def test_clear_leaves_an_empty_paper_and_no_late_answer(page, drawings):
    """Clear empties paper and bars at once; an answer under way does not bring them back."""
    replay(page, drawings["star"], speed=ANY_SPEED)
    page.click("[data-action=clear]")
    assert recorded(page) == []
    page.wait_for_timeout(500)
    assert guesses(page) == []
    assert inked_pixels(page) == 0
    assert page.get_by_text("Draw something").is_visible()


def test_the_language_is_the_browsers_then_the_chosen_one(new_page, address, drawings):
    """A French browser gets French; a click changes words, labels and `lang`, and is remembered."""
    page = new_page(locale="fr-CA")
    open_ready(page, address)
    assert page.get_attribute("html", "lang") == "fr"
    assert page.get_by_text("Dessine quelque chose").is_visible()
    replay(page, drawings["house"], speed=ANY_SPEED)
    english = settled_guesses(page)[0][0]
    french = page.inner_text("[data-guess] .word >> nth=0")
    page.click("[data-action=language]")
    assert page.get_attribute("html", "lang") == "en"
    assert page.inner_text("[data-guess] .word >> nth=0") == english != french
    page.reload()
    page.wait_for_selector("[data-state=ready]")
    assert page.get_attribute("html", "lang") == "en"


def test_a_tap_is_a_drawing(page):
    """A dot counts: one stroke of one point, guessed and inked."""
    page.mouse.click(*middle_of_paper(page))
    assert [len(stroke[0]) for stroke in recorded(page)] == [1]
    assert len(settled_guesses(page)) == 5
    assert inked_pixels(page) > 10


def test_a_stroke_that_leaves_the_paper_goes_on(page):
    """The pointer is captured: beyond the edge and over the buttons it still draws, and comes back."""
    x, y = middle_of_paper(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(1275, y, steps=5)
    page.mouse.move(x, 895, steps=5)
    page.mouse.move(x, y, steps=5)
    page.mouse.up()
    [stroke] = recorded(page)
    assert max(stroke[0]) + x == pytest.approx(1275, abs=1)
    assert len(stroke[0]) == 16


def test_a_new_size_keeps_the_drawing(page, drawings):
    """Turned or narrowed, the page shows the same strokes, all of them on the paper."""
    replay(page, drawings["house"], speed=ANY_SPEED)
    before, shown = recorded(page), settled_guesses(page)
    page.set_viewport_size({"width": 360, "height": 640})
    page.wait_for_timeout(200)
    assert recorded(page) == before
    assert inked_pixels(page) > 500
    assert guesses(page) == shown


def test_the_ink_is_sharp_on_fine_screens(new_page, address):
    """The canvas has a pixel for every pixel of the screen."""
    page = new_page(device_scale_factor=3)
    open_ready(page, address)
    wide, shown = page.evaluate("(({ width, clientWidth }) => [width, clientWidth])(document.querySelector('canvas'))")
    assert wide == pytest.approx(3 * shown, abs=1)


def test_everything_works_from_the_keyboard(page, drawings):
    """Tab reaches paper and every button, each large enough for a finger and visibly focused; Enter presses it."""
    replay(page, drawings["house"], speed=ANY_SPEED)
    reached = set()
    for _ in range(20):  # from the paper to the page's end, and on from its top
        page.keyboard.press("Tab")
        focused = page.locator(":focus-visible")
        if focused.count() == 0:
            continue
        box, action = focused.bounding_box(), focused.get_attribute("data-action")
        assert min(box["width"], box["height"]) >= 44
        assert focused.evaluate("(element) => getComputedStyle(element).outlineStyle") == "solid"
        reached.add("paper" if focused.get_attribute("data-paper") is not None else action)
        if action == "clear":
            page.keyboard.press("Enter")
    wanted = {
        "paper",
        "pen",
        "eraser",
        "undo",
        "redo",
        "clear",
        "idea",
        "share",
        "both-languages",
        "all-words",
        "language",
    }
    assert reached >= wanted
    assert recorded(page) == []


def test_a_screen_reader_hears_the_best_guess_without_chatter(page, drawings):
    """The polite live region speaks once the guess stands still, not at every change of the bars."""
    page.evaluate(
        """() => {
          window.said = []
          const region = document.querySelector('[data-announced]')
          const changes = { characterData: true, childList: true, subtree: true }
          new MutationObserver(() => window.said.push(region.textContent)).observe(region, changes)
        }"""
    )
    replay(page, drawings["fish"], speed=4)
    settled_guesses(page)
    page.wait_for_selector("[data-announced]:not(:empty)", state="attached")
    page.wait_for_timeout(1500)
    assert page.evaluate("window.said") == [page.text_content("[data-headline]").strip()]


def test_an_idea_names_something_to_draw(page):
    """The idea button proposes one of the model's words, the dice another; the cross puts it away."""
    page.click("[data-action=idea]")
    first = page.get_attribute("[data-idea]", "data-idea")
    assert page.inner_text("[data-idea] p").startswith("Draw ")
    page.click("[data-action=another-idea]")
    assert page.get_attribute("[data-idea]", "data-idea") != first
    page.click("[data-action=no-idea]")
    assert page.locator("[data-idea]").count() == 0


def test_undo_and_clear_stay_focused(page, drawings):
    """A pressed button keeps the focus although there is nothing left for it to do."""
    replay(page, drawings["star"], speed=ANY_SPEED)
    page.focus("[data-action=clear]")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.dataset.action") == "clear"
