"""What nets on points have in common: the mark by which they are known, and boxed points to work on.

Comes in: points in any unit, padded to one length. Goes out: the same in units of the drawing's own box, so that neither
where nor how large somebody drew can change an answer.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class PointNet(nn.Module):
    """A net that takes points, not pictures; it boxes them itself. A mark, and the promise of `forward`.

    forward: points Float[Tensor, "batch points 3"] (x, y, pen) or 4 columns with t -> logits Float[Tensor, "batch classes"].
    Any unit; pen 0 starts a stroke, 1 continues it, -1 is padding and comes last. t: ms since the first point, -1 where
    unknown; three columns are four with every time unknown.
    """

    wants_times = True


@dataclass(frozen=True, eq=False)
class Boxed:
    """Points in units of their drawing's box: xy in 0…1 along its longer side, both coordinates from 0; padding at 0."""

    xy: Float[Tensor, "batch points 2"]
    valid: Bool[Tensor, "batch points"]
    starts: Bool[Tensor, "batch points"]  # a stroke begins here
    times: Float[Tensor, "batch points"]  # ms, -1 where unknown


def box(points: Float[Tensor, "batch points columns"]) -> Boxed:
    """The points moved and scaled so that their minimum is 0 and the longer side of their box 1 (a lone dot: at 0)."""
    xy, pen = points[..., :2], points[..., 2]
    valid = pen >= 0
    inside = valid[..., None]
    low = torch.amin(torch.where(inside, xy, torch.inf), 1, keepdim=True)
    high = torch.amax(torch.where(inside, xy, -torch.inf), 1, keepdim=True)
    extent = torch.amax(high - low, 2, keepdim=True)
    # A drawing without extent, and padding alone (extent -inf), have no scale.
    scale = torch.where(extent > 0, 1 / extent, 0.0)
    boxed = torch.where(inside, (xy - low) * scale, 0.0)
    times = points[..., 3] if points.shape[2] > 3 else torch.full_like(pen, -1)
    return Boxed(boxed, valid, valid & (pen < 0.5), torch.where(valid, times, -1.0))
