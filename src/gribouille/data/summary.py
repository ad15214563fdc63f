"""What is in a store: counts, sizes, times, countries and duplicates, over all and for each word; a `Store` → a `Summary`.

Read in chunks of rows, from first to last. What is kept is counts: the memory is that of the store's label, country and
recognized columns and, one after the other, of 8 bytes a row for what looks for duplicates (0.7 GB at 50 million rows).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Int64

from gribouille.data import duplicates, kernel
from gribouille.data.ink import BATCH
from gribouille.drawing import MAX_POINTS
from gribouille.formats.records import NO_TIMESTAMP
from gribouille.store import Store

DAY = 86_400_000_000  # µs
PERCENTILES = (5, 50, 95)
UNITS_A_BIN = 8  # of ink: percentiles are right to within so many units
INK_BINS = 1 << 14
NONE, LATEST = np.iinfo(np.int64).max, np.iinfo(np.int64).min


@dataclass(frozen=True)
class Spread:
    """How a number is distributed over the drawings."""

    mean: float
    p5: float
    p50: float
    p95: float
    max: float


@dataclass(frozen=True)
class WordSummary:
    """One word's drawings."""

    word: str
    rows: int
    recognized: int
    not_recognized: int
    recognized_share: float | None  # of those of which it is known; None where of none
    countries: int
    top_country: str | None
    median_points: float
    first_day: str | None  # ISO 8601, UTC
    last_day: str | None
    marked: int  # rows left out by marks


@dataclass(frozen=True)
class Duplicates:
    """Rows that are there again."""

    same_points: int  # rows with exactly the points of an earlier row of their word
    same_key: int  # rows with the key_id of an earlier row


