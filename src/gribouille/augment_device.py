"""`augment` on a GPU: the same random numbers from the same keys, so the same drawings as on the CPU.

Comes in: a ragged batch that lies there, points end to end with their offsets. It is changed in place. How many points a
cut leaves is known only there and nobody waits for it, so a cut drawing keeps its room and says where in it it ends.
"""

import math
from dataclasses import astuple

import numpy as np
import torch
from jaxtyping import Int64, UInt8, UInt64
from torch import Tensor

from gribouille.augment import Augmentation
from gribouille.device import launching, sent


def augment_on(
    points: UInt8[Tensor, "total 3"],
    offsets: Int64[Tensor, "drawings_and_one"],
    by: Augmentation,
    keys: UInt64[Tensor, "drawings"],
) -> Int64[Tensor, "drawings"]:
    """Where each drawing ends when it is warped and cut: it begins at its offset, as before, and `points` are changed.

    Raises ValueError where Triton's kernels cannot run.
    """
    ends = torch.empty_like(offsets[1:])
    amounts = np.array(astuple(by), np.float64)
    amounts[0] *= math.pi / 180.0
    there = sent(amounts, points.device)
    with launching(points, offsets, keys):
        from gribouille import augment_device_kernel as kernel

        if len(ends):
            kernel.warp[(len(ends),)](points, offsets, keys, there, by.wave > 0, **kernel.LAUNCH)
            kernel.cut[(len(ends),)](points, offsets, keys, there, ends, **kernel.LAUNCH)
    return ends
