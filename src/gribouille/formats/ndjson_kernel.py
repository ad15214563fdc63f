# mypy: disable-error-code="no-untyped-def"
"""The NDJSON parser, in numba: a block of whole lines in, `Tables` out, in one pass over the bytes.

`parse_block` stops at the first fault and leaves it in `tables.fault`.
"""

import numpy as np
from numba import njit

from gribouille.formats import block_kernel as block
from gribouille.formats.block_kernel import fault
from gribouille.formats.json_kernel import (
    BEGIN,
    CLOSE,
    COLON,
    COMMA,
    DOT,
    END,
    MINUS,
    NEWLINE,
    OPEN,
    QUOTE,
    digits_at,
    is_word,
    skip_space,
    string_end,
)
from gribouille.formats.strokes_kernel import compact_drawing, general_drawing

WORD, COUNTRYCODE, TIMESTAMP, RECOGNIZED, KEY_ID, DRAWING = 1, 2, 3, 4, 5, 6
NAMES = tuple(
    np.frombuffer(name, np.uint8)
    for name in (b"word", b"countrycode", b"timestamp", b"recognized", b"key_id", b"drawing")
)
NAME_WORD, NAME_COUNTRYCODE, NAME_TIMESTAMP, NAME_RECOGNIZED, NAME_KEY_ID, NAME_DRAWING = NAMES
NULL, TRUE, FALSE = (np.frombuffer(word, np.uint8) for word in (b"null", b"true", b"false"))
DAYS_BEFORE = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365])


@njit(nogil=True, cache=True)
def parse_block(text, tables):
    """Parses every line of `text` (uint8, its last byte a newline) into `tables`, up to the first fault."""
    at = 0
    line = 0
    while at < len(text):
        at = skip_space(text, at)
        if text[at] != NEWLINE:
            at = _record(text, at, line, tables)
            if at < 0:
                return
            at = skip_space(text, at)
            if text[at] != NEWLINE:
                fault(tables, block.WANT_NEWLINE, at)
                return
        at += 1
        line += 1


@njit(nogil=True, cache=True)
def _record(text, at, line, tables):
    """Parses the object at `at` into the next row; the position after it, −1 on a fault."""
    if text[at] != BEGIN:
        return fault(tables, block.WANT_RECORD, at)
    index = tables.counts[block.ROWS]
    row = tables.rows[index]
    row.start, row.line, row.country, row.recognized = at, line, -1, -1
    row.timestamp, row.key_id, row.keyed, row.hard = block.NO_TIME, 0, False, False
    seen = 0
    record = at
    at = skip_space(text, at + 1)
    while text[at] != END or seen != 0:
        if text[at] != QUOTE:
            return fault(tables, block.WANT_KEY, at)
        key = at + 1
        stop = string_end(text, key)
        if stop < 0:
            return fault(tables, block.WANT_STRING, at)
        at = skip_space(text, stop + 1)
        if text[at] != COLON:
            return fault(tables, block.WANT_COLON, at)
        at = skip_space(text, at + 1)
        name = _name(text, key, stop)
        if name and seen & (1 << name):
            return fault(tables, block.REPEATED, key - 1)
        seen |= 1 << name
        at = _value(text, at, name, row, tables)
        if at < 0:
            return -1
        at = skip_space(text, at)
        if text[at] == END:
            break
        if text[at] != COMMA:
            return fault(tables, block.WANT_COMMA, at)
        at = skip_space(text, at + 1)
    if not seen & (1 << WORD):
        return fault(tables, block.NO_WORD, record)
    if not seen & (1 << DRAWING):
        return fault(tables, block.NO_DRAWING, record)
    tables.counts[block.ROWS] += 1
    return at + 1


@njit(nogil=True, cache=True)
def _name(text, start, stop):
    """Which known key the bytes are, 0 for none."""
    size = stop - start
    if size == 4:
        return WORD if is_word(text, start, NAME_WORD) else 0
    if size == 6:
        return KEY_ID if is_word(text, start, NAME_KEY_ID) else 0
    if size == 7:
        return DRAWING if is_word(text, start, NAME_DRAWING) else 0
    if size == 9:
        return TIMESTAMP if is_word(text, start, NAME_TIMESTAMP) else 0
    if size == 10:
        return RECOGNIZED if is_word(text, start, NAME_RECOGNIZED) else 0
    if size == 11:
        return COUNTRYCODE if is_word(text, start, NAME_COUNTRYCODE) else 0
    return 0


@njit(nogil=True, cache=True)
def _value(text, at, name, row, tables):
    """Parses the value of the key `name` into the row; the position after it, −1 on a fault."""
    if name == DRAWING:
        begin = tables.counts[block.POINTS]
        after, end = compact_drawing(text, at, tables.points, begin)
        if after < 0:
            return general_drawing(text, at, row, tables)
        tables.counts[block.POINTS] = end
        row.kind, row.points_end = block.SIMPLIFIED, end
        return after
    if name == 0:
        return _skip_value(text, at, tables)
    if name != WORD and is_word(text, at, NULL):
        return at + 4
    if name == KEY_ID:
        return _key_id(text, at, row, tables)
    if name == RECOGNIZED:
        if is_word(text, at, TRUE):
            row.recognized = 1
            return at + 4
        if is_word(text, at, FALSE):
            row.recognized = 0
            return at + 5
        return fault(tables, block.WANT_RECOGNIZED, at)
    stop = string_end(text, at + 1) if text[at] == QUOTE else -1
    if stop < 0:
        return fault(tables, block.WANT_STRING, at)
    if name == WORD:
        row.label = _intern(text, at + 1, stop, tables.labels, tables.label_slots, tables.counts, block.LABELS)
    elif name == COUNTRYCODE:
        row.country = _intern(
            text, at + 1, stop, tables.countries, tables.country_slots, tables.counts, block.COUNTRIES
        )
    else:
        row.timestamp = _timestamp(text, at + 1, stop)
        if row.timestamp == block.NO_TIME:
            return fault(tables, block.WANT_TIMESTAMP, at)
    return stop + 1


