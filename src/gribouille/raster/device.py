"""The picture on a GPU: a ragged batch of drawings that is there already becomes images there, by the definition in `spec`.

What travels is 3 bytes a point. Where there is no GPU the caller has `kernel`: nothing here falls back.
"""

from typing import TypeAlias

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from gribouille.device import launching
from gribouille.raster.spec import CHANNELS, RasterSpec

Spans: TypeAlias = tuple[Int64[Tensor, "drawings"], Int64[Tensor, "drawings"]]  # where each drawing begins and ends


def rasterise_on(
    points: UInt8[Tensor, "total 3"],
    offsets: Int64[Tensor, "drawings_and_one"],
    spec: RasterSpec,
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, "drawings channels side side"]:
    """The pictures of the drawings, in [0, 1], in channels-last memory; drawing i is points offsets[i]:offsets[i + 1].

    Computed in float32 and rounded once to `dtype`: bfloat16 is what a net under autocast makes of them anyway, and
    half the bytes. Nothing waits for the GPU. Raises ValueError where Triton's kernels cannot run.
    """
    return rasterise_spans(points, (offsets[:-1], offsets[1:]), spec, dtype)


def rasterise_spans(
    points: UInt8[Tensor, "total 3"], spans: Spans, spec: RasterSpec, dtype: torch.dtype = torch.float32
) -> Float[Tensor, "_drawings channels side side"]:
    """`rasterise_on` of drawings that may have gaps between them."""
    begins, ends = spans
    images = torch.empty((len(ends), spec.side, spec.side, len(spec.channels)), dtype=dtype, device=points.device)
    with launching(points, begins, ends):
        from gribouille.raster import device_kernel as kernel

        tiles = -(-spec.side // kernel.ROWS) * -(-spec.side // kernel.COLUMNS)
        if len(ends):
            kernel.draw_tile[(len(ends), tiles)](
                points, begins, ends, float(spec.span), float(spec.reach), images, **constants_of(spec), **kernel.LAUNCH
            )
    return images.permute(0, 3, 1, 2)


def constants_of(spec: RasterSpec) -> dict[str, int]:
    """What the kernel is compiled for: the side, the number of channels, and which of them each mark is (−1: none)."""
    places = {name: spec.channels.index(name) if name in spec.channels else -1 for name in CHANNELS}
    return {"side": spec.side, "channels": len(spec.channels), **places}
