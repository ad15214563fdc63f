"""Drawings of a store chosen by their columns: a store and a condition in, a `View` of the rows for which it holds out.

No drawing is copied. What a condition can say is in docs/selecting.md; the language itself is in `expression`.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int, Int64

from gribouille.formats.records import NO_TIMESTAMP
from gribouille.store.condition import Column, Mask, Rows, Values
from gribouille.store.expression import SelectionError, read_condition
from gribouille.store.reader import Store
from gribouille.store.split import SPLITS, fold_of, splitmix64
from gribouille.store.view import AnyStore, Selection, View

CHUNK = 1 << 18  # rows looked at in one go: what else is needed beside the columns is a few MB
DAY = 86_400 * 10**6  # µs


def select(store: AnyStore, where: str = "", max_per_class: int = 0, seed: int = 0) -> View:
    """The drawings of a store for which `where` holds (empty: all), at most `max_per_class` of each class in each split
    (0: all of them).

    Those kept are random and the same at every call; with a larger `max_per_class` they are among those kept. No drawing
    changes its split, and the labels are those that still have a drawing. Raises SelectionError.
    """
    selection = Selection(where, max_per_class, seed)
    columns = columns_of(store)
    condition = read_condition(where, columns).of if where.strip() else None
    groups = partial(_groups, store)
    kept = np.ones(len(store), bool)
    counts = np.zeros(len(store.labels) * len(SPLITS), np.int64)
    for rows in _chunks(len(store)):
        if condition is not None:
            kept[rows], _ = condition(rows)
            if not kept[rows].any():
                continue
        counts += np.bincount(groups(rows)[kept[rows]], minlength=len(counts))
    if max_per_class and counts.max(initial=0) > max_per_class:
        _thin(kept, groups, counts, selection)
    occurring = np.flatnonzero(counts.reshape(-1, len(SPLITS)).any(axis=1))
    labels = tuple(store.labels[index] for index in occurring)
    places = np.flatnonzero(kept)
    base, rows_there = (store, places) if isinstance(store, Store) else (store.store, store.rows[places])
    return View(base, labels, rows_there, store.split[places], selection=selection.after(store.selection))


def open_selected(path: Path, *selections: Selection) -> AnyStore:
    """The store in this folder, or what the selections leave of it, one after the other; one that asks for nothing is none.

    Raises StoreError for no store, SelectionError, also where nothing is left.
    """
    store: AnyStore = Store.open(path)
    for each in selections:
        if each.where.strip() or each.max_per_class:
            found = select(store, each.where, each.max_per_class, each.seed)
            if len(found) == 0:
                raise SelectionError(f"{path}: expected drawings where {each.where}, found none among {len(store):,}")
            store = found
    return store


def columns_of(store: AnyStore) -> dict[str, Column]:
    """The columns of a store that a condition can name. None is read before a condition asks for it."""

    def numbers(rows: Rows) -> tuple[Values, None]:
        return store.points[rows], None

    def strokes(rows: Rows) -> tuple[Values, None]:
        drawings = store.gather(_listed(rows))
        starts = np.concatenate([[0], np.cumsum(drawings.points[:, 2] == 0)])
        return np.diff(starts[drawings.offsets]), None

    def recognized(rows: Rows) -> tuple[Values, Mask]:
        return store.recognized[rows] == 1, store.recognized[rows] >= 0

    def timestamp(unit: int, rows: Rows) -> tuple[Values, Mask]:
        return store.timestamp[rows] // unit, store.timestamp[rows] != NO_TIMESTAMP

    def fold(rows: Rows) -> tuple[Values, None]:
        listed, keyed = _listed(rows), store.keyed[rows]
        return fold_of(store.key_id[rows], keyed, *store.packed(listed[~keyed])), None

    def coded(codes: Callable[[], Int[np.ndarray, "_"]], rows: Rows) -> tuple[Values, Mask]:
        return codes()[rows], codes()[rows] >= 0

    names, codes = _sources(store)
    return {
        "word": Column("text", partial(coded, lambda: store.label), store.labels),
        "country": Column("text", partial(coded, lambda: store.country), store.countries),
        "recognized": Column("truth", recognized),
        "date": Column("day", partial(timestamp, DAY)),
        "timestamp": Column("moment", partial(timestamp, 1)),
        "key_id": Column("key", lambda rows: (store.key_id[rows], store.keyed[rows])),
        "split": Column("text", partial(coded, lambda: store.split), SPLITS),
        "fold": Column("number", fold, costly=True),
        "points": Column("number", numbers),
        "strokes": Column("number", strokes, costly=True),
        "timed": Column("truth", lambda rows: (store.timed[rows], None)),
        "source": Column("text", codes, names),
    }


def _sources(store: AnyStore) -> tuple[tuple[str, ...], Callable[[Rows], tuple[Values, None]]]:
    """The names of the files that a store was made from, and what reads which of them some rows come from."""
    sources = store.card.sources
    names = tuple(dict.fromkeys(source.name for source in sources))
    starts = np.array([source.start for source in sources], np.int64)
    code = np.array([names.index(source.name) for source in sources], np.int32)

    def read(rows: Rows) -> tuple[Values, None]:
        there = _listed(rows) if isinstance(store, Store) else store.rows[rows]
        return code[np.searchsorted(starts, there, side="right") - 1], None

    return names, read


def _groups(store: AnyStore, rows: Rows) -> Int[np.ndarray, "_"]:
    """The number of the class and the split of each row; as int16, which sorts ten times as fast, where that is enough."""
    kind = np.dtype(np.int16 if len(store.labels) * len(SPLITS) < 2**15 else np.int32)
    group: Int[np.ndarray, "_"] = store.label[rows].astype(kind)
    group *= len(SPLITS)
    group += store.split[rows]
    return group


def _thin(
    kept: Bool[np.ndarray, "_"],
    groups: Callable[[Rows], Int[np.ndarray, "_"]],
    counts: Int64[np.ndarray, "_"],
    selection: Selection,
) -> None:
    """Take the rows beyond `max_per_class` of each group out of those kept; `counts` of each group are kept before."""
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    chosen = np.ones(starts[-1], bool)  # of the rows in the order of their groups
    for number, count in enumerate(counts):
        if count > selection.max_per_class:
            start = splitmix64(splitmix64(np.array([selection.seed], np.uint64)) ^ np.uint64(number))
            lots = splitmix64(start + np.arange(count, dtype=np.uint64))
            chosen[starts[number] + np.argpartition(lots, selection.max_per_class)[selection.max_per_class :]] = False
    seen = starts[:-1].copy()
    for part in _chunks(len(kept)):
        rows = part.start + np.flatnonzero(kept[part])
        group = groups(rows)
        order = np.argsort(group, kind="stable")
        sizes = np.bincount(group, minlength=len(counts))
        rank = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        kept[rows[order]] = chosen[seen[group[order]] + rank]
        seen += sizes


def _chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, CHUNK):
        yield slice(start, min(start + CHUNK, count))


def _listed(rows: Rows) -> Int64[np.ndarray, "_"]:
    return np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
