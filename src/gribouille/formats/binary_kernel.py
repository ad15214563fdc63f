# mypy: disable-error-code="no-untyped-def"
"""Google's .bin, in numba: records to packed drawings with their columns in one pass, and back.

A record, little-endian: u64 key_id, 2 bytes country, u8 recognized, u32 seconds, u16 strokes, then per stroke u16 points
and the lists x, y of one byte a point.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from gribouille.drawing import MAX_POINTS
from gribouille.packing_kernel import pack_pens

HEADER = 17  # bytes before the first stroke
LEAST = HEADER + 4  # bytes of a record of one point
LONGEST = HEADER + 4 * MAX_POINTS  # of one of MAX_POINTS strokes
CHAIN = 3  # good records one after the other, which no chance makes
UNKNOWN = -1
OUTSIDE = -2
SEARCHED = 1 << 20  # bytes without a record that are one fault
COUNTRIES = 1 << 16  # pairs of bytes
NO_COUNTRY = (0, 0x2020)  # two zeros, two blanks

FAULTS = NO_STROKES, NO_POINTS, TOO_LONG, WANT_COUNTRY, WANT_RECOGNIZED, ENDLESS, ASTRAY = tuple(range(1, 8))


class Tables(NamedTuple):
    """What a stretch is parsed into; `tables_for` makes it large enough."""

    packed: np.ndarray  # uint8: the drawings, end to end
    offsets: np.ndarray  # int64 [rows + 1]
    begins: np.ndarray  # int64: first byte of each record
    key_id: np.ndarray  # uint64
    seconds: np.ndarray  # uint32
    recognized: np.ndarray  # int8
    country: np.ndarray  # int32: index into countries, −1 where null
    countries: np.ndarray  # uint16: the distinct pairs of bytes, little-endian
    slots: np.ndarray  # int32 [COUNTRIES]: index of each pair of bytes in countries, −1 where it has none yet
    starts: np.ndarray  # int64: points at which the strokes of one drawing start
    faults: (
        np.ndarray
    )  # int64 [faults, 5]: code, first byte, end, what was found, whether the next record was searched for


def tables_for(size: int) -> Tables:
    """Empty tables for `size` bytes; memory is touched only where it is filled.

    A packed drawing has at most ⌈n/8⌉ bytes more than its record, which is HEADER + 2·strokes + 2·n.
    """
    rows = size // LEAST + 1
    return Tables(
        packed=np.empty(size + size // 16 + MAX_POINTS, np.uint8),
        offsets=np.zeros(rows + 1, np.int64),
        begins=np.empty(rows, np.int64),
        key_id=np.empty(rows, np.uint64),
        seconds=np.empty(rows, np.uint32),
        recognized=np.empty(rows, np.int8),
        country=np.empty(rows, np.int32),
        countries=np.empty(COUNTRIES, np.uint16),
        slots=np.full(COUNTRIES, -1, np.int32),
        starts=np.empty(MAX_POINTS, np.int64),
        faults=np.empty((size // HEADER + 2, 5), np.int64),
    )


@njit(nogil=True, cache=True)
def parse_records(source, is_last, tables):
    """Parses the records of source uint8 [size]: bytes taken, rows, faults and countries found.

    Where it is not the file's last stretch, what may go on in the next one is not taken.
    """
    at, rows, faults, countries = 0, 0, 0, 0
    while at < len(source):
        after, strokes, size, code, found, is_searched = _step(source, at, is_last, tables.starts)
        if after < 0:
            break
        if code:
            fault = tables.faults[faults]
            fault[0], fault[1], fault[2], fault[3], fault[4] = code, at, after, found, is_searched
            faults += 1
            at = after
            continue
        pair = _u16(source, at + 8)
        if pair in NO_COUNTRY:
            tables.country[rows] = -1
        else:
            if tables.slots[pair] < 0:
                tables.slots[pair] = countries
                tables.countries[countries] = pair
                countries += 1
            tables.country[rows] = tables.slots[pair]
        tables.key_id[rows] = _u32(source, at) | (np.uint64(_u32(source, at + 4)) << np.uint64(32))
        tables.begins[rows] = at
        tables.recognized[rows] = source[at + 10]
        tables.seconds[rows] = _u32(source, at + 11)
        tables.offsets[rows + 1] = _pack_record(source, at, strokes, size, tables, tables.offsets[rows])
        rows += 1
        at = after
    return at, rows, faults, countries


@njit(nogil=True, cache=True)
def _step(source, at, is_last, starts):
    """What stands at `at`: where the next record starts (−1: wait for more bytes), strokes, points, fault and what was found.

    Where nothing follows that may be a record, the next one is searched for, which the last value tells. A good record is
    taken for damaged then if the next one starts inside it, or if it ends where more strokes lead to the next one.
    """
    after, strokes, size, code, found = _record(source, at, starts)
    left = len(source) - at
    if after < 0:
        if left <= LONGEST and not is_last:
            return -1, 0, 0, 0, 0, False
        code, found = ENDLESS, left
    else:
        follows = _follows(source, after, is_last)
        if follows == UNKNOWN:
            return -1, 0, 0, 0, 0, False
        if follows:
            return after, strokes, size, code, found, False
    start = _next_start(source, at + 1, is_last, starts)
    if start < 0 and left <= SEARCHED and not is_last:
        return -1, 0, 0, 0, 0, False
    if code == 0:
        if start < 0 or (start >= after and not _are_strokes(source, after, start)):
            _record(source, at, starts)  # the search has written over them
            return after, strokes, size, 0, 0, False
        code, found = ASTRAY, after - at
    if start < 0:
        # the chain that starts a record may go on in the next stretch
        start = len(source) if is_last else len(source) - CHAIN * LONGEST
    return start, strokes, size, code, found, True


@njit(nogil=True, cache=True)
def _are_strokes(source, begin, end):
    """Whether source[begin:end] are strokes."""
    at = begin
    while at < end:
        count = _u16(source, at)
        if count == 0:
            return False
        at += 2 + 2 * count
    return at == end and end > begin


@njit(nogil=True, cache=True)
def _follows(source, at, is_last):
    """Whether a record, or the end of the file, follows at `at` (1, 0 or UNKNOWN); it may be one with a bad header."""
    if len(source) - at < HEADER:
        return len(source) == at if is_last else UNKNOWN
    after = _end_by_lengths(source, at)
    if after == OUTSIDE:
        return 0 if is_last or len(source) - at > LONGEST else UNKNOWN
    if after < 0 or _may_start(source, at):
        return after > 0
    if len(source) - after < HEADER:
        return len(source) == after if is_last else UNKNOWN
    return _may_start(source, after)


@njit(nogil=True, cache=True)
def _end_by_lengths(source, at):
    """The end of a record whose lengths are good, OUTSIDE where it is not in source, −1 where they are bad."""
    strokes = _u16(source, at + 15)
    begin = to = at + HEADER
    for _ in range(strokes):
        if to + 2 > len(source):
            return OUTSIDE
        count = _u16(source, to)
        to += 2 + 2 * count
        if count == 0 or to - begin > LONGEST:
            return -1
    return -1 if strokes == 0 else OUTSIDE if to > len(source) else to


@njit(nogil=True, cache=True)
def _record(source, at, starts):
    """The end of the record at `at` (−1: not in source), its strokes and points, its fault (0: none) and what was found.

    starts is filled with the points at which its strokes start.
    """
    if len(source) - at < HEADER:
        return -1, 0, 0, 0, 0
    strokes = _u16(source, at + 15)
    to, size, code, found = at + HEADER, 0, 0, 0
    if strokes == 0:
        code = NO_STROKES
    for stroke in range(strokes):
        if to + 2 > len(source):
            return -1, strokes, size, code, found
        count = _u16(source, to)
        if count == 0 and code == 0:
            code, found = NO_POINTS, stroke
        if size < MAX_POINTS and stroke < MAX_POINTS:
            starts[stroke] = size
        size += count
        to += 2 + 2 * count
    if to > len(source):
        return -1, strokes, size, code, found
    if code == 0 and size > MAX_POINTS:
        code, found = TOO_LONG, size
    pair = _u16(source, at + 8)
    if code == 0 and not _is_country(pair):
        code, found = WANT_COUNTRY, pair
    if code == 0 and source[at + 10] > 1:
        code, found = WANT_RECOGNIZED, source[at + 10]
    return to, strokes, size, code, found


@njit(nogil=True, cache=True)
def _may_start(source, at):
    """Whether the HEADER bytes at `at` may be a record's."""
    return source[at + 10] <= 1 and _u16(source, at + 15) > 0 and _is_country(_u16(source, at + 8))


