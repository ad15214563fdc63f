"""Figures with their intervals: counts in, estimates out."""

import numpy as np
from jaxtyping import Float64
from scipy.stats import norm

from gribouille.answers import Answers
from gribouille.evaluation import Tally
from gribouille.metrics import LEAST, Counts, Reliability, interval, tempered, wilson
from gribouille.metrics.intervals import LEVEL
from gribouille.report.contents import Bar, Bin, Estimate, Headline, Moment
from gribouille.sampling import batches_of

RANKED = ("top1", "top3", "map3", "classes_top1", "classes_map3")
MEASURES = (*RANKED, "nll", "nll_tempered", "error", "error_tempered")
BATCH = 256  # drawings
Z = float(norm.ppf((1 + LEVEL) / 2))

Surprises = Float64[np.ndarray, "n"]


def headline(tally: Tally, plain: Surprises, at_temperature: Surprises) -> Headline:
    """Every measure of these finished drawings, and the `surprises` of the same ones as the model is and with its temperature."""
    found = {name: ranked(tally.finished, name) for name in RANKED}
    for suffix, counted, said in (("", tally.reliability, plain), ("_tempered", tally.tempered, at_temperature)):
        found[f"nll{suffix}"] = likelihood(counted, said)
        found[f"error{suffix}"] = Estimate(counted.error, np.nan, np.nan, counted.n)
    return found


def ranked(counts: Counts, measure: str) -> Estimate:
    """A measure with its interval."""
    return Estimate.of(getattr(counts, measure), interval(counts, measure), counts.n)


def surprises(answers: Answers, temperature: float) -> Surprises:
    """The negative log-likelihood of each drawing's right label in nats, at this temperature."""
    batches = batches_of(np.arange(len(answers)), BATCH)
    said = [
        np.take_along_axis(tempered(answers.probabilities[batch], temperature), answers.label[batch][:, None], axis=1)
        for batch in batches
    ]
    return np.asarray(-np.log(np.maximum(np.concatenate(said)[:, 0].astype(np.float64), LEAST)))


def likelihood(counted: Reliability, said: Surprises) -> Estimate:
    """The mean of the surprises that were counted; its interval is that of a mean of many (normal)."""
    reach = Z * float(said.std()) / np.sqrt(len(said)) if len(said) else np.nan
    return Estimate(counted.nll, float(counted.nll - reach), float(counted.nll + reach), counted.n)


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


def bins(counted: Reliability) -> tuple[Bin, ...]:
    """The reliability diagram's bins that have drawings."""
    rows = zip(counted.drawings.tolist(), counted.confidences.tolist(), counted.accuracies.tolist(), strict=True)
    return tuple(Bin(*row) for row in rows if row[0])
