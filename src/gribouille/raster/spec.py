"""What a drawing looks like as a picture: one small record that travels with every run and inside every model file.

Comes in: side, line width and margin in pixels, and the channels wanted. Goes out: a `RasterSpec`, or its dictionary for JSON.

The picture, for all executors (`kernel` in numba, `layer` in torch and ONNX):

1. box: subtract the minimum of x and of y, scale uniformly so that the longer side is 255 (a drawing without extent: scale 0);
2. place: scale by (side - 2 margin) / 255 and centre the bounding box; pixel (row i, column j) has its centre at
   (j + 1/2, i + 1/2);
3. segments: every point makes one, from its predecessor where pen = 1, from itself where pen = 0 (so that dots survive);
4. coverage = clip(line_width / 2 + 1/2 - distance from the pixel's centre to the segment, 0, 1);
5. channel = max over segments of coverage x attribute, where the attribute is
   ink: 1; time: arc length drawn so far at the nearest point on the segment, the whole drawing being 1 (0 where it has no
   length); stroke: (index of the stroke + 1) / number of strokes.

All arithmetic is float32. Time runs along each segment, so that it hardly depends on how densely a line was sampled: cutting
a segment in two leaves ink and stroke as they are and can only raise time, by at most reach^2 / 4 px of arc (0.6 px at 64,
about 0.002 of a usual drawing), where a later point of the line covers the pixel nearly as well as the nearest one.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

CHANNELS = ("ink", "time", "stroke")
SMALLEST_SIDE, LARGEST_SIDE = 28, 256  # px

LINE_PER_SIDE = 1 / 32  # 2 px at 64; a line as thin as the browser's pen keeps small parts of a drawing apart


@dataclass(frozen=True)
class RasterSpec:
    """How a drawing becomes a picture.

    side: px of the square picture, 28…256. line_width: px. margin: px between the picture's edge and the *middle* of the
    outermost line; at least line_width / 2 + 1/2, so that no ink is cut off. channels: which, in which order.
    """

    side: int = 64
    line_width: float = 64 * LINE_PER_SIDE
    margin: float = 64 * LINE_PER_SIDE / 2 + 0.5
    channels: tuple[str, ...] = CHANNELS

    def __post_init__(self) -> None:
        if not SMALLEST_SIDE <= self.side <= LARGEST_SIDE:
            raise ValueError(f"raster side: expected {SMALLEST_SIDE}…{LARGEST_SIDE} px, found {self.side}")
        if not (math.isfinite(self.line_width) and self.line_width > 0):
            raise ValueError(f"raster line_width: expected a positive number of px, found {self.line_width}")
        if not self.reach <= self.margin < self.side / 2:
            raise ValueError(f"raster margin: expected {self.reach:g}…{self.side / 2:g} px, found {self.margin}")
        if not self.channels or len(set(self.channels)) < len(self.channels) or not set(self.channels) <= set(CHANNELS):
            raise ValueError(f"raster channels: expected different ones of {CHANNELS}, found {self.channels}")

    @property
    def reach(self) -> float:
        """Distance from a segment, in px, at which coverage falls to zero."""
        return self.line_width / 2 + 0.5

    @property
    def span(self) -> float:
        """Px that the longer side of a drawing's bounding box covers, from middle of line to middle of line."""
        return self.side - 2 * self.margin

    @classmethod
    def of_side(
        cls, side: int, channels: tuple[str, ...] = CHANNELS, line_per_side: float = LINE_PER_SIDE
    ) -> "RasterSpec":
        """The spec of a `side` px picture by one rule: line = a share of the side, margin = just enough to keep all ink."""
        line_width = side * line_per_side
        return cls(side, line_width, line_width / 2 + 0.5, channels)

    @classmethod
    def of_google(cls, side: int = 28) -> "RasterSpec":
        """Google's own look, ink only: 16 units of line and 16 of padding around 256 units of drawing, 304 in all.

        At 28 px these are the bitmaps that Quick, Draw! publishes and that public 28 px classifiers were trained on
        (line 1.474 px). The drawing spans 255 units, from 0 to 255.
        """
        scale = side / (256 + 16 + 2 * 16)  # px per unit
        return cls(side, 16 * scale, (side - 255 * scale) / 2, ("ink",))

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON knows them (channels a list), for cards and model files."""
        return {**asdict(self), "channels": list(self.channels)}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "RasterSpec":
        """Inverse of `to_dict`; a ValueError names fields that are missing or unknown."""
        expected = set(cls.__dataclass_fields__)
        if set(fields) != expected:
            raise ValueError(f"raster spec: expected the fields {sorted(expected)}, found {sorted(fields)}")
        return cls(
            side=int(fields["side"]),
            line_width=float(fields["line_width"]),
            margin=float(fields["margin"]),
            channels=tuple(fields["channels"]),
        )
