"""The page guesses, on the device and over both ways of falling back, and says the same as the rest of the house."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
from browser_page import guesses, open_ready, recorded, replay, settled_guesses

from gribouille.drawing import canonical
from gribouille.evaluate import evaluate, predict_of
from gribouille.ingest import ingest
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


def posted(address: str, strokes: list[Any]) -> list[tuple[str, float]]:
    """What POST /api/v1/guess says."""
    body = json.dumps({"strokes": strokes}).encode()
    request = urllib.request.Request(f"{address}api/v1/guess", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return [(label, probability) for label, probability in json.load(response)["guesses"]]


def without_rests(stroke: list[list[float]]) -> np.ndarray:
    """The points of a stroke, [points, 2], less those that repeat the one before."""
    points = np.array(stroke[:2], float).T
    return points[np.any(np.diff(points, axis=0, prepend=np.inf) != 0, axis=1)]


def assert_same(one: list[tuple[str, float]], other: list[tuple[str, float]]) -> None:
    """The same word first, and every probability that both know within TOLERANCE."""
    assert one[0][0] == other[0][0]
    known = dict(other)
    assert max(abs(p - known[label]) for label, p in one if label in known) < TOLERANCE


def assert_evaluate_agrees(drawn: dict[str, Any], recogniser: Recogniser, folder: Path) -> None:
    """The strokes that the page kept, ingested into a store, get from `evaluate`'s predictor what the page showed."""
    source = folder / "drawn.ndjson"
    records = [{"word": word, "drawing": kept} for word, (kept, _) in drawn.items()]
    source.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    ingest([source], folder / "store")
    store = Store.open(folder / "store")
    predict = predict_of(recogniser.path, recogniser.labels)
    for row, probabilities in enumerate(predict(store.gather(np.arange(len(store))))):
        guessed = sorted(zip(recogniser.labels, probabilities.tolist(), strict=True), key=lambda pair: -pair[1])
        assert_same(drawn[store.labels[store.label[row]]][1], guessed)
    ours = predict_of(recogniser.path, store.labels)  # of these words alone, as they are the store's labels
    counted = sum(evaluate(ours, store, split, [1.0]).group("all rows").n for split in ("train", "validation", "test"))
    assert counted == len(drawn)


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
    probabilities within 1e-3."""
    drawn: dict[str, tuple[list[Any], list[tuple[str, float]]]] = {}
    short = {word: strokes for word, strokes in drawings.items() if sum(len(x) for x, *_ in strokes) <= LONGEST}
    assert len(short) >= 6
    for word, strokes in short.items():
        page.click("[data-action=clear]", force=True)  # disabled before the first drawing
        replay(page, strokes, speed=ANY_SPEED)
        shown, kept = settled_guesses(page), recorded(page)
        assert len(kept) == len(strokes), word
        assert_same(shown, posted(address, kept))
        assert_same(shown, recogniser(kept))
        drawn[word] = kept, shown
        # All 345 probabilities behind the page's five, for the drawing as it came from the data set.
        of_fixture = recogniser.probabilities([canonical(strokes)])[0]
        exact = all(float(value).is_integer() for stroke in strokes for column in stroke[:2] for value in column)
        if exact:  # the mouse of a test stands on whole pixels; other drawings it can only follow to within half of one
            index = recogniser.metadata.labels.index
            assert max(abs(p - of_fixture[index(label)]) for label, p in shown) < TOLERANCE, word
    assert_evaluate_agrees(drawn, recogniser, tmp_path)


def test_without_wasm_the_server_answers_the_same(new_page, page, address, drawings):
    """Where the browser cannot load the runtime, the server guesses over the WebSocket, and the page says so in words."""
    replay(page, drawings[SURE], speed=ANY_SPEED)
    on_device = settled_guesses(page)
    other = new_page()
    other.route("**/*.wasm", lambda route: route.abort())
    sockets: list[str] = []
    other.on("websocket", lambda socket: sockets.append(socket.url))
    open_ready(other, address)
    assert other.get_attribute(".page", "data-where") == "server"
    assert "on the server" in other.inner_text("[data-where-words]")
    replay(other, drawings[SURE], speed=ANY_SPEED)
    assert_same(settled_guesses(other), on_device)
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
