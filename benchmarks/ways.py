"""What `training.py` times: ways to learn from the same drawings, each opened afresh and timed in windows of batches."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import count, cycle, islice

import numpy as np
import pandas
import peers
import torch
from roofline import settle
from torch import Tensor

from gribouille.augment import Augmentation
from gribouille.course import Batch, Course, smoothed
from gribouille.feed import Feed, feed_of, prefetched
from gribouille.sampling import Standing
from gribouille.train import PREFETCHED, Learner, fed, learner_of, train_step

NO_AUGMENTATION = Augmentation(rotation=0, stretch=0, shear=0, jitter=0, mirror=0, cut=0)
MADE = 8  # batches that are learned again and again where the step is timed alone
POSTER_BATCH = 32  # drawings; its step at 224 px takes some twelve times as long
WORKERS = (0, 2)
OURS = "Gribouille"


@dataclass(frozen=True)
class Plan:
    """How long to time: batches that do not count, windows that do, batches in a window."""

    warm: int
    windows: int
    window: int


@dataclass(frozen=True, eq=False)
class Way:
    """One thing to time: its name, what it times (loader, step or both), how long, and how it is opened.

    `open` gives an endless stream of batches and what to do with each.
    """

    name: str
    what: str
    plan: Plan
    open: Callable[[ExitStack], tuple[Iterator[Batch], Callable[[Batch], object]]]


def window_seconds(way: Way, device: str) -> list[float]:
    """Seconds a drawing in each window, the way opened afresh."""
    found = []
    with ExitStack() as stack:
        batches, learn = way.open(stack)
        for batch in islice(batches, way.plan.warm):
            learn(batch)
        for _ in range(way.plan.windows):
            settle(device)
            start, drawings = time.perf_counter(), 0
            for batch in islice(batches, way.plan.window):
                learn(batch)
                drawings += batch.size
            settle(device)
            found.append((time.perf_counter() - start) / drawings)
    return found


def drop(batch: Batch) -> None:
    """What the loader alone does with a batch."""


def endless(course: Course, feed: Feed) -> Iterator[Batch]:
    """The course's batches, epoch after epoch."""
    standing = Standing.unknown(len(course.store.labels))
    for number in count():
        yield from course.batches(course.epoch(number, standing), feed)


def taught(course: Course) -> tuple[Learner, Callable[[Batch], Tensor]]:
    """A learner, and how it learns a batch."""
    learner = learner_of(course)
    return learner, lambda batch: train_step(learner, batch, course)


def ours(course: Course, plans: dict[str, Plan]) -> list[Way]:
    """Our loader, our step, both."""
    config = course.config
    learner, learn = taught(course)
    feed = feed_of(course.store, learner.net, fed(config))
    made = list(islice(endless(course, feed), MADE))
    return [
        Way(OURS, "loader", plans["loader"], lambda stack: (endless(course, feed), drop)),
        Way(OURS, "step", plans["step"], lambda stack: (cycle(made), learn)),
        Way(OURS, "both", plans["step"], lambda stack: (ahead(endless(course, feed), stack), learn)),
    ]


def plain(course: Course, plans: dict[str, Plan]) -> list[Way]:
    """Our loader as the ink-only peer's: one channel, nothing augmented."""
    config = replace(course.config, channels="ink", augmentation=NO_AUGMENTATION)
    bare = replace(course, config=config)
    feed = feed_of(course.store, torch.nn.Identity(), fed(config))
    return [Way(f"{OURS}, plain ink", "loader", plans["loader"], lambda stack: (endless(bare, feed), drop))]


def ahead(batches: Iterator[Batch], stack: ExitStack) -> Iterator[Batch]:
    """The batches, made ahead by the loader's thread, which ends with the stack."""
    return stack.enter_context(closing(prefetched(batches, PREFETCHED)))


