"""How good a recogniser is on a store's drawings: finished and unfinished, natural mix and recognized ones apart.

Natural mix means rows whose `recognized` is known (true or false): rows that lost the field come mostly from a sample of
recognized drawings, on which every score is about 4 points higher (../shared/data/README.md).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gribouille.drawing import Drawings, prefix
from gribouille.metrics import Counts, calibration_error, count
from gribouille.predict import Predictor
from gribouille.sampling import batches_of, distinct_rows
from gribouille.store import AnyStore, named

FRACTIONS = (0.25, 0.5, 0.75, 1.0)  # of the ink
BATCH = 256  # drawings
GROUPS = {"recognized": (1,), "natural mix": (0, 1), "all rows": (-1, 0, 1)}


@dataclass(frozen=True)
class Evaluation:
    """Counts by fraction of the ink and by the value of `recognized` (1 true, 0 false, −1 lost), what was counted, and
    the calibration error on finished drawings of the natural mix (nan without any)."""

    labels: tuple[str, ...]
    protocol: str
    counts: dict[tuple[float, int], Counts]
    calibration: float

    def group(self, name: str, fraction: float = 1.0) -> Counts:
        """The counts of a group ("recognized", "natural mix" or "all rows") at a fraction of the ink."""
        return sum((self.counts[fraction, value] for value in GROUPS[name]), Counts.none(len(self.labels)))

    @property
    def fractions(self) -> list[float]:
        """Fractions of the ink that were evaluated, ascending."""
        return sorted({fraction for fraction, _ in self.counts})

    def summary(self) -> dict[str, Any]:
        """Protocol, calibration error and, per group and percentage of the ink, the summary of its counts; for cards."""
        return {
            "protocol": self.protocol,
            "calibration error": None if math.isnan(self.calibration) else self.calibration,
            **{
                name: {f"{fraction:.0%}": self.group(name, fraction).summary() for fraction in self.fractions}
                for name in GROUPS
            },
        }

    def per_class(self, name: str = "natural mix") -> dict[str, float]:
        """Top-1 on finished drawings of a group, of every class that it has drawings of."""
        top1 = zip(self.labels, self.group(name).per_class.tolist(), strict=True)
        return {label: share for label, share in top1 if not math.isnan(share)}


def evaluate(
    predictor: Predictor,
    store: AnyStore,
    split: str = "test",
    fractions: Sequence[float] = FRACTIONS,
    progress: Callable[[int], None] = lambda done: None,
) -> Evaluation:
    """Count how well a predictor guesses the rows of a split, each drawing once, at each fraction of the ink.

    It chooses among all labels that it knows, also where the store has only some of them. Raises ValueError where the
    store has a label that it does not know.
    """
    columns = predictor.columns_of(store.labels)
    rows = distinct_rows(store, split)
    none = Counts.none(len(predictor.labels))
    counts = {(fraction, value): none for fraction in fractions for value in GROUPS["all rows"]}
    natural = [(np.zeros((0, len(predictor.labels)), np.float32), np.zeros(0, np.int64))]
    for batch in batches_of(rows, BATCH) if len(rows) else []:
        drawings, label, recognized = store.gather(batch), columns[store.label[batch]], store.recognized[batch]
        for fraction in fractions:
            probabilities = predictor.probabilities(unfinished(drawings, fraction))
            for value in np.unique(recognized).tolist():
                mine = recognized == value
                counts[fraction, value] += count(probabilities[mine], label[mine])
            if fraction == 1:
                natural.append((probabilities[recognized >= 0], label[recognized >= 0]))
        progress(len(batch))
    protocol = (
        f"{split} split of {named(store)}, each key_id once, {len(rows)} drawings, "
        f"best of {len(predictor.labels)} labels; natural mix = rows whose recognized is known; "
        "unfinished = the simplified drawing cut by ink and boxed again"
    )
    error = calibration_error(*(np.concatenate(part) for part in zip(*natural, strict=True)))
    return Evaluation(predictor.labels, protocol, counts, error)


def unfinished(drawings: Drawings, fraction: float) -> Drawings:
    """The drawings as they stood at a fraction of their ink."""
    return drawings if fraction == 1 else Drawings.of([prefix(drawing, fraction) for drawing in drawings])
