"""`augment` on a device, in torch: the same random numbers from the same keys, so the same drawings as on the CPU.

Comes in and goes out: a ragged batch that lies on the device, points end to end with their offsets. Nothing waits for the
device: how many points a cut leaves is known only there, so its result keeps the room of the whole drawings, and what lies
behind offsets[-1] means nothing.

All is float64. Beside the numba kernels, 100,000 warps of real drawings had no point elsewhere; of 100,000 cuts of any
length from nothing to whole, 8 in 10,000 drawings had one point 1 unit elsewhere: a single line that is cut and boxed again
can end exactly between two units, and there the last bit of a length decides (on another device, that of a cosine too).
"""

import math

import torch
from jaxtyping import Bool, Float64, Int64, UInt8
from torch import Tensor

from gribouille.augment import Augmentation
from gribouille.augment_kernel import CUT, GAMMA, POINTS, UNIT, WARP
from gribouille.drawing import SIDE

# Lengths are summed as whole multiples of 2⁻⁴⁰ units: whole numbers give the same sum in whatever order a GPU adds them, and the
# differences of one running sum over the batch are exact even where it wraps around. 20,000 points are 2⁶² or less.
FINE = 2.0**40


def warp_on(
    points: UInt8[Tensor, "total 3"],
    offsets: Int64[Tensor, "drawings_and_one"],
    by: Augmentation,
    keys: Int64[Tensor, "drawings"],
) -> UInt8[Tensor, "total 3"]:
    """The points as `augment.warp` makes them; keys are the bits of its keys, and offsets stay."""
    state = _seeded(keys, int(WARP))
    xx, xy, yx, yy = _random_maps(state, by)
    drawing = owners(torch.diff(offsets), len(points))
    x, y = points[:, 0].double(), points[:, 1].double()
    warped = [xx[drawing] * x + xy[drawing] * y, yx[drawing] * x + yy[drawing] * y]
    if by.jitter > 0:
        counter = POINTS + 2 * (torch.arange(len(points), device=points.device) - offsets[drawing])
        own = state[drawing]
        distance = by.jitter * torch.sqrt(-2.0 * torch.log(1.0 - _uniform(own, counter)))
        direction = 2.0 * math.pi * _uniform(own, counter + 1)
        warped = [warped[0] + distance * torch.cos(direction), warped[1] + distance * torch.sin(direction)]
    boxed = _boxed(torch.stack(warped, 1), drawing, len(keys))
    return torch.cat([boxed.to(torch.uint8), points[:, 2:]], 1)


def cut_on(
    points: UInt8[Tensor, "total 3"],
    offsets: Int64[Tensor, "drawings_and_one"],
    by: Augmentation,
    keys: Int64[Tensor, "drawings"],
) -> tuple[UInt8[Tensor, "total 3"], Int64[Tensor, "drawings_and_one"]]:
    """The points and offsets as `augment.cut` makes them; what lies behind the last offset means nothing."""
    total = len(points)
    if total == 0:
        return points, offsets
    stopped, kept, final = _stops(points, offsets, fractions_on(by, keys))
    kept_offsets = torch.cat([torch.zeros_like(offsets[:1]), torch.cumsum(kept, 0)])
    # The room behind the last drawing belongs to one more, so that every place has an owner.
    owner = owners(torch.cat([kept, total - kept_offsets[-1:]]), total)
    begin, stopped, final, last = (_and_zero(each) for each in (offsets[:-1], stopped, final, kept_offsets[1:] - 1))
    place, stops = torch.arange(total, device=points.device), stopped[owner]
    source = points[begin[owner] + place - kept_offsets[owner]]
    xy = torch.where((stops & (place == last[owner]))[:, None], final[owner], source[:, :2].double())
    xy = torch.where(stops[:, None], _boxed(xy, owner, len(keys) + 1), xy)
    return torch.cat([xy.to(torch.uint8), source[:, 2:]], 1), kept_offsets


def _stops(
    points: UInt8[Tensor, "total 3"],
    offsets: Int64[Tensor, "drawings_and_one"],
    fraction: Float64[Tensor, "drawings"],
) -> tuple[Bool[Tensor, "drawings"], Int64[Tensor, "drawings"], Float64[Tensor, "drawings 2"]]:
    """Which drawings are stopped; how many points stay of each; and where the last of them is, not boxed yet."""
    sizes = torch.diff(offsets)
    drawing = owners(sizes, len(points))
    walked = _walked(points, drawing, offsets)
    length = torch.where(sizes > 0, walked[(offsets[1:] - 1).clamp(min=0)], 0)
    stopped = (fraction < 1) & (length > 0)
    ink = fraction * length.double()
    # The first point at which the ink is spent comes after as many as have walked less.
    before = _sums((walked.double() < ink[drawing]).long(), offsets)
    last = (offsets[:-1] + before).clamp(max=len(points) - 1)
    previous = (last - 1).clamp(min=0)
    begun, done = walked[previous].double(), walked[last].double()
    part = (ink - begun) / (done - begun)  # nonsense where nothing is stopped, and not used there
    start = points[previous, :2].double()
    final = start + part[:, None] * (points[last, :2].double() - start)
    return stopped, torch.where(stopped, before + 1, sizes), final


