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
WANTED = (  # by name
    block.WANT_VALUE,
    block.WANT_STRING,
    block.WANT_STRING,
    block.WANT_TIMESTAMP,
    block.WANT_RECOGNIZED,
    block.WANT_KEY_ID,
)
NAMES = tuple(
    np.frombuffer(name, np.uint8)
    for name in (b'word"', b'countrycode"', b'timestamp"', b'recognized"', b'key_id"', b'drawing"')
)
NAME_WORD, NAME_COUNTRYCODE, NAME_TIMESTAMP, NAME_RECOGNIZED, NAME_KEY_ID, NAME_DRAWING = NAMES
NULL, TRUE, FALSE = (np.frombuffer(word, np.uint8) for word in (b"null", b"true", b"false"))
LAST_KEY, TEN = np.uint64(2**64 - 1), np.uint64(10)
DAYS_BEFORE = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365])


@njit(nogil=True, cache=True)
def parse_block(text, tables):
    """Parses every line of `text` (uint8, its last two bytes newlines) into `tables`, up to the first fault."""
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
        name, stop = _name(text, key)
        if stop < 0:
            return fault(tables, block.WANT_STRING, at)
        at = skip_space(text, stop + 1)
        if text[at] != COLON:
            return fault(tables, block.WANT_COLON, at)
        at = skip_space(text, at + 1)
        if name and seen & (1 << name):
            return fault(tables, block.REPEATED, key - 1)
        seen |= 1 << name
        value = at
        if name == DRAWING:
            begin = tables.counts[block.POINTS]
            at, end = compact_drawing(text, value, tables.points, begin)
            row.kind, row.points_end, tables.counts[block.POINTS] = block.SIMPLIFIED, end, end
            if at < 0:
                at = general_drawing(text, value, row, tables)
                if at < 0:
                    return -1
        else:
            at = _value(text, value, name, row)
            if at < 0:
                return fault(tables, WANTED[name], value)
        if name == WORD:
            row.label = _intern(text, value + 1, at - 1, tables.labels, tables.label_slots, tables.counts, block.LABELS)
        elif name == COUNTRYCODE and text[value] == QUOTE:
            row.country = _intern(
                text, value + 1, at - 1, tables.countries, tables.country_slots, tables.counts, block.COUNTRIES
            )
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
def _name(text, at):
    """Which known key starts at `at`, and the position of the quote after it: 0 for an unknown one, −1 where none ends."""
    byte = text[at]
    if byte == NAME_WORD[0] and is_word(text, at, NAME_WORD):
        return WORD, at + len(NAME_WORD) - 1
    if byte == NAME_COUNTRYCODE[0] and is_word(text, at, NAME_COUNTRYCODE):
        return COUNTRYCODE, at + len(NAME_COUNTRYCODE) - 1
    if byte == NAME_TIMESTAMP[0] and is_word(text, at, NAME_TIMESTAMP):
        return TIMESTAMP, at + len(NAME_TIMESTAMP) - 1
    if byte == NAME_RECOGNIZED[0] and is_word(text, at, NAME_RECOGNIZED):
        return RECOGNIZED, at + len(NAME_RECOGNIZED) - 1
    if byte == NAME_KEY_ID[0] and is_word(text, at, NAME_KEY_ID):
        return KEY_ID, at + len(NAME_KEY_ID) - 1
    if byte == NAME_DRAWING[0] and is_word(text, at, NAME_DRAWING):
        return DRAWING, at + len(NAME_DRAWING) - 1
    return 0, string_end(text, at)


@njit(nogil=True, cache=True)
def _value(text, at, name, row):
    """The position after the value at `at`, put into the row where it is no string; −1 where it is not what the key wants.

    The tables stay with the caller: handing their eleven arrays to every call halved the parser's speed.
    """
    if name == 0:
        return _skip_value(text, at)
    if name != WORD and is_word(text, at, NULL):
        return at + 4
    if name == KEY_ID:
        return _key_id(text, at, row)
    if name == RECOGNIZED:
        row.recognized = is_word(text, at, TRUE)
        return at + 4 if row.recognized else at + 5 if is_word(text, at, FALSE) else -1
    stop = string_end(text, at + 1) if text[at] == QUOTE else -1
    if stop >= 0 and name == TIMESTAMP:
        row.timestamp = _timestamp(text, at + 1, stop)
        return stop + 1 if row.timestamp != block.NO_TIME else -1
    return stop + 1 if stop >= 0 else -1


@njit(nogil=True, cache=True)
def _skip_value(text, at):
    """The position after a value of an unknown key, whose inside is not looked at; −1 where the line ends in it."""
    begin = at
    depth = 0
    while text[at] != NEWLINE:
        byte = text[at]
        if byte == QUOTE:
            at = string_end(text, at + 1)
            if at < 0:
                return -1
        elif byte in (OPEN, BEGIN):
            depth += 1
        elif depth == 0 and byte in (COMMA, END):
            return at if at > begin else -1
        elif byte in (CLOSE, END):
            depth -= 1
            if depth < 0:
                return -1
        at += 1
    return -1


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
def _key_id(text, at, row):
    """Parses an unsigned 64-bit integer, bare or in quotes, into the row; the position after it, −1 where it is none."""
    quoted = text[at] == QUOTE
    if quoted:
        at += 1
    first = at
    key = np.uint64(0)
    while 48 <= text[at] <= 57:
        digit = np.uint64(text[at] - 48)
        if key > LAST_KEY // TEN or (key == LAST_KEY // TEN and digit > LAST_KEY % TEN):
            return -1
        key = key * TEN + digit
        at += 1
    if at == first or (quoted and text[at] != QUOTE) or text[at] in (DOT, 69, 101):  # 1.5, 1E5 and 1e5 are no integers
        return -1
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
