# mypy: disable-error-code="no-untyped-def,import-untyped,untyped-decorator"
"""`augment_kernel` on a GPU, in Triton: one warp a drawing, which it unpacks, warps and cuts in place.

The same random numbers and the same float64 steps in the same order (LAUNCH: no fused multiply-add), so the
same drawings; a warp can differ by 1 unit in a point where a logarithm or a cosine differs in its last place. Warping
takes the points by the chunk, twice: random numbers are made again sooner than kept. A drawing's length is
summed one point after the other, as `drawing.prefix` does.

This module is left out of the tests' jaxtyping hook, and imported where it is needed: Triton is not everywhere.
"""

import triton
import triton.language as tl

from gribouille import augment_kernel as numbers
from gribouille import drawing

LAUNCH = {"chunk": 32, "num_warps": 1, "enable_fp_fusion": False}  # a point a thread and step
GAMMA = tl.constexpr(int(numbers.GAMMA))
WARP, CUT = tl.constexpr(int(numbers.WARP)), tl.constexpr(int(numbers.CUT))
WAVE = tl.constexpr(int(numbers.WAVE))
OTHER_AXIS = tl.constexpr(
    int(numbers.AXIS) * int(numbers.GAMMA) % 2**64
)  # from one axis' random numbers to the other's
POINTS, UNIT = tl.constexpr(numbers.POINTS), tl.constexpr(numbers.UNIT)
FIRST, SECOND = tl.constexpr(0xBF58476D1CE4E5B9), tl.constexpr(0x94D049BB133111EB)
TURN = tl.constexpr(6.283185307179586)  # 2π
SIDE = tl.constexpr(float(drawing.SIDE))
WHOLE = tl.constexpr(1.5 * 2.0**52)  # added and taken away, it rounds a float64 half to even


@triton.jit
def unpack(packed, starts, rows, offsets, points, chunk: tl.constexpr):
    """The points, uint8 [total, 3], of drawing `program` of a batch: row `rows[program]` of a packed store."""
    index = tl.program_id(0).to(tl.int64)
    begin = tl.load(offsets + index)
    size = (tl.load(offsets + index + 1) - begin).to(tl.int32)
    stored = packed + tl.load(starts + tl.load(rows + index))
    for start in range(0, size, chunk):
        n = start + tl.arange(0, chunk)
        inside = n < size
        to = points + 3 * (begin + n)
        tl.store(to, tl.load(stored + 2 * n, mask=inside), mask=inside)
        tl.store(to + 1, tl.load(stored + 2 * n + 1, mask=inside), mask=inside)
        pens = tl.load(stored + 2 * size + (n >> 3), mask=inside).to(tl.int32)
        tl.store(to + 2, ((pens >> (n & 7)) & 1).to(tl.uint8), mask=inside)


@triton.jit
def _mixed(number):
    """SplitMix64's finaliser."""
    number = (number ^ (number >> 30)) * FIRST
    number = (number ^ (number >> 27)) * SECOND
    return number ^ (number >> 31)


@triton.jit
def _uniform(state, counter):
    """Random number `counter` of the generator, float64 in [0, 1)."""
    word = _mixed(state + (counter + 1).to(tl.uint64) * GAMMA)
    return (word >> 11).to(tl.float64) * UNIT


@triton.jit
def _spread(state, counter, half):
    """Random number `counter` as one between −half and half."""
    return half * (2.0 * _uniform(state, counter) - 1.0)


@triton.jit
def _bent(across, state, height):
    """The displacement along one axis of points that lie at `across` on the other: `random_wave`'s sine."""
    zero = tl.full([], 0, tl.int32)
    turns = (0.5 + _uniform(state, zero + 1)) / SIDE
    return _spread(state, zero, height) * tl.sin((turns * across + _uniform(state, zero + 2)) * TURN)