@njit(nogil=True, cache=True)
def _skip_value(text, at, tables):
    """The position after a value of an unknown key, whose inside is not looked at."""
    begin = at
    depth = 0
    while True:
        byte = text[at]
        if byte == QUOTE:
            at = string_end(text, at + 1)
            if at < 0:
                return fault(tables, block.WANT_VALUE, begin)
        elif byte in (OPEN, BEGIN):
            depth += 1
        elif depth == 0 and byte in (COMMA, END):
            return at if at > begin else fault(tables, block.WANT_VALUE, begin)
        elif byte in (CLOSE, END):
            depth -= 1
        if byte == NEWLINE or depth < 0:
            return fault(tables, block.WANT_VALUE, begin)
        at += 1


@njit(nogil=True, cache=True)
def _intern(text, start, stop, spans, slots, counts, which):
    """The number of the distinct string text[start:stop], in order of first appearance (open addressing, FNV-1a)."""
    key = np.uint64(0xCBF29CE484222325)
    for at in range(start, stop):
        key = (key ^ np.uint64(text[at])) * np.uint64(0x100000001B3)
    mask = len(slots) - 1
    slot = np.int64(key >> np.uint64(32)) & mask
    while slots[slot] >= 0:
        code = slots[slot]
        if spans[code, 1] - spans[code, 0] == stop - start and is_word(
            text, start, text[spans[code, 0] : spans[code, 1]]
        ):
            return code
        slot = (slot + 1) & mask
    code = np.int32(counts[which])
    spans[code, 0], spans[code, 1] = start, stop
    slots[slot] = code
    counts[which] += 1
    return code


@njit(nogil=True, cache=True)
def _key_id(text, at, row, tables):
    """Parses an unsigned 64-bit integer, bare or in quotes."""
    begin = at
    quoted = text[at] == QUOTE
    if quoted:
        at += 1
    first = at
    key = np.uint64(0)
    while 48 <= text[at] <= 57:
        digit = np.uint64(text[at] - 48)
        if key > np.uint64(1844674407370955161) or (key == np.uint64(1844674407370955161) and digit > np.uint64(5)):
            return fault(tables, block.WANT_KEY_ID, begin)
        key = key * np.uint64(10) + digit
        at += 1
    if at == first or (quoted and text[at] != QUOTE):
        return fault(tables, block.WANT_KEY_ID, begin)
    if not quoted and (text[at] == DOT or text[at] == 101 or text[at] == 69):
        return fault(tables, block.WANT_KEY_ID, begin)
    row.key_id, row.keyed = key, True
    return at + 1 if quoted else at


@njit(nogil=True, cache=True)
def _timestamp(text, at, stop):
    """µs since 1970 of "YYYY-MM-DD HH:MM:SS[.f…] UTC" (T for the space, Z or nothing for UTC); NO_TIME if not that."""
    if (
        stop - at < 19
        or text[at + 4] != MINUS
        or text[at + 7] != MINUS
        or (text[at + 10] != 32 and text[at + 10] != 84)
    ):
        return block.NO_TIME
    if text[at + 13] != COLON or text[at + 16] != COLON:
        return block.NO_TIME
    year, month, day = digits_at(text, at, 4), digits_at(text, at + 5, 2), digits_at(text, at + 8, 2)
    hour, minute, second = digits_at(text, at + 11, 2), digits_at(text, at + 14, 2), digits_at(text, at + 17, 2)
    if year < 1 or not 1 <= month <= 12 or not 0 <= hour < 24 or not 0 <= minute < 60 or not 0 <= second < 60:
        return block.NO_TIME
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days_in_month = DAYS_BEFORE[month] - DAYS_BEFORE[month - 1] + (1 if leap and month == 2 else 0)
    if not 1 <= day <= days_in_month:
        return block.NO_TIME
    past = year - 1
    days = 365 * past + past // 4 - past // 100 + past // 400 - 719162  # from 0001-01-01 to 1970-01-01
    days += DAYS_BEFORE[month - 1] + (1 if leap and month > 2 else 0) + day - 1
    at += 19
    fraction, unit = 0, 1_000_000
    if text[at] == DOT:
        at += 1
        while 48 <= text[at] <= 57 and unit > 1:
            unit //= 10
            fraction += unit * (text[at] - 48)
            at += 1
        if unit == 1_000_000:
            return block.NO_TIME
    utc = stop - at == 4 and text[at] == 32 and text[at + 1] == 85 and text[at + 2] == 84 and text[at + 3] == 67
    if not (at == stop or utc or (stop - at == 1 and text[at] == 90)):
        return block.NO_TIME
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + fraction
