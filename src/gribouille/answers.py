"""What a predictor says of each of some drawings, kept: rows of a store in, probabilities out, to look at and to compare."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64

from gribouille.metrics import PairedCounts, paired, places_of
from gribouille.sampling import Rows


@dataclass(frozen=True, eq=False)
class Answers:
    """A predictor's `probabilities` of its `labels` (columns) for finished drawings: their `rows` in the store, and the column
    of each one's right label. Memory: 4 bytes a drawing and label."""

    labels: tuple[str, ...]
    rows: Rows
    label: Int64[np.ndarray, "n"]
    probabilities: Float32[np.ndarray, "n classes"]

    @classmethod
    def joined(cls, labels: Sequence[str], parts: Sequence[tuple[Rows, np.ndarray, np.ndarray]]) -> "Answers":
        """The answers of batches one after the other, each as `evaluate` tells its `watch`: rows, label, probabilities."""
        none = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, len(labels)), np.float32))
        rows, label, probabilities = (np.concatenate(part) for part in zip(none, *parts, strict=True))
        return cls(tuple(labels), rows, label, probabilities)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def outcome(self) -> "Outcome":
        """What a comparison needs of them."""
        best = np.asarray(self.probabilities.argmax(axis=1))
        return Outcome(self.labels, self.rows, places_of(self.probabilities, self.label), best)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a comparison needs of a predictor's answers: for each of some rows the place of the right label, from 0, and the
    column of the best guess among `labels`."""

    labels: tuple[str, ...]
    rows: Rows
    place: Int64[np.ndarray, "n"]
    best: Int64[np.ndarray, "n"]

    def only(self, chosen: Bool[np.ndarray, "n"]) -> "Outcome":
        """That of the chosen ones."""
        return Outcome(self.labels, self.rows[chosen], self.place[chosen], self.best[chosen])


class Outcomes:
    """Keeps the outcome of every batch that `evaluate` tells it of as its `watch`."""

    def __init__(self) -> None:
        none = np.zeros(0, np.int64)
        self._parts: list[tuple[np.ndarray, ...]] = [(none, none, none)]

    def __call__(
        self, rows: Rows, label: Int64[np.ndarray, "n"], probabilities: Float32[np.ndarray, "n classes"]
    ) -> None:
        """Keep a batch's."""
        self._parts.append((rows, places_of(probabilities, label), probabilities.argmax(axis=1)))

    def of(self, labels: Sequence[str]) -> Outcome:
        """All of them, of a predictor with these labels."""
        return Outcome(tuple(labels), *(np.concatenate(part) for part in zip(*self._parts, strict=True)))


def compared(one: Outcome, other: Outcome) -> PairedCounts:
    """The paired counts of two predictors on the same drawings; labels are told apart by name.

    Raises ValueError for outcomes of different rows.
    """
    if not np.array_equal(one.rows, other.rows):
        found = f"{len(one.rows)} and {len(other.rows)}"
        raise ValueError(f"outcomes: expected two of the same drawings, found {found} of different ones")
    place = {label: column for column, label in enumerate(one.labels)}
    columns = np.array([place.get(label, len(place) + column) for column, label in enumerate(other.labels)])
    return paired((one.place, one.best), (other.place, columns[other.best]))
