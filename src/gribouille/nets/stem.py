"""The learned stem: convolutions along the line, whose features are put down where the pen was, for a CNN to see.

After the 8th place of Kaggle's contest (../shared/field.md §2: Conv1d on 256 points, scattered into a 32×32×64 map, then
a CNN). Simplified points leave gaps of a whole drawing's width on long segments, so the line is walked first: `samples` places at
equal distances along the ink. Eight of them for each cell of the map's side (256 for 32 cells) are at most one cell apart on
drawings with up to 8 sides of ink, which is more than 95 % of Quick, Draw! (median 4.0 sides, 95th percentile 7.2, 99th
10.8; n = 8,000 of our store). Where a drawing has more, its line is dotted, never cut off.

Each sample stands for as much line as lies between two of them, in cells, so that the map is an integral along the line: it
depends neither on how densely the line was sampled nor on how long the rest is. A dot, and the start of every stroke, counts
as one cell of line: a dot would have none otherwise.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from gribouille.nets.image import facts, first_conv
from gribouille.nets.points import Boxed, PointNet, before, box, haste
from gribouille.raster.spec import RasterSpec

FEATURES = 64  # channels of the map, as the 8th place had
SAMPLES_PER_CELL = 8  # of the map's side
DESCRIPTION = 10  # x, y, direction (2), starts, share of the ink so far, stroke's share, spacing, log time, time known
KERNEL = 5  # samples that a convolution sees: 3 of them see 13, a tenth of the usual drawing's width


@dataclass(frozen=True, eq=False)
class Walk:
    """Places at equal distances along the ink. xy in cells of the map; direction a unit vector, 0 on dots; starts: the first
    sample of a stroke; inked: share of the ink walked so far; strokes: number of the stroke as a share of all; spacing: cells
    of line that each sample stands for (0 where there is no drawing); times in ms between the points', −1 where unknown."""

    xy: Float[Tensor, "batch samples 2"]
    direction: Float[Tensor, "batch samples 2"]
    starts: Bool[Tensor, "batch samples"]
    inked: Float[Tensor, "batch samples"]
    strokes: Float[Tensor, "batch samples"]
    spacing: Float[Tensor, "batch samples"]
    times: Float[Tensor, "batch samples"]


