"""How well labels are guessed, as whole numbers that add up: over batches, processes, machines and groups of drawings."""

from gribouille.metrics.calibration import BINS, LEAST, Reliability, reliability, softmax, temperature_of, tempered
from gribouille.metrics.counts import (
    MEASURES,
    PLACES,
    Counts,
    PairedCounts,
    confusion,
    count,
    counts_of,
    paired,
    places_of,
)
from gribouille.metrics.intervals import (
    Interval,
    bootstrap,
    bootstrap_difference,
    comparison,
    interval,
    mcnemar,
    wilson,
)

__all__ = [
    "BINS",
    "LEAST",
    "MEASURES",
    "PLACES",
    "Counts",
    "Interval",
    "PairedCounts",
    "Reliability",
    "bootstrap",
    "bootstrap_difference",
    "comparison",
    "confusion",
    "count",
    "counts_of",
    "interval",
    "mcnemar",
    "paired",
    "places_of",
    "reliability",
    "softmax",
    "temperature_of",
    "tempered",
    "wilson",
]
