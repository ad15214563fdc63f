"""The page guesses, on the device and over both ways of falling back, and says the same as the rest of the house."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser_page import everything, guesses, open_ready, recorded, replay, settled_guesses

from gribouille.drawing import canonical
from gribouille.evaluate import EvaluateOptions, evaluate
from gribouille.ingest import ingest
from gribouille.predict import predictor_of
from gribouille.recogniser import Recogniser
from gribouille.store import Store

TOLERANCE = 1e-3  # issue 2's bound on a probability between runtimes
SURE = "fish"  # a golden drawing that a decent model recognises with confidence
LONGEST = 120  # points replayed in the skew test: the browser takes one mouse event a frame
ANY_SPEED = 1e6  # as fast as the browser takes it

KEEP_TOP_WORDS = """() => {
  window.topWords = []
  const bars = document.querySelector('[data-guesses]')
  new MutationObserver(() => {
    const word = bars.querySelector('[data-guess]')?.dataset.label
    if (word && word !== window.topWords.at(-1)) window.topWords.push(word)
  }).observe(bars, { subtree: true, childList: true, attributes: true })
}"""


# 4,500 corners under the mouse's hand at once: drawn one by one they would take the test a minute.
SCRIBBLE = """() => {
  const paper = document.querySelector('[data-paper]')
  for (let corner = 0; corner < 4500; corner++) {
    const [clientX, clientY] = [40 + 8 * (corner % 75), 120 + 8 * Math.floor(corner / 75) + 40 * (corner % 2)]
    paper.dispatchEvent(new PointerEvent('pointermove', { bubbles: true, pointerId: 1, clientX, clientY }))
  }
}"""


def posted(address: str, strokes: list[Any]) -> dict[str, float]:
    """What POST /api/v1/guess says of every word."""
    body = json.dumps({"strokes": strokes}).encode()
    request = urllib.request.Request(f"{address}api/v1/guess?top=1000", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return dict(json.load(response)["guesses"])


def without_rests(stroke: list[list[float]]) -> np.ndarray:
    """The points of a stroke, [points, 2], less those that repeat the one before."""
    points = np.array(stroke[:2], float).T
    return points[np.any(np.diff(points, axis=0, prepend=np.inf) != 0, axis=1)]


def best(answer: dict[str, float]) -> str:
    """The likeliest word."""
    return max(answer, key=lambda word: answer[word])


def assert_same(one: dict[str, float], other: dict[str, float]) -> None:
    """The same word first, and every probability of the one within TOLERANCE of the other's."""
    assert best(one) == best(other)
    assert one.keys() <= other.keys()
    assert max(abs(probability - other[word]) for word, probability in one.items()) < TOLERANCE


def assert_evaluate_agrees(drawn: dict[str, Any], recogniser: Recogniser, folder: Path) -> None:
    """The strokes that the page kept, ingested into a store, get from `evaluate`'s predictor what the page said, and
    `evaluate` counts as right the very drawings that the page guessed rightly."""
    source = folder / "drawn.ndjson"
    records = [{"word": word, "drawing": kept} for word, (kept, _) in drawn.items()]
    source.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    ingest([source], folder / "store")
    store = Store.open(folder / "store")
    predictor = predictor_of(recogniser.path)
    for row, probabilities in enumerate(predictor.probabilities(store.gather(np.arange(len(store))))):
        answer = dict(zip(predictor.labels, probabilities.tolist(), strict=True))
        assert_same(drawn[store.labels[store.label[row]]][1], answer)
    splits = ("train", "validation", "test")
    counts = [evaluate(predictor, store, EvaluateOptions(split, (1.0,))).group("all rows").finished for split in splits]
    assert sum(count.n for count in counts) == len(drawn)
    right = sum(count.first for count in counts)
    by_evaluate = {word for word, n in zip(predictor.labels, right, strict=True) for _ in range(n)}
    assert by_evaluate == {word for word, (_, answer) in drawn.items() if best(answer) == word}
    assert right.sum() == len(by_evaluate)


def test_guesses_change_while_it_is_drawn_and_end_at_the_right_word(page, drawings):
    """A real drawing, replayed with its own timing (4 times as fast), is guessed live and in the end rightly."""
    page.evaluate(KEEP_TOP_WORDS)
    replay(page, drawings[SURE], speed=4)
    final = settled_guesses(page)
    words = page.evaluate("window.topWords")
    assert len(words) > 1, "the first word never changed"
    assert words[-1] == final[0][0] == SURE
    assert page.get_attribute(".page", "data-where") == "device"


