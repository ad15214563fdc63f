"""The picture as tensor code: padded points in, float32 images out, by the definition in `spec`.

The first layer of every exported model file; training has the same pictures from `kernel`. No control flow depends on the data,
batch and number of points are free, and the steps are those of `kernel` in the same order, so that both round alike.
Memory: about 6 intermediates of batch x points x side x side float32; 200 points at 64 px are 3.3 MB each.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gribouille.raster.spec import RasterSpec


class Raster(nn.Module):
    """Points [batch, points, (x, y, pen)] -> images [batch, channels, side, side] in [0, 1].

    pen: 0 starts a stroke, 1 continues it, -1 is padding and comes after the drawing. Padding alone gives a black picture.
    """

    centres: Tensor

    def __init__(self, spec: RasterSpec) -> None:
        super().__init__()
        self.spec = spec
        self.register_buffer("centres", torch.arange(spec.side, dtype=torch.float32) + 0.5, persistent=False)  # px

    def forward(self, points: Float[Tensor, "batch points 3"]) -> Float[Tensor, "batch channels side side"]:
        """The pictures; computed in float32 whatever autocast says, since half precision cannot tell pixels apart."""
        with torch.autocast(points.device.type, enabled=False):
            return self._draw(points.float())

    def _draw(self, points: Tensor) -> Tensor:
        valid = points[..., 2] >= 0
        end = self._place(points[..., :2], valid)
        start = torch.cat([end[:, :1], end[:, :-1]], 1)
        start = torch.where(points[..., 2:] > 0, start, end)

        dx, dy = (end - start).unbind(-1)
        length = torch.sqrt(dx * dx + dy * dy)
        # A dot has no direction: any unit vector gives its distance.
        ux = torch.where(length > 0, dx / length, 1.0)
        uy = torch.where(length > 0, dy / length, 0.0)
        length = torch.where(valid, length, 0.0)
        walked = torch.cumsum(length, 1) - length  # px drawn before each segment
        stroke = torch.cumsum((points[..., 2] == 0).to(points.dtype), 1)
        # Padding reaches nowhere: its coverage is zero everywhere.
        reach = torch.where(valid, self.spec.reach, -1.0)

        # [batch, rows, columns, points]: points last, because onnxruntime is 10 times faster at maxima over the last axis.
        # Both distances are affine in the pixel, so each is the sum of a row's and a column's part.
        qx = (self.centres[:, None] - start[:, None, :, 0])[:, None, :, :]
        qy = (self.centres[:, None] - start[:, None, :, 1])[:, :, None, :]
        ux, uy, length, walked, stroke, reach = (
            each[:, None, None, :] for each in (ux, uy, length, walked, stroke, reach)
        )
        along = qx * ux + qy * uy
        on = torch.minimum(torch.relu(along), length)
        coverage = _coverage(reach, qy * ux - qx * uy, along - on)
        marks = {
            "ink": lambda: torch.amax(coverage, -1),
            "time": lambda: _share(coverage * (walked + on), length.sum(-1)),
            "stroke": lambda: _share(coverage * stroke, stroke[..., -1]),
        }
        return torch.stack([marks[name]() for name in self.spec.channels], 1)

    def _place(self, xy: Tensor, valid: Tensor) -> Tensor:
        """Points in px: boxed, scaled and centred by the valid ones."""
        inside = valid[..., None]
        low = torch.amin(torch.where(inside, xy, torch.inf), 1, keepdim=True)
        high = torch.amax(torch.where(inside, xy, -torch.inf), 1, keepdim=True)
        extent = torch.amax(high - low, 2, keepdim=True)
        scale = torch.where(extent > 0, self.spec.span / extent, 0.0)
        shift = (self.spec.side - (high - low) * scale) * 0.5
        return torch.where(inside, (xy - low) * scale + shift, 0.0)


def _coverage(reach: Tensor, across: Tensor, beyond: Tensor) -> Tensor:
    """1 well inside the line to 0 outside, from the distances across the segment and beyond its ends."""
    return torch.clamp(reach - torch.sqrt(across * across + beyond * beyond), 0.0, 1.0)


def _share(marks: Tensor, whole: Tensor) -> Tensor:
    """The largest mark over the segments (last axis) as a share of the whole, at most 1; zero where there is no whole."""
    return torch.where(whole > 0, torch.clamp(torch.amax(marks, -1) / whole, max=1.0), 0.0)
