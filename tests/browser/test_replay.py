"""Two hundred real raw drawings, drawn on the real page, get from it the answers that Python gives to what it recorded."""

import gzip
import json
from pathlib import Path

import numpy as np
from browser_page import draw_at_once, everything, recorded, settled_guesses

from gribouille.drawing import canonical

DRAWINGS = 200  # each of another word
# The shipped model counts in whole numbers. onnxruntime's builds for WebAssembly and for this machine round a few sums of
# its layers to neighbouring steps, so that an answer now and then moves by more than issue 2's bound for one arithmetic.
# Measured: 4 of these 200, the farthest by 6e-3, no other best word.
CLOSE, CLOSE_SHARE = 1e-3, 0.96  # of a probability, and of the drawings
NEVER_BEYOND = 2e-2


def real_drawings(folder: Path, count: int) -> list[list[list[list[float]]]]:
    """Raw strokes of `count` drawings: as many words in equal steps through the alphabet, of each another one."""
    files = sorted((folder / "raw").glob("*.ndjson.gz"))
    drawings = []
    for number in range(count):
        with gzip.open(files[number * len(files) // count], "rt", encoding="utf-8") as lines:
            records = list(lines)
        drawings.append(json.loads(records[number % len(records)])["drawing"])
    return drawings


def test_200_real_drawings_get_the_same_answers_from_the_page_as_from_python(page, recogniser, shared_data):
    """Recorded by the page's own pointer handlers and guessed in its worker, a drawing has Python's best word, unless two
    are as good as equal, and Python's probability of every word."""
    drawn, said = [], []
    for strokes in real_drawings(shared_data, DRAWINGS):
        draw_at_once(page, strokes)
        settled_guesses(page)
        drawn.append(recorded(page))
        said.append(list(everything(page, recogniser.labels).values()))
        assert [len(x) for x, *_ in drawn[-1]] == [len(x) for x, *_ in strokes]
        page.dispatch_event("[data-action=clear]", "click")
    python = recogniser.probabilities([canonical(strokes) for strokes in drawn])
    apart = np.abs(np.array(said) - python).max(axis=1)
    first, second = np.sort(python, axis=1)[:, :-3:-1].T
    other_word = np.argmax(said, axis=1) != python.argmax(axis=1)
    assert not np.any(other_word & (first - second > 2 * apart))
    assert np.mean(apart < CLOSE) >= CLOSE_SHARE, np.sort(apart)[-10:]
    assert apart.max() < NEVER_BEYOND
