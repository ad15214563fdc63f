"""Which rows an epoch sees, in which order, and in whose part of a batch: pure functions of (seed, epoch, rank).

An epoch is a number of random drawings, without replacement inside the epoch and drawn anew in every epoch, so that its
cost does not grow with the data set (field.md §1). How many of each class is the sampling's choice:

- uniform: as they come, so that a class with more drawings is seen more often;
- fixed: N of each class;
- targeted: round(N (1 − A) + 0.25 N), A the class's accuracy at the last validation (the student project's formula);
- stabilised: the same formula without what makes it swing. A is a moving average over validations; classes that are
  confused with each other share their deficit, so that none of them gains on the other; and the training's loss
  corrects the logits by how often each class was drawn (`log_ratio`), so that the net learns what a drawing is and not
  how often it came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Float32, Float64, Int, Int64, UInt64

from gribouille.store import AnyStore
from gribouille.store.split import SPLITS, splitmix64

STREAM = 1  # keeps this module's random numbers apart from others of the same seed and epoch
EXTRA = 0.25  # of N, whatever the accuracy. Source: the student project
MEMORY = 0.5  # of the moving averages: the share that the past keeps at a validation
TIED = 0.1  # of two classes' drawings taken for the other class: from there on they share their deficit fully
Rows: TypeAlias = Int64[np.ndarray, "_"]  # rows of a store
Sampling: TypeAlias = Literal["uniform", "fixed", "targeted", "stabilised"]


@dataclass(frozen=True, eq=False)
class Standing:
    """How well each class was recognised: what targeted sampling goes by.

    `accuracy` of the last validation and `steady`, its moving average, both nan where nothing is known; `confusion` the
    moving average of the share of class i's drawings (rows) that were taken for class j (columns).
    """

    accuracy: Float64[np.ndarray, "classes"]
    steady: Float64[np.ndarray, "classes"]
    confusion: Float64[np.ndarray, "classes classes"]

    @classmethod
    def unknown(cls, classes: int) -> "Standing":
        """Before the first validation."""
        return cls(np.full(classes, np.nan), np.full(classes, np.nan), np.full((classes, classes), np.nan))

    def after(self, confusion: Int64[np.ndarray, "classes classes"]) -> "Standing":
        """The standing after a validation that took so many drawings of class i (rows) for class j (columns)."""
        drawings = confusion.sum(axis=1, keepdims=True)
        shares = np.divide(confusion, drawings, out=np.full(confusion.shape, np.nan), where=drawings > 0)
        accuracy = np.diagonal(shares).copy()
        return Standing(accuracy, _moved(self.steady, accuracy), _moved(self.confusion, shares))


def _moved(average: Float64[np.ndarray, "*shape"], newest: Float64[np.ndarray, "*shape"]) -> np.ndarray:
    """The moving average after one more value; an unknown value (nan) leaves it, an unknown average takes the value."""
    moved = MEMORY * average + (1 - MEMORY) * newest
    return np.where(np.isnan(average), newest, np.where(np.isnan(newest), average, moved))


def quota(sampling: Sampling, per_class: int, standing: Standing) -> Int64[np.ndarray, "classes"]:
    """How many drawings of each class an epoch wants; `per_class` of each as long as no class's accuracy is known.

    A class of unknown accuracy (no validation drawing) counts as the mean of the others. Uniform sampling wants no
    number of each class: its quota is the fixed one, whose sum is the epoch's size.
    """
    accuracy = standing.steady if sampling == "stabilised" else standing.accuracy
    if sampling in ("uniform", "fixed") or np.isnan(accuracy).all():
        return np.full(len(accuracy), per_class, np.int64)
    deficit = 1 - np.where(np.isnan(accuracy), np.nanmean(accuracy), accuracy)
    if sampling == "stabilised":
        deficit = _shared(deficit, standing.confusion)
    return np.rint(per_class * deficit + EXTRA * per_class).astype(np.int64)


def _shared(
    deficit: Float64[np.ndarray, "classes"], confusion: Float64[np.ndarray, "classes classes"]
) -> Float64[np.ndarray, "classes"]:
    """The deficits, averaged over classes that are confused with each other: two that are so at TIED or more end up
    equal."""
    known = np.nan_to_num(confusion)
    tie = np.minimum(1.0, (known + known.T) / 2 / TIED)
    np.fill_diagonal(tie, 1.0)
    return np.asarray(tie @ deficit / tie.sum(axis=1))


def log_ratio(sampling: Sampling, drawn: Int64[np.ndarray, "classes"]) -> Float32[np.ndarray, "classes"]:
    """What the loss adds to the logits of an epoch that drew so many of each class: log(drawn / mean), 0 but for
    "stabilised".

    A net trained on softmax(logits + log ratio) has logits for classes that are equally frequent, whatever it was
    shown. Source: Menon et al. 2021, "Long-tail learning via logit adjustment". A class that was not drawn gets the
    ratio of one drawing.
    """
    if sampling != "stabilised":
        return np.zeros(len(drawn), np.float32)
    seen = np.maximum(drawn, 1)
    return np.asarray(np.log(seen / seen.mean()), np.float32)


def members_of(label: Int[np.ndarray, "_"], rows: Rows, classes: int) -> list[Rows]:
    """The given rows of each class, in ascending order; `label` is the class index of `rows`, one for one."""
    order = np.lexsort((rows, label))
    return np.split(rows[order], np.searchsorted(label[order], np.arange(1, classes)))


def epoch_rows(members: Sequence[Rows], wanted: int | Int64[np.ndarray, "classes"], seed: int, epoch: int) -> Rows:
    """`wanted` random rows of each class (all of a class that has fewer), each at most once, shuffled."""
    generator = np.random.default_rng((seed, epoch, STREAM))
    each = np.broadcast_to(wanted, len(members))
    chosen = [_chosen(rows, int(count), generator) for rows, count in zip(members, each, strict=True)]
    return generator.permutation(np.concatenate(chosen))


def uniform_rows(members: Sequence[Rows], size: int, seed: int, epoch: int) -> Rows:
    """`size` random rows of all classes together (all where there are fewer), each at most once, shuffled."""
    generator = np.random.default_rng((seed, epoch, STREAM))
    return generator.permutation(_chosen(np.concatenate(members), size, generator))


def _chosen(rows: Rows, count: int, generator: np.random.Generator) -> Rows:
    """`count` different ones of the rows (all where there are fewer), in no random order: a tenth of a shuffle's time."""
    return generator.choice(rows, min(count, len(rows)), replace=False, shuffle=False)


