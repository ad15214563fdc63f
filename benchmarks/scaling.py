"""How accuracy grows with the drawings that there are of each word, at equal steps, and what that says of more of them.

    python benchmarks/scaling.py STORE [--words 40] [--sizes 25 50 100 200 400] [--plot docs/scaling.png]

The same net, seed and number of steps for each size; what differs is how many different drawings of a word the steps
draw from. Labels only, no teacher. Judged are the last weights on the whole test split of those words. The error is fitted
as floor + factor × size^−exponent (Hestness et al. 2017, "Deep Learning Scaling is Predictable, Empirically"), by least
squares weighted by the sampling error, over resampled drawings. What it says of 150,000 drawings a word is an
extrapolation over more than two decades, and its interval holds neither the seeds' variance nor the doubt about the form.
Stopped at any moment, the same command goes on.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from provenance import provenance

from gribouille.checkpoint import LAST
from gribouille.course import TrainConfig
from gribouille.predict import predictor_of
from gribouille.sampling import batches_of, distinct_rows
from gribouille.store import Store, View, select
from gribouille.store.split import TRAIN
from gribouille.train import train

NETS = {  # starts, and how much of a picture: what the reader would take with little data, and with much
    "pretrained Lite0": TrainConfig(net="tf_efficientnet_lite0", pretrained="pypi"),
    "ResNet10t from scratch": TrainConfig(net="resnet10t"),
}
WHOLE = 150_000  # drawings a word in the whole data set
RESAMPLES = 400
UNEQUAL = 0.08  # of the drawings: whole epochs fit no closer, and a curve does not feel it
EXPONENTS = np.arange(0.05, 2.0, 0.01)


@dataclass(frozen=True, eq=False)
class Curve:
    """What was measured of a net: different drawings a word, and whether each test drawing was guessed [sizes, drawings]."""

    sizes: np.ndarray
    hits: np.ndarray


def configured(net: TrainConfig, size: int, rows: int, options: argparse.Namespace) -> TrainConfig:
    """A run of about `options.drawings` drawings a word, whatever the size: few of them are drawn more often.

    rows: the different drawings of all words together. Raises SystemExit where whole epochs miss the number by 8 %.
    """
    wanted = options.drawings * options.words
    epochs = max(1, round(wanted / rows))
    if abs(epochs * rows / wanted - 1) > UNEQUAL:
        raise SystemExit(
            f"size {size}: expected steps equal to {UNEQUAL:.0%}, found {epochs} x {rows} drawings for {wanted}"
        )
    settings = {
        "side": options.side, "epochs": epochs, "per_class": size, "batch": 64, "warmup": 0.1, "average": 0.99,
        "precision": "float32", "threads": 1, "validation": 1,
    }  # fmt: skip
    return TrainConfig(net=net.net, pretrained=net.pretrained, **settings)


def measured(name: str, store: Store, words: tuple[str, ...], options: argparse.Namespace) -> Curve:
    """Train and judge one net at every size."""
    sizes, found = [], []
    whole = select(store, f"word in {words}")
    for size in options.sizes:
        view = select(whole, max_per_class=size)
        rows = np.flatnonzero(view.split == TRAIN)
        sizes.append(len(rows) / len(words))
        out = options.out / f"{name.replace(' ', '-')}-{size}"
        card = train(view, out, configured(NETS[name], size, len(rows), options))
        kept = out / "hits.npy"
        if not kept.exists():
            np.save(kept, hits(out, whole))
        found.append(np.load(kept))
        print(
            f"{name:<24}{sizes[-1]:7.1f}  top-1 {100 * found[-1].mean():6.2f} %  n = {len(found[-1])}  "
            f"{card.drawings:,} drawings in {card.seconds:.0f} s",
            flush=True,
        )
    return Curve(np.array(sizes), np.stack(found))


def hits(run: Path, view: View) -> np.ndarray:
    """Whether each test drawing of the view was guessed."""
    predictor, rows = predictor_of(run / LAST), distinct_rows(view, "test")
    parts = [predictor.probabilities(view.gather(batch)).argmax(axis=1) for batch in batches_of(rows, 256)]
    return np.asarray(np.concatenate(parts) == view.label[rows])


def fitted(sizes: np.ndarray, error: np.ndarray, count: int) -> np.ndarray:
    """(floor, factor, exponent) of the error's law, none of them negative: for each exponent the other two are a line's."""
    weight = 1 / np.sqrt(np.maximum(error * (1 - error), 1e-4) / count)
    best, least = np.zeros(3), np.inf
    for exponent in EXPONENTS:
        shrunk = sizes**-exponent
        line = np.column_stack([np.ones(len(sizes)), shrunk]) * weight[:, None]
        floor, factor = np.linalg.lstsq(line, error * weight, rcond=None)[0]
        if floor < 0:
            floor, factor = 0.0, np.sum(error * shrunk * weight**2) / np.sum((shrunk * weight) ** 2)
        left = np.sum(((floor + factor * shrunk - error) * weight) ** 2)
        if factor >= 0 and left < least:
            best, least = np.array([floor, factor, exponent]), left
    return best


def law_of(law: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The error that the law expects at these sizes."""
    floor, factor, exponent = law
    return np.asarray(floor + factor * sizes**-exponent)