@triton.jit
def _warped(point, n, inside, state, waving, xx, xy, yx, yy, jitter, wave, bends: tl.constexpr):
    """x and y of points `n` bent and under the drawing's map, with jitter."""
    x = tl.load(point + 3 * n, mask=inside, other=0).to(tl.float64)
    y = tl.load(point + 3 * n + 1, mask=inside, other=0).to(tl.float64)
    if bends:
        wide, high = _bent(y, waving, wave), _bent(x, waving + OTHER_AXIS, wave)
        x += wide
        y += high
    distance = jitter * tl.sqrt(-2.0 * tl.log(1.0 - _uniform(state, 2 * n + POINTS)))
    direction = _uniform(state, 2 * n + (POINTS + 1)) * TURN
    return xx * x + xy * y + distance * tl.cos(direction), yx * x + yy * y + distance * tl.sin(direction)


@triton.jit
def _rounded(x):
    """The whole number next to x, half to even."""
    return ((x + WHOLE) - WHOLE).to(tl.int32).to(tl.uint8)


@triton.jit
def _scale(extent):
    """From units to 1/255 of the longer side."""
    return tl.where(extent > 0, tl.full([], SIDE, tl.float64) / tl.where(extent > 0, extent, 1.0), 0.0)


@triton.jit
def _between(coordinate, last, part):
    """The coordinate at `part` of the way to point `last` from the one before."""
    start = tl.load(coordinate + 3 * (last - 1)).to(tl.float64)
    return start + part * (tl.load(coordinate + 3 * last).to(tl.float64) - start)


@triton.jit
def _step(point, n):
    """The length of the segment that ends at point n, which is not the first; 0 at the start of a stroke."""
    dx = tl.load(point + 3 * n).to(tl.float64) - tl.load(point + 3 * n - 3).to(tl.float64)
    dy = tl.load(point + 3 * n + 1).to(tl.float64) - tl.load(point + 3 * n - 2).to(tl.float64)
    return tl.where(tl.load(point + 3 * n + 2) == 1, tl.sqrt(dx * dx + dy * dy), 0.0)


@triton.jit
def warp(points, offsets, keys, amounts, bends: tl.constexpr, chunk: tl.constexpr):
    """Warp drawing `program` of a batch in place; `amounts`: float64, in Augmentation's order, the rotation in radians;
    `bends`: whether there is a wave, which costs registers."""
    index = tl.program_id(0).to(tl.int64)
    begin = tl.load(offsets + index)
    size = (tl.load(offsets + index + 1) - begin).to(tl.int32)
    point = points + 3 * begin
    state = _mixed((tl.load(keys + index) ^ WARP) + GAMMA)
    zero = tl.full([], 0, tl.int32)
    angle = _spread(state, zero, tl.load(amounts))
    stretch = tl.exp(_spread(state, zero + 1, tl.load(amounts + 1)) * 0.5)
    shear = _spread(state, zero + 2, tl.load(amounts + 2))
    jitter, wave = tl.load(amounts + 3), tl.load(amounts + 7)
    waving = _mixed((tl.load(keys + index) ^ WAVE) + GAMMA)
    mirror = tl.where(_uniform(state, zero + 3) < tl.load(amounts + 4), -1.0, 1.0).to(tl.float64)
    cos, sin = tl.cos(angle), tl.sin(angle)
    right = mirror / stretch
    xx, xy, yx, yy = cos * right, (cos * shear - sin) * stretch, sin * right, (sin * shear + cos) * stretch

    lows_x, lows_y = tl.full([chunk], float("inf"), tl.float64), tl.full([chunk], float("inf"), tl.float64)
    highs_x, highs_y = -lows_x, -lows_y
    for start in range(0, size, chunk):
        n = start + tl.arange(0, chunk)
        x, y = _warped(point, n, n < size, state, waving, xx, xy, yx, yy, jitter, wave, bends)
        lows_x, lows_y = (
            tl.where(n < size, tl.minimum(lows_x, x), lows_x),
            tl.where(n < size, tl.minimum(lows_y, y), lows_y),
        )
        highs_x = tl.where(n < size, tl.maximum(highs_x, x), highs_x)
        highs_y = tl.where(n < size, tl.maximum(highs_y, y), highs_y)
    left, top = tl.min(lows_x), tl.min(lows_y)
    extent = tl.maximum(tl.max(highs_x) - left, tl.max(highs_y) - top)
    scale = _scale(extent)
    for start in range(0, size, chunk):
        n = start + tl.arange(0, chunk)
        x, y = _warped(point, n, n < size, state, waving, xx, xy, yx, yy, jitter, wave, bends)
        tl.store(point + 3 * n, _rounded((x - left) * scale), mask=n < size)
        tl.store(point + 3 * n + 1, _rounded((y - top) * scale), mask=n < size)


