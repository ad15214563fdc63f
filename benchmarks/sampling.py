"""What the four samplings are worth at equal numbers of drawings: the same net, classes, split and seeds for each.

    python benchmarks/sampling.py STORE [--out runs/sampling] [--seeds 3] [--epochs 40] [--per-class 60]

The classes hold the pairs that targeted sampling flipped in the student project (field.md §1) and others beside them.
The store's own test split has about 41 drawings of a class, too few for intervals: rows that are no copy of another and
not training-only are divided anew, 50 % to learn, 15 % for the accuracy that the sampler goes by, 35 % to judge. Judged
are the last weights, so that no selection favours anybody. Stopped at any moment, the same command goes on.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from provenance import provenance
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gribouille.checkpoint import LAST
from gribouille.course import TrainConfig
from gribouille.predict import predictor_of
from gribouille.sampling import batches_of
from gribouille.store import Store, View
from gribouille.store.split import TEST, TRAIN, VALIDATION
from gribouille.tracking import TENSORBOARD
from gribouille.train import train

PAIRS = (("cake", "birthday cake"), ("bus", "school bus"), ("guitar", "violin"), ("tornado", "hurricane"))
OTHERS = (
    *("cello", "trombone", "pool", "frog", "truck", "van", "firetruck", "bear"),
    *("lollipop", "tree", "church", "star", "snowman", "envelope", "ladder", "rainbow"),
)
SAMPLINGS = ("uniform", "fixed", "targeted", "stabilised")
SHARES = {TRAIN: 0.5, VALIDATION: 0.15, TEST: 0.35}
RESAMPLES = 4000


@dataclass(frozen=True, eq=False)
class Judged:
    """What a sampling's runs guessed: the label of every test drawing, and each seed's best guess [seeds, drawings]."""

    label: np.ndarray
    guessed: np.ndarray

    @property
    def right(self) -> np.ndarray:
        """The share of seeds that guessed each drawing."""
        return np.asarray((self.guessed == self.label).mean(axis=0))


def divided(store: Store) -> View:
    """The chosen classes of the store, divided anew."""
    names = tuple(sorted({name for pair in PAIRS for name in pair} | set(OTHERS)))
    judged = np.zeros(len(store), bool)
    for source in store.card.sources:
        judged[source.start : source.stop] = not source.training_only
    rows = np.flatnonzero(judged & store.keyed & np.isin(store.label, np.flatnonzero(np.isin(store.labels, names))))
    _, firsts = np.unique(store.key_id[rows], return_index=True)
    rows = rows[np.sort(firsts)]
    place = np.random.default_rng(0).permutation(len(rows)) / len(rows)
    split = np.full(len(rows), TEST, np.uint8)
    split[place < SHARES[TRAIN] + SHARES[VALIDATION]] = VALIDATION
    split[place < SHARES[TRAIN]] = TRAIN
    return View(store, names, rows, split)


def judged(view: View, runs: list[Path]) -> Judged:
    """The guesses of the runs' last weights for the view's test drawings."""
    rows = np.flatnonzero(view.split == TEST)
    guessed = []
    for run in runs:
        predictor = predictor_of(run / LAST)
        parts = [predictor.probabilities(view.gather(batch)).argmax(axis=1) for batch in batches_of(rows, 256)]
        guessed.append(np.concatenate(parts))
    return Judged(view.label[rows].astype(np.int64), np.stack(guessed))


def interval(values: np.ndarray) -> str:
    """The mean in % with its 95 % interval, over resampled drawings."""
    generator = np.random.default_rng(0)
    means = values[generator.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{100 * values.mean():6.2f} [{100 * low:6.2f}, {100 * high:6.2f}]"


def gaps_of(result: Judged, view: View, pair: tuple[str, str]) -> np.ndarray:
    """Recall of the first minus recall of the second class of a pair, in points, of each seed."""
    one, other = ((result.guessed[:, result.label == k] == k).mean(axis=1) for k in map(view.labels.index, pair))
    return np.asarray(100 * (one - other))


def swing(run: Path) -> float:
    """How far the gaps of the pairs moved from one validation to the next, in points: mean over pairs and the run's
    second half.

    nan for a run without TensorBoard files.
    """
    events = EventAccumulator(str(run / TENSORBOARD), size_guidance={"scalars": 0}).Reload()
    if not events.Tags()["scalars"]:
        return float("nan")
    moved = []
    for pair in PAIRS:
        one, other = (np.array([event.value for event in events.Scalars(f"words/{name}")]) for name in pair)
        moved.append(np.abs(np.diff((one - other)[len(one) // 2 :])).mean())
    return float(100 * np.mean(moved))


def show(results: dict[str, Judged], view: View, swings: dict[str, list[float]]) -> None:
    """Prints the tables."""
    fixed = results["fixed"].right
    print("\ntop-1 % with its 95 % interval over drawings, each seed, the difference to fixed, and the mean of classes")
    for name, result in results.items():
        each = " ".join(f"{100 * share:6.2f}" for share in (result.guessed == result.label).mean(axis=1))
        classes = np.mean([result.right[result.label == k].mean() for k in range(len(view.labels))])
        print(f"{name:<12}{interval(result.right)}   {each:<24}{interval(result.right - fixed)}   {100 * classes:6.2f}")
    print(
        "\nrecall % of both classes of a pair (mean of seeds), of the pair together, and the gap between the two, seed by seed"
    )
    for pair in PAIRS:
        mine = [view.labels.index(name) for name in pair]
        for name, result in results.items():
            one, other = (100 * result.right[result.label == k].mean() for k in mine)
            gaps = " ".join(f"{gap:+6.1f}" for gap in gaps_of(result, view, pair))
            together = interval(result.right[np.isin(result.label, mine)])
            print(f"{' / '.join(pair):<24}{name:<12}{one:5.1f} / {other:5.1f}   {together}   {gaps}")
    print("\nmean |gap| over pairs and seeds, and how far gaps moved between validations in the second half, in points")
    for name, result in results.items():
        gap = np.mean([np.abs(gaps_of(result, view, pair)) for pair in PAIRS])
        print(f"{name:<12}{gap:5.1f}   {np.nanmean(swings[name]):5.1f}")


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--out", type=Path, default=Path("runs/sampling"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--per-class", type=int, default=60)
    parser.add_argument("--net", default="resnet10t")
    parser.add_argument("--side", type=int, default=48)
    options = parser.parse_args()
    view = divided(Store.open(options.store))
    print(provenance("torch", "timm", "numpy"))
    print(f"{len(view.labels)} classes; {view.card.splits}; {options}")
    runs = {
        (sampling, seed): options.out / f"{sampling}-{seed}" for seed in range(options.seeds) for sampling in SAMPLINGS
    }
    for (sampling, seed), out in runs.items():
        config = TrainConfig(
            net=options.net, side=options.side, epochs=options.epochs, per_class=options.per_class, batch=96,
            warmup=0.15, average=0.99, threads=1, seed=seed, sampling=sampling, validation=10**6,
        )  # fmt: skip
        card = train(view, out, config)
        print(f"{out.name}: {card.drawings:,} drawings in {card.seconds:.0f} s", flush=True)
    results = {
        sampling: judged(view, [runs[sampling, seed] for seed in range(options.seeds)]) for sampling in SAMPLINGS
    }
    swings = {sampling: [swing(runs[sampling, seed]) for seed in range(options.seeds)] for sampling in SAMPLINGS}
    show(results, view, swings)


if __name__ == "__main__":
    main()
