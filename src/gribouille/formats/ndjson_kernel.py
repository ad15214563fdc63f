# mypy: disable-error-code="no-untyped-def"
"""The NDJSON parser, in numba: a block of whole lines in, `Tables` out, in one pass over the bytes.

A record whose keys stand as Google writes them takes a short path; any other, faulty ones too, is read again by the
general one. A record that is refused leaves its fault in `tables.faults`, and the next line is read.
"""

import numpy as np
from numba import njit

from gribouille.formats import block_kernel as block
from gribouille.formats.block_kernel import fault, intern, refuse, same
from gribouille.formats.json_kernel import (
    BACKSLASH,
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
from gribouille.formats.swar_kernel import eight_digits, load64

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


# The text between the values of a record as Google writes it, eight bytes at a time (load64).
_WORD, _COUNTRY_1, _COUNTRY_2 = (np.frombuffer(text, np.uint64)[0] for text in (b'{"word":', b',"countr', b'rycode":'))
_TIME_1, _TIME_2 = (np.frombuffer(text, np.uint64)[0] for text in (b',"timest', b'estamp":'))
_RECOGNIZED_1, _RECOGNIZED_2 = (np.frombuffer(text, np.uint64)[0] for text in (b',"recogn', b'gnized":'))
_KEY_1, _KEY_2 = (np.frombuffer(text, np.uint64)[0] for text in (b',"key_id', b'key_id":'))
_DRAWING_1, _DRAWING_2 = (np.frombuffer(text, np.uint64)[0] for text in (b',"drawin', b'rawing":'))


@njit(nogil=True, cache=True)
def parse_block(text, size, tables):
    """Parses every line of text[:size] (uint8; ends with a newline, SLACK more bytes may be read) into `tables`."""
    rows, packed, starts, counts = tables.rows, tables.packed, tables.starts, tables.counts
    at = 0
    line = 0
    while at < size:
        row = rows[counts[block.ROWS]]
        row.start, row.line = at, line
        after, end = _google_record(text, at, row, packed, counts[block.PACKED], starts)
        if after >= 0 and text[after] == NEWLINE:
            row.kind, row.end, row.hard, counts[block.PACKED] = block.SIMPLIFIED, end, False, end
            _name(text, row, tables)
            counts[block.ROWS] += 1
            at = after
        else:
            at = _any_line(text, at, line, tables)
        at += 1
        line += 1


@njit(nogil=True, cache=True)
def _any_line(text, at, line, tables):
    """Parses a line of any form; the position of its newline."""
    at = skip_space(text, at)
    if text[at] == NEWLINE:
        return at
    start = at
    packed, points = tables.counts[block.PACKED], tables.counts[block.RAW_POINTS]
    strokes = tables.counts[block.RAW_STROKES]
    at = _record(text, start, line, tables)
    if at >= 0:
        at = skip_space(text, at)
        if text[at] == NEWLINE:
            _name(text, tables.rows[tables.counts[block.ROWS]], tables)
            tables.counts[block.ROWS] += 1
            return at
        fault(tables, block.WANT_NEWLINE, at)
    refuse(tables, start, line, packed, points, strokes)
    at = tables.fault[1]
    while text[at] != NEWLINE:
        at += 1
    return at


@njit(nogil=True, cache=True)
def _name(text, row, tables):
    """Numbers the word and the country of a row that has become the next one."""
    index = tables.counts[block.ROWS]
    row.label, row.country = -1, -1
    if index:  # most files are of one word
        before = tables.rows[index - 1]
        if same(text, row.word, row.word_stop, before.word, before.word_stop):
            row.label = before.label
    if row.label < 0:
        row.label = intern(
            text, row.word, row.word_stop, tables.labels, tables.label_slots, tables.counts, block.LABELS
        )
    if row.place_stop:
        row.country = intern(
            text, row.place, row.place_stop, tables.countries, tables.country_slots, tables.counts, block.COUNTRIES
        )


@njit(nogil=True, cache=True)
def _google_record(text, at, row, packed, begin, starts):
    """Parses a record in Google's own form with a simplified drawing into a row and into packed from `begin`.

    Gives the position after it and the end of the drawing in packed; (−1, begin) where it is in any other form, right
    or wrong.
    """
    if load64(text, at) != _WORD or text[at + 8] != QUOTE:
        return -1, begin
    at += 9
    row.word = at
    at = _plain_string_end(text, at)
    row.word_stop = at
    if at < 0 or load64(text, at + 1) != _COUNTRY_1 or load64(text, at + 8) != _COUNTRY_2:
        return -1, begin
    at += 16
    row.place_stop = 0
    if text[at] == QUOTE:
        row.place = at + 1
        at = _plain_string_end(text, at + 1)
        if at < 0:
            return -1, begin
        row.place_stop = at
        at += 1
    elif is_word(text, at, NULL):
        at += 4
    else:
        return -1, begin
    if load64(text, at) != _TIME_1 or load64(text, at + 5) != _TIME_2:
        return -1, begin
    at += 13
    row.timestamp = block.NO_TIME
    if text[at] == QUOTE:
        stop = at + 20  # of the seconds; up to six digits of a fraction and " UTC" follow
        while text[stop] > QUOTE:
            stop += 1
        stop += 4 if text[stop] == 32 else 0
        if text[stop] != QUOTE:
            return -1, begin
        row.timestamp = timestamp_at(text, at + 1, stop)
        if row.timestamp == block.NO_TIME:
            return -1, begin
        at = stop + 1
    elif is_word(text, at, NULL):
        at += 4
    else:
        return -1, begin
    if load64(text, at) != _RECOGNIZED_1 or load64(text, at + 6) != _RECOGNIZED_2:
        return -1, begin
    at += 14
    if is_word(text, at, TRUE):
        row.recognized = 1
        at += 4
    elif is_word(text, at, FALSE):
        row.recognized = 0
        at += 5
    elif is_word(text, at, NULL):
        row.recognized = -1
        at += 4
    else:
        return -1, begin
    if load64(text, at) != _KEY_1 or load64(text, at + 2) != _KEY_2:
        return -1, begin
    at += 10
    first, second = eight_digits(text, at + 1), eight_digits(text, at + 9)
    row.key_id, row.keyed = 0, False
    if first >= 0 and second >= 0 and text[at] == QUOTE and text[at + 17] == QUOTE:  # as Google's all are
        row.key_id, row.keyed = np.uint64(first * 100_000_000 + second), True
        at += 18
    else:
        at = at + 4 if is_word(text, at, NULL) else key_id_at(text, at, row)
    if at < 0 or load64(text, at) != _DRAWING_1 or load64(text, at + 3) != _DRAWING_2:
        return -1, begin
    at, end = compact_drawing(text, at + 11, packed, begin, starts, 0)
    if at < 0 or text[at] != END:
        return -1, begin
    return at + 1, end


@njit(nogil=True, cache=True)
def _plain_string_end(text, at):
    """The position of the quote that closes a string without escapes; −1 where there is an escape or it does not end."""
    while text[at] != QUOTE:
        if text[at] < 32 or text[at] == BACKSLASH:
            return -1
        at += 1
    return at


@njit(nogil=True, cache=True)
def _record(text, at, line, tables):
    """Parses the object at `at` into the next row; the position after it, −1 on a fault."""
    if text[at] != BEGIN:
        return fault(tables, block.WANT_RECORD, at)
    index = tables.counts[block.ROWS]
    row = tables.rows[index]
    row.start, row.line, row.place_stop, row.recognized = at, line, 0, -1
    row.timestamp, row.key_id, row.keyed, row.hard = block.NO_TIME, 0, False, False
    seen = 0
    record = at
    at = skip_space(text, at + 1)
    while text[at] != END or seen != 0:
        if text[at] != QUOTE:
            return fault(tables, block.WANT_KEY, at)
        key = at + 1
        name, stop = _key(text, key)
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
            begin = tables.counts[block.PACKED]
            at, end = compact_drawing(text, value, tables.packed, begin, tables.starts, 0)
            if at < 0:
                at, end = compact_drawing(text, value, tables.packed, begin, tables.starts, 1)
            row.kind, row.end, tables.counts[block.PACKED] = block.SIMPLIFIED, end, end
            if at < 0:
                at = general_drawing(text, value, row, tables)
                if at < 0:
                    return -1
        else:
            at = _value(text, value, name, row)
            if at < 0:
                return fault(tables, WANTED[name], value)
        if name == WORD:
            row.word, row.word_stop = value + 1, at - 1
        elif name == COUNTRYCODE and text[value] == QUOTE:
            row.place, row.place_stop = value + 1, at - 1
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
    return at + 1


@njit(nogil=True, cache=True)
def _key(text, at):
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
        return key_id_at(text, at, row)
    if name == RECOGNIZED:
        row.recognized = is_word(text, at, TRUE)
        return at + 4 if row.recognized else at + 5 if is_word(text, at, FALSE) else -1
    stop = string_end(text, at + 1) if text[at] == QUOTE else -1
    if stop >= 0 and name == TIMESTAMP:
        row.timestamp = timestamp_at(text, at + 1, stop)
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
def key_id_at(text, at, row):
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
def timestamp_at(text, at, stop):
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