@triton.jit
def cut(points, offsets, keys, amounts, ends, chunk: tl.constexpr):
    """Cut drawing `program` of a batch in place: it ends before point `ends[program]` then, and keeps its beginning."""
    index = tl.program_id(0).to(tl.int64)
    begin, end = tl.load(offsets + index), tl.load(offsets + index + 1)
    size = (end - begin).to(tl.int32)
    point = points + 3 * begin
    state = _mixed((tl.load(keys + index) ^ CUT) + GAMMA)
    zero = tl.full([], 0, tl.int32)
    if _uniform(state, zero) < tl.load(amounts + 5):
        fraction = 1.0 - (1.0 - tl.load(amounts + 6)) * _uniform(state, zero + 1)
        length = tl.full([], 0.0, tl.float64)
        for one in range(1, size):
            length += _step(point, one)
        ink = fraction * length
        if (ink > 0) & (fraction < 1):
            # The first point at which the ink is spent, and the length before it and there.
            last, begun, done = zero, tl.full([], 0.0, tl.float64), tl.full([], 0.0, tl.float64)
            while done < ink:
                last += 1
                begun = done
                done += _step(point, last)
            part = (ink - begun) / (done - begun)
            final_x = _between(point, last, part)
            final_y = _between(point + 1, last, part)
            lows_x, lows_y = tl.full([chunk], 255, tl.int32), tl.full([chunk], 255, tl.int32)
            highs_x, highs_y = tl.full([chunk], 0, tl.int32), tl.full([chunk], 0, tl.int32)
            for start in range(0, last, chunk):
                n = start + tl.arange(0, chunk)
                x = tl.load(point + 3 * n, mask=n < last, other=255).to(tl.int32)
                y = tl.load(point + 3 * n + 1, mask=n < last, other=255).to(tl.int32)
                lows_x, lows_y = tl.minimum(lows_x, x), tl.minimum(lows_y, y)
                highs_x = tl.maximum(highs_x, tl.where(n < last, x, 0))
                highs_y = tl.maximum(highs_y, tl.where(n < last, y, 0))
            left = tl.minimum(tl.min(lows_x).to(tl.float64), final_x)
            top = tl.minimum(tl.min(lows_y).to(tl.float64), final_y)
            right = tl.maximum(tl.max(highs_x).to(tl.float64), final_x)
            bottom = tl.maximum(tl.max(highs_y).to(tl.float64), final_y)
            scale = _scale(tl.maximum(right - left, bottom - top))
            tl.debug_barrier()  # every thread has read what the threads beside it now overwrite
            for start in range(0, last + 1, chunk):
                n = start + tl.arange(0, chunk)
                x = tl.load(point + 3 * n, mask=n < last, other=0).to(tl.float64)
                y = tl.load(point + 3 * n + 1, mask=n < last, other=0).to(tl.float64)
                x, y = tl.where(n < last, x, final_x), tl.where(n < last, y, final_y)
                tl.store(point + 3 * n, _rounded((x - left) * scale), mask=n <= last)
                tl.store(point + 3 * n + 1, _rounded((y - top) * scale), mask=n <= last)
            end = begin + last + 1
    tl.store(ends + index, end)
