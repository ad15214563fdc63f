"""Drawings leave the page and come back: files, links, the clipboard; and what the page says of things that are none."""

import numpy as np
import pytest
from browser_page import everything, guesses, open_ready, recorded, replay, settled_guesses

from gribouille import Store, canonical
from gribouille.ingest import ingest

ANY_SPEED = 1e6  # as fast as the browser takes it

HAND_OVER = """([name, text, kind]) => {
  const given = new DataTransfer()
  if (name) given.items.add(new File([text], name))
  else given.setData('text/plain', text)
  const how = { bubbles: true, cancelable: true }
  window.dispatchEvent(kind === 'paste' ? new ClipboardEvent('paste', { ...how, clipboardData: given })
                                        : new DragEvent(kind, { ...how, dataTransfer: given }))
}"""


def paste(page, text):
    """Pastes a text onto the paper."""
    page.evaluate(HAND_OVER, ["", text, "paste"])


def drop(page, path):
    """Drags a file over the page, sees where it may fall, and lets it go."""
    page.evaluate(HAND_OVER, [path.name, path.read_text(), "dragover"])
    assert page.locator("[data-drop]").is_visible()
    page.evaluate(HAND_OVER, [path.name, path.read_text(), "drop"])


def news(page, kind):
    """What the page says of the thing that came (arrived or fault)."""
    return page.inner_text(f"[data-incoming={kind}] p")


def save(page, form, folder):
    """The file that the sheet's button saves, under the name that the page gives it."""
    with page.expect_download() as download:
        page.click(f"[data-action=save-{form}]")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def centred(strokes):
    """The strokes' points around the middle of their box, end to end."""
    xy = np.concatenate([np.array(stroke[:2]) for stroke in strokes], axis=1)
    return xy - (xy.min(axis=1, keepdims=True) + xy.max(axis=1, keepdims=True)) / 2


def test_an_svg_saved_and_dropped_again_gives_the_same_strokes(page, drawings, tmp_path):
    """Points, times and order of strokes survive the picture; undo brings back what was on the paper before."""
    replay(page, drawings["house"], speed=20)
    before = recorded(page)
    page.click("[data-action=share]")
    path = save(page, "svg", tmp_path)
    page.keyboard.press("Escape")
    page.click("[data-action=clear]")
    replay(page, drawings["star"], speed=ANY_SPEED)
    other = recorded(page)
    drop(page, path)
    assert news(page, "arrived") == f"A drawing of {len(before)} strokes. Undo brings yours back."
    after = recorded(page)
    assert [len(x) for x, _, _ in after] == [len(x) for x, _, _ in before]
    np.testing.assert_allclose(centred(after), centred(before), atol=0.011)
    times = [np.concatenate([t for _, _, t in strokes]) for strokes in (before, after)]
    np.testing.assert_allclose(times[1], times[0], atol=1)
    page.click("[data-action=undo]")
    assert recorded(page) == other


def test_ndjson_saved_by_the_page_is_ingested(page, drawings, tmp_path):
    """`gribouille ingest` takes the file as raw, and its drawing is the page's own, with times."""
    replay(page, drawings["fish"], speed=20)
    strokes, best = recorded(page), settled_guesses(page)[0][0]
    page.click("[data-action=share]")
    path = save(page, "ndjson", tmp_path)
    assert path.name == f"gribouille-{best.replace(' ', '-')}.ndjson"
    ingest([path], tmp_path / "store")
    store = Store.open(tmp_path / "store")
    assert store.labels == (best,)
    np.testing.assert_array_equal(store.gather(np.array([0])).points, canonical(strokes))
    times, _ = store.times(np.array([0]))
    assert times[-1] == round(strokes[-1][2][-1])


def test_a_link_carries_the_drawing_to_another_page(new_page, page, drawings, recogniser):
    """Opened elsewhere, and fitted to a smaller paper, it gets the same guesses; its address is then like any other."""
    replay(page, drawings["bicycle"], speed=ANY_SPEED)
    settled_guesses(page)
    before = everything(page, recogniser.labels)
    page.click("[data-action=share]")
    page.wait_for_selector("[data-action=copy-link]:enabled")
    link = page.input_value("[data-link]")
    assert len(link) < 1500
    other = new_page(viewport={"width": 390, "height": 844}, locale="fr-FR")
    open_ready(other, link)
    other.wait_for_selector("[data-incoming=arrived]")
    shown = settled_guesses(other)
    after = everything(other, recogniser.labels)
    assert shown[0][0] == guesses(page)[0][0]
    deviation = max(abs(after[label] - probability) for label, probability in before.items())
    assert deviation < 1e-2
    assert other.evaluate("location.hash") == "#/draw"


@pytest.mark.parametrize(
    ("locale", "text", "said"),
    [
        ("en-US", "see https://draw.example/#/open/1eJwrTy0uSSzJzM9TSM4vSk0B", "This link is broken"),
        ("fr-FR", '{"word": "cat", "drawing": [[[1, 2], [3]]]}', "Ligne 1, trait 1\u00a0: j’attendais autant de x"),
    ],
)
def test_what_is_no_drawing_is_said_and_leaves_the_paper(new_page, address, drawings, locale, text, said):
    """A broken link or file is told in plain words, with the place; the drawing stays, and the message can be closed."""
    page = new_page(locale=locale)
    open_ready(page, address)
    replay(page, drawings["star"], speed=ANY_SPEED)
    before = recorded(page)
    paste(page, text)
    assert said in news(page, "fault")
    assert recorded(page) == before
    page.click("[data-action=dismiss]")
    assert page.locator("[data-incoming]").count() == 0


def test_a_foreign_svg_is_drawn_without_anything_else_of_it(page):
    """Curves, shapes and nested transforms become strokes; scripts, styles, handlers and addresses do nothing."""
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    paste(
        page,
        """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><style>*{display:none}</style>
        <script>document.title = 'mine'</script><image href="http://elsewhere.invalid/a.png" width="9" height="9"/>
        <rect width="100" height="100" fill="#fff"/>
        <g transform="translate(50 50)" style="fill:none;stroke:red" onclick="alert(1)">
          <g transform="scale(2 4) rotate(90)"><circle r="10" fill="url(http://elsewhere.invalid/b.svg#c)"/></g>
          <path d="M-50-50h100v100H-50zm25 0c0 20 50 20 50 0M9 9h0"/></g></svg>""",
    )
    assert news(page, "arrived") == "A drawing of 4 strokes. It came without times, so I made them up."
    boxes = [np.ptp(np.array(stroke[:2]), axis=1) for stroke in recorded(page)]
    unit = boxes[1][0] / 100  # the square's
    np.testing.assert_allclose(np.array(boxes) / unit, [[40, 80], [100, 100], [50, 15], [0, 0]], atol=0.6)
    assert page.title() == "Gribouille"
    assert page.locator("body > svg").count() == 0
    assert [url for url in asked if "elsewhere" in url] == []
    assert complaints == []


def test_escape_closes_the_sheet_and_the_focus_returns(page, drawings):
    """The dialog takes the focus and gives it back to the button that opened it."""
    replay(page, drawings["star"], speed=ANY_SPEED)
    page.focus("[data-action=share]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-share][open]")
    assert page.evaluate("document.activeElement.closest('[data-share]') !== null")
    page.keyboard.press("Escape")
    page.wait_for_selector("[data-share]", state="detached")
    assert page.evaluate("document.activeElement.dataset.action") == "share"
