"""The picture on the CPU: a ragged batch of drawings in, float32 images out, by the definition in `spec`.

Each segment touches only the pixels of its own bounding box. The kernel holds no lock (nogil) and keeps to one thread:
whoever wants more calls it from several threads on slices of the batch. No fastmath and no fused multiply-add: every step
rounds as in the tensor layer, and both give the same picture.

This module is left out of the tests' jaxtyping hook, which breaks @njit.
"""

import numpy as np
from jaxtyping import Float32
from numba import njit

from gribouille.drawing import Drawings
from gribouille.raster.spec import CHANNELS, RasterSpec

# Numba takes a bare 0.5 for a float64 and would then compute in double precision.
ZERO, HALF, ONE = np.float32(0), np.float32(0.5), np.float32(1)
INK, TIME, STROKE = (CHANNELS.index(name) for name in ("ink", "time", "stroke"))


def rasterise(
    drawings: Drawings, spec: RasterSpec, out: Float32[np.ndarray, "drawings channels side side"] | None = None
) -> Float32[np.ndarray, "drawings channels side side"]:
    """The pictures of `drawings`, in [0, 1]; a drawing without points is black.

    `out`, where given, is overwritten and returned: C-contiguous float32 of that shape, or ValueError.
    """
    shape = (len(drawings), len(spec.channels), spec.side, spec.side)
    if out is None:
        out = np.empty(shape, np.float32)
    elif out.shape != shape or out.dtype != np.float32 or not out.flags.c_contiguous:
        raise ValueError(f"rasterise: expected out to be contiguous float32 {shape}, found {out.dtype} {out.shape}")
    kinds = np.array([CHANNELS.index(name) for name in spec.channels], np.int64)
    _draw_batch(drawings.points, drawings.offsets, kinds, np.float32(spec.span), np.float32(spec.reach), out)
    return out


@njit(nogil=True, cache=True)
def _draw_batch(points, offsets, kinds, span, reach, out):  # type: ignore[no-untyped-def]
    """Draw every drawing into its image of `out`; kinds: for each channel its index in CHANNELS; span, reach: px."""
    side = out.shape[3]
    centres = np.empty(side, np.float32)  # px
    for j in range(side):
        centres[j] = np.float32(j) + HALF
    coverage, arc = np.empty(side, np.float32), np.empty(side, np.float32)
    for d in range(out.shape[0]):
        image = out[d]
        image[:] = ZERO
        if offsets[d + 1] > offsets[d]:
            _draw(points[offsets[d] : offsets[d + 1]], kinds, span, reach, centres, coverage, arc, image)


@njit(nogil=True, cache=True)
def _place(points, span, side):  # type: ignore[no-untyped-def]
    """Scale and shift (x, y) that box the points and centre them: px = (units - minimum) * scale + shift."""
    left, top = np.float32(points[0, 0]), np.float32(points[0, 1])
    right, bottom = left, top
    for n in range(1, points.shape[0]):
        x, y = np.float32(points[n, 0]), np.float32(points[n, 1])
        left, right = min(left, x), max(right, x)
        top, bottom = min(top, y), max(bottom, y)
    extent = max(right - left, bottom - top)
    scale = span / extent if extent > ZERO else ZERO
    shift_x = (side - (right - left) * scale) * HALF
    shift_y = (side - (bottom - top) * scale) * HALF
    return left, top, scale, shift_x, shift_y


@njit(nogil=True, cache=True)
def _draw(points, kinds, span, reach, centres, coverage, arc, image):  # type: ignore[no-untyped-def]
    """Draw one drawing of at least one point over a black image; time and stroke are normalised at the end."""
    side = image.shape[2]
    left, top, scale, shift_x, shift_y = _place(points, span, np.float32(side))
    walked = ZERO  # px of line drawn so far
    stroke = ZERO  # strokes begun so far
    ax, ay = ZERO, ZERO
    for n in range(points.shape[0]):
        bx = (np.float32(points[n, 0]) - left) * scale + shift_x
        by = (np.float32(points[n, 1]) - top) * scale + shift_y
        if n == 0 or points[n, 2] == 0:
            ax, ay = bx, by
        if points[n, 2] == 0:
            stroke += ONE
        dx, dy = bx - ax, by - ay
        length = np.sqrt(dx * dx + dy * dy)
        # A dot has no direction: any unit vector gives its distance.
        ux, uy = (dx / length, dy / length) if length > ZERO else (ONE, ZERO)
        first_row = max(0, int(np.ceil(min(ay, by) - reach - HALF)))
        last_row = min(side, int(np.floor(max(ay, by) + reach + HALF)))
        first = max(0, int(np.ceil(min(ax, bx) - reach - HALF)))
        last = min(side, int(np.floor(max(ax, bx) + reach + HALF)))
        for i in range(first_row, last_row):
            qy = centres[i] - ay
            along_y, across_y = qy * uy, qy * ux
            for j in range(first, last):
                qx = centres[j] - ax
                along = qx * ux + along_y
                across = across_y - qx * uy
                on = min(max(along, ZERO), length)
                beyond = along - on
                distance = np.sqrt(across * across + beyond * beyond)
                coverage[j] = min(max(reach - distance, ZERO), ONE)
                arc[j] = walked + on
            for c in range(kinds.shape[0]):
                row = image[c, i]
                if kinds[c] == INK:
                    for j in range(first, last):
                        row[j] = max(row[j], coverage[j])
                elif kinds[c] == TIME:
                    for j in range(first, last):
                        row[j] = max(row[j], coverage[j] * arc[j])
                else:
                    for j in range(first, last):
                        row[j] = max(row[j], coverage[j] * stroke)
        walked += length
        ax, ay = bx, by
    for c in range(kinds.shape[0]):
        whole = walked if kinds[c] == TIME else stroke
        if kinds[c] != INK and whole > ZERO:
            for i in range(side):
                for j in range(side):
                    image[c, i, j] /= whole
