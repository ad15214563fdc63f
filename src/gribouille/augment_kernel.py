# mypy: disable-error-code="no-untyped-def"
"""The augmentations' inner loops, in numba: random numbers from keys, warped batches, batches cut short.

A drawing's random numbers are SplitMix64's: output number `counter` + 1 of the generator whose seed is the drawing's key,
mixed with the stream's constant. Any number can be had without those before it, so `augment_device` draws the same ones
for a whole batch at once. No lock is held (nogil), one thread is used, and without fastmath every step rounds once.

This module is left out of the tests' jaxtyping hook, which breaks @njit.
"""

import numpy as np
from numba import njit

from gribouille.drawing import SIDE

GAMMA = np.uint64(0x9E3779B97F4A7C15)  # SplitMix64's step
UNIT = 2.0**-53  # float64 has 53 bits: the uniform numbers are multiples of it
# Streams, so that whether a drawing is cut does not depend on how it is warped: the first digits of √2, √3 and √5.
WARP, CUT, WAVE = np.uint64(0x6A09E667F3BCC908), np.uint64(0xBB67AE8584CAA73B), np.uint64(0x3C6EF372FE94F82B)
AXIS = np.uint64(3)  # counters that the wave along one axis takes before those of the other
POINTS = 4  # counters before this one belong to the map, two for each point come after it


@njit(nogil=True, cache=True, inline="always")
def _mixed(number):
    """SplitMix64's finaliser. Source: Steele, Lea and Flood 2014; prng.di.unimi.it/splitmix64.c."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


@njit(nogil=True, cache=True, inline="always")
def _seeded(key, stream):
    """The generator's state before its first number."""
    return _mixed((key ^ stream) + GAMMA)


@njit(nogil=True, cache=True, inline="always")
def _uniform(state, counter):
    """Random number `counter` of the generator, at least 0 and less than 1."""
    word = _mixed(state + np.uint64(counter + 1) * GAMMA)
    return np.float64(np.int64(word >> np.uint64(11))) * UNIT


@njit(nogil=True, cache=True, inline="always")
def _spread(state, counter, half):
    """Random number `counter` as one between −half and half."""
    return half * (2.0 * _uniform(state, counter) - 1.0)


@njit(nogil=True, cache=True)
def random_map(state, amounts):
    """Rotation × shear × stretch × mirror as its four numbers, row by row; `amounts` in Augmentation's order."""
    angle = _spread(state, 0, amounts[0] * (np.pi / 180.0))
    stretch = np.exp(_spread(state, 1, amounts[1]) * 0.5)
    shear = _spread(state, 2, amounts[2])
    mirror = -1.0 if _uniform(state, 3) < amounts[4] else 1.0
    cos, sin = np.cos(angle), np.sin(angle)
    right, down = mirror / stretch, stretch
    return cos * right, (cos * shear - sin) * down, sin * right, (sin * shear + cos) * down


@njit(nogil=True, cache=True)
def random_wave(state, height):
    """A displacement along one axis that bends what lies across the other: its height, turns a unit, and start in turns."""
    return _spread(state, 0, height), (0.5 + _uniform(state, 1)) / SIDE, _uniform(state, 2)


@njit(nogil=True, cache=True)
def _box(xy, begin, end):
    """`drawing.box` in place, and rounded half to even."""
    left, top = np.inf, np.inf
    right, bottom = -np.inf, -np.inf
    for n in range(begin, end):
        left, right = min(left, xy[n, 0]), max(right, xy[n, 0])
        top, bottom = min(top, xy[n, 1]), max(bottom, xy[n, 1])
    extent = max(right - left, bottom - top)
    scale = SIDE / extent if extent > 0 else 0.0
    for n in range(begin, end):
        xy[n, 0] = np.rint((xy[n, 0] - left) * scale)
        xy[n, 1] = np.rint((xy[n, 1] - top) * scale)


