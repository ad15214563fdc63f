"""How unfinished drawings are judged, beside how the page sees them: accuracy on both, for the same drawings.

    python benchmarks/unfinished.py [--model MODEL] [--raw ../shared/data/raw]

`evaluate` cuts the simplified drawing by ink (`prefix`); the page simplifies the raw strokes as far as they go, at the scale
that they have by then. Raw drawings of the validation and test splits, natural mix; both ways with the shipped model.
"""

import argparse
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from provenance import REPOSITORY, provenance

from gribouille.drawing import Drawing, Drawings, Strokes, canonical, checked_strokes, prefix
from gribouille.predict import Predictor, predictor_of
from gribouille.recogniser import SHIPPED
from gribouille.store.split import TRAIN, split_of

FRACTIONS = (0.25, 0.5, 0.75, 1.0)  # of the ink


def held_out(folder: Path) -> Iterator[tuple[str, Strokes]]:
    """Word and strokes, without times, of the raw drawings that no training touched."""
    for path in sorted(folder.glob("*.ndjson.gz")):
        with gzip.open(path) as lines:
            for record in map(json.loads, lines):
                key = np.array([int(record["key_id"])], np.uint64)
                if split_of(key, np.ones(1, bool), Drawings.of([]))[0] != TRAIN:
                    yield record["word"], [stroke[:2] for stroke in record["drawing"]]


def begun(strokes: Strokes, fraction: float) -> Strokes:
    """Raw strokes as they stood when a fraction of their ink was drawn."""
    polylines = checked_strokes(strokes)
    ink = fraction * sum(float(lengths(stroke).sum()) for stroke in polylines)
    kept = []
    for stroke in polylines:
        steps = lengths(stroke)
        if steps.sum() >= ink:
            reached = np.concatenate([[0.0], np.cumsum(steps)])
            at = [np.interp(ink, reached, stroke[:, column]) for column in (0, 1)]
            kept.append(np.vstack([stroke[reached < ink], at]).T.tolist())
            return kept
        kept.append(stroke.T.tolist())
        ink -= float(steps.sum())
    return kept


def lengths(stroke: np.ndarray) -> np.ndarray:
    """The lengths of a stroke's segments, in its own unit."""
    return np.sqrt((np.diff(stroke, axis=0) ** 2).sum(axis=1))


def top1(predictor: Predictor, drawings: list[Drawing], label: np.ndarray) -> float:
    """The share of drawings whose most probable label is the right one."""
    return float((predictor.probabilities(Drawings.of(drawings)).argmax(axis=1) == label).mean())


def main() -> None:
    """Print both accuracies, the share of equal answers, and the mean numbers of points at each fraction."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--raw", type=Path, default=REPOSITORY.parent / "shared" / "data" / "raw")
    options = parser.parse_args()
    predictor = predictor_of(options.model)
    words, strokes = zip(*held_out(options.raw), strict=True)
    label = predictor.columns_of(words)
    print(provenance("onnxruntime", "numpy"))
    print(f"{len(words)} raw drawings of the validation and test splits, natural mix, {options.model.name}")
    print("ink     evaluate's cut   the page's      mean points of each")
    for fraction in FRACTIONS:
        ours = [prefix(canonical(one), fraction) for one in strokes]
        pages = [canonical(begun(one, fraction)) for one in strokes]
        points = [np.mean([len(drawing) for drawing in drawings]) for drawings in (ours, pages)]
        shares = [top1(predictor, drawings, label) for drawings in (ours, pages)]
        print(f"{fraction:4.0%}   {shares[0]:13.1%} {shares[1]:13.1%}   {points[0]:10.1f} {points[1]:10.1f}")


if __name__ == "__main__":
    main()
