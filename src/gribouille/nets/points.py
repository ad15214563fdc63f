"""What nets on points have in common: the mark by which they are known, boxed points, and pooling that knows of padding.

Comes in: points in any unit, padded to one length. Goes out: the same in units of the drawing's own box, so that neither
where nor how large somebody drew can change an answer.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

TICK = 20.0  # ms: times below are hardly told apart (raw drawings have a point every 10 to 30 ms)


class PointNet(nn.Module):
    """A net that takes points, not pictures, and boxes them itself: a mark, and what `forward` promises.

    forward: points Float[Tensor, "batch points 3"] (x, y, pen) or 4 columns (and t) → logits Float[Tensor, "batch classes"].
    x and y in any unit; pen 0 starts a stroke, 1 continues it, −1 is padding and comes last; t in ms since the first point, −1
    where unknown. Three columns are four with every time unknown. Nothing in it depends on the rest of the batch.
    """


@dataclass(frozen=True, eq=False)
class Boxed:
    """Points in units of their drawing's box. xy from 0, up to 1 along the longer side; starts: where a stroke begins; times
    in ms, −1 where unknown. Padding has xy 0 and starts nothing."""

    xy: Float[Tensor, "batch points 2"]
    valid: Bool[Tensor, "batch points"]
    starts: Bool[Tensor, "batch points"]
    times: Float[Tensor, "batch points"]


def box(points: Float[Tensor, "batch points columns"]) -> Boxed:
    """The points moved and scaled so that their minimum is 0 and the longer side of their box 1 (a lone dot lies at 0)."""
    xy, pen = points[..., :2], points[..., 2]
    valid = pen >= 0
    inside = valid[..., None]
    low = torch.amin(torch.where(inside, xy, torch.inf), 1, keepdim=True)
    high = torch.amax(torch.where(inside, xy, -torch.inf), 1, keepdim=True)
    extent = torch.amax(high - low, 2, keepdim=True)
    # Neither a drawing without extent nor padding alone (extent −∞) has a scale.
    xy = torch.where(inside & (extent > 0), (xy - low) / torch.where(extent > 0, extent, 1.0), 0.0)
    times = points[..., 3] if points.shape[2] > 3 else torch.full_like(pen, -1)
    return Boxed(xy, valid, valid & (pen == 0), torch.where(valid, times, -1.0))


def before(values: Float[Tensor, "batch points *columns"]) -> Float[Tensor, "batch points *columns"]:
    """What stands at each point's predecessor; the first point is its own."""
    return torch.cat([values[:, :1], values[:, :-1]], 1)


def haste(times: Float[Tensor, "batch points"]) -> Float[Tensor, "batch points 2"]:
    """(how long since the predecessor, whether that is known), the first on a logarithmic scale that is 0 for no time, 0.7 for
    `TICK` and 4 for a second; 0 where unknown."""
    previous = before(times)
    known = ((times >= 0) & (previous >= 0)).to(times.dtype)
    return torch.stack([torch.log1p(torch.relu(times - previous) / TICK) * known, known], -1)


def pooled(
    features: Float[Tensor, "batch points channels"], valid: Bool[Tensor, "batch points"]
) -> Float[Tensor, "batch both"]:
    """Mean and maximum of every channel over the points that are none of the padding, one after the other."""
    inside = valid[..., None]
    mean = torch.where(inside, features, 0.0).sum(1) / inside.sum(1).clamp(min=1)
    highest = torch.where(inside, features, -1e4).amax(1)  # finite, so that padding alone does not make NaN
    return torch.cat([mean, highest], 1)
