"""What a report says, as plain values: what `gathering` fills in, and pages and `--json` are made of."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from gribouille.metrics import Interval

MODELS = 6  # at most: as many as colours and marks tell apart
NATURAL = "natural mix"
WHOLE = "all rows"  # the group of drawings that a report is about unless it says otherwise


@dataclass(frozen=True)
class Estimate:
    """A figure, from where to where it lies (95 %; nan where no interval is known), and the drawings that it rests on; all but n
    are nan without drawings."""

    value: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, value: float, interval: Interval, n: int) -> "Estimate":
        """A figure with its interval."""
        return cls(float(value), float(interval.low), float(interval.high), n)


Headline: TypeAlias = Mapping[str, Estimate]  # by the names of `measures.MEASURES`


@dataclass(frozen=True)
class Bar:
    """A group of drawings (a word, a number of strokes, a country) and how often the best guess is right."""

    name: str
    top1: Estimate


@dataclass(frozen=True)
class Moment:
    """How good a model is at a fraction of the ink, and which share of drawings it has right from there to the end."""

    fraction: float
    top1: Estimate
    map3: Estimate
    stays: float


@dataclass(frozen=True)
class Pair:
    """So many `drawings` of `of` were taken for another word."""

    word: str
    taken_for: str
    drawings: int
    of: int


@dataclass(frozen=True)
class Bin:
    """Of n drawings, the mean probability of the best guess and how often it was right."""

    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Epoch:
    """A line of a run's log: drawings seen, the training's loss, and the validation's shares."""

    drawings: int
    loss: float
    top1: float
    map3: float


@dataclass(frozen=True)
class Shown:
    """A drawing: its row in the store, its key_id in decimal ("" where it has none), its word, its strokes [[x…], [y…]]…"""

    row: int
    key_id: str
    word: str
    strokes: list[list[list[int]]]


@dataclass(frozen=True)
class Guess:
    """A word and its probability."""

    word: str
    probability: float


@dataclass(frozen=True)
class Seen:
    """A drawing as a model saw it and what it said: its picture's channels beside each other (PNG in base64, "" for nets that
    take points or for several pictures), the best guesses, and the right word's probability and place (from 1)."""

    drawing: Shown
    model: str
    picture: str
    guesses: tuple[Guess, ...]
    right: float
    place: int


@dataclass(frozen=True)
class Extreme:
    """A word that is among the worst or the best, with some of its drawings and what each was taken for."""

    bar: Bar
    drawings: tuple[tuple[Shown, str], ...]


@dataclass(frozen=True)
class Gallery:
    """Wrong predictions: the most confident ones, and a random sample."""

    confident: tuple[Seen, ...]
    random: tuple[Seen, ...]


@dataclass(frozen=True)
class Confusion:
    """Drawings of each word of the report's `order` (rows) taken for each (columns; after the last word: for a word that the
    store lacks), where there are any: (row, column, drawings); `of` are those of each row."""

    cells: tuple[tuple[int, int, int], ...]
    of: tuple[int, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Model:
    """One model: what it is, and everything that was counted. `picture`: side in px and channels, "" where it has none of its
    own; `headlines` by group of drawings, all else of all rows."""

    name: str
    path: str
    words: int
    picture: str
    temperature: float
    headlines: Mapping[str, Headline]
    moments: tuple[Moment, ...]
    classes: tuple[Bar, ...]
    strokes: tuple[Bar, ...]
    countries: tuple[Bar, ...]
    confusion: Confusion
    plain: tuple[Bin, ...]
    tempered: tuple[Bin, ...]
    epochs: tuple[Epoch, ...]
    worst: tuple[Extreme, ...]
    best: tuple[Extreme, ...]
    gallery: Gallery


@dataclass(frozen=True)
class Comparison:
    """Two models on the same drawings: `other` less `one` in top-1 and MAP@3, how many only one of them has right, and
    McNemar's p."""

    one: str
    other: str
    top1: Estimate
    map3: Estimate
    only_one: int
    only_other: int
    p: float


@dataclass(frozen=True)
class Report:
    """The whole. `order`: the words so that confused ones stand together; `agreed`: drawings that all models take for the same
    other word, each model's answer; `correlation` as `Correlation.to_dict`, None for a single model. `group`: the drawings that
    `comparisons` are about, the natural mix where there is one; `calibrated_on`: the validation drawings to which temperatures
    were fitted (0: none were, each is 1); `command`: what makes this report."""

    store: str
    split: str
    group: str
    drawings: int
    of: int
    calibrated_on: int
    seed: int
    commit: str
    command: str
    order: tuple[str, ...]
    models: tuple[Model, ...]
    comparisons: tuple[Comparison, ...]
    correlation: Mapping[str, Any] | None
    agreed: tuple[tuple[Seen, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """The same for JSON: null for nan."""
        found: dict[str, Any] = _plain(asdict(self))
        return found


def _plain(value: Any) -> Any:
    """With lists for tuples and None for nan, all the way down."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value
