"""What a run learns from, in which order: a store and a configuration in, batches of pictures with their targets out.

The rows of an epoch, their order and every augmentation are pure functions of (seed, epoch, batch), so the batches from
step k on are the same whether or not a run was interrupted before.
"""

import math
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from gribouille.augment import Augmentation, cut, warp
from gribouille.distil import SoftLabels
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec
from gribouille.sampling import Rows, batches_of, epoch_rows, members_of
from gribouille.store import Store
from gribouille.store.split import TRAIN

STREAM = 2  # of the augmentations; the rows of an epoch have another one (see `sampling`)
Value = TypeVar("Value")


@dataclass(frozen=True)
class TrainConfig:
    """How to train.

    `net` a timm name; `epochs` of `per_class` random drawings of each class; `batch` in drawings; `rate` the peak
    learning rate of AdamW; `warmup` the share of steps until it; `average` the decay of the weights' moving average a
    step; `soft_weight` the teacher's share of the target where there are soft labels; `save_every` and `validation` in
    steps and drawings; `threads` of torch, 0 for its own choice.
    """

    net: str = "resnet18"
    side: int = 64
    epochs: int = 10
    per_class: int = 100
    batch: int = 128
    rate: float = 2e-3
    warmup: float = 0.2
    decay: float = 0.02
    smoothing: float = 0.1
    average: float = 0.998
    soft_weight: float = 0.7
    clip: float = 5.0
    precision: Literal["bfloat16", "float32"] = "bfloat16"
    device: Literal["cpu", "cuda"] = "cpu"
    threads: int = 0
    seed: int = 0
    save_every: int = 200
    validation: int = 3000
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        for name in ("epochs", "per_class", "batch", "save_every", "validation"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, found {getattr(self, name)}")
        for name in ("warmup", "smoothing", "average", "soft_weight"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 0 and less than 1, found {getattr(self, name)}")

    @property
    def spec(self) -> RasterSpec:
        """The picture that the net sees."""
        return RasterSpec.of_side(self.side)


@dataclass(frozen=True)
class Batch:
    """One step's input: images, the target distribution over labels, and the store's rows they come from."""

    images: Float[Tensor, "batch channels side side"]
    target: Float[Tensor, "batch classes"]
    rows: Rows


@dataclass(frozen=True, eq=False)
class Course:
    """What a run learns from: the store's training rows of each class, its soft labels, and the configuration."""

    store: Store
    members: list[Rows]
    config: TrainConfig
    soft: SoftLabels | None

    @classmethod
    def of(cls, store: Store, config: TrainConfig, soft: SoftLabels | None) -> "Course":
        """The course of a store. Raises ValueError where a class has no drawing to learn from."""
        rows = np.flatnonzero(store.split == TRAIN)
        members = members_of(store.label[rows], rows, len(store.labels))
        empty = [label for label, mine in zip(store.labels, members, strict=True) if len(mine) == 0]
        if empty:
            raise ValueError(f"store: expected training drawings of every class, found none of {empty[:5]}")
        return cls(store, members, config, soft)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch, the same in each."""
        drawings = sum(min(self.config.per_class, len(rows)) for rows in self.members)
        return max(1, math.ceil(drawings / self.config.batch))

    @property
    def steps(self) -> int:
        """Batches in the whole run."""
        return self.steps_per_epoch * self.config.epochs

    def batches(self, first: int) -> Iterator[Batch]:
        """The run's batches from step `first` to the end."""
        for epoch in range(first // self.steps_per_epoch, self.config.epochs):
            rows = epoch_rows(self.members, self.config.per_class, self.config.seed, epoch)
            skipped = max(0, first - epoch * self.steps_per_epoch)
            for index, mine in enumerate(batches_of(rows, self.config.batch)):
                if index >= skipped:
                    yield self._batch(mine, np.random.default_rng((self.config.seed, epoch, index, STREAM)))

    def _batch(self, rows: Rows, generator: np.random.Generator) -> Batch:
        augmentation = self.config.augmentation
        warped = warp(self.store.gather(rows), augmentation, generator)
        images = rasterise(cut(warped, augmentation, generator), self.config.spec)
        target = smoothed(self.store.label[rows], len(self.store.labels), self.config.smoothing)
        if self.soft is not None:
            target += self.config.soft_weight * (self.soft.of(rows) - target)
        return Batch(
            torch.from_numpy(images).contiguous(memory_format=torch.channels_last), torch.from_numpy(target), rows
        )


def smoothed(label: Int[np.ndarray, "batch"], classes: int, smoothing: float) -> Float32[np.ndarray, "batch classes"]:
    """The target distribution of true labels: 1 − smoothing on the label, the rest spread over all classes."""
    target = np.full((len(label), classes), smoothing / classes, np.float32)
    target[np.arange(len(label)), label] += 1 - smoothing
    return target


def prefetched(values: Iterator[Value], depth: int) -> Iterator[Value]:
    """The same values, made ahead by one thread (the kernels hold no lock); its errors are raised here."""
    ready: queue.Queue[tuple[Value] | BaseException | None] = queue.Queue(depth)
    left = threading.Event()

    def offer(made: tuple[Value] | BaseException | None) -> None:
        while not left.is_set():
            try:
                ready.put(made, timeout=0.1)
            except queue.Full:
                continue
            return

    def produce() -> None:
        try:
            for value in values:
                offer((value,))
                if left.is_set():
                    return
            offer(None)
        except BaseException as error:
            offer(error)

    thread = threading.Thread(target=produce, name="gribouille loader", daemon=True)
    thread.start()
    try:
        while (made := ready.get()) is not None:
            if isinstance(made, BaseException):
                raise made
            yield made[0]
    finally:
        left.set()
        thread.join()