def laws(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """The fit of all drawings, and those of resampled ones."""
    error, count = 1 - curve.hits.mean(axis=1), curve.hits.shape[1]
    generator = np.random.default_rng(0)
    draws = [generator.integers(0, count, count) for _ in range(RESAMPLES)]
    resampled = [fitted(curve.sizes, 1 - curve.hits[:, draw].mean(axis=1), count) for draw in draws]
    return fitted(curve.sizes, error, count), np.stack(resampled)


def show(name: str, curve: Curve) -> None:
    """Prints a net's law."""
    law, resampled = laws(curve)
    print(f"\n{name}: error = {law[0]:.3f} + {law[1]:.3f} x size^-{law[2]:.3f}")
    if not EXPONENTS[1] <= law[2] <= EXPONENTS[-2]:
        print("  the exponent is at a bound: these points show no law, and what follows is no forecast")
    for size in (1_000, 10_000, WHOLE):
        low, high = np.percentile([1 - law_of(each, np.array(float(size))) for each in resampled], [2.5, 97.5])
        expected = 100 * (1 - law_of(law, np.array(float(size))))
        print(f"  {size:>8,} drawings a word: top-1 {expected:.1f} [{100 * low:.1f}, {100 * high:.1f}]")


def plot(curves: dict[str, Curve], path: Path) -> None:
    """Draws the measured points and their laws, on logarithmic axes."""
    mpl.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    span = np.geomspace(20, WHOLE, 200)
    for colour, (name, curve) in zip(("#1b6ca8", "#c8553d"), curves.items(), strict=False):
        law, resampled = laws(curve)
        error, count = 1 - curve.hits.mean(axis=1), curve.hits.shape[1]
        doubt = 1.96 * np.sqrt(error * (1 - error) / count)
        axes.errorbar(curve.sizes, 100 * error, 100 * doubt, fmt="o", color=colour, label=name)
        axes.plot(span, 100 * law_of(law, span), color=colour, lw=1)
        low, high = np.percentile([law_of(each, span) for each in resampled], [2.5, 97.5], axis=0)
        axes.fill_between(span, 100 * low, 100 * high, color=colour, alpha=0.15, lw=0)
    axes.set(xscale="log", yscale="log", xlabel="different drawings of each word", ylabel="top-1 error, %")
    axes.set_yticks([5, 10, 20, 50], ["5", "10", "20", "50"])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=130)


def main() -> None:
    """Runs, fits and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--out", type=Path, default=Path("runs/scaling"))
    parser.add_argument("--words", type=int, default=40)
    parser.add_argument("--sizes", type=int, nargs="+", default=[25, 50, 100, 200, 400])
    parser.add_argument("--drawings", type=int, default=400, help="of each word, seen in a run")
    parser.add_argument("--side", type=int, default=48)
    parser.add_argument("--nets", nargs="+", choices=list(NETS), default=list(NETS))
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    store = Store.open(options.store)
    chosen = np.sort(np.random.default_rng(0).permutation(len(store.labels))[: options.words])
    words = tuple(store.labels[index] for index in chosen)
    print(provenance("torch", "timm", "numpy"))
    print(f"{options}\n")
    curves = {name: measured(name, store, words, options) for name in options.nets}
    for name, curve in curves.items():
        show(name, curve)
    if options.plot:
        plot(curves, options.plot)


if __name__ == "__main__":
    main()
