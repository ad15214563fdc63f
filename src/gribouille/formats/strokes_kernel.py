# mypy: disable-error-code="no-untyped-def"
"""The `drawing` field, in numba: bytes in, packed drawings out.

A drawing of Google's simplified form (two lists of integers 0…255 a stroke, no white space or one blank after each comma)
takes the short path straight into its packed form. Everything else, faults too, is read again by the general path, which
knows all of JSON's white space and numbers and tells raw from simplified. `good_times` serves the raw ones afterwards.
"""

import numpy as np
from numba import njit

from gribouille.drawing import MAX_POINTS
from gribouille.formats import block_kernel as block
from gribouille.formats.block_kernel import fault
from gribouille.formats.json_kernel import CLOSE, COMMA, OPEN, number_at, skip_space
from gribouille.formats.swar_kernel import bytes_between
from gribouille.packing_kernel import pack_pens

BLANK = 32


@njit(nogil=True, cache=True)
def compact_drawing(text, at, packed, begin, starts, gap):
    """Parses a drawing in simplified form, `gap` blanks after every comma, into packed from `begin`.

    Gives the position after it and its end in packed; (−1, begin) where it is anything else, right or wrong.
    """
    limit = begin + 2 * MAX_POINTS
    to = begin
    strokes = 0
    if text[at] != OPEN:
        return -1, begin
    while True:
        at += 1
        if text[at] != OPEN or text[at + 1] != OPEN:
            return -1, begin
        starts[strokes] = (to - begin) >> 1
        strokes += 1
        at, x_end = bytes_between(text, at + 2, packed, to, limit, gap)
        if at < 0 or text[at] != CLOSE or text[at + 1] != COMMA or (gap and text[at + 2] != BLANK):
            return -1, begin
        at += 2 + gap
        if text[at] != OPEN:
            return -1, begin
        at, y_end = bytes_between(text, at + 1, packed, to + 1, x_end, gap)
        if at < 0 or y_end != x_end + 1 or text[at] != CLOSE or text[at + 1] != CLOSE:
            return -1, begin
        to = x_end
        at += 2
        if text[at] == CLOSE:
            return at + 1, pack_pens(packed, begin, (to - begin) >> 1, starts, strokes)
        if text[at] != COMMA or (gap and text[at + 1] != BLANK):
            return -1, begin
        at += gap


@njit(nogil=True, cache=True)
def general_drawing(text, at, row, tables):
    """Parses any drawing: into points where it is simplified, into xy, t and stroke_ends where it is raw."""
    begin, first_stroke = tables.counts[block.RAW_POINTS], tables.counts[block.RAW_STROKES]
    end, stroke = begin, first_stroke
    simplified, hard, lists = True, False, 0
    if text[at] != OPEN:
        return fault(tables, block.WANT_STROKES, at)
    at = skip_space(text, at + 1)
    if text[at] == CLOSE:
        return fault(tables, block.NO_STROKES, at)
    while True:
        opened = at
        at, size, found, plain, exact = _general_stroke(text, at, begin, end, stroke - first_stroke, tables)
        if at < 0:
            return -1
        if lists != 0 and found != lists:
            return fault(tables, block.SOME_TIMED, opened, stroke - first_stroke)
        lists = found
        simplified, hard = simplified and plain, hard or not exact
        end += size
        tables.stroke_ends[stroke] = end
        stroke += 1
        at = skip_space(text, at)
        if text[at] == CLOSE:
            break
        if text[at] != COMMA:
            return fault(tables, block.WANT_NEXT, at, stroke - first_stroke - 1)
        at = skip_space(text, at + 1)
    if simplified and lists == 2:
        _keep_simplified(begin, first_stroke, stroke, tables)
        row.kind, row.end = block.SIMPLIFIED, tables.counts[block.PACKED]
    else:
        row.kind, row.end, row.strokes_end, row.hard = (
            block.RAW_TIMED if lists == 3 else block.RAW,
            end,
            stroke,
            hard,
        )
        tables.counts[block.RAW_POINTS], tables.counts[block.RAW_STROKES] = end, stroke
    return at + 1


