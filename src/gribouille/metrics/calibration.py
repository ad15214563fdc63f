"""Whether a probability means what it says: reliability counts that add up, and the temperature that mends them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int, Int64

BINS = 15  # of equal width, of the best guess's probability. Source: Guo et al. 2017
UNIT = 2.0**-32  # in which probabilities and nats are summed: as whole numbers they add up exactly in any order
LEAST = np.finfo(np.float32).tiny  # the least probability that is told from none, so that no surprise is infinite


@dataclass(frozen=True, eq=False)
class Reliability:
    """Per bin of the best guess's probability: drawings, how many of these guesses were right, and the sum of their
    probabilities; and the sum of all drawings' −log of the right label's probability. Both sums in UNITs."""

    drawings: Int64[np.ndarray, "bins"]
    right: Int64[np.ndarray, "bins"]
    confidence: Int64[np.ndarray, "bins"]
    surprise: int

    @classmethod
    def none(cls) -> "Reliability":
        """That of no drawing."""
        zeros = np.zeros(BINS, np.int64)
        return cls(zeros, zeros, zeros, 0)

    def __add__(self, other: "Reliability") -> "Reliability":
        return Reliability(
            self.drawings + other.drawings,
            self.right + other.right,
            self.confidence + other.confidence,
            self.surprise + other.surprise,
        )

    @property
    def n(self) -> int:
        """Drawings seen."""
        return int(self.drawings.sum())

    @property
    def confidences(self) -> Float64[np.ndarray, "bins"]:
        """The mean probability of each bin's best guesses; nan in an empty one."""
        return self._mean(self.confidence * UNIT)

    @property
    def accuracies(self) -> Float64[np.ndarray, "bins"]:
        """The share of each bin's best guesses that are right; nan in an empty one."""
        return self._mean(self.right)

    @property
    def error(self) -> float:
        """The expected calibration error in [0, 1]: what confidence and accuracy differ by, on average over drawings; nan
        without any."""
        return float(np.abs(self.confidence * UNIT - self.right).sum() / self.n) if self.n else float("nan")

    @property
    def nll(self) -> float:
        """The mean negative log-likelihood of the right labels, in nats; nan without drawings."""
        return self.surprise * UNIT / self.n if self.n else float("nan")

    def _mean(self, sums: np.ndarray) -> Float64[np.ndarray, "bins"]:
        return np.asarray(np.divide(sums, self.drawings, out=np.full(BINS, np.nan), where=self.drawings > 0))


def reliability(probabilities: Float[np.ndarray, "n classes"], label: Int[np.ndarray, "n"]) -> Reliability:
    """The reliability counts of one batch."""
    confidence, right = probabilities.max(axis=1).astype(np.float64), probabilities.argmax(axis=1) == label
    place = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    mine = np.take_along_axis(probabilities, label[:, None].astype(np.int64), axis=1)[:, 0].astype(np.float64)
    sums = np.zeros(BINS, np.int64)
    np.add.at(sums, place, np.round(confidence / UNIT).astype(np.int64))
    return Reliability(
        np.bincount(place, minlength=BINS),
        np.bincount(place[right], minlength=BINS),
        sums,
        int(np.round(-np.log(np.maximum(mine, LEAST)) / UNIT).astype(np.int64).sum()),
    )


def softmax(logits: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """The probabilities that logits stand for, along the last axis."""
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


def tempered(probabilities: Float[np.ndarray, "n classes"], temperature: float) -> Float[np.ndarray, "n classes"]:
    """What the probabilities were, had their logits been divided by the temperature."""
    return softmax(np.log(np.maximum(probabilities, LEAST)) / probabilities.dtype.type(temperature))


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


def _surprise(logits: Float[np.ndarray, "n classes"], label: Int[np.ndarray, "n"]) -> float:
    """The mean −log of the probability of the right label."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    mine = np.take_along_axis(shifted, label[:, None].astype(np.int64), axis=1)[:, 0]
    return float((np.log(np.exp(shifted).sum(axis=1)) - mine).mean())