@njit(nogil=True, cache=True)
def _next_start(source, begin, is_last, starts):
    """The first place from `begin` where CHAIN good records follow on each other, or some to the end of the file; else −1.

    By chance, not even one stands at about 1 place in 10,000, and hardly ever are its lengths good.
    """
    for start in range(begin, len(source) - HEADER + 1):
        if not _may_start(source, start):
            continue
        at = start
        for link in range(CHAIN):
            after, _, _, code, _ = _record(source, at, starts)
            if after < 0 or code:
                break
            at = after
            if link == CHAIN - 1 or (is_last and at == len(source)):
                return start
    return -1


@njit(nogil=True, cache=True)
def _pack_record(source, at, strokes, size, tables, begin):
    """Packs the drawing of a good record into tables.packed from `begin`; its end there."""
    packed = tables.packed
    at += HEADER
    to = begin
    for _ in range(strokes):
        count = _u16(source, at)
        x, y = source[at + 2 : at + 2 + count], source[at + 2 + count : at + 2 + 2 * count]
        xy = packed[to : to + 2 * count]
        for index in range(count):
            xy[2 * index] = x[index]
            xy[2 * index + 1] = y[index]
        to += 2 * count
        at += 2 + 2 * count
    return pack_pens(packed, begin, size, tables.starts, strokes)


