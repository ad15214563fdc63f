# mypy: disable-error-code="no-untyped-def,untyped-decorator"
"""The inner loops over drawings' points, in numba: hashes, measures of a line, signatures, and the search for near ones.

In come the ragged arrays of `Drawings` (points uint8 [total, 3] and int64 offsets), in drawing order; out come arrays of one
value a drawing. Nothing here is fastmath: the same drawings give the same bits on every machine.

This module is left out of the tests' jaxtyping hook, which breaks @njit.
"""

import numpy as np
from numba import njit

SIGNATURE_POINTS = 32
MIX = np.uint64(0x9E3779B97F4A7C15)  # of SplitMix64
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@njit(nogil=True, cache=True)
def _mixed(number):
    """SplitMix64's finaliser."""
    number = (number ^ (number >> np.uint64(30))) * FIRST
    number = (number ^ (number >> np.uint64(27))) * SECOND
    return number ^ (number >> np.uint64(31))


@njit(nogil=True, cache=True)
def hashes(points, offsets):
    """A 64-bit hash of each drawing's points: uint64 [drawings]."""
    found = np.empty(len(offsets) - 1, np.uint64)
    for row in range(len(found)):
        number = np.uint64(offsets[row + 1] - offsets[row])
        for n in range(offsets[row], offsets[row + 1]):
            point = (np.uint64(points[n, 0]) << np.uint64(16)) | (np.uint64(points[n, 1]) << np.uint64(8))
            number = _mixed((number ^ (point | np.uint64(points[n, 2]))) + MIX)
        found[row] = number
    return found


@njit(nogil=True, cache=True)
def same(points, offsets, other_points, other_offsets):
    """Whether drawing i of the one batch has exactly the points of drawing i of the other: bool [drawings]."""
    equal = np.empty(len(offsets) - 1, np.bool_)
    for row in range(len(equal)):
        begin, size, other = offsets[row], offsets[row + 1] - offsets[row], other_offsets[row]
        equal[row] = size == other_offsets[row + 1] - other
        if equal[row]:
            for n in range(size):
                for column in range(3):
                    if points[begin + n, column] != other_points[other + n, column]:
                        equal[row] = False
    return equal


@njit(nogil=True, cache=True)
def lines(points, offsets):
    """Of each drawing: its strokes int32 and the length of its ink in units float32."""
    strokes = np.zeros(len(offsets) - 1, np.int32)
    ink = np.zeros(len(offsets) - 1, np.float32)
    for row in range(len(strokes)):
        length = 0.0
        for n in range(offsets[row], offsets[row + 1]):
            if points[n, 2] == 0:
                strokes[row] += 1
            elif n > offsets[row]:
                dx = float(points[n, 0]) - float(points[n - 1, 0])
                dy = float(points[n, 1]) - float(points[n - 1, 1])
                length += np.sqrt(dx * dx + dy * dy)
        ink[row] = length
    return strokes, ink


@njit(nogil=True, cache=True)
def _side(ax, ay, bx, by, cx, cy):
    """On which side of the line from a to b the point c lies: −1, 0, 1."""
    cross = (np.int32(bx) - ax) * (np.int32(cy) - ay) - (np.int32(by) - ay) * (np.int32(cx) - ax)
    return (cross > 0) - (cross < 0)


@njit(nogil=True, cache=True)
def crossings(points, offsets):
    """How often the line of each drawing properly crosses itself, over all its strokes: int32 [drawings]."""
    found = np.zeros(len(offsets) - 1, np.int32)
    longest = max(1, np.max(np.diff(offsets))) if len(found) else 1
    ends = np.empty((longest, 4), np.int32)  # of each segment: from x, y to x, y
    boxes = np.empty((4, longest), np.int16)  # left, right, top, bottom
    for row in range(len(found)):
        segments = 0
        for n in range(offsets[row] + 1, offsets[row + 1]):
            if points[n, 2] == 0:
                continue
            ax, ay, bx, by = points[n - 1, 0], points[n - 1, 1], points[n, 0], points[n, 1]
            left, right, top, bottom = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
            for other in range(segments):
                if (
                    (boxes[0, other] <= right)
                    & (boxes[1, other] >= left)
                    & (boxes[2, other] <= bottom)
                    & (boxes[3, other] >= top)
                ):
                    cx, cy, dx, dy = ends[other]
                    if (
                        _side(ax, ay, bx, by, cx, cy) * _side(ax, ay, bx, by, dx, dy) < 0
                        and _side(cx, cy, dx, dy, ax, ay) * _side(cx, cy, dx, dy, bx, by) < 0
                    ):
                        found[row] += 1
            ends[segments, 0], ends[segments, 1], ends[segments, 2], ends[segments, 3] = ax, ay, bx, by
            boxes[0, segments], boxes[1, segments] = left, right
            boxes[2, segments], boxes[3, segments] = top, bottom
            segments += 1
    return found


