"""A store narrowed to some of its labels and rows, without copying a drawing: what a search or an experiment runs on.

In comes a store, out goes a `View` with the same columns and the same `gather`. Its hash names the store
and the rows, so that a run on a view is never taken for one on the whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Int8, Int16, Int64, UInt8, UInt32, UInt64

from gribouille.drawing import Drawings
from gribouille.store.card import Card
from gribouille.store.reader import Store
from gribouille.store.split import SPLITS, TRAIN

STREAM = 0x71E3  # of the rows that a narrowed class keeps


@dataclass(frozen=True, eq=False)
class View:
    """Rows of a store as if they were one: row i of every column is row `rows[i]` of the store.

    `labels` are those that the view knows, sorted; `split` may differ from the store's: an experiment draws its own
    lines.
    """

    store: Store
    labels: tuple[str, ...]
    rows: Int64[np.ndarray, "rows"]
    split: UInt8[np.ndarray, "rows"]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def path(self) -> Path:
        """The folder of the store."""
        return self.store.path

    @cached_property
    def card(self) -> Card:
        """The store's card with the view's labels, number of rows and splits."""
        splits = {name: int(np.count_nonzero(self.split == index)) for index, name in enumerate(SPLITS)}
        counts = dict(zip(self.labels, np.bincount(self.label, minlength=len(self.labels)).tolist(), strict=True))
        narrow = {"labels": self.labels, "rows": len(self), "counts": counts, "splits": splits, "hash": self.hash}
        return replace(self.store.card, **narrow)  # type: ignore[arg-type]

    @cached_property
    def hash(self) -> str:
        """A sha256 of the store's hash, the labels, the rows and their splits, in hex."""
        digest = sha256("\n".join([self.store.hash, *self.labels]).encode())
        digest.update(self.rows.tobytes())
        digest.update(self.split.tobytes())
        return digest.hexdigest()

    @cached_property
    def label(self) -> Int16[np.ndarray, "rows"]:
        """The class of each row, as index into `labels`."""
        place = {label: index for index, label in enumerate(self.labels)}
        places = np.array([place.get(label, -1) for label in self.store.labels], np.int16)
        return np.asarray(places[self.store.label[self.rows]])

    @cached_property
    def key_id(self) -> UInt64[np.ndarray, "rows"]:
        """Google's number of each drawing, 0 where null."""
        return np.asarray(self.store.key_id[self.rows])

    @cached_property
    def keyed(self) -> Bool[np.ndarray, "rows"]:
        """Whether each row has a key_id."""
        return np.asarray(self.store.keyed[self.rows])

    @cached_property
    def recognized(self) -> Int8[np.ndarray, "rows"]:
        """Whether Quick, Draw! recognised each drawing: 1, 0, or −1 where it is not known."""
        return np.asarray(self.store.recognized[self.rows])

    @property
    def countries(self) -> tuple[str, ...]:
        """The country codes of the store."""
        return self.store.countries

    @cached_property
    def country(self) -> Int16[np.ndarray, "rows"]:
        """Where each drawing was made, as index into `countries`, −1 where it is not known."""
        return np.asarray(self.store.country[self.rows])

    @cached_property
    def timestamp(self) -> Int64[np.ndarray, "rows"]:
        """When each drawing was made, µs since 1970-01-01 UTC, NO_TIMESTAMP where it is not known."""
        return np.asarray(self.store.timestamp[self.rows])

    def gather(self, rows: Int64[np.ndarray, "n"]) -> Drawings:
        """The drawings of these rows, in this order."""
        return self.store.gather(self.rows[rows])

    def times(self, rows: Int64[np.ndarray, "n"]) -> tuple[UInt32[np.ndarray, "total"], Int64[np.ndarray, "n_and_one"]]:
        """The times of these rows, as `Store.times` gives them."""
        return self.store.times(self.rows[rows])


AnyStore: TypeAlias = Store | View  # what can be learned from and judged on


def narrowed(store: Store, labels: Sequence[str] = (), per_class: int = 0) -> View:
    """The store with these labels only (none named: all), each with at most `per_class` training rows (0: all of them).

    The rows kept are random and the same at every call; validation and test rows all stay. Raises ValueError for a
    label that the store does not have.
    """
    unknown = sorted(set(labels) - set(store.labels))
    if unknown:
        raise ValueError(f"{store.path}: expected labels of the store, found {unknown[:5]}")
    kept = tuple(sorted(set(labels))) or store.labels
    classes = np.flatnonzero(np.isin(store.labels, kept))
    rows = np.flatnonzero(np.isin(store.label, classes))
    if per_class:
        rows = _thinned(store, rows, classes, per_class)
    return View(store, kept, rows, store.split[rows])


def _thinned(store: Store, rows: np.ndarray, classes: np.ndarray, per_class: int) -> Int64[np.ndarray, "_kept"]:
    training = rows[store.split[rows] == TRAIN]
    shuffled = np.random.default_rng(STREAM).permutation(training)
    chosen = [shuffled[store.label[shuffled] == index][:per_class] for index in classes]
    return np.sort(np.concatenate([rows[store.split[rows] != TRAIN], *chosen]))
