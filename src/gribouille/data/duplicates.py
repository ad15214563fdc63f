"""Drawings that are there twice, exactly or nearly, found among the rows of one word.

In come a store and the rows of a word, ascending; out go the rows that duplicate an earlier one, with that row. The first of
several stays. Exact duplicates are found by a hash and then compared point by point; near ones by locality-sensitive hashing
(Datar et al. 2004, "Locality-sensitive hashing scheme based on p-stable distributions", with signs for the projections) of
32 points along the ink, and then by the mean distance of these points. Nothing compares all with all.
"""

import numpy as np
from jaxtyping import Float64, Int64, UInt64

from gribouille.data import kernel
from gribouille.data.ink import batches
from gribouille.store import Store

PARTITION_ROWS = 1 << 22  # rows that are sorted by their hash at once
BLOCK_ROWS = 1 << 19  # rows among which near ones are looked for: more than any word of Quick, Draw! has
LEAST_POINTS = 6  # a drawing of fewer is nearly a straight line, and everybody's is nearly the same
# At the full distance 98 % of the pairs share a bucket in one table; two usual drawings of one word hardly ever do.
TABLES, PROJECTIONS, WIDTH = 6, 8, 48.0  # cells are WIDTH × the distance wide
COMPARED = 128  # kept drawings of a bucket that a drawing is compared with, the latest ones

Rows = Int64[np.ndarray, "_rows"]
Pairs = tuple[Rows, Rows]


def exact(store: Store, rows: Rows) -> Pairs:
    """The rows that have exactly the points of an earlier one among these, and that row (the first of all)."""
    hashes = _hashes(store, rows)
    partitions = np.uint64(1 + len(rows) // PARTITION_ROWS)
    pairs = []
    for partition in range(int(partitions)):
        some = rows[hashes % partitions == partition]
        pairs.append(_equal(store, *_alike(some, hashes[hashes % partitions == partition])))
    row, first = (np.concatenate(column) for column in zip(*pairs, strict=True))
    order = np.argsort(row)
    return row[order], first[order]


def near(store: Store, rows: Rows, bound: float) -> tuple[Rows, Rows, Float64[np.ndarray, "_"]]:
    """The rows whose drawing is at most `bound` units from an earlier one's, that row, and the distance in units.

    The distance is the mean over corresponding points of 32 that are spread evenly along the ink, in drawing order. Among
    more than BLOCK_ROWS rows pairs are found inside each block.
    """
    blocks = [_near(store, rows[start : start + BLOCK_ROWS], bound) for start in range(0, len(rows), BLOCK_ROWS)]
    nothing = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    row, other, distance = (np.concatenate(column) for column in zip(nothing, *blocks, strict=True))
    return row, other, distance


def keys_of(store: Store, rows: Rows) -> UInt64[np.ndarray, "_rows"]:
    """The key_id of each row, 0 where it has none; reads the column part by part."""
    keys = np.zeros(len(rows), np.uint64)
    for start, column in store.column_parts("key_id"):
        inside = (rows >= start) & (rows < start + len(column))
        if inside.any():
            keys[inside] = np.asarray(column.fill_null(0))[rows[inside] - start]
    return keys


def _hashes(store: Store, rows: Rows) -> UInt64[np.ndarray, "_rows"]:
    found = [np.zeros(0, np.uint64)]
    for batch in batches(rows):
        drawings = store.gather(batch)
        found.append(kernel.hashes(drawings.points, drawings.offsets))
    return np.concatenate(found)


def _alike(rows: Rows, hashes: UInt64[np.ndarray, "_rows"]) -> Pairs:
    """The rows that share the hash of an earlier one, and the first with that hash."""
    order = np.argsort(hashes, kind="stable")
    starts = np.diff(hashes[order], prepend=~hashes[order[:1]]) != 0
    firsts = rows[order[starts]][np.cumsum(starts) - 1]
    return rows[order[~starts]], firsts[~starts]


def _equal(store: Store, rows: Rows, others: Rows) -> Pairs:
    """Those pairs whose drawings are the same, point by point."""
    equal = [np.zeros(0, bool)]
    for one, other in zip(batches(rows), batches(others), strict=True):
        a, b = store.gather(one), store.gather(other)
        equal.append(kernel.same(a.points, a.offsets, b.points, b.offsets))
    same = np.concatenate(equal)
    return rows[same], others[same]


def _near(store: Store, rows: Rows, bound: float) -> tuple[Rows, Rows, Float64[np.ndarray, "_"]]:
    generator = np.random.default_rng(0)
    signs = generator.choice(np.array([-1, 1], np.int8), (TABLES, PROJECTIONS, 2 * kernel.SIGNATURE_POINTS))
    width = WIDTH * bound
    shifts = generator.uniform(0, width, (TABLES, PROJECTIONS))
    signatures = np.empty((len(rows), 2 * kernel.SIGNATURE_POINTS), np.float32)
    shaped = np.empty(len(rows), bool)
    done = 0
    for batch in batches(rows):
        drawings = store.gather(batch)
        here = slice(done, done + len(batch))
        signatures[here] = kernel.signatures(drawings.points, drawings.offsets)
        shaped[here] = np.diff(drawings.offsets) >= LEAST_POINTS
        done += len(batch)
    hashes = kernel.buckets(signatures, signs, shifts, width)
    places = np.stack([np.unique(table, return_inverse=True)[1] for table in hashes]).astype(np.int64)
    earlier, distance = kernel.near_earlier(signatures, places, shaped, bound, COMPARED)
    found = earlier >= 0
    return rows[found], rows[earlier[found]], distance[found].astype(np.float64)