@njit(nogil=True, cache=True)
def _keep_simplified(begin, first_stroke, end_stroke, tables):
    """Packs a drawing that proved to be simplified from xy."""
    to = tables.counts[block.PACKED]
    size = tables.stroke_ends[end_stroke - 1] - begin
    start = 0
    for stroke in range(first_stroke, end_stroke):
        tables.starts[stroke - first_stroke] = start
        start = tables.stroke_ends[stroke] - begin
    for index in range(size):
        tables.packed[to + 2 * index] = np.uint8(tables.xy[begin + index, 0])
        tables.packed[to + 2 * index + 1] = np.uint8(tables.xy[begin + index, 1])
    tables.counts[block.PACKED] = pack_pens(tables.packed, to, size, tables.starts, end_stroke - first_stroke)


@njit(nogil=True, cache=True)
def _general_stroke(text, at, begin, end, stroke, tables):
    """Parses [[x…], [y…]] or [[x…], [y…], [t…]] into xy and t from `end` (the drawing's points start at `begin`).

    Gives the position after it (−1 on a fault), its points, its lists, whether x and y are integers 0…255, and whether
    every number is exact.
    """
    if text[at] != OPEN:
        return fault(tables, block.WANT_STROKE, at, stroke), 0, 0, False, False
    at = skip_space(text, at + 1)
    size, column = 0, 0
    plain, exact = True, True
    while True:
        opened = at
        if column == 3:
            return fault(tables, block.MANY_LISTS, at, stroke), 0, 0, False, False
        if text[at] != OPEN:
            return fault(tables, block.WANT_LIST, at, stroke), 0, 0, False, False
        at = skip_space(text, at + 1)
        count = 0
        while text[at] != CLOSE or count > 0:
            if column == 0 and end + count - begin == MAX_POINTS:
                return fault(tables, block.TOO_LONG, at, stroke), 0, 0, False, False
            if column > 0 and count == size:
                return fault(tables, block.UNEQUAL, opened, stroke), 0, 0, False, False
            after, number, sure = number_at(text, at)
            if after < 0:
                return fault(tables, block.WANT_NUMBER, at, stroke, count), 0, 0, False, False
            exact = exact and sure
            if column < 2:
                tables.xy[end + count, column] = number
                tables.t[end + count] = 0
                plain = plain and sure and 0 <= number <= 255 and number == np.floor(number)
            else:
                tables.t[end + count] = number
            count += 1
            at = skip_space(text, after)
            if text[at] == CLOSE:
                break
            if text[at] != COMMA:
                return fault(tables, block.WANT_NEXT, at, stroke, count - 1), 0, 0, False, False
            at = skip_space(text, at + 1)
        if column == 0:
            size = count
        if count == 0:
            return fault(tables, block.NO_POINTS, opened, stroke), 0, 0, False, False
        if count != size:
            return fault(tables, block.UNEQUAL, opened, stroke), 0, 0, False, False
        column += 1
        at = skip_space(text, at + 1)
        if text[at] == CLOSE:
            break
        if text[at] != COMMA:
            return fault(tables, block.WANT_NEXT, at, stroke), 0, 0, False, False
        at = skip_space(text, at + 1)
    if column == 1:
        return fault(tables, block.FEW_LISTS, at, stroke), 0, 0, False, False
    return at + 1, size, column, plain, exact


@njit(nogil=True, cache=True)
def good_times(t, ends):
    """Whether the times of each drawing t[ends[i − 1]:ends[i]] never decrease and span less than 2**32 ms."""
    good = np.ones(len(ends), np.bool_)
    begin = 0
    for drawing in range(len(ends)):
        for index in range(begin + 1, ends[drawing]):
            if t[index] < t[index - 1]:
                good[drawing] = False
        if t[ends[drawing] - 1] - t[begin] > 4294967295.0:
            good[drawing] = False
        begin = ends[drawing]
    return good
