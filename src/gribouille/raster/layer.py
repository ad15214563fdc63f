"""The picture as tensor code: padded points in, float32 images out, by the definition in `spec`.

The first layer of every exported model file; training has the same pictures from `kernel`. Batch and number of points are free,
and every pixel's steps are those of `kernel` in the same order: onnxruntime, native and WASM, draws the kernel's very bits. A
segment marks a few pixels only: the picture is made of tiles, and only pairs of a segment and a tile that it reaches are
computed: about three tiles a segment of usual drawings, 22 of 64 at worst at 64 px. Memory: the largest part is the index of
the scatter, int64 [pairs, channels x tile x tile], 1.5 kB a pair with three channels; the marks are half of it.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gribouille.raster.spec import RasterSpec

TILE = 8  # px; smaller ones are more pairs, larger ones more pixels that a segment does not reach
# px between a tile's centre and the centre of its outermost pixel, and a little for rounding
HALF_DIAGONAL = (TILE - 1) / 2 * 2**0.5 + 0.01


class Raster(nn.Module):
    """Points [batch, points, (x, y, pen)] -> images [batch, channels, side, side] in [0, 1].

    pen: 0 starts a stroke, 1 continues it, -1 is padding and comes after the drawing. Padding alone gives a black picture.
    """

    tiles: Tensor
    inner: Tensor

    def __init__(self, spec: RasterSpec) -> None:
        super().__init__()
        self.spec = spec
        corners = torch.arange(0, spec.side, TILE, dtype=torch.float32)
        self.register_buffer("tiles", corners + TILE / 2, persistent=False)  # centres, px
        self.register_buffer(
            "inner", torch.arange(TILE, dtype=torch.float32) + 0.5, persistent=False
        )  # px from a corner

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
        drawn = torch.cumsum(length, 1)  # px; its last is the whole, since a sum's order is not the same everywhere
        walked = torch.cat([torch.zeros_like(drawn[:, :1]), drawn[:, :-1]], 1)  # px drawn before each segment
        stroke = torch.cumsum((points[..., 2] == 0).to(points.dtype), 1)

        segments = torch.stack([start[..., 0], start[..., 1], ux, uy, length, walked, stroke], -1)
        columns, rows = self.tiles[None, :], self.tiles[:, None]
        # [batch, rows of tiles, columns of tiles, points]
        reached = _distance(segments[:, None, None], columns[..., None], rows[..., None])[0] < (
            self.spec.reach + HALF_DIAGONAL
        )
        drawing, row, column, point = torch.nonzero(reached & valid[:, None, None]).unbind(1)

        # [pairs, rows in the tile, columns in the tile, 1]
        chosen = segments.flatten(0, 1)[drawing * points.shape[1] + point]
        x = (column * TILE)[:, None].to(points.dtype) + self.inner
        y = (row * TILE)[:, None].to(points.dtype) + self.inner
        distance, on = _distance(chosen[:, None, None], x[:, None, :], y[:, :, None])
        coverage = torch.clamp(self.spec.reach - distance, 0.0, 1.0)
        marks = {
            "ink": lambda: coverage,
            "time": lambda: coverage * (chosen[:, None, None, 5] + on),
            "stroke": lambda: coverage * chosen[:, None, None, 6],
        }
        whole = {
            "ink": lambda: torch.ones_like(length[:, 0]),
            "time": lambda: drawn[:, -1],
            "stroke": lambda: stroke[:, -1],
        }
        names = self.spec.channels
        # The largest mark on every pixel: tiles one after the other, then the picture that they make.
        many = len(self.tiles)
        place = (drawing * many + row) * many + column
        marked = torch.stack([marks[name]() for name in names], 1).flatten(1)
        blank = points.new_zeros(points.shape[0] * many * many, marked.shape[1])
        largest = blank.scatter_reduce(0, place[:, None].expand(-1, marked.shape[1]), marked, "amax")
        largest = largest.reshape(-1, many, many, len(names), TILE, TILE).permute(0, 3, 1, 4, 2, 5)
        pictures = largest.reshape(-1, len(names), many * TILE, many * TILE)[..., : self.spec.side, : self.spec.side]
        return _share(pictures, torch.stack([whole[name]() for name in names], 1)[..., None, None])

    def _place(self, xy: Tensor, valid: Tensor) -> Tensor:
        """Points in px: boxed, scaled and centred by the valid ones."""
        inside = valid[..., None]
        low = torch.amin(torch.where(inside, xy, torch.inf), 1, keepdim=True)
        high = torch.amax(torch.where(inside, xy, -torch.inf), 1, keepdim=True)
        extent = torch.amax(high - low, 2, keepdim=True)
        # A number over a tensor would be exported as a reciprocal and a product, which round twice, and not everywhere alike.
        scale = torch.where(extent > 0, torch.full_like(extent, self.spec.span) / extent, 0.0)
        shift = (self.spec.side - (high - low) * scale) * 0.5
        return torch.where(inside, (xy - low) * scale + shift, 0.0)


def _distance(segments: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Of places x, y from segments, px, and how far along the segment its point nearest to the place lies, px.

    segments: [..., (start x, start y, direction x, direction y, length, …)], its leading dimensions like those of x and y.
    """
    left, top, ux, uy, length = segments[..., :5].unbind(-1)
    # Both distances are affine in the place, so each is the sum of a row's and a column's part.
    qx, qy = x - left, y - top
    along = qx * ux + qy * uy
    on = torch.minimum(torch.relu(along), length)
    across, beyond = qy * ux - qx * uy, along - on
    return torch.sqrt(across * across + beyond * beyond), on


def _share(marks: Tensor, whole: Tensor) -> Tensor:
    """Marks as a share of the whole, at most 1; zero where there is no whole."""
    return torch.where(whole > 0, torch.clamp(marks / whole, max=1.0), 0.0)
