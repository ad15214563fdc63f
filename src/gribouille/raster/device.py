"""The picture on a GPU: a ragged batch of drawings that is there already becomes images there, by the definition in `spec`.

What travels is 3 bytes a point. Where there is no GPU the caller has `kernel`: nothing here falls back.
"""

import os

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from gribouille.raster.spec import RasterSpec


def rasterise_on(
    points: UInt8[Tensor, "total 3"],
    offsets: Int64[Tensor, "drawings_and_one"],
    spec: RasterSpec,
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, "drawings channels side side"]:
    """The pictures of the drawings, in [0, 1], in channels-last memory; drawing i is points offsets[i]:offsets[i + 1].

    Computed in float32 and rounded once to `dtype`: bfloat16 is what a net under autocast makes of them anyway, and
    half the bytes. Nothing waits for the GPU. Raises ValueError for tensors that are not on one (unless
    TRITON_INTERPRET=1, which is Triton's own way to run on the CPU, for tests), or where Triton is missing.
    """
    if points.device != offsets.device:
        raise ValueError(
            f"rasterise_on: expected points and offsets on one device, found {points.device}, {offsets.device}"
        )
    if points.device.type != "cuda" and os.environ.get("TRITON_INTERPRET") != "1":
        raise ValueError(f"rasterise_on: expected tensors on a CUDA device, found them on {points.device}")
    try:
        from gribouille.raster import device_kernel
    except ModuleNotFoundError as error:
        raise ValueError("rasterise_on: expected Triton, which PyTorch's CUDA builds bring, found none") from error
    count = len(offsets) - 1
    images = torch.empty((count, spec.side, spec.side, len(spec.channels)), dtype=dtype, device=points.device)
    tiles = -(-spec.side // device_kernel.ROWS) * -(-spec.side // device_kernel.COLUMNS)
    if count:
        device_kernel.draw_tile[(count, tiles)](
            points.contiguous(), offsets, spec.span, spec.reach, images, **constants_of(spec),
            rows=device_kernel.ROWS, columns=device_kernel.COLUMNS,
            num_warps=device_kernel.WARPS, enable_fp_fusion=False,
        )  # fmt: skip
    return images.permute(0, 3, 1, 2)


def constants_of(spec: RasterSpec) -> dict[str, int]:
    """What the kernel is compiled for: the side, the number of channels, and which of them each mark is (−1: none)."""
    places = {name: spec.channels.index(name) if name in spec.channels else -1 for name in ("ink", "time", "stroke")}
    return {"side": spec.side, "channels": len(spec.channels), **places}
