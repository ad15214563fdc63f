"""How well labels are guessed, as counts per class that add up: over batches, machines and groups of drawings."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float64, Int, Int64


@dataclass(frozen=True, eq=False)
class Counts:
    """Per class: drawings seen, how many had the right label first, how many among the first three, and the sum of
    their average precisions at 3 in sixths (6, 3 or 2 by the place of the right label, else 0: whole numbers, so that
    counts add up exactly in any order)."""

    drawings: Int64[np.ndarray, "classes"]
    first: Int64[np.ndarray, "classes"]
    among_three: Int64[np.ndarray, "classes"]
    sixths: Int64[np.ndarray, "classes"]

    @classmethod
    def none(cls, classes: int) -> "Counts":
        """The counts of no drawing."""
        zeros = np.zeros(classes, np.int64)
        return cls(zeros, zeros, zeros, zeros)

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.drawings + other.drawings,
            self.first + other.first,
            self.among_three + other.among_three,
            self.sixths + other.sixths,
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
        return self._share(self.sixths) / 6

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
        """n, top1, top3, map3 and classes_top1, for cards and logs; None (JSON's null) where there is no drawing."""
        shares = {name: getattr(self, name) if self.n else None for name in ("top1", "top3", "map3", "classes_top1")}
        return {"n": self.n, **shares}

    def _share(self, hits: Int64[np.ndarray, "classes"]) -> float:
        return float(hits.sum() / self.n) if self.n else float("nan")


def count(probabilities: Float[np.ndarray, "n classes"], label: Int[np.ndarray, "n"]) -> Counts:
    """The counts of one batch; of equal probabilities, the lower class index ranks first, as in `numpy.argmax`. A
    probability that is no number ranks last."""
    classes = probabilities.shape[1]
    mine = np.take_along_axis(probabilities, label[:, None].astype(np.int64), axis=1)
    before = (probabilities == mine) & (np.arange(classes) < label[:, None])
    place = (probabilities > mine).sum(axis=1) + before.sum(axis=1)
    place[np.isnan(mine[:, 0])] = classes
    at = [np.bincount(label[place == index], minlength=classes) for index in range(3)]
    return Counts(
        np.bincount(label, minlength=classes), at[0], at[0] + at[1] + at[2], 6 * at[0] + 3 * at[1] + 2 * at[2]
    )


def softmax(logits: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """The probabilities that logits stand for, along the last axis."""
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


def confusion(
    probabilities: Float[np.ndarray, "n classes"], label: Int[np.ndarray, "n"]
) -> Int64[np.ndarray, "classes classes"]:
    """How many drawings of each class (rows) were taken for each class (columns); adds up over batches and machines."""
    classes = probabilities.shape[1]
    pairs = label.astype(np.int64) * classes + probabilities.argmax(axis=1)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def temperature_of(logits: Float[np.ndarray, "n classes"], label: Int[np.ndarray, "n"]) -> float:
    """The temperature from ¼ to 4 that makes softmax(logits / temperature) most likely to say these labels.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks". The likelihood has one maximum in the
    temperature: 40 steps of a ternary search leave it known to 1e-6.
    """
    low, high = np.log(0.25), np.log(4.0)
    for _ in range(40):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if _surprise(logits / np.exp(left), label) < _surprise(logits / np.exp(right), label):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def calibration_error(probabilities: Float[np.ndarray, "n classes"], label: Int[np.ndarray, "n"]) -> float:
    """The expected calibration error over 15 equal bins of the best guess's probability, in [0, 1]; nan without any."""
    if len(label) == 0:
        return float("nan")
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == label
    place = np.minimum((confidence * 15).astype(np.int64), 14)
    gaps = np.bincount(place, weights=confidence - right, minlength=15)
    return float(np.abs(gaps).sum() / len(label))


def _surprise(logits: Float[np.ndarray, "n classes"], label: Int[np.ndarray, "n"]) -> float:
    """The mean −log of the probability of the right label."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    mine = np.take_along_axis(shifted, label[:, None].astype(np.int64), axis=1)[:, 0]
    return float((np.log(np.exp(shifted).sum(axis=1)) - mine).mean())