def test_the_page_records_the_shape_that_was_drawn(page, drawings):
    """What the page keeps of a replayed drawing is, up to its place and points that repeat, the very same strokes."""
    replay(page, drawings["house"], speed=ANY_SPEED)
    for kept, drawn in zip(recorded(page), drawings["house"], strict=True):
        offsets = without_rests(kept) - without_rests(drawn)
        np.testing.assert_allclose(offsets, offsets[:1].repeat(len(offsets), 0), atol=1e-9)
    assert recorded(page)[0][2][0] == 0, "time starts at the first point"


def test_page_post_recogniser_and_evaluate_agree_on_real_drawings(page, address, recogniser, drawings, tmp_path):
    """Skew: a drawing through the page, POST, Recogniser and a store that `evaluate` reads has one first word, and
    every one of the model's probabilities within 1e-3."""
    drawn: dict[str, tuple[list[Any], dict[str, float]]] = {}
    words = recogniser.labels
    short = {word: strokes for word, strokes in drawings.items() if sum(len(x) for x, *_ in strokes) <= LONGEST}
    assert len(short) >= 6
    for word, strokes in short.items():
        page.click("[data-action=clear]", force=True)  # disabled before the first drawing
        replay(page, strokes, speed=ANY_SPEED)
        shown, kept = settled_guesses(page), recorded(page)
        said = everything(page, words)
        assert [probability for _, probability in shown] == sorted(said.values(), reverse=True)[: len(shown)], word
        assert dict(shown).items() <= said.items(), word
        assert len(kept) == len(strokes), word
        assert_same(said, posted(address, kept))
        assert_same(said, dict(recogniser(kept, len(words))))
        drawn[word] = kept, said
        exact = all(float(value).is_integer() for stroke in strokes for column in stroke[:2] for value in column)
        if exact:  # the mouse of a test stands on whole pixels; other drawings it can only follow to within half of one
            of_fixture = recogniser.probabilities([canonical(strokes)])[0]
            assert_same(said, dict(zip(words, of_fixture.tolist(), strict=True)))
    assert_evaluate_agrees(drawn, recogniser, tmp_path)


def test_without_wasm_the_server_answers_the_same(new_page, page, address, recogniser, drawings):
    """Where the browser cannot load the runtime, the server guesses over the WebSocket, and the page says so in words."""
    replay(page, drawings[SURE], speed=ANY_SPEED)
    settled_guesses(page)
    on_device = everything(page, recogniser.labels)
    other = new_page()
    other.route("**/*.wasm", lambda route: route.abort())
    sockets: list[str] = []
    other.on("websocket", lambda socket: sockets.append(socket.url))
    open_ready(other, address)
    assert other.get_attribute(".page", "data-where") == "server"
    assert "on the server" in other.inner_text("[data-where-words]")
    replay(other, drawings[SURE], speed=ANY_SPEED)
    assert_same(dict(settled_guesses(other)), on_device)
    assert len(sockets) == 1


def test_without_wasm_and_websocket_post_answers(new_page, address, drawings):
    """The last way left is POST, once a drawing and never two at a time."""
    page = new_page()
    page.route("**/*.wasm", lambda route: route.abort())
    page.add_init_script("window.WebSocket = class { constructor() { throw new Error('no sockets here') } }")
    open_ready(page, address)
    replay(page, drawings[SURE], speed=ANY_SPEED)
    assert settled_guesses(page)[0][0] == SURE


def test_a_server_that_stops_answering_is_said_in_words(new_page, address, drawings):
    """No guess is never silent: the page says so, keeps the drawing, and tries again when asked."""
    page = new_page()
    page.route("**/*.wasm", lambda route: route.abort())
    page.add_init_script("delete window.WebSocket")
    open_ready(page, address)
    page.route("**/api/v1/guess", lambda route: route.abort())
    replay(page, drawings[SURE], speed=ANY_SPEED)
    page.wait_for_selector("[data-trouble][role=alert]")
    assert len(recorded(page)) == len(drawings[SURE])
    page.unroute("**/api/v1/guess")
    page.click("[data-action=retry]")
    assert settled_guesses(page)[0][0] == SURE
    assert page.locator("[data-trouble]").count() == 0


