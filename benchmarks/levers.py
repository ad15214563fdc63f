"""What each lever of training is worth, alone: the same words, drawings, steps and seed for each, one setting changed.

    python benchmarks/levers.py STORE --teacher A.safetensors [--teacher B.safetensors] [--live A.onnx] [--words 40] [--seeds 2]
        [--only NAME …]

A study of few words and drawings, to choose by before a long run. Only training rows of the store are used, so that
nothing is chosen by a validation or test drawing: three quarters of them to learn, one to judge (copies of a drawing on the
same side). Judged are the last weights, on finished drawings and on drawings cut at half of their ink. Every row of the
table is a difference to the first, drawing by drawing and seed by seed, with its 95 % interval over drawings; behind it the
same for each seed alone: what they differ by among themselves is what no row's difference may be read below. Stopped at
any moment, the same command goes on.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from changes import (
    capped,
    changed,
    clumsy,
    finished_by_another,
    judgeable,
    natural_more_often,
    simplified_again,
    strokes_reordered,
    unrecognized_more_often,
    with_a_foreign_stroke,
    without_a_stroke,
    without_extra,
)
from provenance import provenance
from sampling import interval

from gribouille.checkpoint import LAST, Card
from gribouille.course import TrainConfig
from gribouille.distil import AskedAbout, LiveTeacher, SoftLabels, Teacher, load_soft_labels, mean_of
from gribouille.evaluate import unfinished
from gribouille.predict import Predictor, predictor_of
from gribouille.sampling import batches_of
from gribouille.store import Store, View
from gribouille.store.split import TEST, TRAIN, splitmix64
from gribouille.train import train

JUDGED = 0.25  # of the training rows
BASE = TrainConfig(
    net="tf_efficientnet_lite0", pretrained="pypi", side=48, epochs=8, per_class=50, batch=64, warmup=0.1, smoothing=0.05,
    average=0.99, precision="float32", threads=1, validation=1,
)  # fmt: skip


@dataclass(frozen=True)
class Lever:
    """One setting other than the base's, how many of the teachers given speak (−1: all of them), what a live one is asked
    about in their place, and what is done to the drawings that are learned from."""

    name: str
    config: TrainConfig
    teachers: int = 1
    asked_about: AskedAbout | None = None
    change: Callable[[View], View] = lambda view: view


def augmented(**changes: float) -> TrainConfig:
    """The base with another augmentation."""
    return replace(BASE, augmentation=replace(BASE.augmentation, **changes))


LEVERS = (
    Lever("base: pretrained Lite0, 48 px, one teacher at 0.7", BASE),
    Lever("labels only", BASE, 0),
    Lever("two teachers' mean", BASE, -1),
    Lever("teacher at 0.4", replace(BASE, soft_weight=0.4)),
    Lever("teacher at 1, no labels", replace(BASE, soft_weight=1.0)),
    Lever("live teacher asked about the whole, warped", BASE, asked_about="whole"),
    Lever("live teacher asked about what is seen", BASE, asked_about="seen"),
    Lever("Lite0 from scratch", replace(BASE, pretrained="")),
    Lever("ResNet10t from scratch", replace(BASE, net="resnet10t", pretrained="")),
    Lever("ResNet18 from scratch", replace(BASE, net="resnet18", pretrained="")),
    Lever("32 px", replace(BASE, side=32)),
    Lever("64 px", replace(BASE, side=64)),
    Lever("96 px", replace(BASE, side=96)),
    Lever("128 px", replace(BASE, side=128)),
    Lever("growing from 32 px", replace(BASE, grow_from=32)),
    Lever("ink only", replace(BASE, channels="ink")),
    Lever("ink and time", replace(BASE, channels="ink,time")),
    Lever("line half as wide", replace(BASE, line=BASE.line / 2)),
    Lever("line twice as wide", replace(BASE, line=BASE.line * 2)),
    Lever("no warp", augmented(rotation=0.0, stretch=0.0, shear=0.0, jitter=0.0)),
    Lever("no mirror", augmented(mirror=0.0)),
    Lever("warp half as strong", augmented(rotation=5.0, stretch=0.125, shear=0.075, jitter=0.75)),
    Lever("warp twice as strong", augmented(rotation=20.0, stretch=0.5, shear=0.3, jitter=3.0)),
    Lever("wave of 8", augmented(wave=8.0)),
    Lever("nothing cut", augmented(cut=0.0)),
    Lever("two thirds cut", augmented(cut=0.67)),
    Lever("no smoothing", replace(BASE, smoothing=0.0)),
    Lever("smoothing 0.1", replace(BASE, smoothing=0.1)),
    Lever("no moving average", replace(BASE, average=0.0)),
    Lever("rate half as high", replace(BASE, rate=BASE.rate / 2)),
    Lever("rate twice as high", replace(BASE, rate=BASE.rate * 2)),
    Lever("uniform sampling", replace(BASE, sampling="uniform")),
    Lever("twice as long", replace(BASE, epochs=2 * BASE.epochs)),
    Lever("four times as long", replace(BASE, epochs=4 * BASE.epochs)),
    Lever("a stroke dropped, half of them", BASE, change=changed(without_a_stroke, 0.5)),
    Lever("strokes reordered, half of them", BASE, change=changed(strokes_reordered, 0.5)),
    Lever("simplified again, half of them", BASE, change=changed(simplified_again, 0.5)),
    Lever("a foreign stroke, a third of them", BASE, change=changed(with_a_foreign_stroke, 1 / 3)),
    Lever("two drawings of a word mixed, a third of them", BASE, change=changed(finished_by_another, 1 / 3)),
    Lever("clumsy as unrecognized ones, a fifth of them", BASE, change=changed(clumsy, 0.2)),
    Lever("natural mix three times", BASE, change=natural_more_often),
    Lever("unrecognized six times", BASE, change=unrecognized_more_often),
    Lever("without what others simplified", BASE, change=without_extra),
    Lever("at most 300 rows a word", BASE, change=capped),
)


def divided(store: Store, words: int) -> View:
    """Training rows of random words of the store, divided by a hash of the drawing into some to learn and some to judge."""
    chosen = np.sort(np.random.default_rng(0).permutation(len(store.labels))[:words])
    rows = np.flatnonzero((store.split == TRAIN) & store.keyed & np.isin(store.label, chosen))
    judged = judgeable(store)
    # Both forms of one drawing fall on the same side; a form that may not be judged is learned from or left out.
    tested = splitmix64(store.key_id[rows] + np.uint64(1)) < np.uint64(JUDGED * 2**64)
    rows, tested = rows[~tested | judged[rows]], tested[~tested | judged[rows]]
    _, firsts = np.unique(store.key_id[rows], return_index=True)
    rows, tested = rows[np.sort(firsts)], tested[np.sort(firsts)]
    names = tuple(store.labels[index] for index in chosen)
    return View(store, names, rows, np.where(tested, TEST, TRAIN).astype(np.uint8))


def of_view(labels: SoftLabels, view: View) -> SoftLabels:
    """A teacher's answers about a store's drawings as answers about a view's."""
    columns = [view.store.labels.index(name) for name in view.labels]
    return SoftLabels(labels.probabilities[view.rows][:, columns], view.hash, labels.teacher)


