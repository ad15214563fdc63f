"""How far a figure may be from the truth, and whether two models differ: counts in, intervals and p-values out.

All of them need counts alone, no drawing: a resample of drawings is a resample of the cells that they fall into.
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from scipy.stats import binomtest, norm

from gribouille.metrics.counts import SIXTHS, Counts, PairedCounts

LEVEL = 0.95  # of every interval
RESAMPLES = 2_000


class Interval(NamedTuple):
    """From where to where a figure lies, at LEVEL."""

    low: float
    high: float


def wilson(
    right: Int64[np.ndarray, "groups"], drawings: Int64[np.ndarray, "groups"]
) -> tuple[Float64[np.ndarray, "groups"], Float64[np.ndarray, "groups"]]:
    """Where the share of right ones lies in each group, low and high; the whole of [0, 1] without drawings.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    z = float(norm.ppf((1 + LEVEL) / 2))
    seen = np.maximum(drawings, 1)
    share = right / seen
    middle = share + z**2 / (2 * seen)
    reach = z * np.sqrt(share * (1 - share) / seen + z**2 / (4 * seen**2))
    low, high = (np.clip((middle + sign * reach) / (1 + z**2 / seen), 0, 1) for sign in (-1, 1))
    return np.where(drawings, low, 0.0), np.where(drawings, high, 1.0)


def interval(counts: Counts, measure: str) -> Interval:
    """Where a measure of Counts lies: Wilson's interval for shares of all drawings (top1, top3), which holds at 0 and at 1 too,
    resampled drawings for the others; (nan, nan) without drawings."""
    if measure not in ("top1", "top3") or not counts.n:
        return bootstrap(counts, measure)
    hits = (counts.first if measure == "top1" else counts.among_three).sum()
    low, high = wilson(np.array([hits]), np.array([counts.n]))
    return Interval(float(low[0]), float(high[0]))


def bootstrap(counts: Counts, measure: str, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """Where a measure of Counts lies (top1, top3, map3, or classes_… for the mean of classes), by resampling drawings.

    The interval is from percentile to percentile; (nan, nan) without drawings. Source: Efron 1979.
    """
    if not counts.n:
        return Interval(float("nan"), float("nan"))
    cells = counts.by_place
    macro = measure.startswith("classes_")
    weights = _WEIGHTS[measure.removeprefix("classes_")]
    if not macro:
        cells = cells.sum(axis=0, keepdims=True)
    drawn = np.random.default_rng(seed).multinomial(counts.n, cells.ravel() / counts.n, size=resamples)
    table = drawn.reshape(resamples, *cells.shape)
    seen = table.sum(axis=2)
    shares = np.divide(table @ weights, seen, out=np.full(seen.shape, np.nan), where=seen > 0)
    return _percentiles(np.nanmean(shares, axis=1))


def bootstrap_difference(pairs: PairedCounts, measure: str, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """Where the difference of a measure (top1, top3 or map3) lies, the other model's less the one's, by resampling the
    drawings that both saw; (nan, nan) without drawings."""
    if not pairs.n:
        return Interval(float("nan"), float("nan"))
    weights = _WEIGHTS[measure]
    gain = (weights[None, :] - weights[:, None]).ravel()
    drawn = np.random.default_rng(seed).multinomial(pairs.n, pairs.places.ravel() / pairs.n, size=resamples)
    return _percentiles(drawn @ gain / pairs.n)


def mcnemar(pairs: PairedCounts) -> float:
    """The exact p-value of McNemar's test: how likely two models that are right equally often would differ so much or more on
    the drawings of which only one of them is right; 1 where there are none.

    Source: McNemar 1947, "Note on the sampling error of the difference between correlated proportions".
    """
    decided = pairs.only_one + pairs.only_other
    return float(binomtest(pairs.only_one, decided, 0.5).pvalue) if decided else 1.0


def comparison(pairs: PairedCounts) -> dict[str, Any]:
    """How the other model (columns) does beside the one (rows) on the same drawings, for programs: of each measure the
    difference, other less one, with its interval; drawings that only one of them has right, that neither has, and that both take
    for the same wrong class; McNemar's p; how alike they are."""
    gains: dict[str, Any] = {}
    for measure in _WEIGHTS:
        interval = bootstrap_difference(pairs, measure)
        gains[measure] = (
            {"other less one": _difference(pairs, measure), "interval": list(interval)} if pairs.n else None
        )
    correlation = pairs.error_correlation
    return {
        "n": pairs.n,
        **gains,
        "only one right": pairs.only_one,
        "only other right": pairs.only_other,
        "both wrong": pairs.both_wrong,
        "same mistake": pairs.same_mistake,
        "p": mcnemar(pairs),
        "disagreement": pairs.disagreement if pairs.n else None,
        "error correlation": None if np.isnan(correlation) else correlation,
    }


def _difference(pairs: PairedCounts, measure: str) -> float:
    weights = _WEIGHTS[measure]
    return float((pairs.places * (weights[None, :] - weights[:, None])).sum() / pairs.n)


_WEIGHTS: dict[str, Any] = {
    "top1": np.array([1.0, 0.0, 0.0, 0.0]),
    "top3": np.array([1.0, 1.0, 1.0, 0.0]),
    "map3": SIXTHS / 6,
}


def _percentiles(values: Float64[np.ndarray, "resamples"]) -> Interval:
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))
