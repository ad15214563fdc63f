"""`canonical` for many drawings at once, in numba: raw points end to end in, `Drawings` out, bit for bit the same.

Every operation stands in the order of `drawing.py` and without fastmath, so that LLVM neither fuses nor reorders it;
tests/test_drawing.py holds the two equal. The caller has checked the strokes (`checked_strokes`): here they are valid.
"""

import numpy as np
from numba import njit

from gribouille.drawing import EPSILON, SIDE, Drawings


def canonical_batch(
    xy: np.ndarray, times: np.ndarray | None, stroke_offsets: np.ndarray, drawing_offsets: np.ndarray
) -> tuple[Drawings, np.ndarray | None]:
    """The drawings of raw strokes and, where times are given, the ms since each drawing's first point of every kept point.

    `xy` Float64["total 2"], any unit; `times` Float64["total"], ms, or None; `stroke_offsets` Int64["strokes+1"] in
    points; `drawing_offsets` Int64["drawings+1"] in strokes. Times come back as UInt32["kept"].
    """
    t = np.zeros(0) if times is None else times
    points, kept_times, offsets = _canonical_batch(xy, t, stroke_offsets, drawing_offsets)
    return Drawings(points, offsets), None if times is None else kept_times


@njit(nogil=True, cache=True)
def _canonical_batch(xy, times, stroke_offsets, drawing_offsets):  # type: ignore[no-untyped-def]
    timed = len(times) == len(xy)
    drawings = len(drawing_offsets) - 1
    offsets = np.zeros(drawings + 1, np.int64)
    points = np.empty((max(1024, len(xy) // 2), 3), np.uint8)
    kept_times = np.empty(len(points) if timed else 0, np.uint32)
    scratch = np.empty((4096, 3))
    count = 0
    for drawing in range(drawings):
        first_stroke, end_stroke = drawing_offsets[drawing], drawing_offsets[drawing + 1]
        begin, end = stroke_offsets[first_stroke], stroke_offsets[end_stroke]
        low_x, low_y, scale = _frame(xy[begin:end])
        start_time = times[begin] if timed else 0.0
        for stroke in range(first_stroke, end_stroke):
            begin, end = stroke_offsets[stroke], stroke_offsets[stroke + 1]
            scratch, size = _resample(xy, times, begin, end, low_x, low_y, scale, scratch)
            keep = _simplify(scratch[:size])
            needed = count + keep.sum()
            if needed > len(points):
                points = _grown(points, needed)
                if timed:
                    kept_times = _grown(kept_times, len(points))
            pen = 0
            for index in range(size):
                for _ in range(keep[index]):
                    points[count, 0] = np.uint8(np.rint(scratch[index, 0]))
                    points[count, 1] = np.uint8(np.rint(scratch[index, 1]))
                    points[count, 2] = pen
                    if timed:
                        kept_times[count] = np.uint32(np.rint(scratch[index, 2] - start_time))
                    pen = 1
                    count += 1
        offsets[drawing + 1] = count
    return points[:count].copy(), kept_times[: count if timed else 0].copy(), offsets


@njit(nogil=True, cache=True)
def _grown(array, needed):  # type: ignore[no-untyped-def]
    grown = np.empty((max(needed, 2 * len(array)), *array.shape[1:]), array.dtype)
    grown[: len(array)] = array
    return grown


@njit(nogil=True, cache=True)
def _frame(xy):  # type: ignore[no-untyped-def]
    low_x = high_x = xy[0, 0]
    low_y = high_y = xy[0, 1]
    for index in range(1, len(xy)):
        low_x, high_x = min(low_x, xy[index, 0]), max(high_x, xy[index, 0])
        low_y, high_y = min(low_y, xy[index, 1]), max(high_y, xy[index, 1])
    extent = max(high_x - low_x, high_y - low_y)
    return low_x, low_y, (SIDE / extent if extent > 0 else 0.0)


@njit(nogil=True, cache=True)
def _resample(xy, times, begin, end, low_x, low_y, scale, scratch):  # type: ignore[no-untyped-def]
    """Fills scratch with the points at arc length 0, 1, 2, … and the last one; returns it (grown if need be) and their number."""
    timed = len(times) == len(xy)
    size = 0
    walked = 0.0  # arc length at the start of the segment
    for index in range(begin, end - 1):
        x0, y0 = (xy[index, 0] - low_x) * scale, (xy[index, 1] - low_y) * scale
        x1, y1 = (xy[index + 1, 0] - low_x) * scale, (xy[index + 1, 1] - low_y) * scale
        t0, t1 = (times[index], times[index + 1]) if timed else (0.0, 0.0)
        dx, dy = x1 - x0, y1 - y0
        reached = walked + np.sqrt(dx * dx + dy * dy)
        room = size + int(reached - walked) + 3
        if room > len(scratch):
            scratch = _grown(scratch, room)
        while size < reached:
            part = (size - walked) / (reached - walked)
            scratch[size, 0] = x0 + part * dx
            scratch[size, 1] = y0 + part * dy
            scratch[size, 2] = t0 + part * (t1 - t0)
            size += 1
        walked = reached
    if size + 1 > len(scratch):
        scratch = _grown(scratch, size + 1)
    scratch[size, 0] = (xy[end - 1, 0] - low_x) * scale
    scratch[size, 1] = (xy[end - 1, 1] - low_y) * scale
    scratch[size, 2] = times[end - 1] if timed else 0.0
    return scratch, size + 1


@njit(nogil=True, cache=True)
def _simplify(stroke):  # type: ignore[no-untyped-def]
    """How often each point is kept: 0 or 1, or 2 for the one point of a dot."""
    size = len(stroke)
    keep = np.zeros(size, np.uint8)
    keep[0] += 1
    keep[size - 1] += 1
    spans = np.empty((64, 2), np.int64)
    spans[0, 0], spans[0, 1] = 0, size - 1
    depth = 1
    while depth:
        depth -= 1
        first, end = spans[depth, 0], spans[depth, 1]
        x0, y0 = stroke[first, 0], stroke[first, 1]
        dx, dy = stroke[end, 0] - x0, stroke[end, 1] - y0
        length = np.sqrt(dx * dx + dy * dy)
        farthest, most = -1, EPSILON
        for index in range(first + 1, end):
            x, y = stroke[index, 0] - x0, stroke[index, 1] - y0
            distance = abs(dx * y - dy * x) / length if length > 0 else np.sqrt(x * x + y * y)
            if distance > most:
                farthest, most = index, distance
        if farthest >= 0:
            keep[farthest] = 1
            if depth + 2 > len(spans):
                spans = _grown(spans, depth + 2)
            spans[depth, 0], spans[depth, 1] = first, farthest
            spans[depth + 1, 0], spans[depth + 1, 1] = farthest, end
            depth += 2
    return keep