def taught(lever: Lever, view: View, teachers: list[SoftLabels], live: Path | None) -> Teacher | None:
    """The teachers that the lever asks."""
    if lever.asked_about:
        assert live is not None
        return LiveTeacher.open(live, view, lever.config.augmentation, lever.asked_about)
    chosen = teachers if lever.teachers < 0 else teachers[: lever.teachers]
    return mean_of([of_view(labels, view) for labels in chosen]) if chosen else None


def hits(predictor: Predictor, view: View, fraction: float) -> np.ndarray:
    """Whether each judged drawing, stopped at a fraction of its ink, was guessed."""
    rows = np.flatnonzero(view.split == TEST)
    found = []
    for batch in batches_of(rows, 256):
        probabilities = predictor.probabilities(unfinished(view.gather(batch), fraction))
        found.append(probabilities.argmax(axis=1) == view.label[batch])
    return np.concatenate(found)


def judged(
    lever: Lever, view: View, teachers: list[SoftLabels], live: Path | None, out: Path
) -> tuple[dict[float, np.ndarray], Card]:
    """Which drawings the lever's net guessed, finished and at half of the ink, and its card; trained where it was not yet."""
    learned = lever.change(view)
    card = train(learned, out, lever.config, taught(lever, learned, teachers, live))
    kept = out / "hits.npz"
    if not kept.exists():
        predictor = predictor_of(out / LAST)
        np.savez(kept, finished=hits(predictor, view, 1.0), half=hits(predictor, view, 0.5))
    with np.load(kept) as found:
        return {1.0: found["finished"].astype(float), 0.5: found["half"].astype(float)}, card


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--teacher", type=Path, action="append", required=True)
    parser.add_argument(
        "--live", type=Path, help="the model behind the first teacher, for levers that ask it on the way"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/levers"))
    parser.add_argument("--words", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=1, help="runs of every lever, and of the base")
    parser.add_argument("--only", nargs="*", help="beginnings of the names of levers; the base always runs")
    options = parser.parse_args()
    store = Store.open(options.store)
    view = divided(store, options.words)
    teachers = [load_soft_labels(path, store) for path in options.teacher]
    print(provenance("torch", "timm", "numpy"))
    print(f"{options.words} words; {view.card.splits}; {BASE.epochs} x {BASE.per_class} drawings of each\n")
    print(
        f"top-1 % finished and at half of the ink, mean of {options.seeds} seed(s), difference to the base with its 95 % "
        "interval, and each seed's; drawings, s a run",
        flush=True,
    )
    base: list[dict[float, np.ndarray]] = []
    for number, lever in enumerate(LEVERS):
        if number and options.only and not any(lever.name.startswith(each) for each in options.only):
            continue
        if (lever.teachers < 0 and len(teachers) < 2) or (lever.asked_about and options.live is None):
            print(f"{lever.name:<50} left out: it needs {'--live' if lever.asked_about else 'a second teacher'}")
            continue
        mine, seconds = [], []
        for seed in range(options.seeds):
            name = lever.name.replace(" ", "-").replace(":", "").replace(",", "")
            seeded = replace(lever, config=replace(lever.config, seed=seed))
            found, card = judged(
                seeded, view, teachers, options.live, options.out / (f"{name}-seed-{seed}" if seed else name)
            )
            mine.append(found)
            seconds.append(card.seconds)
        base = base or mine
        figures = []
        for part in (1.0, 0.5):
            apart = [one[part] - other[part] for one, other in zip(mine, base, strict=True)]
            alone = " ".join(f"{100 * each.mean():+.2f}" for each in apart)
            reached = 100 * np.mean([each[part].mean() for each in mine])
            figures.append(f"{reached:6.2f}  {interval(np.mean(apart, axis=0))} ({alone})")
        print(f"{lever.name:<50}{figures[0]}   {figures[1]}   {card.drawings:,} {np.mean(seconds):.0f}", flush=True)
    for part in (1.0, 0.5):
        alone = ", ".join(f"{100 * each[part].mean():.2f}" for each in base)
        print(f"the base's seeds, {'finished' if part == 1 else 'half'}: {alone}")


if __name__ == "__main__":
    main()
