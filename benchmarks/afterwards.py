"""What can still be done with a trained net, and what each of it is worth, on the natural mix of the test split.

    python benchmarks/afterwards.py MODEL STORE [--beside MODEL …] [--run RUN]

MODEL, a model file, is the first row; every other row is a difference to it with its 95 % interval over drawings: the same
net without the rounding of its weights (RUN); the mean of its answers about a drawing and about its mirror image (twice the
time); its answers divided by how often its words stand in the training split, and multiplied by it; and the mean with other
models, which must know the same words. Below, its calibration error at each fraction of the ink, and what a model would
measure that is calibrated perfectly and as sure of itself: with some thousand drawings that is far from nothing. Nothing is
fitted to a test drawing.
"""

import argparse
from pathlib import Path

import numpy as np
from provenance import provenance
from sampling import interval

from gribouille.drawing import Drawings
from gribouille.evaluate import FRACTIONS, unfinished
from gribouille.metrics import reliability
from gribouille.predict import Predictor, predictor_of
from gribouille.sampling import batches_of, distinct_rows
from gribouille.store import Store
from gribouille.store.split import TRAIN


def answers(
    predictor: Predictor, store: Store, rows: np.ndarray, fraction: float = 1.0, mirror: bool = False
) -> np.ndarray:
    """The probabilities of the store's labels for these rows [rows, labels]."""
    columns, found = predictor.columns_of(store.labels), []
    for batch in batches_of(rows, 128):
        drawings = unfinished(store.gather(batch), fraction)
        found.append(predictor.probabilities(mirrored(drawings) if mirror else drawings)[:, columns])
    return np.concatenate(found)


def mirrored(drawings: Drawings) -> Drawings:
    """The drawings, left to right."""
    points = drawings.points.copy()
    for begin, end in zip(drawings.offsets[:-1], drawings.offsets[1:], strict=True):
        points[begin:end, 0] = points[begin:end, 0].max(initial=0) - points[begin:end, 0]
    return Drawings(points, drawings.offsets)


def error_of_perfection(probabilities: np.ndarray, repeats: int = 200) -> tuple[float, float, float]:
    """The calibration error of as many answers that are right exactly as often as they say: its mean, 5 % and 95 %."""
    generator, classes = np.random.default_rng(0), probabilities.shape[1]
    best, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    found = [
        reliability(probabilities, np.where(generator.random(len(best)) < sure, best, (best + 1) % classes)).error
        for _ in range(repeats)
    ]
    low, high = np.quantile(found, [0.05, 0.95])
    return float(np.mean(found)), float(low), float(high)


def precision_at_three(probabilities: np.ndarray, label: np.ndarray) -> np.ndarray:
    """1, ½ or ⅓ by the place of the right label among the first three, else 0."""
    places = np.argsort(-probabilities, axis=1)[:, :3] == label[:, None]
    return np.asarray((places / np.array([1, 2, 3])).sum(axis=1))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("store", type=Path)
    parser.add_argument("--beside", type=Path, nargs="*", default=[])
    parser.add_argument("--run", type=Path, help="the training run that the model was exported from")
    options = parser.parse_args()
    store = Store.open(options.store)
    rows = distinct_rows(store, "test")
    rows = rows[store.recognized[rows] >= 0]
    label = store.label[rows].astype(np.int64)
    model = predictor_of(options.model)
    own = answers(model, store, rows)
    frequency = np.bincount(store.label[store.split == TRAIN], minlength=len(store.labels)).astype(float)
    frequency = np.maximum(frequency, 1) / frequency.mean()
    ways = {
        options.model.name: own,
        "mean with its mirror image": (own + answers(model, store, rows, mirror=True)) / 2,
        "divided by the words' frequency": own / frequency,
        "times the words' frequency": own * frequency,
    }
    if options.run:
        ways["weights not rounded"] = answers(predictor_of(options.run), store, rows)
    others = {path: answers(predictor_of(path), store, rows) for path in options.beside}
    for path, theirs in others.items():
        ways[f"{path} alone"] = theirs
        ways[f"mean with {path}"] = (own + theirs) / 2
    if len(others) > 1:
        ways["mean with all of these"] = np.mean([own, *others.values()], axis=0)
    print(provenance("onnxruntime", "numpy"))
    print(
        f"natural mix of the test split of store {store.hash[:12]}, n = {len(rows)}; top-1 and MAP@3 in %, differences\n"
    )
    first, third = own.argmax(1) == label, precision_at_three(own, label)
    for name, mine in ways.items():
        right, precision = mine.argmax(1) == label, precision_at_three(mine, label)
        print(
            f"{name:<44}{100 * right.mean():6.2f}  {interval(right - first.astype(float))}   "
            f"{100 * precision.mean():6.2f}  {interval(precision - third)}"
        )
    print(
        "\ncalibration error of the first, %, at each fraction of the ink; what perfect calibration would measure (5 % – 95 %)"
    )
    for fraction in FRACTIONS:
        said = own if fraction == 1 else answers(model, store, rows, fraction)
        mean, low, high = (100 * each for each in error_of_perfection(said))
        print(f"{fraction:5.0%}  {100 * reliability(said, label).error:5.2f}   {mean:5.2f} ({low:.2f} – {high:.2f})")


if __name__ == "__main__":
    main()
