# mypy: disable-error-code="no-untyped-def,import-untyped,untyped-decorator"
"""The picture on a GPU: one warp a tile of one drawing's picture, in Triton, by the steps of `kernel`.

Every program walks along all segments of its drawing in order and draws those that come near its tile. The picture lives
in registers and is written once. Walking costs 72 instructions a segment (sm_90 machine code, counted), drawing 44 and
19 for each of a thread's pixels: a small tile walks more, a large one draws more in vain.

Roundings are `kernel`'s: no fused multiply-add (LAUNCH), sums in the same order, and IEEE
roots and quotients along the line; only the root in every pixel and the quotient at the end are the fast ones, 1 and 2
units in the last place.

This module is left out of the tests' jaxtyping hook, and imported where a picture is drawn: Triton is not everywhere.
"""

import triton
import triton.language as tl

# Px of a tile. By the counts above on 5,000 augmented real drawings of 38 points, 16 × 32 is the cheapest or within 4 % of it
# at 28…77 px: 22, 39, 47 and 74 thousand warp instructions a drawing at 28, 48, 64 and 77 px; 32 × 32 would need all registers.
ROWS, COLUMNS = 16, 32
LAUNCH = {"rows": ROWS, "columns": COLUMNS, "num_warps": 1, "enable_fp_fusion": False}
CHUNK = tl.constexpr(64)  # points that are boxed at once


@triton.jit
def draw_tile(points, begins, ends, span, reach, out, side: tl.constexpr, channels: tl.constexpr, ink: tl.constexpr,
              time: tl.constexpr, stroke: tl.constexpr, rows: tl.constexpr, columns: tl.constexpr):  # fmt: skip
    """Draw one tile of one drawing into `out`, drawings × rows × columns × channels, of any floating type.

    Program (drawing, tile); drawing i is points begins[i]:ends[i]; span, reach: px; ink, time, stroke: which channel each
    is, −1 where it is not wanted.
    """
    drawing = tl.program_id(0).to(tl.int64)
    across_tiles: tl.constexpr = (side + columns - 1) // columns
    first_row = tl.program_id(1) // across_tiles * rows
    first_column = tl.program_id(1) % across_tiles * columns
    begin = tl.load(begins + drawing)
    size = (tl.load(ends + drawing) - begin).to(tl.int32)
    point = points + 3 * begin

    # Place: scale and shift that box the points and centre them.
    lows_x, lows_y = tl.full([CHUNK], 255, tl.int32), tl.full([CHUNK], 255, tl.int32)
    highs_x, highs_y = tl.full([CHUNK], 0, tl.int32), tl.full([CHUNK], 0, tl.int32)
    for start in range(0, size, CHUNK):
        at = start + tl.arange(0, CHUNK)
        x = tl.load(point + 3 * at, mask=at < size, other=255).to(tl.int32)
        y = tl.load(point + 3 * at + 1, mask=at < size, other=255).to(tl.int32)
        lows_x, lows_y = tl.minimum(lows_x, x), tl.minimum(lows_y, y)
        highs_x = tl.maximum(highs_x, tl.where(at < size, x, 0))
        highs_y = tl.maximum(highs_y, tl.where(at < size, y, 0))
    left, top = tl.min(lows_x).to(tl.float32), tl.min(lows_y).to(tl.float32)
    width, height = tl.max(highs_x).to(tl.float32) - left, tl.max(highs_y).to(tl.float32) - top
    extent = tl.maximum(width, height)
    scale = tl.where(extent > 0, tl.div_rn(span, tl.maximum(extent, 1.0)), 0.0)
    shift_x = (side - width * scale) * 0.5
    shift_y = (side - height * scale) * 0.5

    row = first_row + tl.arange(0, rows)
    column = first_column + tl.arange(0, columns)
    centre_y, centre_x = row.to(tl.float32) + 0.5, column.to(tl.float32) + 0.5
    # What is not nearer than `reach` to the tile's outermost centres leaves no mark on it.
    near_left, near_right = first_column + 0.5 - reach, first_column + columns - 0.5 + reach
    near_top, near_bottom = first_row + 0.5 - reach, first_row + rows - 0.5 + reach

    inks = tl.zeros([rows, columns], tl.float32)
    times = tl.zeros([rows, columns], tl.float32)
    strokes = tl.zeros([rows, columns], tl.float32)
    walked, begun = 0.0, 0.0  # px of line drawn and strokes begun so far
    ax, ay = 0.0, 0.0
    for n in range(size):
        bx = (tl.load(point + 3 * n).to(tl.float32) - left) * scale + shift_x
        by = (tl.load(point + 3 * n + 1).to(tl.float32) - top) * scale + shift_y
        starts = tl.load(point + 3 * n + 2) == 0
        fresh = starts | (n == 0)
        ax, ay = tl.where(fresh, bx, ax), tl.where(fresh, by, ay)
        begun += tl.where(starts, 1.0, 0.0)
        dx, dy = bx - ax, by - ay
        length = tl.sqrt_rn(dx * dx + dy * dy)
        if ((tl.minimum(ax, bx) < near_right) & (tl.maximum(ax, bx) > near_left)) & (
            (tl.minimum(ay, by) < near_bottom) & (tl.maximum(ay, by) > near_top)
        ):
            # A dot has no direction: any unit vector gives its distance.
            divisor = tl.where(length > 0, length, 1.0)
            ux = tl.where(length > 0, tl.div_rn(dx, divisor), 1.0)
            uy = tl.div_rn(dy, divisor)
            qx, qy = centre_x - ax, centre_y - ay
            along = (qx * ux)[None, :] + (qy * uy)[:, None]
            sideways = (qy * ux)[:, None] - (qx * uy)[None, :]
            on = tl.minimum(tl.maximum(along, 0.0), length)
            beyond = along - on
            distance = tl.sqrt(sideways * sideways + beyond * beyond)
            coverage = tl.minimum(tl.maximum(reach - distance, 0.0), 1.0)
            if ink >= 0:
                inks = tl.maximum(inks, coverage)
            if time >= 0:
                times = tl.maximum(times, coverage * (walked + on))
            if stroke >= 0:
                strokes = tl.maximum(strokes, coverage * begun)
        walked += length
        ax, ay = bx, by

    inside = (row < side)[:, None] & (column < side)[None, :]
    to = out + drawing * (side * side * channels) + (row[:, None] * side + column[None, :]) * channels
    if ink >= 0:
        tl.store(to + ink, inks.to(out.dtype.element_ty), mask=inside)
    if time >= 0:
        shares = times / tl.where(walked > 0, walked, 1.0)
        tl.store(to + time, shares.to(out.dtype.element_ty), mask=inside)
    if stroke >= 0:
        shares = strokes / tl.where(begun > 0, begun, 1.0)
        tl.store(to + stroke, shares.to(out.dtype.element_ty), mask=inside)
