"""Drawings that show nothing: without ink, or scribbled over; found among the rows of one word, by what is usual for it.

In come a store and the rows of a word; out go those that are empty or scribbles, with how little or how much there is.
The definitions, and how often they are right, are in docs/data.md.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from gribouille.data import kernel
from gribouille.store import Store

BATCH = 1 << 16  # rows gathered at once
EMPTY_INK = 16.0  # units: shorter is no line but a slip of the hand
EMPTY_STROKES = 3  # more dots than these may be rain, or a herd from far away
SCRIBBLE = 5.0  # robust standard deviations above the word's median, see docs/data.md for 4 and 3
CELL, OFTEN, LEAST = 24.0, 2.0, 40  # of `kernel.crowding`: units, sides, squares (of the 121 of a square box)
CROWDING_FLOOR, CROSSINGS_FLOOR = 0.08, 0.5  # least deviation of a word, where nearly all its drawings are alike
MAD_TO_DEVIATION = 1.4826  # of a normal distribution
USUAL_ROWS = 4096  # what is usual for a word is judged by so many of its drawings

Rows = Int64[np.ndarray, "_rows"]


@dataclass(frozen=True)
class Usual:
    """What is usual for a word: median and robust deviation of a measure."""

    median: float
    deviation: float

    @classmethod
    def of(cls, values: Float64[np.ndarray, "n"], floor: float) -> "Usual":
        """By the median absolute deviation, which hardly sees the drawings that are looked for."""
        median = float(np.median(values))
        return cls(median, max(MAD_TO_DEVIATION * float(np.median(np.abs(values - median))), floor))

    def above(self, values: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
        """How many deviations each value lies above the median."""
        return np.asarray((values - self.median) / self.deviation)


def batches(rows: Rows) -> list[Rows]:
    """The rows in consecutive batches of at most BATCH."""
    return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]


def empty(store: Store, rows: Rows) -> tuple[Rows, Float64[np.ndarray, "_"]]:
    """The rows whose drawing has less than EMPTY_INK units of ink in at most EMPTY_STROKES strokes, and their ink in units."""
    found, inks = [np.zeros(0, np.int64)], [np.zeros(0)]
    for batch in batches(rows):
        drawings = store.gather(batch)
        strokes, ink = kernel.lines(drawings.points, drawings.offsets)
        none = (ink < EMPTY_INK) & (strokes <= EMPTY_STROKES)
        found.append(batch[none])
        inks.append(ink[none].astype(np.float64))
    return np.concatenate(found), np.concatenate(inks)


def scribbles(store: Store, rows: Rows, threshold: float = SCRIBBLE) -> tuple[Rows, Float64[np.ndarray, "_"]]:
    """The rows whose drawing crosses itself *and* crowds its box far more than is usual for the word, and their scores.

    The score is the smaller of both excesses, in robust standard deviations; all rows are of one word.
    """
    if not len(rows):
        return rows, np.zeros(0)
    some = np.sort(np.random.default_rng(0).permutation(rows)[:USUAL_ROWS])
    usual_crossings = Usual.of(_crossings(store, some), CROSSINGS_FLOOR)
    usual_crowding = Usual.of(_crowding(store, some), CROWDING_FLOOR)
    found, scores = [np.zeros(0, np.int64)], [np.zeros(0)]
    for batch in batches(rows):
        score = usual_crossings.above(_crossings(store, batch))
        batch, score = batch[score >= threshold], score[score >= threshold]
        score = np.minimum(score, usual_crowding.above(_crowding(store, batch)))
        found.append(batch[score >= threshold])
        scores.append(score[score >= threshold])
    return np.concatenate(found), np.concatenate(scores)


def _crossings(store: Store, rows: Rows) -> Float64[np.ndarray, "_"]:
    drawings = store.gather(rows)
    return np.asarray(np.log1p(kernel.crossings(drawings.points, drawings.offsets).astype(np.float64)))


def _crowding(store: Store, rows: Rows) -> Float64[np.ndarray, "_"]:
    drawings = store.gather(rows)
    return kernel.crowding(drawings.points, drawings.offsets, CELL, OFTEN, LEAST).astype(np.float64)  # type: ignore[no-any-return]
