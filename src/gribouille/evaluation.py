"""What is counted about a recogniser: finished and unfinished drawings, natural mix and recognized ones apart.

Natural mix means rows whose `recognized` is known (true or false): rows that lost the field come mostly from a sample of
recognized drawings, on which every score is about 4 points higher (../shared/data/README.md). Whatever is counted adds up:
an evaluation in parts, on however many machines, is the evaluation of the whole.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import numpy as np
from jaxtyping import Int64

from gribouille.metrics import MEASURES, Counts, Interval, Reliability, interval, wilson

STROKES = 10  # groups by number of strokes: 1 … 9, and 10 or more
GROUPS = {"recognized": (1,), "natural mix": (0, 1), "all rows": (-1, 0, 1)}
PAIRS = 20  # of confused classes


@dataclass(frozen=True, eq=False)
class Tally:
    """What was counted of some drawings; adds up.

    by_ink: by class, at each fraction of the ink. stays: drawings by the first fraction from which on the right guess is the
    best one at every fraction; the last number: never. Of finished drawings: confusion, by class (rows) and best guess
    (columns); reliability, as the probabilities are and `tempered`, divided by the temperature; counts by number of strokes (1,
    …, 9, 10 or more) and by country (the evaluation's `countries`, after them: not known).
    """

    by_ink: tuple[Counts, ...]
    stays: Int64[np.ndarray, "fractions_and_one"]
    confusion: Int64[np.ndarray, "classes classes"]
    reliability: Reliability
    tempered: Reliability
    by_strokes: Counts
    by_country: Counts

    @classmethod
    def none(cls, fractions: int, classes: int, countries: int) -> "Tally":
        """That of no drawing."""
        return cls(
            by_ink=(Counts.none(classes),) * fractions,
            stays=np.zeros(fractions + 1, np.int64),
            confusion=np.zeros((classes, classes), np.int64),
            reliability=Reliability.none(),
            tempered=Reliability.none(),
            by_strokes=Counts.none(STROKES),
            by_country=Counts.none(countries + 1),
        )

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            by_ink=tuple(one + more for one, more in zip(self.by_ink, other.by_ink, strict=True)),
            stays=self.stays + other.stays,
            confusion=self.confusion + other.confusion,
            reliability=self.reliability + other.reliability,
            tempered=self.tempered + other.tempered,
            by_strokes=self.by_strokes + other.by_strokes,
            by_country=self.by_country + other.by_country,
        )

    @property
    def finished(self) -> Counts:
        """The counts of finished drawings, by class."""
        return self.by_ink[-1]


@dataclass(frozen=True)
class Evaluation:
    """What was counted, by the value of `recognized` (1 true, 0 false, −1 lost), and of what.

    predictor: who was asked; labels: that one's, in the order of its classes; countries: ISO codes, in the order of
    `Tally.by_country`; sample: how many random drawings of the split were asked for (0: all); temperature: that of
    `Tally.tempered`, fitted to `calibrated_on` validation drawings (0: none); parts: which parts of how many it adds up.
    """

    predictor: str
    labels: tuple[str, ...]
    fractions: tuple[float, ...]
    countries: tuple[str, ...]
    split: str
    store: str
    sample: int
    temperature: float
    calibrated_on: int
    tallies: dict[int, Tally]
    parts: tuple[frozenset[int], int] = field(default=(frozenset({0}), 1))

    def __add__(self, other: "Evaluation") -> "Evaluation":
        """The evaluation of both parts. Raises ValueError for what is no other part of the same whole."""
        for name in ("predictor", "labels", "fractions", "countries", "split", "store", "sample", "temperature"):
            if getattr(self, name) != getattr(other, name):
                raise ValueError(
                    f"{name}: expected parts of one evaluation, found {getattr(self, name)!r} and {getattr(other, name)!r}"
                )
        (mine, whole), (others, other_whole) = self.parts, other.parts
        if whole != other_whole or mine & others:
            found = f"{sorted(mine)} of {whole} and {sorted(others)} of {other_whole}"
            raise ValueError(f"parts: expected different ones of one whole, found {found}")
        tallies = {value: tally + other.tallies[value] for value, tally in self.tallies.items()}
        return replace(self, tallies=tallies, parts=(mine | others, whole))

    @property
    def n(self) -> int:
        """Drawings evaluated."""
        return self.group("all rows").finished.n

    @property
    def protocol(self) -> str:
        """What was evaluated and how, in a sentence."""
        done, whole = self.parts
        part = "" if len(done) == whole else f"parts {sorted(done)} of {whole} of the "
        sample = f"{self.sample} random drawings of the " if self.sample else ""
        return (
            f"{part}{sample}{self.split} split of {self.store}, each key_id once, {self.n} drawings, "
            f"best of {len(self.labels)} labels; natural mix = rows whose recognized is known; "
            "unfinished = the simplified drawing cut by ink and boxed again"
        )

    def group(self, name: str) -> Tally:
        """What was counted of a group: "recognized", "natural mix" or "all rows"."""
        none = Tally.none(len(self.fractions), len(self.labels), len(self.countries))
        return reduce(Tally.__add__, (self.tallies[value] for value in GROUPS[name]), none)

    @property
    def judged(self) -> str:
        """The group that figures without a group are of: the natural mix, or all rows where it has no drawing."""
        return "natural mix" if self.group("natural mix").finished.n else "all rows"

    def summary(self) -> dict[str, Any]:
        """Protocol, calibration of the `judged` group (finished) and, per group and percentage of the ink, the summary of its
        counts; for cards."""
        natural = self.group(self.judged)
        return {
            "protocol": self.protocol,
            "calibration of": self.judged,
            "calibration error": _known(natural.reliability.error),
            "calibration error, tempered": _known(natural.tempered.error),
            "temperature": self.temperature,
            "nll": _known(natural.reliability.nll),
            "nll, tempered": _known(natural.tempered.nll),
            **{
                name: {
                    _percent(fraction): counts.summary()
                    for fraction, counts in zip(self.fractions, self.group(name).by_ink, strict=True)
                }
                for name in GROUPS
            },
        }

    def per_class(self, name: str | None = None) -> dict[str, float]:
        """Top-1 on finished drawings of a group (by default the `judged` one), of every class that it has drawings of."""
        top1 = zip(self.labels, self.group(name or self.judged).finished.per_class.tolist(), strict=True)
        return {label: share for label, share in top1 if not math.isnan(share)}

    def details(self, name: str | None = None) -> dict[str, Any]:
        """What `summary` leaves out, of one group's finished drawings (by default the `judged` one): 95 % intervals of its
        measures, every class with its own, the pairs confused most, ink, strokes, countries, reliability; for programs."""
        name = name or self.judged
        tally = self.group(name)
        return {
            "group": name,
            "intervals": {measure: _interval(interval(tally.finished, measure)) for measure in MEASURES},
            "stays from": dict(
                zip([*(_percent(one) for one in self.fractions), "never"], tally.stays.tolist(), strict=True)
            ),
            "per class": _shares(tally.finished, self.labels),
            "confused": [
                {"word": word, "taken for": other, "drawings": drawings, "of": of}
                for word, other, drawings, of in self.confused(name)
            ],
            "by strokes": _shares(tally.by_strokes, [*map(str, range(1, STROKES)), f"{STROKES} or more"]),
            "by country": _shares(tally.by_country, [*self.countries, "not known"]),
            "reliability": _bins(tally.reliability),
            "reliability, tempered": _bins(tally.tempered),
        }

    def confused(self, name: str | None = None, pairs: int = PAIRS) -> list[tuple[str, str, int, int]]:
        """The confusions that cost most drawings of a group: class, what it was taken for, drawings, and of how many."""
        wrong = self.group(name or self.judged).confusion.copy()
        seen = wrong.sum(axis=1)
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:pairs]
        places = zip(*(one.tolist() for one in np.unravel_index(order, wrong.shape)), strict=True)
        return [
            (self.labels[row], self.labels[column], int(wrong[row, column]), int(seen[row]))
            for row, column in places
            if wrong[row, column]
        ]


def _shares(counts: Counts, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Of each group that has drawings: how many, top-1 with its interval, and MAP@3."""
    low, high = wilson(counts.first, counts.drawings)
    rows = zip(names, counts.drawings, counts.first, low, high, counts.sixths, strict=True)
    return {
        name: {"n": int(n), "top1": float(first / n), "interval": [float(a), float(b)], "map3": float(sixths / 6 / n)}
        for name, n, first, a, b, sixths in rows
        if n
    }


def _bins(reliability: Reliability) -> list[dict[str, Any]]:
    """The bins that have drawings: how many, mean confidence and accuracy."""
    rows = zip(reliability.drawings, reliability.confidences, reliability.accuracies, strict=True)
    return [{"n": int(n), "confidence": float(said), "accuracy": float(true)} for n, said, true in rows if n]


def _interval(found: Interval) -> list[float] | None:
    return None if math.isnan(found.low) else list(found)


def _percent(fraction: float) -> str:
    return f"{100 * fraction:g}%"


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