def batches_of(rows: Rows, size: int) -> list[Rows]:
    """The rows in consecutive batches of at most `size`, equal to within one row, so that no batch is a remnant."""
    return np.array_split(rows, max(1, -(-len(rows) // size)))


def shard_of(rows: Rows, rank: int, world: int) -> Rows:
    """The part of a batch that process `rank` of `world` learns from: every world-th row, so that the parts partition
    it."""
    return rows[rank::world]


def keys_of(seed: int, epoch: int, places: Int64[np.ndarray, "_n"]) -> UInt64[np.ndarray, "_n"]:
    """The key of all random numbers that the augmentation of the drawing at each place of an epoch takes.

    A drawing's augmentation depends on its place alone, not on the batch, the process or the gradient accumulation
    around it.
    """
    # Seed and epoch are mixed one after the other, so that (1, 0) and (0, 1) are no neighbours.
    start = splitmix64(splitmix64(np.array([seed], np.uint64)) ^ np.uint64(epoch))
    return splitmix64(start + places.astype(np.uint64))


def distinct_rows(store: AnyStore, split: str) -> Rows:
    """The rows of a split, without a second row of the same key_id; a row that knows `recognized` is preferred."""
    if split not in SPLITS:
        raise ValueError(f"split: expected one of {SPLITS}, found {split!r}")
    rows = np.flatnonzero(store.split == SPLITS.index(split))
    known_first = rows[np.argsort(store.recognized[rows] < 0, kind="stable")]
    _, firsts = np.unique(store.key_id[known_first], return_index=True)
    unkeyed = np.flatnonzero(~store.keyed[known_first])
    return np.sort(known_first[np.union1d(firsts, unkeyed)])


def validation_rows(store: AnyStore, count: int) -> Rows:
    """At most `count` random distinct rows of the validation split, the same in every epoch and run."""
    return np.sort(np.random.default_rng(0).permutation(distinct_rows(store, "validation"))[:count])