@njit(nogil=True, cache=True)
def warp_batch(points, offsets, keys, amounts):
    """The points of every drawing under its own map, with jitter, boxed and rounded: uint8 [total, 3]."""
    warped = np.empty_like(points)
    longest = 0
    for d in range(len(keys)):
        longest = max(longest, offsets[d + 1] - offsets[d])
    xy = np.empty((longest, 2), np.float64)
    jitter, wave = amounts[3], amounts[7]
    for d in range(len(keys)):
        begin, size = offsets[d], offsets[d + 1] - offsets[d]
        state = _seeded(keys[d], WARP)
        a, b, c, e = random_map(state, amounts)
        waving = _seeded(keys[d], WAVE)
        wide, wide_turns, wide_start = random_wave(waving, wave)
        high, high_turns, high_start = random_wave(waving + AXIS * GAMMA, wave)
        for n in range(size):
            x, y = np.float64(points[begin + n, 0]), np.float64(points[begin + n, 1])
            if wave > 0:
                x, y = (
                    x + wide * np.sin(2.0 * np.pi * (wide_turns * y + wide_start)),
                    y + high * np.sin(2.0 * np.pi * (high_turns * x + high_start)),
                )
            xy[n, 0] = a * x + b * y
            xy[n, 1] = c * x + e * y
        if jitter > 0:
            for n in range(size):
                # Box–Muller: a distance and a direction make two independent normal numbers.
                distance = jitter * np.sqrt(-2.0 * np.log(1.0 - _uniform(state, POINTS + 2 * n)))
                direction = 2.0 * np.pi * _uniform(state, POINTS + 2 * n + 1)
                xy[n, 0] += distance * np.cos(direction)
                xy[n, 1] += distance * np.sin(direction)
        _box(xy, 0, size)
        for n in range(size):
            warped[begin + n, 0] = np.uint8(xy[n, 0])
            warped[begin + n, 1] = np.uint8(xy[n, 1])
            warped[begin + n, 2] = points[begin + n, 2]
    return warped


@njit(nogil=True, cache=True)
def fractions_of(keys, share, shortest):
    """The fraction of its ink that each drawing keeps: 1 where it is not cut."""
    fractions = np.ones(len(keys), np.float64)
    for d in range(len(keys)):
        state = _seeded(keys[d], CUT)
        if _uniform(state, 0) < share:
            fractions[d] = 1.0 - (1.0 - shortest) * _uniform(state, 1)  # never 0: that would be no drawing
    return fractions


@njit(nogil=True, cache=True)
def cut_batch(points, offsets, times, fractions):
    """`drawing.prefix` of every drawing at its fraction: points, offsets and times of what is left.

    `times` has one float32 a point or none at all. The time of the point at the cut is interpolated as its place is;
    between two unknown times (−1) that gives −1.
    """
    kept, kept_times = np.empty_like(points), np.empty_like(times)
    kept_offsets = np.zeros_like(offsets)
    longest = 0
    for d in range(len(fractions)):
        longest = max(longest, offsets[d + 1] - offsets[d])
    length, xy = np.empty(longest, np.float64), np.empty((longest, 2), np.float64)
    timed = len(times) > 0
    for d in range(len(fractions)):
        begin, size, to = offsets[d], offsets[d + 1] - offsets[d], kept_offsets[d]
        ink = fractions[d] * _lengths(points, begin, size, length) if fractions[d] < 1 else 0.0
        for n in range(size):
            kept[to + n] = points[begin + n]
        if timed:
            kept_times[to : to + size] = times[begin : begin + size]
        if ink > 0:
            last = np.searchsorted(length[:size], ink)  # the first point at which the ink is spent
            part = (ink - length[last - 1]) / (length[last] - length[last - 1])
            size = last + 1
            for n in range(size):
                xy[n, 0], xy[n, 1] = np.float64(points[begin + n, 0]), np.float64(points[begin + n, 1])
            for column in range(2):
                before = xy[last - 1, column]
                xy[last, column] = before + part * (xy[last, column] - before)
            _box(xy, 0, size)
            for n in range(size):
                kept[to + n, 0], kept[to + n, 1] = np.uint8(xy[n, 0]), np.uint8(xy[n, 1])
            if timed:
                before_ms, after_ms = np.float64(times[begin + last - 1]), np.float64(times[begin + last])
                kept_times[to + last] = np.float32(before_ms + part * (after_ms - before_ms))
        kept_offsets[d + 1] = to + size
    whole = kept_offsets[-1]
    return kept[:whole], kept_offsets, kept_times[:whole]


@njit(nogil=True, cache=True)
def _lengths(points, begin, size, length):
    """The whole length of a drawing; `length` is filled with that up to each point."""
    walked = 0.0
    for n in range(size):
        if n > 0 and points[begin + n, 2] == 1:
            dx = np.float64(points[begin + n, 0]) - np.float64(points[begin + n - 1, 0])
            dy = np.float64(points[begin + n, 1]) - np.float64(points[begin + n - 1, 1])
            walked += np.sqrt(dx * dx + dy * dy)
        length[n] = walked
    return walked
