"""The page in a real browser: a server process, headless Chromium, and a hand that draws recorded drawings.

Shared by the browser tests, `benchmarks/page.py` and `screenshot.py`. Coordinates are CSS pixels, times ms.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, Playwright

REPOSITORY = Path(__file__).parents[2]
STATIC = REPOSITORY / "src" / "gribouille" / "server" / "static"
SERVE = """
import pathlib, sys
from gribouille.server import serve
model, store = (pathlib.Path(path) if path else None for path in sys.argv[1:])
serve("127.0.0.1", 0, model, lambda address: print(address, flush=True), store)
"""
# A quiet Chromium: without these it looks up Google's hosts at every start.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT = 30_000  # ms: loading the runtime on two busy cores


def missing() -> str | None:
    """Why there can be no browser test here; None where there can."""
    if chromium() is None:
        return "Chromium not found: install Debian's package `chromium`"
    if not (STATIC / "index.html").is_file():
        return f"the page is not built ({STATIC} is empty): run `npm ci && npm run build` in web/"
    return None


def chromium() -> str | None:
    """The path of the installed Chromium, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def launch(playwright: Playwright, program: str | None = None) -> Browser:
    """A fresh headless Chromium: the installed one, or a program that starts it."""
    return playwright.chromium.launch(executable_path=program or chromium(), args=FLAGS)


@contextmanager
def serving(model: Path | None = None, store: Path | None = None) -> Iterator[str]:
    """The address of a server process with a model file (by default the shipped one) and a store, at a free port."""
    arguments = [sys.executable, "-c", SERVE, str(model or ""), str(store or "")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            address = process.stdout.readline().strip()
            if not address:
                raise RuntimeError(f"the server ended with {process.wait()} before it listened")
            yield address
        finally:
            process.terminate()


def open_ready(page: Page, address: str) -> None:
    """Opens the page and waits until it recognises as well as it will: a first visit begins with a smaller model."""
    page.goto(address)
    page.wait_for_selector("[data-state=ready][data-loaded=full]", timeout=TIMEOUT)


def replay(page: Page, strokes: list[list[list[float]]], speed: float = 4, side: float | None = None) -> None:
    """Draws recorded strokes with the mouse, centred on the paper, `speed` times as fast as they were drawn.

    Integer coordinates come out as integers, so that the page records the very same shape; only a drawing larger than
    the paper, or one asked for at a longer `side`, is scaled.
    """
    paper = page.locator("[data-paper]").bounding_box()
    assert paper
    xy = [np.array(stroke[:2], float) for stroke in strokes]
    low = np.min([stroke.min(axis=1) for stroke in xy], axis=0)
    extent = np.max([stroke.max(axis=1) for stroke in xy], axis=0) - low
    scale = (side or min(extent.max(), 0.8 * paper["width"], 0.8 * paper["height"])) / extent.max()
    corner = np.rint([paper["x"] + paper["width"] / 2, paper["y"] + paper["height"] / 2] - scale * extent / 2)
    started = time.monotonic()
    for stroke, (_, _, times) in zip(xy, strokes, strict=True):
        place = (stroke.T - low) * scale + corner
        page.mouse.move(*place[0])
        _wait_until(started + times[0] / 1000 / speed)
        page.mouse.down()
        for point, moment in zip(place[1:], times[1:], strict=True):
            _wait_until(started + moment / 1000 / speed)
            page.mouse.move(*point)
        page.mouse.up()


# What a fast pen's browser sends: a pointer event a frame with the samples between; here without the frames' waiting.
DRAW_AT_ONCE = """([strokes, perFrame]) => {
  const paper = document.querySelector('[data-paper]')
  const send = (kind, [clientX, clientY], more) => {
    const mouse = { bubbles: true, cancelable: true, pointerId: 1, pointerType: 'mouse', isPrimary: true }
    return new PointerEvent(kind, { ...mouse, button: -1, buttons: 1, pressure: 0.5, clientX, clientY, ...more })
  }
  for (const [first, ...rest] of strokes) {
    paper.dispatchEvent(send('pointerdown', first, { button: 0 }))
    for (let from = 0; from < rest.length; from += perFrame) {
      const samples = rest.slice(from, from + perFrame)
      const coalescedEvents = samples.map((point) => send('pointermove', point))
      paper.dispatchEvent(send('pointermove', samples.at(-1), { coalescedEvents }))
    }
    paper.dispatchEvent(send('pointerup', rest.at(-1) ?? first, { button: 0, buttons: 0, pressure: 0 }))
  }
}"""


def draw_at_once(page: Page, strokes: list[list[list[float]]]) -> None:
    """Draws recorded strokes through the paper's own pointer handlers, fitted to the paper, without waiting for frames."""
    paper = page.locator("[data-paper]").bounding_box()
    assert paper
    xy = [np.array(stroke[:2], float).T for stroke in strokes]
    low, high = (bound([bound(stroke, axis=0) for stroke in xy], axis=0) for bound in (np.min, np.max))
    scale = min(1.0, 0.8 * min(paper["width"], paper["height"]) / max(1.0, *(high - low)))
    middle = np.array([paper["x"] + paper["width"] / 2, paper["y"] + paper["height"] / 2])
    placed = [((stroke - (low + high) / 2) * scale + middle).tolist() for stroke in xy]
    page.evaluate(DRAW_AT_ONCE, [placed, 8])


def _wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def recorded(page: Page) -> list[list[list[float]]]:
    """The strokes that the page holds."""
    strokes: list[list[list[float]]] = page.evaluate("window.gribouille.strokes()")
    return strokes


def guesses(page: Page) -> list[tuple[str, float]]:
    """What the bars show now: English words and probabilities, best first."""
    shown: list[list[Any]] = page.evaluate(
        "[...document.querySelectorAll('[data-guess]')].map((row) => [row.dataset.label, +row.dataset.probability])"
    )
    return [(label, probability) for label, probability in shown]


def settled_guesses(page: Page) -> list[tuple[str, float]]:
    """The guesses for the drawing as it stands, waiting for them."""
    points = sum(len(stroke[0]) for stroke in recorded(page))
    page.wait_for_selector(f"[data-guesses][data-points='{points}']", timeout=TIMEOUT)
    return guesses(page)


def everything(page: Page, labels: Sequence[str]) -> dict[str, float]:
    """The probability of every word, the bars' and all others, in the order of the model's labels."""
    probabilities: list[float] = page.evaluate("window.gribouille.probabilities()")
    assert None not in probabilities, "expected an answer of the device: the server tells only the likeliest words"
    return dict(zip(labels, probabilities, strict=True))