def theirs(
    name: str, course: Course, dataset: peers.Drawn | peers.Poster, plans: dict[str, Plan], step_alone: bool = False
) -> list[Way]:
    """A peer's loader, with and without worker processes, and its loader and the same step together."""
    learn = taught(course)[1]

    def opened(workers: int) -> Iterator[Batch]:
        loader = peers.loader_of(dataset, course.config.batch, workers)
        while True:
            for images, label in loader:
                yield as_batch(images, label, course)

    ways = []
    for workers in WORKERS:
        for what, act in (("loader", drop), ("both", learn)):
            plan = plans["loader" if what == "loader" else "step"]
            title = f"{name}, {workers} workers"
            ways.append(Way(title, what, plan, lambda stack, workers=workers, act=act: (opened(workers), act)))
    if step_alone:
        made = list(islice(opened(0), 2))
        ways.append(Way(name, "step", plans["step"], lambda stack: (cycle(made), learn)))
    return ways


def as_batch(images: Tensor, label: Tensor, course: Course) -> Batch:
    """A peer's batch in the form that `train_step` takes."""
    classes = len(course.store.labels)
    target = torch.from_numpy(smoothed(label.numpy(), classes, course.config.smoothing))
    inputs = images.contiguous(memory_format=torch.channels_last)
    return Batch(inputs, target, torch.zeros(classes), label.numpy(), len(label))


def all_ways(course: Course, frame: pandas.DataFrame, plans: dict[str, Plan]) -> list[Way]:
    """Everything that is timed, in the order of the table."""
    config = course.config
    rows = course.epoch(0, Standing.unknown(len(course.store.labels))).rows
    line = max(1, round(config.spec.line_width))
    inked = replace(course, config=replace(config, channels="ink"))
    poster = replace(
        course,
        config=replace(
            config, net="resnet18", side=peers.POSTER_SIDE, line=peers.BASE_LINE / peers.BASE, channels="ink",
            batch=min(POSTER_BATCH, config.batch),
        ),
    )  # fmt: skip
    few = {
        "loader": replace(plans["loader"], window=plans["loader"].window // 2 or 1),
        "step": Plan(1, max(2, plans["step"].windows // 2), 1),
    }
    strokes, label = list(peers.strokes_of(course.store.gather(rows))), course.store.label[rows].tolist()
    one = peers.Drawn(strokes, label, peers.ink(config.side, line))
    three = peers.Drawn(strokes, label, peers.ink_time_stroke(config.side, line))
    return [
        *ours(course, plans),
        *plain(course, plans),
        *theirs("OpenCV + DataLoader, ink", inked, one, plans),
        *theirs("OpenCV + DataLoader, 3 channels", course, three, plans),
        *theirs("the poster's way", poster, peers.Poster(frame, course.store.labels), few, step_alone=True),
    ]


def show(way: Way, seconds: np.ndarray, like: float | None) -> None:
    """One line of the table; `like` is our rate of the same kind."""
    rate = 1 / np.median(seconds)
    beside = f"{like / rate:>8.2f}" if like else " " * 8
    print(
        f"{way.name:<44}{way.what:<8}{len(seconds):>4}{rate:>13,.1f}{1e6 * np.median(seconds):>12,.1f}"
        f"{1e6 * np.percentile(seconds, 95):>12,.1f}{beside}",
        flush=True,
    )


def measured(ways: list[Way], device: str, repeats: int) -> dict[tuple[str, str], np.ndarray]:
    """Seconds a drawing of all windows of each way; every repeat opens all ways in turn."""
    found: dict[tuple[str, str], list[float]] = {(way.name, way.what): [] for way in ways}
    for _ in range(repeats):
        for way in ways:
            found[way.name, way.what] += window_seconds(way, device)
    return {name: np.array(each) for name, each in found.items()}


def print_table(ways: list[Way], found: dict[tuple[str, str], np.ndarray]) -> None:
    """All ways; the last column says how many times faster ours does the same (loader, step or both)."""
    print(f"\n{'way':<44}{'what':<8}{'n':>4}{'drawings/s':>13}{'p50 µs':>12}{'p95 µs':>12}{'ours is':>8}")
    own = {what: 1 / np.median(each) for (name, what), each in found.items() if name == OURS}
    for way in ways:
        show(way, found[way.name, way.what], None if way.name == OURS else own[way.what])