@njit(nogil=True, cache=True)
def signatures(points, offsets):
    """SIGNATURE_POINTS points at equal distances along the ink of each drawing: float32 [drawings, 2 · SIGNATURE_POINTS].

    In drawing order, the first and the last point among them; jumps between strokes cost nothing.
    """
    found = np.empty((len(offsets) - 1, 2 * SIGNATURE_POINTS), np.float32)
    for row in range(len(found)):
        begin, end = offsets[row], offsets[row + 1]
        size = end - begin
        length = np.zeros(size, np.float64)
        for n in range(1, size):
            length[n] = length[n - 1]
            if points[begin + n, 2]:
                dx = float(points[begin + n, 0]) - float(points[begin + n - 1, 0])
                dy = float(points[begin + n, 1]) - float(points[begin + n - 1, 1])
                length[n] += np.sqrt(dx * dx + dy * dy)
        n = 0
        for index in range(SIGNATURE_POINTS):
            wanted = length[size - 1] * index / (SIGNATURE_POINTS - 1)
            while n + 1 < size - 1 and length[n + 1] < wanted:
                n += 1
            x, y = float(points[begin + n, 0]), float(points[begin + n, 1])
            if n + 1 < size:
                step = length[n + 1] - length[n]
                part = min((wanted - length[n]) / step, 1.0) if step > 0 else 0.0
                x += part * (float(points[begin + n + 1, 0]) - x)
                y += part * (float(points[begin + n + 1, 1]) - y)
            found[row, 2 * index], found[row, 2 * index + 1] = x, y
    return found


@njit(nogil=True, cache=True)
def buckets(signatures, signs, shifts, width):
    """The bucket of each signature in each table, as a hash: uint64 [tables, drawings].

    A table has several projections, each a sum with signs (int8 [tables, projections, numbers]), shifted (float64 [tables,
    projections]) and cut into cells of `width`: near signatures often share all cells, far ones hardly ever.
    """
    tables, projections, numbers = signs.shape
    found = np.empty((tables, len(signatures)), np.uint64)
    for row in range(len(signatures)):
        for table in range(tables):
            number = MIX
            for projection in range(projections):
                total = shifts[table, projection]
                for index in range(numbers):
                    if signs[table, projection, index] > 0:
                        total += signatures[row, index]
                    else:
                        total -= signatures[row, index]
                cell = np.int64(np.floor(total / width))
                number = _mixed((number ^ np.uint64(cell)) + MIX)
            found[table, row] = number
    return found


@njit(nogil=True, cache=True)
def mean_distance(a, b, bound):
    """The mean distance of corresponding points of two signatures, in units; infinite as soon as it exceeds `bound`."""
    total, limit = 0.0, bound * (len(a) // 2)
    for index in range(0, len(a), 2):
        dx, dy = float(a[index]) - float(b[index]), float(a[index + 1]) - float(b[index + 1])
        total += np.sqrt(dx * dx + dy * dy)
        if total > limit:
            return np.inf
    return total / (len(a) // 2)


@njit(nogil=True, cache=True)
def near_earlier(signatures, places, wanted, bound, most):
    """For each drawing the nearest found earlier one that is kept, at most `bound` units away: int64, −1 for none, and how far.

    places: int64 [tables, drawings], the bucket of each drawing in each table, from 0. A drawing that is near an earlier one
    is not kept, and nobody is compared with it. wanted: bool [drawings]; the others take no part. In each bucket a drawing
    is compared with the last `most` kept ones.
    """
    tables, size = places.shape
    earlier, distance = np.full(size, -1, np.int64), np.full(size, np.float32(np.inf))
    heads = np.full((tables, places.max() + 1 if size else 0), -1, np.int64)
    before = np.full((tables, size), -1, np.int64)  # the kept drawing before this one in its bucket
    compared = np.full(size, -1, np.int64)  # with which drawing last: buckets of several tables share many
    for row in range(size):
        if not wanted[row]:
            continue
        for table in range(tables):
            other, count = heads[table, places[table, row]], 0
            while other >= 0 and count < most:
                if compared[other] != row:
                    compared[other] = row
                    found = mean_distance(signatures[row], signatures[other], bound)
                    if found < distance[row]:
                        earlier[row], distance[row] = other, found
                other = before[table, other]
                count += 1
        if earlier[row] < 0:
            for table in range(tables):
                place = places[table, row]
                before[table, row] = heads[table, place]
                heads[table, place] = row
    return earlier, distance


@njit(nogil=True, cache=True)
def crowding(points, offsets, cell, often, least):
    """The share of each drawing's bounding box that is crowded: float32 [drawings], from 0 to 1.

    The box is cut into squares of `cell` units; one is crowded where the ink in it is at least `often` times as long as its
    side. A thin box counts as `least` squares, so that a single thick line is no crowd.
    """
    step = 6.0  # units: how finely a segment is shared out over the squares
    found = np.zeros(len(offsets) - 1, np.float32)
    ink = np.empty((int(255 // cell) + 1, int(255 // cell) + 1), np.float64)
    for row in range(len(found)):
        begin, end = offsets[row], offsets[row + 1]
        if begin == end:
            continue
        left, right, top, bottom = 255, 0, 255, 0
        for n in range(begin, end):
            left, right = min(left, points[n, 0]), max(right, points[n, 0])
            top, bottom = min(top, points[n, 1]), max(bottom, points[n, 1])
        columns, rows = int((right - left) // cell) + 1, int((bottom - top) // cell) + 1
        ink[:rows, :columns] = 0
        for n in range(begin + 1, end):
            if points[n, 2] == 0:
                continue
            ax, ay = float(points[n - 1, 0]) - left, float(points[n - 1, 1]) - top
            dx, dy = float(points[n, 0]) - left - ax, float(points[n, 1]) - top - ay
            length = np.sqrt(dx * dx + dy * dy)
            pieces = int(np.ceil(length / step))
            for piece in range(pieces):
                part = (piece + 0.5) / pieces
                ink[int((ay + part * dy) // cell), int((ax + part * dx) // cell)] += length / pieces
        crowded = 0
        for i in range(rows):
            for j in range(columns):
                if ink[i, j] >= often * cell:
                    crowded += 1
        found[row] = crowded / max(rows * columns, least)
    return found
