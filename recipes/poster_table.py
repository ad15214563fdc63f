"""The poster's four rows beside ours and a peer, on the very same drawings: runs and ensembles in, a Markdown table out.

    python recipes/poster_table.py STORE WORK SEED… [--beside NAME=MODEL …]

WORK holds a folder for each SEED, with `fixed`, `targeted`, `linear` and `mean` in it (recipes/poster.sh makes them). Judged are
finished test drawings whose `recognized` is known (the natural mix) and the recognized ones among them. A figure is the mean over
seeds; in brackets its 95 % interval over drawings (2,000 resamples of the drawings, the same ones for every row), after ± how far
the seeds spread (standard deviation). What a model answered is kept in WORK, under the hash of its file, so that a second call
costs nothing.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from gribouille.answers import Outcomes
from gribouille.checkpoint import BEST, write_text
from gribouille.ensemble import ENSEMBLE
from gribouille.evaluate import EvaluateOptions, evaluate, rows_of
from gribouille.metrics.counts import PLACES, SIXTHS
from gribouille.predict import predictor_of
from gribouille.store import AnyStore, Store, select

POSTER = {
    "fixed": ("fixed N", "77.57", "83.78"),
    "targeted": ("targeted sampling", "79.58", "85.42"),
    "linear": ("ensemble, linear layer", "75.92", "82.64"),
    "mean": ("ensemble, mean", "79.93", "85.66"),
}
RESAMPLES = 2_000
OPTIONS = EvaluateOptions(fractions=(1.0,), calibrated_on=0)


@dataclass(frozen=True, eq=False)
class Row:
    """A line of the table: each seed's places of the right labels [seeds, drawings], and the poster's figures."""

    name: str
    places: np.ndarray
    poster: tuple[str, str] = ("", "")


def places(model: Path, store: AnyStore, work: Path) -> np.ndarray:
    """The place (0, 1, 2, 3: later) of the right label of every drawing, asked once."""
    file = next((model / name for name in (BEST, ENSEMBLE) if (model / name).is_file()), model)
    kept = work / "answers" / f"{sha256(file.read_bytes()).hexdigest()[:16]}-{store.hash[:12]}.json"
    if not kept.exists():
        predictor, outcomes = predictor_of(model), Outcomes()
        evaluate(predictor, store, OPTIONS, watch=outcomes)
        found = np.minimum(outcomes.of(predictor.labels).place, PLACES - 1).tolist()
        write_text(kept, json.dumps(found))
    return np.array(json.loads(kept.read_text(encoding="utf-8")))


def figures(row: Row, chosen: np.ndarray) -> list[str]:
    """Accuracy and MAP@3 of some of the drawings, as percentages with their interval and spread."""
    told = []
    if not chosen.any():
        return ["–", "–"]
    for weights in (np.array([1.0, 0, 0, 0]), SIXTHS / 6):
        scores = 100 * weights[row.places[:, chosen]]
        low, high = interval(scores.mean(axis=0))
        spread = f" ± {scores.mean(axis=1).std(ddof=1):.2f}" if len(scores) > 1 else ""
        told.append(f"{scores.mean():.2f}{spread} [{low:.1f}, {high:.1f}]")
    return told


def interval(scores: np.ndarray) -> tuple[float, float]:
    """Where the mean of drawings' scores lies, by resampling the drawings: there are few different scores, so their numbers are
    resampled."""
    values, numbers = np.unique(scores, return_counts=True)
    drawn = np.random.default_rng(0).multinomial(len(scores), numbers / len(scores), size=RESAMPLES)
    low, high = np.quantile(drawn @ values / len(scores), [0.025, 0.975])
    return float(low), float(high)


def difference(one: Row, other: Row) -> str:
    """How the accuracy of one row differs from that of another, paired over drawings, and in how many seeds it is higher."""
    gain = 100 * ((one.places == 0).astype(float) - (other.places == 0))
    low, high = interval(gain.mean(axis=0))
    higher = int((gain.mean(axis=1) > 0).sum())
    return (
        f"{one.name} less {other.name}: {gain.mean():+.2f} points [{low:+.2f}, {high:+.2f}], "
        f"higher with {higher} of {len(gain)} seeds"
    )


def table(rows: list[Row], recognized: np.ndarray) -> str:
    """The table, the natural mix first."""
    groups = {"natural mix": np.ones(len(recognized), bool), "recognized": recognized}
    head = [
        f"{name}, n = {mine.sum():,}: {measure}" for name, mine in groups.items() for measure in ("accuracy", "MAP@3")
    ]
    lines = [f"| | {' | '.join(head)} | *poster, n = 340,000: accuracy* | *MAP@3* |", "|" + "---|" * 7]
    for row in rows:
        cells = [cell for mine in groups.values() for cell in figures(row, mine)]
        lines.append(
            f"| {row.name} | {' | '.join(cells)} | {' | '.join(f'*{one}*' if one else '–' for one in row.poster)} |"
        )
    return "\n".join(lines)


def lines_of(store: AnyStore, work: Path, seeds: Sequence[str], beside: Mapping[str, Path]) -> list[Row]:
    """The poster's rows, then those beside it. Raises ValueError where a seed lacks a row."""
    missing = [work / seed / name for seed in seeds for name in POSTER if not (work / seed / name).is_dir()]
    if missing:
        raise ValueError(f"{missing[0]}: expected a run or an ensemble of recipes/poster.sh, found none")
    ours = [
        Row(title, np.stack([places(work / seed / name, store, work) for seed in seeds]), (accuracy, map3))
        for name, (title, accuracy, map3) in POSTER.items()
    ]
    return ours + [Row(name, places(model, store, work)[None]) for name, model in beside.items()]


def main() -> None:
    """Prints the table, and what separates its rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("seeds", nargs="+", metavar="SEED")
    parser.add_argument("--beside", action="append", default=[], metavar="NAME=MODEL")
    options = parser.parse_args()
    store = select(Store.open(options.store), "recognized is not None")
    held, labels = store.store.card.rows, len(store.labels)
    print(f"- data: {held:,} drawings of {labels} words (the poster: 49.7 million of 340)\n")
    named = (each.partition("=") for each in options.beside)
    rows = lines_of(store, options.work, options.seeds, {name: Path(path) for name, _, path in named})
    print(table(rows, store.recognized[rows_of(store, OPTIONS)] == 1))
    fixed, targeted, linear, mean, *peers = rows
    pairs = [(targeted, fixed), (mean, fixed), (mean, linear), *((peer, mean) for peer in peers)]
    differences = "; ".join(difference(*pair) for pair in pairs)
    print(f"\nPaired, natural mix: {differences}.")
    seeds = len(fixed.places)
    print(
        f"{seeds} seed{'s' * (seeds > 1)}; test split of store {store.hash[:12]}, finished drawings, each key_id once."
    )


if __name__ == "__main__":
    main()
