"""Figures with their intervals: counts in, estimates out."""

import numpy as np
from jaxtyping import Float32, Float64, Int64

from gribouille.evaluation import Tally
from gribouille.metrics import BINS, Counts, Interval, bootstrap, tempered, wilson
from gribouille.metrics.calibration import LEAST
from gribouille.report.contents import Bar, Bin, Estimate, Headline, Moment

RANKED = ("top1", "top3", "map3", "classes_top1", "classes_map3")
MEASURES = (*RANKED, "nll", "nll_tempered", "error", "error_tempered")
RESAMPLES = 1_000  # of a calibration error
Z = 1.959964  # of 95 % of a normal distribution

Probabilities = Float32[np.ndarray, "n classes"]


def headline(tally: Tally, probabilities: Probabilities, label: Int64[np.ndarray, "n"], temperature: float) -> Headline:
    """Every measure of these finished drawings; `tally` counts the same ones as `probabilities`."""
    counts = tally.finished
    found = {name: ranked(counts, name) for name in RANKED}
    for suffix, said in (("", probabilities), ("_tempered", tempered(probabilities, temperature))):
        found[f"nll{suffix}"] = likelihood(said, label)
        found[f"error{suffix}"] = calibration(said, label)
    return found


def ranked(counts: Counts, measure: str) -> Estimate:
    """Top-1 and top-3 with Wilson's interval, the others with the bootstrap's."""
    value = getattr(counts, measure)
    if measure in ("top1", "top3"):
        hits = counts.first if measure == "top1" else counts.among_three
        low, high = wilson(hits.sum(keepdims=True), counts.drawings.sum(keepdims=True))
        interval = Interval(float(low[0]), float(high[0])) if counts.n else Interval(np.nan, np.nan)
        return Estimate.of(value, interval, counts.n)
    return Estimate.of(value, bootstrap(counts, measure), counts.n)


def likelihood(probabilities: Probabilities, label: Int64[np.ndarray, "n"]) -> Estimate:
    """The mean negative log-likelihood of the right labels in nats; its interval is that of a mean of many (normal)."""
    if not len(label):
        return Estimate(np.nan, np.nan, np.nan, 0)
    mine = np.take_along_axis(probabilities, label[:, None], axis=1)[:, 0].astype(np.float64)
    surprise = -np.log(np.maximum(mine, LEAST))
    reach = Z * surprise.std() / np.sqrt(len(surprise))
    middle = float(surprise.mean())
    return Estimate(middle, middle - float(reach), middle + float(reach), len(label))


def calibration(probabilities: Probabilities, label: Int64[np.ndarray, "n"]) -> Estimate:
    """The expected calibration error; its interval is the bootstrap's spread around it.

    A resample has more of this error than what it was drawn from, so its percentiles are moved to the estimate.
    """
    n = len(label)
    if not n:
        return Estimate(np.nan, np.nan, np.nan, 0)
    confidence, right = probabilities.max(axis=1).astype(np.float64), probabilities.argmax(axis=1) == label
    cell = 2 * np.minimum((confidence * BINS).astype(np.int64), BINS - 1) + right
    drawings = np.bincount(cell, minlength=2 * BINS)
    gap = np.bincount(cell, confidence - right, minlength=2 * BINS)
    value = _error(gap[None], n)[0]
    drawn = np.random.default_rng(0).multinomial(n, drawings / n, size=RESAMPLES)
    errors = _error(drawn * (gap / np.maximum(drawings, 1)), n)
    low, middle, high = np.quantile(errors, [0.025, 0.5, 0.975])
    return Estimate(float(value), max(0.0, float(value + low - middle)), float(value + high - middle), n)


def bars(counts: Counts, names: tuple[str, ...]) -> tuple[Bar, ...]:
    """Top-1 of each group that has drawings, with Wilson's interval."""
    low, high = wilson(counts.first, counts.drawings)
    rows = zip(names, counts.first.tolist(), counts.drawings.tolist(), low.tolist(), high.tolist(), strict=True)
    return tuple(Bar(name, Estimate(first / n, least, most, n)) for name, first, n, least, most in rows if n)


def moments(tally: Tally, fractions: tuple[float, ...]) -> tuple[Moment, ...]:
    """How good the guesses are at each fraction of the ink; empty without drawings."""
    n = tally.finished.n
    settled = (np.cumsum(tally.stays)[:-1] / max(n, 1)).tolist()
    rows = zip(fractions, tally.by_ink, settled, strict=True) if n else []
    return tuple(
        Moment(fraction, ranked(counts, "top1"), ranked(counts, "map3"), float(stays))
        for fraction, counts, stays in rows
    )


def bins(probabilities: Probabilities, label: Int64[np.ndarray, "n"]) -> tuple[Bin, ...]:
    """The reliability diagram's bins that have drawings."""
    confidence, right = probabilities.max(axis=1).astype(np.float64), probabilities.argmax(axis=1) == label
    place = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    n, said, true = (np.bincount(place, weights, minlength=BINS) for weights in (None, confidence, right))
    return tuple(Bin(int(n[one]), float(said[one] / n[one]), float(true[one] / n[one])) for one in np.flatnonzero(n))


def _error(gaps: Float64[np.ndarray, "resamples cells"], n: int) -> Float64[np.ndarray, "resamples"]:
    """The calibration error where confidence less rightness sums up so in each bin's wrong and right halves."""
    return np.asarray(np.abs(gaps.reshape(len(gaps), BINS, 2).sum(axis=2)).sum(axis=1) / n)
