"""How well labels are guessed, as counts per class that add up: over batches, machines and groups of drawings."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float64, Int, Int64


@dataclass(frozen=True, eq=False)
class Counts:
    """Per class: drawings seen, how many had the right label first, how many among the first three, and the sum of
    their average precisions at 3 (1, ½ or ⅓ by the place of the right label, else 0)."""

    drawings: Int64[np.ndarray, "classes"]
    first: Int64[np.ndarray, "classes"]
    among_three: Int64[np.ndarray, "classes"]
    precision: Float64[np.ndarray, "classes"]

    @classmethod
    def none(cls, classes: int) -> "Counts":
        """The counts of no drawing."""
        zeros = np.zeros(classes, np.int64)
        return cls(zeros, zeros, zeros, np.zeros(classes))

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.drawings + other.drawings,
            self.first + other.first,
            self.among_three + other.among_three,
            self.precision + other.precision,
        )

    @property
    def n(self) -> int:
        """Drawings seen."""
        return int(self.drawings.sum())

    @property
    def top1(self) -> float:
        """Share of drawings whose right label came first, in [0, 1]; nan without drawings."""
        return self._share(self.first)

    @property
    def top3(self) -> float:
        """Share of drawings whose right label was among the first three."""
        return self._share(self.among_three)

    @property
    def map3(self) -> float:
        """Mean average precision at 3, Kaggle's measure for this data."""
        return self._share(self.precision)

    @property
    def per_class(self) -> Float64[np.ndarray, "classes"]:
        """Top-1 of each class; nan for a class without drawings."""
        seen = self.drawings > 0
        return np.asarray(np.divide(self.first, self.drawings, out=np.full(len(self.first), np.nan), where=seen))

    @property
    def classes_top1(self) -> float:
        """The mean of the classes' top-1, each class that has drawings counting alike; nan without drawings."""
        return float(np.nanmean(self.per_class)) if self.n else float("nan")

    def summary(self) -> dict[str, Any]:
        """n, top1, top3, map3 and classes_top1, for cards and logs."""
        names = ("n", "top1", "top3", "map3", "classes_top1")
        return {name: getattr(self, name) for name in names}

    def _share(self, hits: Int64[np.ndarray, "classes"] | Float64[np.ndarray, "classes"]) -> float:
        return float(hits.sum() / self.n) if self.n else float("nan")


def count(probabilities: Float[np.ndarray, "n classes"], label: Int[np.ndarray, "n"]) -> Counts:
    """The counts of one batch; of equal probabilities, the lower class index ranks first, as in `numpy.argmax`."""
    classes = probabilities.shape[1]
    mine = np.take_along_axis(probabilities, label[:, None].astype(np.int64), axis=1)
    before = (probabilities == mine) & (np.arange(classes) < label[:, None])
    place = (probabilities > mine).sum(axis=1) + before.sum(axis=1)
    precision = np.where(place < 3, 1 / (place + 1), 0.0)
    # bincount of no weights at all counts in integers
    return Counts(
        np.bincount(label, minlength=classes),
        np.bincount(label[place == 0], minlength=classes),
        np.bincount(label[place < 3], minlength=classes),
        np.bincount(label, weights=precision, minlength=classes).astype(np.float64),
    )
