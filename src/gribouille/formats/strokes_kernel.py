# mypy: disable-error-code="no-untyped-def"
"""The `drawing` field, in numba: bytes in, points out.

A drawing in Google's compact form (no white space, two lists of integers 0…255 a stroke) takes the short path straight
into `tables.points`. Everything else, faults too, is read again by the general path, which knows all of JSON's white
space and numbers and tells raw from simplified. `merge` and `good_times` serve the raw ones afterwards.
"""

import numpy as np
from numba import njit

from gribouille.drawing import MAX_POINTS, SIDE
from gribouille.formats import block_kernel as block
from gribouille.formats.block_kernel import fault
from gribouille.formats.json_kernel import CLOSE, COMMA, OPEN, number_at, skip_space


@njit(nogil=True, cache=True)
def compact_drawing(text, at, points, begin):
    """Parses a drawing in Google's compact simplified form into points from `begin`.

    Gives the position after it and the end in points; (−1, begin) where it is anything else, right or wrong.
    """
    stop = begin + MAX_POINTS
    end = begin
    if text[at] != OPEN:
        return -1, begin
    while True:
        at += 1
        if text[at] != OPEN or text[at + 1] != OPEN:
            return -1, begin
        at += 2
        first = end
        while True:
            at, value = _byte(text, at)
            if value > SIDE or end == stop:
                return -1, begin
            points[end, 0] = value
            points[end, 2] = end > first
            end += 1
            if text[at] != COMMA:
                break
            at += 1
        if text[at] != CLOSE or text[at + 1] != COMMA or text[at + 2] != OPEN:
            return -1, begin
        at += 3
        index = first
        while True:
            at, value = _byte(text, at)
            if value > SIDE or index == end:
                return -1, begin
            points[index, 1] = value
            index += 1
            if text[at] != COMMA:
                break
            at += 1
        if text[at] != CLOSE or text[at + 1] != CLOSE or index != end:
            return -1, begin
        at += 2
        if text[at] == CLOSE:
            return at + 1, end
        if text[at] != COMMA:
            return -1, begin


@njit(nogil=True, cache=True)
def _byte(text, at):
    """Parses an integer 0…255 of plain digits; the position after it and its value, above 255 where it is anything else.

    Without branches on the number of digits, which no processor can guess: 1.3 times as fast. A digit is always
    followed by two more bytes, because a text ends with two newlines.
    """
    first, second, third = np.int64(text[at]) - 48, np.int64(text[at + 1]) - 48, np.int64(text[at + 2]) - 48
    two = 0 <= second <= 9
    three = two and 0 <= third <= 9
    value = 10 * first + second if two else first
    value = 10 * value + third if three else value
    bad = first < 0 or first > 9 or (first == 0 and two)
    return at + 1 + two + three, 256 if bad else value


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
        row.kind, row.points_end = block.SIMPLIFIED, tables.counts[block.POINTS]
    else:
        row.kind, row.points_end, row.strokes_end, row.hard = (
            block.RAW_TIMED if lists == 3 else block.RAW,
            end,
            stroke,
            hard,
        )
        tables.counts[block.RAW_POINTS], tables.counts[block.RAW_STROKES] = end, stroke
    return at + 1


@njit(nogil=True, cache=True)
def _keep_simplified(begin, first_stroke, end_stroke, tables):
    """Moves a drawing that proved to be simplified from xy to points."""
    to = tables.counts[block.POINTS]
    for stroke in range(first_stroke, end_stroke):
        for index in range(begin, tables.stroke_ends[stroke]):
            tables.points[to, 0] = np.uint8(tables.xy[index, 0])
            tables.points[to, 1] = np.uint8(tables.xy[index, 1])
            tables.points[to, 2] = index > begin
            to += 1
        begin = tables.stroke_ends[stroke]
    tables.counts[block.POINTS] = to


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


@njit(nogil=True, cache=True)
def merge(raw, raw_points, raw_offsets, points, offsets):
    """The drawings of all rows in order: row i is the next raw one where raw[i], else the next of the others."""
    merged = np.empty((len(raw_points) + len(points), 3), np.uint8)
    merged_offsets = np.zeros(len(raw) + 1, np.int64)
    at, next_raw, next_other = 0, 0, 0
    for row in range(len(raw)):
        if raw[row]:
            source, begin, end = raw_points, raw_offsets[next_raw], raw_offsets[next_raw + 1]
            next_raw += 1
        else:
            source, begin, end = points, offsets[next_other], offsets[next_other + 1]
            next_other += 1
        for index in range(begin, end):
            for column in range(3):
                merged[at, column] = source[index, column]
            at += 1
        merged_offsets[row + 1] = at
    return merged, merged_offsets
