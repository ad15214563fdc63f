"""How far members of an ensemble err together, and what each of them adds.

Come in: every member's probabilities of the same drawings, and the right labels. Goes out: a `Correlation`, of numbers alone.
What a subset of members is worth is the MAP@3 of the mean of their probabilities.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Int64

from gribouille.metrics import count, paired, places_of

Pairs = Float64[np.ndarray, "members members"]
Asked = Float32[np.ndarray, "members n classes"]


@dataclass(frozen=True)
class Score:
    """Top-1 and MAP@3, each in [0, 1]."""

    top1: float
    map3: float


@dataclass(frozen=True)
class Step:
    """A step of the greedy choice: the member that it adds, and the score and the seconds per drawing of the mean of all that are
    chosen by then; seconds None where the members' are not known."""

    name: str
    score: Score
    seconds: float | None


@dataclass(frozen=True, eq=False)
class Correlation:
    """What members of an ensemble, called `names`, have in common on `n` drawings.

    Of pairs, symmetric: `errors` the correlation (phi) of one's being wrong with the other's, 1 on the diagonal, nan where one
    is always right or always wrong; `disagreement` the share of drawings whose best labels differ; `same_wrong` the share of
    drawings that both take for the same wrong label. `members` the score of each, `mean` that of the mean of their
    probabilities, `without` that of the mean of all but one. `greedy` the order in which they are worth having (see `greedy`).
    """

    names: tuple[str, ...]
    n: int
    errors: Pairs
    disagreement: Pairs
    same_wrong: Pairs
    members: tuple[Score, ...]
    mean: Score
    without: tuple[Score, ...]
    greedy: tuple[Step, ...]

    def to_dict(self) -> dict[str, Any]:
        """The same for JSON: tables as lists of rows, None for nan, scores and steps as {name: value}."""
        return {
            "names": list(self.names),
            "n": self.n,
            "errors": _rows(self.errors),
            "disagreement": _rows(self.disagreement),
            "same_wrong": _rows(self.same_wrong),
            "members": [vars(score) for score in self.members],
            "mean": vars(self.mean),
            "without": [vars(score) for score in self.without],
            "greedy": [{"name": step.name, **vars(step.score), "seconds": step.seconds} for step in self.greedy],
        }


def correlation(
    probabilities: Asked,
    label: Int64[np.ndarray, "n"],
    names: Sequence[str],
    seconds: Sequence[float] | None = None,
    budget: float = math.inf,
) -> Correlation:
    """What two or more members have in common on these drawings, one at least.

    `names` are the members'; `seconds` what each takes for a drawing, and `budget` the seconds per drawing that the greedy choice
    may spend. ValueError where these are not as many as members, or where there is nothing to compare.
    """
    if len(probabilities) < 2 or len(label) == 0:
        raise ValueError(
            f"correlation: expected two members or more and one drawing, found {len(probabilities)} and {len(label)}"
        )
    for what, values in (("names", names), ("seconds", names if seconds is None else seconds)):
        if len(values) != len(probabilities):
            raise ValueError(f"{what}: expected one for each of {len(probabilities)} members, found {len(values)}")
    said = [(places_of(each, label), each.argmax(axis=1)) for each in probabilities]
    pairs = [[paired(one, other) for other in said] for one in said]
    whole = probabilities.sum(axis=0)
    return Correlation(
        names=tuple(names),
        n=len(label),
        errors=np.array([[each.error_correlation for each in row] for row in pairs]),
        disagreement=np.array([[each.disagreement for each in row] for row in pairs]),
        same_wrong=np.array([[each.same_mistake / each.n for each in row] for row in pairs]),
        members=tuple(_score(each, label) for each in probabilities),
        mean=_score(whole, label),
        without=tuple(_score(whole - each, label) for each in probabilities),
        greedy=greedy(probabilities, label, names, seconds, budget),
    )


def greedy(
    probabilities: Asked,
    label: Int64[np.ndarray, "n"],
    names: Sequence[str],
    seconds: Sequence[float] | None = None,
    budget: float = math.inf,
) -> tuple[Step, ...]:
    """The members in the order in which they raise the mean's MAP@3 most, as long as one does and fits into the budget.

    The first is the best alone of those that fit; of equals, the one named first. `seconds` and `budget` as in `correlation`.
    """
    cost = np.zeros(len(names)) if seconds is None else np.asarray(seconds, np.float64)
    sums, spent, reached = np.zeros_like(probabilities[0]), 0.0, -1.0
    left, steps = list(range(len(names))), []
    while left:
        tried = [(_score(sums + probabilities[one], label), one) for one in left if spent + cost[one] <= budget]
        score, one = max(tried, key=lambda trial: trial[0].map3, default=(Score(-1.0, -1.0), -1))
        if score.map3 <= reached:
            break
        sums, spent, reached = sums + probabilities[one], spent + float(cost[one]), score.map3
        left.remove(one)
        steps.append(Step(names[one], score, None if seconds is None else spent))
    return tuple(steps)


def _score(probabilities: Float32[np.ndarray, "n classes"], label: Int64[np.ndarray, "n"]) -> Score:
    """Sums of probabilities rank as their means do."""
    counts = count(probabilities, label)
    return Score(counts.top1, counts.map3)


def _rows(pairs: Pairs) -> list[list[float | None]]:
    return [[None if math.isnan(value) else value for value in row] for row in pairs.tolist()]
