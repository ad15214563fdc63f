"""Which rows an epoch sees, and in which order: pure functions of (seed, epoch).

An epoch is a fixed number of random drawings per class, without replacement inside the epoch and drawn anew in every
epoch, so that its cost does not grow with the data set (field.md §1).
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from jaxtyping import Int, Int64

STREAM = 1  # keeps this module's random numbers apart from others of the same seed and epoch
Rows: TypeAlias = Int64[np.ndarray, "_"]  # rows of a store


def members_of(label: Int[np.ndarray, "_"], rows: Rows, classes: int) -> list[Rows]:
    """The given rows of each class, in ascending order; `label` is the class index of `rows`, one for one."""
    order = np.lexsort((rows, label))
    return np.split(rows[order], np.searchsorted(label[order], np.arange(1, classes)))


def epoch_rows(members: Sequence[Rows], per_class: int | Int64[np.ndarray, "classes"], seed: int, epoch: int) -> Rows:
    """`per_class` random rows of each class (all of a class that has fewer), each at most once, shuffled."""
    generator = np.random.default_rng((seed, epoch, STREAM))
    wanted = np.broadcast_to(per_class, len(members))
    chosen = [generator.permutation(rows)[:count] for rows, count in zip(members, wanted, strict=True)]
    return generator.permutation(np.concatenate(chosen))


def batches_of(rows: Rows, size: int) -> list[Rows]:
    """The rows in consecutive batches of at most `size`, equal to within one row, so that no batch is a remnant."""
    return np.array_split(rows, max(1, -(-len(rows) // size)))
