"""Drawing and guessing beyond the mouse: eraser, redo, fingers, pen and palm, keyboard; honest words, voice, two languages."""

import time
from collections.abc import Callable

import pytest
from browser_page import open_ready, recorded, replay, settled_guesses
from playwright.sync_api import Page

ANY_SPEED = 1e6  # as fast as the browser takes it
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
# A device with one voice; what it is to say is kept.
VOICE = """
window.spoken = []
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text } }
const voices = [{ lang: 'en-US', localService: true, default: true }]
const speak = ({ text }) => window.spoken.push(text)
Object.defineProperty(window, 'speechSynthesis', { value: { getVoices: () => voices, cancel: () => {}, speak } })
"""


def middle(page: Page) -> tuple[float, float]:
    """The middle of the paper, CSS pixels."""
    box = page.locator("[data-paper]").bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def line(page: Page, *places: tuple[float, float]) -> None:
    """Draws a stroke with the mouse, places from the middle of the paper."""
    x, y = middle(page)
    page.mouse.move(x + places[0][0], y + places[0][1])
    page.mouse.down()
    for dx, dy in places[1:]:
        page.mouse.move(x + dx, y + dy, steps=4)
    page.mouse.up()


def fingers(page: Page) -> Callable[..., None]:
    """A function that puts fingers (number, x, y from the middle, radius) on the paper at a time in ms after this call."""
    session = page.context.new_cdp_session(page)
    x, y = middle(page)
    start = time.time()

    def touch(kind: str, moment: float, *contacts: tuple[float, ...]) -> None:
        points = [
            {"x": x + dx, "y": y + dy, "id": number, "radiusX": radius, "radiusY": radius, "force": 0.5}
            for number, dx, dy, radius in contacts
        ]
        session.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points, "timestamp": start + moment / 1000}
        )

    return touch


def strokes(page: Page, count: int) -> list[list[list[float]]]:
    """The recorded strokes, once there are so many: touches are on their way for a moment."""
    page.wait_for_function("(count) => window.gribouille.strokes().length === count", arg=count)
    return recorded(page)


@pytest.fixture
def phone(new_page: Callable[..., Page], address: str) -> Page:
    """The page on a phone, ready to recognise."""
    page = new_page(**PHONE)
    open_ready(page, address)
    return page


def test_the_eraser_takes_whole_strokes_in_one_step(page):
    """What the eraser touches goes when it is lifted; one undo brings all of it back, one redo takes it again."""
    line(page, (-200, -100), (200, -100))
    line(page, (-200, 0), (200, 0))
    line(page, (-200, 100), (200, 100))
    [first, second, third] = recorded(page)
    page.click("[data-action=eraser]")
    x, y = middle(page)
    page.mouse.move(x, y - 50)
    page.mouse.down()
    page.mouse.move(x, y + 150, steps=3)
    assert len(recorded(page)) == 3
    page.mouse.up()
    assert recorded(page) == [first]
    page.click("[data-action=undo]")
    assert recorded(page) == [first, second, third]
    page.keyboard.press("Control+Shift+Z")
    assert recorded(page) == [first]
    page.keyboard.press("Control+z")
    page.click("[data-action=redo]")
    assert recorded(page) == [first]


def test_clear_and_redo_go_both_ways(page):
    """Undo brings a cleared sheet back; redo brings back what undo took, until something new is drawn."""
    line(page, (-50, 0), (50, 0))
    line(page, (0, -50), (0, 50))
    both = recorded(page)
    page.click("[data-action=clear]")
    page.click("[data-action=undo]")
    assert recorded(page) == both
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+y")
    assert recorded(page) == both
    page.keyboard.press("Control+z")
    line(page, (0, 90), (60, 90))
    assert page.get_attribute("[data-action=redo]", "aria-disabled") == "true"


def test_a_finger_draws_without_scrolling_and_a_late_second_one_is_ignored(phone):
    """One finger draws, one that comes later neither draws nor disturbs, the page stays where it is."""
    touch = fingers(phone)
    touch("touchStart", 0, (0, 0, 0, 10))
    touch("touchMove", 100, (0, 0, -60, 10))
    touch("touchStart", 300, (0, 0, -60, 10), (1, 80, 0, 10))
    touch("touchMove", 320, (0, 0, -120, 10), (1, 80, 90, 10))
    touch("touchEnd", 340, (0, 0, -120, 10))
    touch("touchEnd", 360)
    [stroke] = strokes(phone, 1)
    assert {round(value - stroke[0][0]) for value in stroke[0]} == {0}
    assert stroke[1][-1] - stroke[1][0] == pytest.approx(-120, abs=1)
    assert phone.evaluate("[scrollX, scrollY, visualViewport.scale, visualViewport.offsetTop]") == [0, 0, 1, 0]


def test_two_fingers_undo_and_three_redo(phone):
    """A tap of two fingers takes one step back and leaves no ink of its own, not even in redo; one of three goes forward."""
    touch = fingers(phone)
    for number, y in enumerate((-60, 60)):
        touch("touchStart", 1000 * number, (0, -60, y, 10))
        touch("touchMove", 1000 * number + 200, (0, 60, y, 10))
        touch("touchEnd", 1000 * number + 400)
    [first, second] = strokes(phone, 2)
    touch("touchStart", 3000, (0, -40, 0, 10))
    touch("touchStart", 3050, (0, -40, 0, 10), (1, 40, 0, 10))
    touch("touchEnd", 3150)
    assert strokes(phone, 1) == [first]
    touch("touchStart", 5000, (0, -40, 0, 10), (1, 40, 0, 10), (2, 90, 0, 10))
    touch("touchEnd", 5100)
    assert strokes(phone, 2) == [first, second]


