"""Which split and which fold a drawing belongs to: pure functions of the drawing, whatever the file, the order or the machine.

The drawing's 64-bit number is its key_id or, where that is null, FNV-1a over its point bytes (x, y, pen of every point,
in order). It seeds SplitMix64. Its first output modulo 100 is the bucket: 0…85 train, 86…89 validation, 90…99 test; its
second modulo 10 is the fold, so the two know nothing of each other. Both forms of one drawing (raw and simplified) have
one key_id, so they fall on the same side.
"""

import numpy as np
from jaxtyping import Bool, Int64, UInt8, UInt64

from gribouille.store.kernel import fnv1a

SPLITS = ("train", "validation", "test", "unused")
TRAIN, VALIDATION, TEST, UNUSED = range(4)
FIRST_VALIDATION, FIRST_TEST = 86, 90  # buckets of 100
FOLDS = 10
GAMMA = np.uint64(0x9E3779B97F4A7C15)  # what SplitMix64 adds to its state for each output


def split_of(
    key_id: UInt64[np.ndarray, "rows"],
    keyed: Bool[np.ndarray, "rows"],
    packed: UInt8[np.ndarray, "bytes"],
    offsets: Int64[np.ndarray, "rows_and_one"],
) -> UInt8[np.ndarray, "rows"]:
    """The split of each drawing (packed, end to end): TRAIN, VALIDATION or TEST."""
    number = key_id.copy()
    number[~keyed] = fnv1a(packed, offsets, np.flatnonzero(~keyed))
    bucket = splitmix64(number) % np.uint64(100)
    return (bucket >= FIRST_VALIDATION).astype(np.uint8) + (bucket >= FIRST_TEST).astype(np.uint8)


def fold_of(
    key_id: UInt64[np.ndarray, "rows"],
    keyed: Bool[np.ndarray, "rows"],
    packed: UInt8[np.ndarray, "bytes"],
    offsets: Int64[np.ndarray, "unkeyed_and_one"],
) -> UInt8[np.ndarray, "rows"]:
    """The fold of each drawing, 0…9; only those without key_id are packed here, end to end and in the order of the rows."""
    number = key_id.copy()
    number[~keyed] = fnv1a(packed, offsets, np.arange(len(offsets) - 1))
    return (splitmix64(number + GAMMA) % np.uint64(FOLDS)).astype(np.uint8)


def splitmix64(number: UInt64[np.ndarray, "rows"]) -> UInt64[np.ndarray, "rows"]:
    """The numbers mixed, one to one. Source: Steele, Lea and Flood 2014; prng.di.unimi.it/splitmix64.c, first output."""
    mixed = number + GAMMA
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
