# mypy: disable-error-code="no-untyped-def"
"""What a block of NDJSON is parsed into: the tables, the kinds of rows, the faults."""

from typing import NamedTuple

import numpy as np
from numba import njit

from gribouille.drawing import MAX_POINTS

ROW = np.dtype(
    [
        ("timestamp", np.int64),  # µs since 1970-01-01 UTC, NO_TIME where null
        ("key_id", np.uint64),
        ("points_end", np.int64),  # in points (kind SIMPLIFIED) or xy (the others)
        ("strokes_end", np.int64),  # in stroke_ends, raw rows only
        ("start", np.int64),  # byte of the record's {
        ("line", np.int32),  # 0-based within the block
        ("label", np.int32),
        ("country", np.int32),  # −1 where null
        ("keyed", np.bool_),
        ("recognized", np.int8),  # 1, 0, −1 where null
        ("kind", np.uint8),
        ("hard", np.bool_),
    ],
    align=True,
)
NO_TIME = np.iinfo(np.int64).min
SIMPLIFIED, RAW, RAW_TIMED = 0, 1, 2  # kinds of row
ROWS, POINTS, RAW_POINTS, RAW_STROKES, LABELS, COUNTRIES = range(6)  # places in counts

FAULTS = (
    WANT_RECORD,
    WANT_KEY,
    WANT_COLON,
    WANT_COMMA,
    WANT_NEWLINE,
    WANT_STRING,
    WANT_KEY_ID,
    WANT_RECOGNIZED,
    WANT_TIMESTAMP,
    WANT_VALUE,
    WANT_STROKES,
    WANT_STROKE,
    WANT_LIST,
    WANT_NUMBER,
    WANT_NEXT,
    REPEATED,
    NO_WORD,
    NO_DRAWING,
    NO_STROKES,
    NO_POINTS,
    UNEQUAL,
    FEW_LISTS,
    MANY_LISTS,
    SOME_TIMED,
    TOO_LONG,
) = tuple(range(1, 26))


class Tables(NamedTuple):
    """The arrays that a block is parsed into; `tables_for` makes them large enough for any block of its size."""

    rows: np.ndarray  # ROW, one a record
    points: np.ndarray  # uint8 [points, 3]: the simplified drawings, end to end
    xy: np.ndarray  # float64 [points, 2]: the raw ones
    t: np.ndarray  # float64 [points]: ms, 0 where a raw record has none
    stroke_ends: np.ndarray  # int64: end in xy of each raw stroke
    labels: np.ndarray  # int64 [labels, 2]: start and stop byte of each distinct word
    label_slots: np.ndarray  # int32: hash table into labels, −1 where free
    countries: np.ndarray
    country_slots: np.ndarray
    counts: np.ndarray  # int64: how many of each are filled (ROWS … COUNTRIES)
    fault: np.ndarray  # int64: code (0: none), byte, stroke, point


def tables_for(size: int, lines: int) -> Tables:
    """Empty tables for a block of `size` bytes and `lines` lines; memory is touched only where it is filled.

    A point takes at least 4 bytes of text ("0," twice) and a stroke 8, except in the one record that is refused.
    """
    slots = 1 << (2 * lines).bit_length()
    points = size // 4 + MAX_POINTS + 1
    return Tables(
        rows=np.empty(lines, ROW),
        points=np.empty((points, 3), np.uint8),
        xy=np.empty((points, 2)),
        t=np.empty(points),
        stroke_ends=np.empty(size // 8 + 2, np.int64),
        labels=np.empty((lines, 2), np.int64),
        label_slots=np.full(slots, -1, np.int32),
        countries=np.empty((lines, 2), np.int64),
        country_slots=np.full(slots, -1, np.int32),
        counts=np.zeros(6, np.int64),
        fault=np.array([0, -1, -1, -1]),
    )


@njit(nogil=True, cache=True)
def fault(tables, code, at, stroke=-1, point=-1):
    """Notes what is wrong and where; −1, which every parser gives instead of a position."""
    tables.fault[0], tables.fault[1], tables.fault[2], tables.fault[3] = code, at, stroke, point
    return -1
