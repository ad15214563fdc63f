"""A `View`: some rows of a store as if they were one, without copying a drawing; what a selection is, `select` makes it.

It has the store's columns and the store's `gather`. Its hash names the store and the rows, so that a run on a view is
never taken for one on the whole.
"""

import re
import shlex
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Int8, Int16, Int32, Int64, UInt8, UInt32, UInt64

from gribouille.drawing import Drawings
from gribouille.formats.records import Records
from gribouille.store.card import Card
from gribouille.store.expression import SelectionError
from gribouille.store.reader import Store
from gribouille.store.split import SPLITS


@dataclass(frozen=True)
class Selection:
    """What `select` was asked for."""

    where: str = ""
    max_per_class: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("max_per_class", "seed"):
            if getattr(self, name) < 0:
                raise SelectionError(f"{name}: expected at least 0, found {getattr(self, name)}")

    def after(self, before: tuple["Selection", ...]) -> tuple["Selection", ...]:
        """The selections that led to a view, and this one of it; one where the two conditions can be said as one."""
        if not before or before[-1].max_per_class:
            return (*before, self)
        conditions = [one for one in (before[-1].where, self.where) if one.strip()]
        where = " and ".join(f"({one})" for one in conditions) if len(conditions) > 1 else "".join(conditions)
        return (*before[:-1], replace(self, where=where))

    def options(self) -> str:
        """As the options of a command line, quoted for a shell."""
        words = [f"--where {_quoted(self.where)}"] if self.where.strip() else []
        return " ".join([*words, *([f"--max-per-class {self.max_per_class}"] if self.max_per_class else [])])


def _quoted(text: str) -> str:
    # Expressions are full of single quotes: double ones keep them readable, where no shell looks into these.
    return shlex.quote(text) if re.search(r'["$`\\]|!(?!=)', text) else f'"{text}"'


@dataclass(frozen=True, eq=False)
class View:
    """Rows of a store as if they were one: row i of every column is row `rows[i]` of the store.

    `labels` are those that the view knows, sorted; `split` may differ from the store's: an experiment draws its own
    lines. `selection` is what `select` was asked for to come to these rows, one after the other.
    """

    store: Store
    labels: tuple[str, ...]
    rows: Int64[np.ndarray, "rows"]
    split: UInt8[np.ndarray, "rows"]
    selection: tuple[Selection, ...] = field(default=(), kw_only=True)

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

    @cached_property
    def points(self) -> Int32[np.ndarray, "rows"]:
        """How many points each drawing has."""
        return np.asarray(self.store.points[self.rows])

    @cached_property
    def timed(self) -> Bool[np.ndarray, "rows"]:
        """Whether the times of each drawing's points are known."""
        return np.asarray(self.store.timed[self.rows])

    def gather(self, rows: Int64[np.ndarray, "n"]) -> Drawings:
        """The drawings of these rows, in this order."""
        return self.store.gather(self.rows[rows])

    def packed(self, rows: Int64[np.ndarray, "n"]) -> tuple[UInt8[np.ndarray, "bytes"], Int64[np.ndarray, "n_and_one"]]:
        """The drawings of these rows as they are stored, end to end, and their offsets."""
        return self.store.packed(self.rows[rows])

    def times(self, rows: Int64[np.ndarray, "n"]) -> tuple[UInt32[np.ndarray, "total"], Int64[np.ndarray, "n_and_one"]]:
        """The times of these rows, as `Store.times` gives them."""
        return self.store.times(self.rows[rows])

    def countrycodes(self, rows: Int64[np.ndarray, "n"]) -> list[str | None]:
        """Where each of these rows was drawn, as `Store.countrycodes` gives it."""
        return self.store.countrycodes(self.rows[rows])

    def records(self, rows: Int64[np.ndarray, "n"]) -> Records:
        """Everything known about these rows, under the view's labels."""
        known = self.store.records(self.rows[rows])
        return replace(known, label=self.label[rows].astype(np.int32), labels=self.labels)


AnyStore: TypeAlias = Store | View  # what can be learned from and judged on


def named(store: AnyStore) -> str:
    """Which drawings these are, for protocols: the store's hash and, of a view, its own and how it was selected."""
    if isinstance(store, Store):
        return f"store {store.hash[:12]}"
    how = ", then ".join(selection.options() for selection in store.selection)
    return f"selection {store.hash[:12]} of store {store.store.hash[:12]}" + (f" ({how})" if how else "")
