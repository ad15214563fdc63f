# mypy: disable-error-code="no-untyped-def"
"""The parser of Kaggle's CSV, in numba: a block of whole lines in, `Tables` out, in one pass over the bytes.

A row is a line: a quoted field that goes on in the next one is a fault, in both. A row that is refused leaves its fault
in `tables.faults`, and the next line is read.
"""

import numpy as np
from numba import njit

from gribouille.formats import block_kernel as block
from gribouille.formats.block_kernel import fault, intern, refuse, same
from gribouille.formats.json_kernel import COMMA, NEWLINE, QUOTE, is_word
from gribouille.formats.ndjson_kernel import (
    COUNTRYCODE,
    DRAWING,
    KEY_ID,
    RECOGNIZED,
    TIMESTAMP,
    WORD,
    key_id_at,
    timestamp_at,
)
from gribouille.formats.strokes_kernel import compact_drawing, general_drawing

RETURN = 13
TRUE, FALSE = np.frombuffer(b"rue", np.uint8), np.frombuffer(b"alse", np.uint8)  # after T or t, F or f


@njit(nogil=True, cache=True)
def parse_block(text, size, columns, tables):
    """Parses every line of text[:size] (uint8; ends with a newline, SLACK more bytes may be read) into `tables`.

    `columns` uint8: which field each column is (WORD … DRAWING; 0: one that is skipped).
    """
    at = 0
    line = 0
    while at < size:
        if text[at] != NEWLINE and not (text[at] == RETURN and text[at + 1] == NEWLINE):
            start = at
            packed, points = tables.counts[block.PACKED], tables.counts[block.RAW_POINTS]
            strokes = tables.counts[block.RAW_STROKES]
            at = _row(text, start, line, columns, tables)
            if at < 0:
                refuse(tables, start, line, packed, points, strokes)
                at = tables.fault[1]
            else:
                tables.counts[block.ROWS] += 1
            while text[at] != NEWLINE:
                at += 1
        elif text[at] == RETURN:
            at += 1
        at += 1
        line += 1


@njit(nogil=True, cache=True)
def _row(text, at, line, columns, tables):
    """Parses the line at `at` into the next row; the position of its end, −1 on a fault."""
    index = tables.counts[block.ROWS]
    row = tables.rows[index]
    row.start, row.line, row.label, row.country, row.recognized = at, line, -1, -1, -1
    row.timestamp, row.key_id, row.keyed, row.hard = block.NO_TIME, 0, False, False
    for place in range(len(columns)):
        column = columns[place]
        if place:
            if text[at] != COMMA:
                return fault(tables, block.WANT_FIELDS, at)
            at += 1
        quoted = text[at] == QUOTE
        if column == DRAWING:
            if not quoted:
                return fault(tables, block.WANT_QUOTED, at)
            at = _drawing(text, at + 1, row, tables)
            if at < 0:
                return -1
            if text[at] != QUOTE:
                return fault(tables, block.WANT_QUOTED, at)
            at += 1
            continue
        start = at + quoted
        stop = _field_end(text, start, quoted)
        if stop < 0:
            return fault(tables, block.WANT_STRING, at)
        if stop > start and not _field(text, start, stop, column, row):
            return fault(tables, _wanted(column), start)
        if column == WORD and stop > start:
            known = False
            if index:  # most rows are of the word before
                row.label = tables.rows[index - 1].label
                known = row.label >= 0 and same(
                    text, start, stop, tables.labels[row.label, 0], tables.labels[row.label, 1]
                )
            if not known:
                row.label = intern(text, start, stop, tables.labels, tables.label_slots, tables.counts, block.LABELS)
        elif column == WORD:
            return fault(tables, block.NO_WORD, start)
        elif column == COUNTRYCODE and stop > start:
            row.country = intern(
                text, start, stop, tables.countries, tables.country_slots, tables.counts, block.COUNTRIES
            )
        at = stop + quoted
    if text[at] == RETURN and text[at + 1] == NEWLINE:
        at += 1
    return at if text[at] == NEWLINE else fault(tables, block.WANT_NEWLINE, at)


@njit(nogil=True, cache=True)
def _drawing(text, at, row, tables):
    begin = tables.counts[block.PACKED]
    after, end = compact_drawing(text, at, tables.packed, begin, tables.starts, 1)
    if after < 0:
        after, end = compact_drawing(text, at, tables.packed, begin, tables.starts, 0)
    row.kind, row.end, tables.counts[block.PACKED] = block.SIMPLIFIED, end, end
    return after if after >= 0 else general_drawing(text, at, row, tables)


@njit(nogil=True, cache=True)
def _field_end(text, at, quoted):
    """Where a field ends: at the quote that closes it, or at what follows it; −1 where a quote opens or does not close."""
    while text[at] >= 32 and text[at] != QUOTE and (quoted or text[at] != COMMA):
        at += 1
    return at if (text[at] == QUOTE) == quoted else -1


@njit(nogil=True, cache=True)
def _field(text, start, stop, column, row):
    """Puts the value of a field into the row, where it is no string; whether it is what the column wants."""
    if column == KEY_ID:
        return key_id_at(text, start, row) == stop
    if column == RECOGNIZED:
        true = (text[start] == 84 or text[start] == 116) and is_word(text, start + 1, TRUE) and stop == start + 4
        false = (text[start] == 70 or text[start] == 102) and is_word(text, start + 1, FALSE) and stop == start + 5
        row.recognized = true
        return true or false
    if column == TIMESTAMP:
        row.timestamp = timestamp_at(text, start, stop)
        return row.timestamp != block.NO_TIME
    return True


@njit(nogil=True, cache=True)
def _wanted(column):
    if column == KEY_ID:
        return block.WANT_KEY_ID
    if column == RECOGNIZED:
        return block.WANT_RECOGNIZED
    return block.WANT_TIMESTAMP if column == TIMESTAMP else block.WANT_STRING