def fractions_on(by: Augmentation, keys: Int64[Tensor, "drawings"]) -> Float64[Tensor, "drawings"]:
    """The fraction of its ink at which `cut_on` stops each drawing, 1 where it stays whole."""
    state = _seeded(keys, int(CUT))
    number = [_uniform(state, torch.full_like(keys, counter)) for counter in (0, 1)]
    return torch.where(number[0] < by.cut, 1.0 - (1.0 - by.shortest) * number[1], 1.0)


def owners(sizes: Int64[Tensor, "drawings"], total: int) -> Int64[Tensor, "total"]:
    """The drawing that each point belongs to; `total` is the sum of the sizes, which lie on the device."""
    return torch.repeat_interleave(torch.arange(len(sizes), device=sizes.device), sizes, output_size=total)


def _random_maps(state: Tensor, by: Augmentation) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """`augment_kernel.random_map` of every drawing."""
    angle, stretch, shear, mirror = (_uniform(state, torch.full_like(state, counter)) for counter in range(4))
    angle = by.rotation * (math.pi / 180.0) * (2.0 * angle - 1.0)
    stretch = torch.exp(by.stretch * (2.0 * stretch - 1.0) * 0.5)
    shear = by.shear * (2.0 * shear - 1.0)
    cos, sin = torch.cos(angle), torch.sin(angle)
    right, down = torch.where(mirror < by.mirror, -1.0, 1.0).double() / stretch, stretch
    return cos * right, (cos * shear - sin) * down, sin * right, (sin * shear + cos) * down


def _boxed(xy: Float64[Tensor, "total 2"], drawing: Int64[Tensor, "total"], count: int) -> Float64[Tensor, "total 2"]:
    """`drawing.box` of every drawing, rounded half to even."""
    index = drawing[:, None].expand(-1, 2)
    low = torch.full((count, 2), math.inf, dtype=xy.dtype, device=xy.device).scatter_reduce(0, index, xy, "amin")
    high = torch.full((count, 2), -math.inf, dtype=xy.dtype, device=xy.device).scatter_reduce(0, index, xy, "amax")
    extent = (high - low).amax(1)
    # A quotient of tensors: a number divided by a tensor would be its reciprocal times the number, which rounds twice.
    scale = torch.where(extent > 0, torch.full_like(extent, SIDE) / extent, 0.0)
    return torch.round((xy - low[drawing]) * scale[drawing][:, None])


def _walked(
    points: UInt8[Tensor, "total 3"], drawing: Int64[Tensor, "total"], offsets: Int64[Tensor, "drawings_and_one"]
) -> Int64[Tensor, "total"]:
    """The length of the drawing up to each point, in units of 1 / FINE."""
    xy = points[:, :2].double()
    step = torch.diff(xy, dim=0, prepend=xy[:1])
    length = torch.sqrt(step[:, 0] * step[:, 0] + step[:, 1] * step[:, 1])
    inside = (points[:, 2] == 1) & (torch.arange(len(points), device=points.device) != offsets[drawing])
    fine = torch.where(inside, torch.round(length * FINE), 0.0).long()
    running = torch.cumsum(fine, 0)
    return running - (running - fine)[offsets[drawing]]


def _and_zero(values: Tensor) -> Tensor:
    """The values and one more, 0, for what belongs to no drawing."""
    return torch.cat([values, torch.zeros_like(values[:1])])


def _sums(values: Int64[Tensor, "total"], offsets: Int64[Tensor, "drawings_and_one"]) -> Int64[Tensor, "drawings"]:
    """The sum of each drawing's values."""
    running = torch.cat([values.new_zeros(1), torch.cumsum(values, 0)])
    return torch.diff(running[offsets])


def _signed(number: int) -> int:
    """The int64 of the same bits as a uint64: torch multiplies and adds with wrap-around only those."""
    return number - (1 << 64) if number >= 1 << 63 else number


def _shifted(number: Tensor, places: int) -> Tensor:
    """A shift to the right that brings in zeros, where int64's own repeats the sign."""
    return (number >> places) & ((1 << (64 - places)) - 1)


def _mixed(number: Tensor) -> Tensor:
    """SplitMix64's finaliser, as in `augment_kernel`."""
    number = (number ^ _shifted(number, 30)) * _signed(0xBF58476D1CE4E5B9)
    number = (number ^ _shifted(number, 27)) * _signed(0x94D049BB133111EB)
    return number ^ _shifted(number, 31)


def _seeded(keys: Tensor, stream: int) -> Tensor:
    return _mixed((keys ^ _signed(stream)) + _signed(int(GAMMA)))


def _uniform(state: Tensor, counter: Tensor) -> Tensor:
    """Random number `counter` of each generator, float64 in [0, 1)."""
    return _shifted(_mixed(state + (counter + 1) * _signed(int(GAMMA))), 11).double() * UNIT