class StemNet(PointNet):
    """Points → samples along the line → Conv1d features → map [batch, FEATURES, cells, cells] → `backbone` → logits."""

    def __init__(self, backbone: nn.Module, spec: RasterSpec) -> None:
        """backbone: a CNN on maps of half the side of the spec's picture."""
        super().__init__()
        self.cells = map_side(spec)
        self.margin = spec.margin * self.cells / spec.side  # cells
        self.features = nn.Sequential(
            nn.Conv1d(DESCRIPTION, FEATURES, KERNEL, padding=KERNEL // 2),
            nn.GELU(),
            nn.Conv1d(FEATURES, FEATURES, KERNEL, padding=KERNEL // 2),
            nn.GELU(),
            nn.Conv1d(FEATURES, FEATURES, KERNEL, padding=KERNEL // 2),
        )
        self.backbone = backbone

    def forward(self, points: Float[Tensor, "batch points columns"]) -> Float[Tensor, "batch classes"]:
        """Logits. Everything but the convolutions is computed in float32 whatever autocast says."""
        with torch.autocast(points.device.type, enabled=False):
            boxed = box(points.float())
            walk = walked(boxed, self._placed(boxed), SAMPLES_PER_CELL * self.cells)
            told = description(walk, self.cells)
        features = self.features(told.transpose(1, 2)).transpose(1, 2)
        with torch.autocast(points.device.type, enabled=False):
            seen = splat(features.float(), walk.xy, walk.spacing, self.cells)
        logits: Tensor = self.backbone(seen)
        return logits

    def _placed(self, boxed: Boxed) -> Tensor:
        """The points in cells, centred as in the picture: a cell's middle has whole coordinates."""
        span = self.cells - 2 * self.margin
        extent = torch.amax(boxed.xy, 1, keepdim=True)
        return (boxed.xy * span + (self.cells - extent * span) / 2 - 0.5) * boxed.valid[..., None]


def map_side(spec: RasterSpec) -> int:
    """Cells along the side of the map: half of the picture's, what a net's first convolution would leave of it."""
    return spec.side // 2


def take_maps(backbone: nn.Module) -> nn.Module:
    """The timm net, changed in place to look at the map as if its first convolution had made it: that convolution's stride is
    halved, so that all later ones see what they would see of a picture.

    A convolution that overlapped (7×7 in ResNets) becomes 3×3, since 7×7 on 64 channels would cost more than the rest of the
    net; one that cut patches (4×4 in ConvNeXt) cuts smaller ones. Nets for one size of picture keep what they have.
    """
    first = first_conv(backbone)
    old = backbone.get_submodule(first) if first else None
    if first is None or not isinstance(old, nn.Conv2d) or old.stride[0] % 2 or facts(backbone)["fixed_input_size"]:
        return backbone
    stride = old.stride[0] // 2
    kernel = stride if old.kernel_size == old.stride else max(3, stride)
    padding = 0 if kernel == stride else kernel // 2
    new = nn.Conv2d(old.in_channels, old.out_channels, kernel, stride, padding, bias=old.bias is not None)
    nn.init.kaiming_normal_(new.weight, mode="fan_out", nonlinearity="relu")
    backbone.set_submodule(first, new)
    return backbone


def walked(boxed: Boxed, xy: Float[Tensor, "batch points 2"], samples: int) -> Walk:
    """The samples along the ink of the points, which lie at `xy` in cells.

    Each point owns the segment that led to it, or one cell of line where it starts a stroke. Every sample finds its segment by
    counting the points whose line ends before it: no search, whose result ONNX could not say. In float64, because lengths add
    up: in float32 a scribble of 1,000 points would put samples beside a stroke's end now on this stroke, now on the next one,
    as the executor rounds.
    """
    xy, instants = xy.double(), boxed.times.double()
    previous = torch.where(boxed.starts[..., None], xy, before(xy))
    step = xy - previous
    drawn = torch.sqrt((step * step).sum(-1))
    ink = (drawn * boxed.valid).sum(1, keepdim=True)
    # At least two samples on every dot, however much else there is.
    least = torch.clamp(2 * ink / samples, min=1.0)
    owned = torch.where(boxed.starts, least, drawn) * boxed.valid
    ends = torch.cumsum(owned, 1)
    whole = ends[:, -1:]
    spacing = whole / samples
    at = (torch.arange(samples, device=xy.device) + 0.5) * spacing

    owner = (ends[:, None, :] <= at[..., None]).sum(2).clamp(max=xy.shape[1] - 1)
    share = 1 - (at_samples(ends, owner) - at) / at_samples(owned, owner).clamp(min=1e-6)
    share = share.clamp(0, 1)
    stroke = at_samples(torch.cumsum(boxed.starts.to(xy.dtype), 1), owner)
    starting, leading = at_samples(instants, owner), at_samples(before(instants), owner)
    on_dot = at_samples(boxed.starts.to(xy.dtype), owner) > 0
    times = torch.where(on_dot, starting, leading + share * (starting - leading))
    unit = step / drawn.clamp(min=1e-6)[..., None]
    return Walk(
        xy=(at_samples(previous, owner) + share[..., None] * at_samples(step, owner)).float(),
        direction=at_samples(unit, owner).float(),
        starts=torch.cat([stroke[:, :1] > 0, stroke[:, 1:] != stroke[:, :-1]], 1),
        inked=(at / whole.clamp(min=1e-6)).float(),
        strokes=(stroke / boxed.starts.sum(1, keepdim=True).clamp(min=1)).float(),
        spacing=spacing.expand(-1, samples).float(),
        times=torch.where((starting >= 0) & (on_dot | (leading >= 0)), times, -1.0).float(),
    )


def at_samples(
    values: Float[Tensor, "batch points *columns"], owner: Int64[Tensor, "batch samples"]
) -> Float[Tensor, "batch samples *columns"]:
    """What each sample's point has."""
    if values.ndim == 2:
        return values.gather(1, owner)
    return values.gather(1, owner[..., None].expand(-1, -1, values.shape[2]))


def description(walk: Walk, cells: int) -> Float[Tensor, "batch samples 10"]:
    """What the stem is told of each sample (`DESCRIPTION`); all zero where there is no drawing."""
    numbers = [walk.starts.to(walk.inked.dtype), walk.inked, walk.strokes, walk.spacing]
    told = torch.cat([walk.xy / cells, walk.direction, torch.stack(numbers, -1), haste(walk.times)], -1)
    return told * (walk.spacing > 0)[..., None]


def splat(
    features: Float[Tensor, "batch samples channels"],
    xy: Float[Tensor, "batch samples 2"],
    weight: Float[Tensor, "batch samples"],
    cells: int,
) -> Float[Tensor, "batch channels cells cells"]:
    """A map whose cells hold the mean of the features nearby, bilinear in the distance; fainter where less than a cell's length
    of line passes, and 0 where none does.

    Each sample gives to the four cells around it. Differentiable in the features. The sum over samples is a scatter, which
    ONNX has; a product with hat functions of rows and columns would be the same with 64 times the memory.
    """
    corner = torch.floor(xy)
    beyond = xy - corner
    given = torch.cat([features, torch.ones_like(features[..., :1])], -1)
    places, shares = [], []
    for right, below in ((0, 0), (1, 0), (0, 1), (1, 1)):
        column, row = corner[..., 0] + right, corner[..., 1] + below
        inside = (column >= 0) & (column < cells) & (row >= 0) & (row < cells)
        places.append((row.clamp(0, cells - 1) * cells + column.clamp(0, cells - 1)).to(torch.int64))
        near = (beyond[..., 0] if right else 1 - beyond[..., 0]) * (beyond[..., 1] if below else 1 - beyond[..., 1])
        shares.append(near * weight * inside)
    place = torch.cat(places, 1)[..., None].expand(-1, -1, given.shape[2])
    amount = (torch.cat([given] * 4, 1)) * torch.cat(shares, 1)[..., None]
    summed = given.new_zeros(given.shape[0], cells * cells, given.shape[2]).scatter_add(1, place, amount)
    seen = summed[..., :-1] / summed[..., -1:].clamp(min=1.0)
    return seen.transpose(1, 2).reshape(seen.shape[0], seen.shape[2], cells, cells)