def test_a_failure_takes_the_place_of_the_bars_and_shifts_nothing(new_page, address, drawings):
    """On a phone too, the paper stays where it is, and no bar of an earlier guess stands beside the words."""
    page = new_page(viewport={"width": 360, "height": 640})
    page.route("**/*.wasm", lambda route: route.abort())
    page.add_init_script("delete window.WebSocket")
    open_ready(page, address)
    replay(page, drawings[SURE], speed=ANY_SPEED)
    settled_guesses(page)
    before = page.locator("[data-paper]").bounding_box()
    page.route("**/api/v1/guess", lambda route: route.abort())
    page.click("[data-action=undo]")
    page.mouse.click(180, 200)
    page.wait_for_selector("[data-trouble]")
    assert page.locator("[data-paper]").bounding_box() == before
    assert page.locator("[data-action=retry]").is_visible()
    assert not page.locator("[data-guess]").first.is_visible()


def test_a_failure_that_comes_after_clear_is_not_shown(new_page, address):
    """Trouble with a drawing that is no longer there is nobody's business."""
    page = new_page()
    page.route("**/*.wasm", lambda route: route.abort())
    page.add_init_script("delete window.WebSocket")
    open_ready(page, address)
    held: list[Any] = []
    page.route("**/api/v1/guess", lambda route: held.append(route))
    with page.expect_request("**/api/v1/guess"):
        page.mouse.click(300, 300)
    page.click("[data-action=clear]")
    with page.expect_event("requestfailed"):
        held[0].abort()
    page.wait_for_timeout(200)
    assert page.locator("[data-trouble]").count() == 0


@pytest.mark.parametrize("file", ["**/*.wasm", "**/api/v1/first.onnx*"])
def test_a_download_that_stalls_is_left_for_the_server(new_page, address, file):
    """When no byte of the runtime or the first model comes for 20 s, the server guesses."""
    page = new_page()
    page.clock.install()
    held: list[Any] = []
    page.route(file, lambda route: held.append(route))
    with page.expect_request(file):
        page.goto(address)
    page.wait_for_timeout(1000)  # the other file has come
    assert page.get_attribute(".page", "data-state") == "loading"
    page.clock.fast_forward(20_000)
    page.wait_for_selector("[data-state=ready][data-where=server]")
    for route in held:
        route.abort()


def test_a_scribble_beyond_the_models_reach_keeps_the_last_guess(page, drawings):
    """More lines than the model can hold: the page says so, keeps what it guessed last, and undo leads back."""
    replay(page, drawings[SURE], speed=ANY_SPEED)
    shown = settled_guesses(page)
    box = page.locator("[data-paper]").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.evaluate(SCRIBBLE)
    page.mouse.up()
    page.get_by_text("So many lines").wait_for()
    assert len(guesses(page)) == 5
    assert page.locator("[data-guess]").first.is_visible()
    assert page.get_attribute(".page", "data-where") == "device"
    page.click("[data-action=undo]")
    assert settled_guesses(page) == shown
    assert page.locator("[data-trouble]").count() == 0


def test_a_model_that_cannot_be_reached_is_said_in_words(new_page, address):
    """Without the model's card nothing works: the page says so and starts when it is tried again."""
    page = new_page()
    page.route("**/api/v1/model", lambda route: route.abort())
    page.goto(address)
    page.wait_for_selector("[data-state=failed] [data-trouble][role=alert]")
    page.unroute("**/api/v1/model")
    page.click("[data-action=retry]")
    page.wait_for_selector("[data-state=ready]")


def test_no_request_leaves_for_another_host(new_page, address, drawings):
    """Everything the page needs, the worker's files included, comes from the server that it came from."""
    page = new_page()
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    open_ready(page, address)
    replay(page, drawings[SURE], speed=ANY_SPEED)
    settled_guesses(page)
    assert any(url.endswith(".wasm") for url in asked)
    assert [url for url in asked if not url.startswith((address, f"blob:{address}"))] == []


def test_every_guess_is_timed(page, drawings):
    """performance.measure "guess" runs from the last pointer event to painted bars, for benchmarks."""
    replay(page, drawings[SURE], speed=ANY_SPEED)
    settled_guesses(page)
    page.wait_for_timeout(200)  # the frame after the guesses
    durations = page.evaluate("performance.getEntriesByName('guess').map((measure) => measure.duration)")
    assert durations
    assert all(0 < duration < 10_000 for duration in durations)


def test_probabilities_are_shown_as_they_are(page, drawings):
    """A bar is as long as its probability, out of the whole track."""
    replay(page, drawings["face"], speed=ANY_SPEED)
    settled_guesses(page)
    shares = page.evaluate(
        """[...document.querySelectorAll('[data-guess] .bar')].map((bar) => {
             const track = bar.parentElement.getBoundingClientRect()
             return (bar.getBoundingClientRect().right - track.left) / track.width
           })"""
    )
    np.testing.assert_allclose(shares, [probability for _, probability in guesses(page)], atol=0.01)
