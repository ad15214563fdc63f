"""Which place the right label came at, counted: probabilities and labels in, whole numbers that add up out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float64, Int, Int64

PLACES = 4  # that are told apart: first, second, third, later
SIXTHS = np.array([6, 3, 2, 0])  # of average precision at 3, by place
MEASURES = ("top1", "top3", "map3", "classes_top1", "classes_top3", "classes_map3")


@dataclass(frozen=True, eq=False)
class Counts:
    """Per class (or other group of drawings): drawings seen, how many had the right label first, how many among the first
    three, and the sum of their average precisions at 3 in sixths (6, 3 or 2 by the place of the right label, else 0: whole
    numbers, so that counts add up exactly in any order)."""

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
        return self._shares(self.first)

    @property
    def classes_top1(self) -> float:
        """The mean of the classes' top-1, each class that has drawings counting alike ("macro"); nan without drawings."""
        return self._mean(self.first)

    @property
    def classes_top3(self) -> float:
        """The mean of the classes' top-3."""
        return self._mean(self.among_three)

    @property
    def classes_map3(self) -> float:
        """The mean of the classes' MAP@3."""
        return self._mean(self.sixths) / 6

    @property
    def by_place(self) -> Int64[np.ndarray, "classes 4"]:
        """The drawings of each class by the place of their right label: first, second, third, later."""
        behind = self.among_three - self.first
        second = self.sixths - 6 * self.first - 2 * behind  # 3 and 2 sixths a drawing: what is above 2 are the seconds
        return np.stack([self.first, second, behind - second, self.drawings - self.among_three], axis=1)

    def summary(self) -> dict[str, Any]:
        """n and MEASURES, for cards and logs; None (JSON's null) where there is no drawing."""
        return {"n": self.n, **{name: getattr(self, name) if self.n else None for name in MEASURES}}

    def _share(self, hits: Int64[np.ndarray, "classes"]) -> float:
        return float(hits.sum() / self.n) if self.n else float("nan")

    def _shares(self, hits: Int64[np.ndarray, "classes"]) -> Float64[np.ndarray, "classes"]:
        return np.asarray(np.divide(hits, self.drawings, out=np.full(len(hits), np.nan), where=self.drawings > 0))

    def _mean(self, hits: Int64[np.ndarray, "classes"]) -> float:
        return float(np.nanmean(self._shares(hits))) if self.n else float("nan")


@dataclass(frozen=True, eq=False)
class PairedCounts:
    """What two models said of the same drawings.

    `places`: drawings by the place at which the one (rows) and the other (columns) had the right label; `same`: drawings
    that both took for the same class, right or wrong. It is all that a paired comparison needs, and it adds up.
    """

    places: Int64[np.ndarray, "4 4"]
    same: int

    @classmethod
    def none(cls) -> "PairedCounts":
        """The counts of no drawing."""
        return cls(np.zeros((PLACES, PLACES), np.int64), 0)

    def __add__(self, other: "PairedCounts") -> "PairedCounts":
        return PairedCounts(self.places + other.places, self.same + other.same)

    @property
    def n(self) -> int:
        """Drawings compared."""
        return int(self.places.sum())

    @property
    def only_one(self) -> int:
        """Drawings that the one took for the right class and the other did not."""
        return int(self.places[0, 1:].sum())

    @property
    def only_other(self) -> int:
        """Drawings that the other took for the right class and the one did not."""
        return int(self.places[1:, 0].sum())

    @property
    def both_wrong(self) -> int:
        """Drawings that neither took for the right class."""
        return int(self.places[1:, 1:].sum())

    @property
    def same_mistake(self) -> int:
        """Drawings that both took for the same wrong class."""
        return self.same - int(self.places[0, 0])

    @property
    def disagreement(self) -> float:
        """Share of drawings that they took for different classes; nan without drawings."""
        return 1 - self.same / self.n if self.n else float("nan")

    @property
    def error_correlation(self) -> float:
        """Pearson's correlation of "is wrong" between the two (φ of the table of right and wrong), in [−1, 1]; nan where
        one of them is always right or always wrong."""
        right, one, other, wrong = int(self.places[0, 0]), self.only_one, self.only_other, self.both_wrong
        spread = float(right + one) * (other + wrong) * (right + other) * (one + wrong)
        return float((right * wrong - one * other) / np.sqrt(spread)) if spread else float("nan")


def places_of(probabilities: Float[np.ndarray, "n classes"], label: Int[np.ndarray, "n"]) -> Int64[np.ndarray, "n"]:
    """The place of each right label among the probabilities, from 0; of equal probabilities the lower class index ranks
    first, as in `numpy.argmax`. A probability that is no number ranks last."""
    classes = probabilities.shape[1]
    mine = np.take_along_axis(probabilities, label[:, None].astype(np.int64), axis=1)
    before = (probabilities == mine) & (np.arange(classes) < label[:, None])
    place = (probabilities > mine).sum(axis=1) + before.sum(axis=1)
    place[np.isnan(mine[:, 0])] = classes
    return np.asarray(place)


def counts_of(place: Int[np.ndarray, "n"], group: Int[np.ndarray, "n"], groups: int) -> Counts:
    """The counts of drawings whose right label came at these places (from 0), by class or by another group of theirs."""
    cells = np.minimum(place, PLACES - 1).astype(np.int64) + PLACES * group.astype(np.int64)
    table = np.bincount(cells, minlength=PLACES * groups).reshape(groups, PLACES)
    return Counts(table.sum(axis=1), table[:, 0].copy(), table[:, :3].sum(axis=1), table @ SIXTHS)


def count(probabilities: Float[np.ndarray, "n classes"], label: Int[np.ndarray, "n"]) -> Counts:
    """The counts of one batch, by class."""
    return counts_of(places_of(probabilities, label), label, probabilities.shape[1])


def paired(
    one: tuple[Int[np.ndarray, "n"], Int[np.ndarray, "n"]], other: tuple[Int[np.ndarray, "n"], Int[np.ndarray, "n"]]
) -> PairedCounts:
    """The paired counts of two models, each given as the right labels' places (from 0) and the best guesses, in a numbering
    of classes that both share, on the same drawings."""
    (place, best), (other_place, other_best) = one, other
    cells = np.minimum(place, PLACES - 1) * PLACES + np.minimum(other_place, PLACES - 1)
    places = np.bincount(cells.astype(np.int64), minlength=PLACES * PLACES).reshape(PLACES, PLACES)
    return PairedCounts(places, int((best == other_best).sum()))


def confusion(
    probabilities: Float[np.ndarray, "n classes"], label: Int[np.ndarray, "n"]
) -> Int64[np.ndarray, "classes classes"]:
    """How many drawings of each class (rows) were taken for each class (columns); adds up over batches and machines."""
    classes = probabilities.shape[1]
    pairs = label.astype(np.int64) * classes + probabilities.argmax(axis=1)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
