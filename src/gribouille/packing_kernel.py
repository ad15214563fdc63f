# mypy: disable-error-code="no-untyped-def"
"""The packed form of drawings, in numba: points to bytes and back.

A drawing of n points is 2·n + ⌈n/8⌉ bytes: x₀ y₀ x₁ y₁ …, then the pens, one bit a point, the lowest bit of a byte
first. n follows from the length: n = ⌊8·length/17⌋. That is 31 % less than x, y, pen, and x, y stay readable in place.
"""

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
def pack(points, offsets):
    """The packed bytes of all drawings end to end, and int64 offsets into them."""
    packed_offsets = np.zeros(len(offsets), np.int64)
    for row in range(len(offsets) - 1):
        size = offsets[row + 1] - offsets[row]
        packed_offsets[row + 1] = packed_offsets[row] + 2 * size + (size + 7) // 8
    packed = np.empty(packed_offsets[-1], np.uint8)
    for row in range(len(offsets) - 1):
        begin, size, to = offsets[row], offsets[row + 1] - offsets[row], packed_offsets[row]
        for index in range(size):
            packed[to + 2 * index] = points[begin + index, 0]
            packed[to + 2 * index + 1] = points[begin + index, 1]
        to += 2 * size
        for first in range(0, size, 8):
            pens = np.int64(0)
            for index in range(first, min(first + 8, size)):
                pens |= np.int64(points[begin + index, 2]) << (index - first)
            packed[to + first // 8] = pens
    return packed, packed_offsets


@njit(nogil=True, cache=True)
def unpack(packed, packed_offsets):
    """The points uint8 [total, 3] of packed drawings end to end, and their int64 offsets."""
    offsets = np.zeros(len(packed_offsets), np.int64)
    for row in range(len(packed_offsets) - 1):
        offsets[row + 1] = offsets[row] + 8 * (packed_offsets[row + 1] - packed_offsets[row]) // 17
    points = np.empty((offsets[-1], 3), np.uint8)
    for row in range(len(packed_offsets) - 1):
        unpack_one(packed[packed_offsets[row] : packed_offsets[row + 1]], points[offsets[row] : offsets[row + 1]])
    return points, offsets


@njit(nogil=True, cache=True)
def unpack_one(packed, points):
    """Fills points uint8 [n, 3] from the bytes of one drawing of n points."""
    size = len(points)
    for point in range(size):
        points[point, 0] = packed[2 * point]
        points[point, 1] = packed[2 * point + 1]
        points[point, 2] = (packed[2 * size + (point >> 3)] >> (point & 7)) & 1


@njit(nogil=True, cache=True)
def pack_pens(packed, begin, size, starts, strokes):
    """Writes the pens of a drawing whose x, y lie at packed[begin : begin + 2·size]; the end of its bytes.

    starts[:strokes] are the points at which its strokes start, increasing.
    """
    to = begin + 2 * size
    whole = size >> 3
    for index in range(whole):
        packed[to + index] = 255
    if size & 7:
        packed[to + whole] = (1 << (size & 7)) - 1
    for stroke in range(strokes):
        packed[to + (starts[stroke] >> 3)] &= np.uint8(255 ^ (1 << (starts[stroke] & 7)))
    return to + ((size + 7) >> 3)


@njit(nogil=True, cache=True)
def joined(choice, first, first_offsets, second, second_offsets):
    """Packed drawings of two lots in one order: row i is the next of `first` where choice[i], else the next of `second`."""
    packed = np.empty(len(first) + len(second), np.uint8)
    offsets = np.zeros(len(choice) + 1, np.int64)
    next_first, next_second = 0, 0
    for row in range(len(choice)):
        begin = offsets[row]
        if choice[row]:
            source = first[first_offsets[next_first] : first_offsets[next_first + 1]]
            next_first += 1
        else:
            source = second[second_offsets[next_second] : second_offsets[next_second + 1]]
            next_second += 1
        packed[begin : begin + len(source)] = source
        offsets[row + 1] = begin + len(source)
    return packed, offsets


@njit(nogil=True, cache=True)
def taken(packed, offsets, rows):
    """The packed drawings of these rows end to end, and their offsets."""
    taken_offsets = np.zeros(len(rows) + 1, np.int64)
    for index in range(len(rows)):
        taken_offsets[index + 1] = taken_offsets[index] + offsets[rows[index] + 1] - offsets[rows[index]]
    copy = np.empty(taken_offsets[-1], np.uint8)
    for index in range(len(rows)):
        copy[taken_offsets[index] : taken_offsets[index + 1]] = packed[offsets[rows[index]] : offsets[rows[index] + 1]]
    return copy, taken_offsets