@dataclass(frozen=True)
class Summary:
    """What is in a store."""

    path: str
    hash: str
    rows: int
    words: int
    splits: dict[str, int]
    bytes: int  # on disk, drawings and times
    bytes_per_drawing: float
    sources: int  # files that it was made from
    recognized: int
    not_recognized: int
    recognized_unknown: int
    with_key: int
    with_times: int  # rows of which every point's time is known
    countries: int
    country_unknown: int
    top_countries: dict[str, int]  # ten, most frequent first
    first_day: str | None
    last_day: str | None
    time_unknown: int
    months: dict[str, int]  # drawings by month, YYYY-MM, those without time left out
    points: Spread
    strokes: Spread
    ink: Spread  # units: length of the lines
    duplicates: Duplicates | None  # None: not looked for
    marks: dict[str, int]  # rows marked, by reason
    per_word: tuple[WordSummary, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def summary(store: Store, progress: Callable[[int], None] | None = None, look_for_duplicates: bool = True) -> Summary:
    """What is in the store. progress: called with numbers of rows read.

    Everything of the files counts, marked or not; `splits` are those of the store as it was opened.
    """
    lines = _Lines(store)
    for start in range(0, len(store), BATCH):
        lines.add(np.arange(start, min(start + BATCH, len(store))))
        if progress:
            progress(min(BATCH, len(store) - start))
    said = [np.bincount(store.label[store.recognized == value], minlength=len(store.labels)) for value in (0, 1, -1)]
    where = _by_country(store)
    when = _Moments(store)
    words = tuple(_word(store, place, said, where, when, lines) for place in range(len(store.labels)))
    octets = sum(part.bytes for part in (*store.card.drawings, *store.card.times))
    total = where[:, :-1].sum(axis=0)
    most = [index for index in np.argsort(-total, kind="stable")[:10] if total[index]]
    keys = sum(len(column) - column.null_count for _, column in store.column_parts("key_id"))
    return Summary(
        path=str(store.path),
        hash=store.hash,
        rows=len(store),
        words=len(store.labels),
        splits=store.card.splits,
        bytes=octets,
        bytes_per_drawing=octets / max(1, len(store)),
        sources=len(store.card.sources),
        recognized=int(said[1].sum()),
        not_recognized=int(said[0].sum()),
        recognized_unknown=int(said[2].sum()),
        with_key=keys,
        with_times=sum(part.rows for part in store.card.times),
        countries=int(np.count_nonzero(total)),
        country_unknown=int(where[:, -1].sum()),
        top_countries={store.countries[index]: int(total[index]) for index in most},
        first_day=_day(int(when.first.min(initial=NONE))),
        last_day=_day(int(when.last.max(initial=LATEST))),
        time_unknown=when.unknown,
        months=when.months,
        points=_spread(lines.points.sum(axis=0), 1, lines.longest),
        strokes=_spread(lines.strokes, 1, lines.most_strokes),
        ink=_spread(lines.ink, UNITS_A_BIN, lines.most_ink, lines.all_ink),
        duplicates=_duplicates(store) if look_for_duplicates else None,
        marks=store.marks.counts() if store.marks else {},
        per_word=words,
    )


class _Lines:
    """Histograms of points, strokes and ink, filled chunk by chunk."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.points = np.zeros((len(store.labels), MAX_POINTS + 1), np.int32)
        self.strokes = np.zeros(MAX_POINTS + 1, np.int64)
        self.ink = np.zeros(INK_BINS, np.int64)
        self.all_ink = self.most_ink = 0.0
        self.longest = self.most_strokes = 0

    def add(self, rows: Int64[np.ndarray, "_"]) -> None:
        """Counts these drawings."""
        drawings = self.store.gather(rows)
        sizes = np.diff(drawings.offsets)
        strokes, ink = kernel.lines(drawings.points, drawings.offsets)
        np.add.at(self.points, (self.store.label[rows], np.minimum(sizes, MAX_POINTS)), 1)
        self.strokes += np.bincount(np.minimum(strokes, MAX_POINTS), minlength=MAX_POINTS + 1)
        self.ink += np.bincount(np.minimum(ink // UNITS_A_BIN, INK_BINS - 1).astype(np.int64), minlength=INK_BINS)
        self.all_ink += float(ink.sum(dtype=np.float64))
        self.most_ink = max(self.most_ink, float(ink.max()))
        self.longest = max(self.longest, int(sizes.max()))
        self.most_strokes = max(self.most_strokes, int(strokes.max()))


class _Moments:
    """When drawings were made: per word the first and last moment (µs), and the drawings of each month."""

    def __init__(self, store: Store) -> None:
        self.first = np.full(len(store.labels), NONE)
        self.last = np.full(len(store.labels), LATEST)
        self.unknown = 0
        months: dict[str, int] = {}
        for start, column in store.column_parts("timestamp"):
            moments = np.asarray(column.cast(pa.int64()).fill_null(NO_TIMESTAMP))
            known = moments != NO_TIMESTAMP
            label = store.label[start : start + len(moments)][known]
            moments = moments[known]
            self.unknown += int(np.count_nonzero(~known))
            np.minimum.at(self.first, label, moments)
            np.maximum.at(self.last, label, moments)
            month, count = np.unique(moments.astype("datetime64[us]").astype("datetime64[M]"), return_counts=True)
            for name, drawings in zip(month.astype(str).tolist(), count.tolist(), strict=True):
                months[name] = months.get(name, 0) + drawings
        self.months = dict(sorted(months.items()))


def _by_country(store: Store) -> Int64[np.ndarray, "labels countries_and_one"]:
    """Drawings of each word and country; the last column counts those whose country is not known."""
    width = len(store.countries) + 1
    counts = np.zeros(len(store.labels) * width, np.int64)
    for start in range(0, len(store), BATCH):
        country = store.country[start : start + BATCH].astype(np.int64)
        place = store.label[start : start + BATCH].astype(np.int64) * width + np.where(country < 0, width - 1, country)
        counts += np.bincount(place, minlength=len(counts))
    return counts.reshape(len(store.labels), width)


def _word(
    store: Store, place: int, said: list[np.ndarray], where: np.ndarray, when: _Moments, lines: _Lines
) -> WordSummary:
    wrong, right = int(said[0][place]), int(said[1][place])
    known = where[place, :-1]
    marked = 0
    if store.marks is not None:
        marked = int(np.count_nonzero(store.label[np.unique(store.marks.row)] == place))
    return WordSummary(
        word=store.labels[place],
        rows=int(where[place].sum()),
        recognized=right,
        not_recognized=wrong,
        recognized_share=right / (right + wrong) if right + wrong else None,
        countries=int(np.count_nonzero(known)),
        top_country=store.countries[int(known.argmax())] if known.any() else None,
        median_points=_percentile(lines.points[place], 50),
        first_day=_day(int(when.first[place])),
        last_day=_day(int(when.last[place])),
        marked=marked,
    )


def _duplicates(store: Store) -> Duplicates:
    from gribouille.data.clean import words

    points = sum(len(duplicates.exact(store, rows)[0]) for rows in words(store))
    keys = np.concatenate(
        [np.zeros(0, np.uint64)] + [np.asarray(column.drop_null()) for _, column in store.column_parts("key_id")]
    )
    keys.sort()
    return Duplicates(points, int(np.count_nonzero(keys[1:] == keys[:-1])))


def _spread(counts: np.ndarray, unit: float, most: float, total: float | None = None) -> Spread:
    """Of a histogram whose bin i holds i × unit."""
    drawings = counts.sum()
    if total is None:
        total = float((counts * np.arange(len(counts))).sum() * unit)
    low, middle, high = (unit * _percentile(counts, percent) for percent in PERCENTILES)
    return Spread(total / drawings if drawings else 0.0, low, middle, high, float(most))


def _percentile(counts: np.ndarray, percent: float) -> float:
    """The value that so many percent do not exceed: one of the values themselves."""
    below = np.cumsum(counts)
    return float(np.searchsorted(below, percent / 100 * below[-1])) if below[-1] else 0.0


def _day(moment: int) -> str | None:
    known = moment not in (NONE, LATEST)
    return str(np.datetime64(moment // DAY, "D")) if known else None
