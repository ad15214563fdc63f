# mypy: disable-error-code="no-untyped-def"
"""What a block of lines is parsed into, whatever their format: the tables, the kinds of rows, the faults."""

import threading
from typing import NamedTuple

import numpy as np
from numba import njit

from gribouille.drawing import MAX_POINTS

ROW = np.dtype(
    [
        ("timestamp", np.int64),  # µs since 1970-01-01 UTC, NO_TIME where null
        ("key_id", np.uint64),
        ("end", np.int64),  # of the drawing in packed (kind SIMPLIFIED) or xy (the others)
        ("strokes_end", np.int64),  # in stroke_ends, raw rows only
        ("start", np.int64),  # first byte of the record
        ("word", np.int64),  # where the word stands in the text: start and stop
        ("word_stop", np.int64),
        ("place", np.int64),  # where the country does; stop 0 where null
        ("place_stop", np.int64),
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
FAULT = np.dtype(
    [
        ("code", np.int64),
        ("at", np.int64),  # byte that is wrong
        ("stroke", np.int64),  # −1 where it is none
        ("point", np.int64),
        ("start", np.int64),  # first byte of the record
        ("line", np.int64),
    ],
    align=True,
)
NO_TIME = np.iinfo(np.int64).min
SIMPLIFIED, RAW, RAW_TIMED = 0, 1, 2  # kinds of row
ROWS, PACKED, RAW_POINTS, RAW_STROKES, LABELS, COUNTRIES, BAD = range(7)  # places in counts

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
    WANT_FIELDS,
    WANT_QUOTED,
) = tuple(range(1, 28))


class Tables(NamedTuple):
    """The arrays that a block is parsed into; `tables_for` makes them large enough for any block of its size."""

    rows: np.ndarray  # ROW, one a good record
    packed: np.ndarray  # uint8: the simplified drawings, packed, end to end
    starts: np.ndarray  # int64: the points at which the strokes of one drawing start
    xy: np.ndarray  # float64 [points, 2]: the raw ones
    t: np.ndarray  # float64 [points]: ms, 0 where a raw record has none
    stroke_ends: np.ndarray  # int64: end in xy of each raw stroke
    labels: np.ndarray  # int64 [labels, 2]: start and stop byte of each distinct word
    label_slots: np.ndarray  # int32: hash table into labels, −1 where free
    countries: np.ndarray
    country_slots: np.ndarray
    counts: np.ndarray  # int64: how many of each are filled (ROWS … BAD)
    fault: np.ndarray  # int64: code (0: none), byte, stroke, point of the record being read
    faults: np.ndarray  # FAULT, one a bad record


USUAL_LINES = 1 << 14  # of a block: rows and slots for so many are made at once
_kept = threading.local()


def tables_for(size: int, lines: int) -> Tables:
    """Tables for a block of up to `size` bytes and `lines` lines. A thread has one set of them: what was parsed is
    copied out before it asks again. Memory is touched only where it is filled, and pages once touched are used again.

    A point takes at least 4 bytes of text ("0," twice) and a stroke 8, except in the one record that is refused.
    """
    tables: Tables | None = getattr(_kept, "tables", None)
    if tables is None or len(tables.packed) < packed_size(size) or len(tables.rows) < lines:
        tables = _new(size, max(lines, min(size // 64, USUAL_LINES)))
        keep_tables(tables)
    tables.label_slots[:] = -1
    tables.country_slots[:] = -1
    tables.counts[:] = 0
    return tables


def keep_tables(tables: Tables) -> None:
    """Makes these the tables of this thread."""
    _kept.tables = tables


def forget_tables() -> None:
    """Lets go of this thread's tables: a thread that lives on needs them no more."""
    _kept.tables = None


def packed_size(size: int) -> int:
    """The bytes that the packed drawings of a block of `size` bytes take at most, the refused one included."""
    return size // 2 + size // 32 + 3 * MAX_POINTS  # 2⅛ bytes a point, which is four of text at least


def _new(size: int, lines: int) -> Tables:
    slots = 1 << (2 * lines).bit_length()
    points = size // 4 + MAX_POINTS + 1
    return Tables(
        rows=np.empty(lines, ROW),
        packed=np.empty(packed_size(size), np.uint8),
        starts=np.empty(MAX_POINTS + 1, np.int64),
        xy=np.empty((points, 2)),
        t=np.empty(points),
        stroke_ends=np.empty(size // 8 + 2, np.int64),
        labels=np.empty((lines, 2), np.int64),
        label_slots=np.empty(slots, np.int32),
        countries=np.empty((lines, 2), np.int64),
        country_slots=np.empty(slots, np.int32),
        counts=np.zeros(7, np.int64),
        fault=np.array([0, -1, -1, -1]),
        faults=np.empty(lines, FAULT),
    )


@njit(nogil=True, cache=True)
def fault(tables, code, at, stroke=-1, point=-1):
    """Notes what is wrong and where; −1, which every parser gives instead of a position."""
    tables.fault[0], tables.fault[1], tables.fault[2], tables.fault[3] = code, at, stroke, point
    return -1


@njit(nogil=True, cache=True)
def refuse(tables, start, line, packed, points, strokes):
    """Moves the noted fault to the bad records and takes back what the record had filled (from these counts on)."""
    bad = tables.faults[tables.counts[BAD]]
    bad.code, bad.at, bad.stroke, bad.point = tables.fault[0], tables.fault[1], tables.fault[2], tables.fault[3]
    bad.start, bad.line = start, line
    tables.counts[BAD] += 1
    tables.counts[PACKED], tables.counts[RAW_POINTS], tables.counts[RAW_STROKES] = packed, points, strokes


@njit(nogil=True, cache=True)
def intern(text, start, stop, spans, slots, counts, which):
    """The number of the distinct string text[start:stop], in order of first appearance (open addressing, FNV-1a)."""
    key = np.uint64(0xCBF29CE484222325)
    for at in range(start, stop):
        key = (key ^ np.uint64(text[at])) * np.uint64(0x100000001B3)
    mask = len(slots) - 1
    slot = np.int64(key >> np.uint64(32)) & mask
    while slots[slot] >= 0:
        code = slots[slot]
        if same(text, start, stop, spans[code, 0], spans[code, 1]):
            return code
        slot = (slot + 1) & mask
    code = np.int32(counts[which])
    spans[code, 0], spans[code, 1] = start, stop
    slots[slot] = code
    counts[which] += 1
    return code


@njit(nogil=True, cache=True)
def same(text, start, stop, other, other_stop):
    """Whether two stretches of a text hold the same bytes."""
    if stop - start != other_stop - other:
        return False
    index = 0
    while index < stop - start and text[start + index] == text[other + index]:
        index += 1
    return index == stop - start
