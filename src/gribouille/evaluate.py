"""How good a recogniser is on a store's drawings: finished and unfinished, natural mix and recognized ones apart.

Natural mix means rows whose `recognized` is known (true or false): rows that lost the field come mostly from a sample of
recognized drawings, on which every score is about 4 points higher (../shared/data/README.md).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64
from torch import nn

from gribouille.checkpoint import load_weights
from gribouille.distil import Predict, in_order, teacher_of
from gribouille.drawing import Drawings, prefix
from gribouille.metrics import Counts, count
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec
from gribouille.sampling import batches_of
from gribouille.store import Store
from gribouille.store.split import SPLITS

FRACTIONS = (0.25, 0.5, 0.75, 1.0)  # of the ink
BATCH = 256  # drawings
GROUPS = {"recognized": (1,), "natural mix": (0, 1), "all rows": (-1, 0, 1)}


@dataclass(frozen=True)
class Evaluation:
    """Counts by fraction of the ink and by the value of `recognized` (1 true, 0 false, −1 lost), and what was counted."""

    labels: tuple[str, ...]
    protocol: str
    counts: dict[tuple[float, int], Counts]

    def group(self, name: str, fraction: float = 1.0) -> Counts:
        """The counts of a group ("recognized", "natural mix" or "all rows") at a fraction of the ink."""
        return sum((self.counts[fraction, value] for value in GROUPS[name]), Counts.none(len(self.labels)))

    @property
    def fractions(self) -> list[float]:
        """Fractions of the ink that were evaluated, ascending."""
        return sorted({fraction for fraction, _ in self.counts})

    def summary(self) -> dict[str, Any]:
        """Protocol and, per group and percentage of the ink, the summary of its counts; for cards."""
        return {
            "protocol": self.protocol,
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
    predict: Predict,
    store: Store,
    split: str = "test",
    fractions: Sequence[float] = FRACTIONS,
    progress: Callable[[int], None] = lambda done: None,
) -> Evaluation:
    """Count how well `predict` guesses the rows of a split, each drawing once, at each fraction of the ink."""
    rows = distinct_rows(store, split)
    none = Counts.none(len(store.labels))
    counts = {(fraction, value): none for fraction in fractions for value in GROUPS["all rows"]}
    for batch in batches_of(rows, BATCH):
        drawings, label, recognized = store.gather(batch), store.label[batch], store.recognized[batch]
        for fraction in fractions:
            probabilities = predict(unfinished(drawings, fraction))
            for value in np.unique(recognized).tolist():
                mine = recognized == value
                counts[fraction, value] += count(probabilities[mine], label[mine])
        progress(len(batch))
    protocol = (
        f"{split} split of store {store.hash[:12]}, each key_id once, {len(rows)} drawings; "
        "natural mix = rows whose recognized is known; cut by ink and re-boxed"
    )
    return Evaluation(tuple(store.labels), protocol, counts)


def distinct_rows(store: Store, split: str) -> Int64[np.ndarray, "rows"]:
    """The rows of a split, without a second row of the same key_id; a row that knows `recognized` is preferred."""
    if split not in SPLITS:
        raise ValueError(f"split: expected one of {SPLITS}, found {split!r}")
    rows = np.flatnonzero(store.split == SPLITS.index(split))
    known_first = rows[np.argsort(store.recognized[rows] < 0, kind="stable")]
    _, firsts = np.unique(store.key_id[known_first], return_index=True)
    unkeyed = np.flatnonzero(~store.keyed[known_first])
    return np.sort(known_first[np.union1d(firsts, unkeyed)])


def unfinished(drawings: Drawings, fraction: float) -> Drawings:
    """The drawings as they stood at a fraction of their ink."""
    return drawings if fraction == 1 else Drawings.of([prefix(drawing, fraction) for drawing in drawings])


def net_predict(net: nn.Module, spec: RasterSpec) -> Predict:
    """Probabilities by a torch net on pictures of the numba kernel, on the device where the net lies."""
    device = next(net.parameters()).device

    def predict(drawings: Drawings) -> np.ndarray:
        images = torch.from_numpy(rasterise(drawings, spec)).to(device, memory_format=torch.channels_last)
        with torch.inference_mode():
            probabilities: np.ndarray = net.eval()(images).float().softmax(dim=1).cpu().numpy()
        return probabilities

    return predict


def predict_of(path: Path, labels: Sequence[str]) -> Predict:
    """Probabilities in the order of `labels` by a training run, a weights file, a model file or a public teacher."""
    if path.suffix == ".onnx":
        return teacher_of(path, labels)
    net, card = load_weights(path)
    return in_order(net_predict(net, card.spec), card.labels, labels, path)