def test_a_palm_does_not_draw(phone):
    """A wide contact draws nothing; once a pen has been seen, no touch does, and the pen's pressure is recorded."""
    touch = fingers(phone)
    touch("touchStart", 0, (0, 0, 0, 50))
    touch("touchMove", 50, (0, 60, 0, 50))
    touch("touchEnd", 100)
    assert recorded(phone) == []
    pen = phone.context.new_cdp_session(phone)
    x, y = middle(phone)
    for kind, dx in (("mousePressed", 0), ("mouseMoved", 50), ("mouseReleased", 50)):
        event = {"type": kind, "x": x + dx, "y": y, "button": "left", "buttons": 1, "clickCount": 1}
        pen.send("Input.dispatchMouseEvent", event | {"pointerType": "pen", "force": 0.8})
    drawn = strokes(phone, 1)
    touch("touchStart", 1000, (0, 0, 80, 10))
    touch("touchMove", 1200, (0, 90, 80, 10))
    touch("touchEnd", 1400)
    assert recorded(phone) == drawn


def test_the_keyboard_draws(page):
    """Space puts a pen down where the arrows brought it, arrows draw, Space lifts it; the strokes are guessed as any other."""
    page.focus("[data-paper]")
    for key in ("ArrowUp", "ArrowUp", "Space"):
        page.keyboard.press(key)
    assert page.inner_text("[data-pen-said]") == "Pen down"
    for _ in range(8):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    assert page.inner_text("[data-pen-said]") == "Pen up"
    [stroke] = recorded(page)
    assert stroke[0] == [30 * step for step in range(9)]
    assert set(stroke[1]) == {-12}
    assert stroke[2] == sorted(stroke[2])
    assert stroke[2][-1] > 0
    assert settled_guesses(page)[0][0] == "line"
    page.keyboard.press("e")
    for key in ("ArrowUp", "Space", "Shift+ArrowLeft", "Space"):
        page.keyboard.press(key)
    assert recorded(page) == []


def test_nothing_is_claimed_of_a_dot(page):
    """For a dot or a tiny stroke the page says that it is not sure, whatever the bars show."""
    page.mouse.click(*middle(page))
    settled_guesses(page)
    assert page.get_attribute("[data-headline]", "data-tone") == "unsure"
    assert page.inner_text("[data-headline]") == "Not sure yet…"
    page.click("[data-action=clear]")
    line(page, (0, 0), (20, 0))
    settled_guesses(page)
    assert page.get_attribute("[data-headline]", "data-tone") == "unsure"


def test_the_moment_of_certainty_is_shown_and_said_once(new_page, address, drawings):
    """With the voice on, a certain guess is said once, and a flourish runs around the paper."""
    page = new_page()
    page.add_init_script(VOICE)
    open_ready(page, address)
    page.click("[data-action=voice]")
    assert page.get_attribute("[data-action=voice]", "aria-pressed") == "true"
    replay(page, drawings["snowman"], speed=4)
    assert settled_guesses(page)[0][0] == "snowman"
    page.wait_for_selector("[data-flourish]", state="attached")
    # A function: an expression would be evaluated again and again, which the page's policy forbids.
    page.wait_for_function("() => window.spoken.includes('a snowman')")
    page.mouse.click(*middle(page))
    settled_guesses(page)
    page.wait_for_timeout(600)
    assert page.evaluate("window.spoken").count("a snowman") == 1


def test_every_word_can_be_looked_up_in_either_language(page, recogniser):
    """All words with their probabilities on demand, searched without accents in English or in French."""
    line(page, (-100, 0), (100, 0))
    settled_guesses(page)
    page.click("[data-action=all-words]")
    page.wait_for_selector("[data-word][data-probability]")
    assert page.locator("[data-word][data-probability]").count() == len(recogniser.labels)
    for typed, label in (("squirr", "squirrel"), ("ecureuil", "squirrel"), ("TOUR EIFFEL", "The Eiffel Tower")):
        page.fill("[data-all-words] input", typed)
        assert page.locator("[data-word][data-probability]").evaluate_all(
            "(rows) => rows.map((row) => row.dataset.word)"
        ) == [label]
    page.fill("[data-all-words] input", "zzz")
    assert page.get_by_text("I know no word with “zzz”.").is_visible()


def test_learners_see_two_languages(page, drawings):
    """Headline and bars say the word in the other language too, marked as such; the choice is remembered."""
    page.click("[data-action=both-languages]")
    replay(page, drawings["house"], speed=ANY_SPEED)
    settled_guesses(page)
    assert page.locator("[data-guess] [lang=fr]").count() == 5
    page.reload()
    page.wait_for_selector("[data-action=both-languages][aria-pressed=true]")


def test_colour_is_for_the_eye(page, drawings):
    """The ink takes the colour chosen; the recorded strokes know nothing of it."""
    page.click("[data-action=pen]")
    page.get_by_role("radio", name="red").check(force=True)
    page.keyboard.press("Escape")
    line(page, (-100, 0), (100, 0))
    [stroke] = recorded(page)
    assert len(stroke) == 3
    reddish = """async () => {
      await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))
      const canvas = document.querySelector('[data-paper] canvas')
      const [red, green, blue] = canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data
      return red > 2 * green && red > 2 * blue
    }"""
    assert page.evaluate(reddish)