@njit(nogil=True, cache=True)
def _is_country(pair):
    return pair in NO_COUNTRY or (_is_letter(pair & 255) and _is_letter(pair >> 8))


@njit(nogil=True, cache=True)
def _is_letter(byte):
    return 65 <= byte <= 90 or 97 <= byte <= 122


@njit(nogil=True, cache=True)
def _u16(source, at):
    return np.int64(source[at]) | (np.int64(source[at + 1]) << 8)


@njit(nogil=True, cache=True)
def _u32(source, at):
    low, high = np.uint64(_u16(source, at)), np.uint64(_u16(source, at + 2))
    return low | (high << np.uint64(16))


@njit(nogil=True, cache=True)
def encode_records(packed, offsets, key_id, countries, recognized, seconds):
    """The bytes of records: of packed drawings, with countries as pairs of bytes (little-endian) and the other fields."""
    rows = len(offsets) - 1
    size = HEADER * rows
    for row in range(rows):
        points, strokes = _counts(packed[offsets[row] : offsets[row + 1]])
        size += 2 * points + 2 * strokes
    encoded = np.empty(size, np.uint8)
    at = 0
    for row in range(rows):
        drawing = packed[offsets[row] : offsets[row + 1]]
        points, strokes = _counts(drawing)
        _put(encoded, at, key_id[row], 8)
        _put(encoded, at + 8, np.uint64(countries[row]), 2)
        encoded[at + 10] = recognized[row]
        _put(encoded, at + 11, np.uint64(seconds[row]), 4)
        _put(encoded, at + 15, np.uint64(strokes), 2)
        at += HEADER
        begin = 0
        while begin < points:
            end = begin + 1
            while end < points and _pen(drawing, points, end):
                end += 1
            _put(encoded, at, np.uint64(end - begin), 2)
            at += 2
            for index in range(begin, end):
                encoded[at + index - begin] = drawing[2 * index]
                encoded[at + index - begin + end - begin] = drawing[2 * index + 1]
            at += 2 * (end - begin)
            begin = end
    return encoded


@njit(nogil=True, cache=True)
def _counts(drawing):
    """The points and the strokes of a packed drawing."""
    points = 8 * len(drawing) // 17
    strokes = 1
    for point in range(1, points):
        strokes += not _pen(drawing, points, point)
    return points, strokes


@njit(nogil=True, cache=True)
def _pen(drawing, points, point):
    return (drawing[2 * points + (point >> 3)] >> (point & 7)) & 1 == 1


@njit(nogil=True, cache=True)
def _put(target, at, value, size):
    for index in range(size):
        target[at + index] = np.uint8((value >> np.uint64(8 * index)) & np.uint64(255))
