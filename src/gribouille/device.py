"""What all that runs on a GPU shares: arrays get there without anybody waiting, and Triton's kernels only where they can run.

`raster.device`, `augment_device` and `resident` stand on it. Where there is no GPU their callers have the numba kernels.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import numpy as np
import torch
from torch import Tensor

INTERPRETER = (
    "TRITON_INTERPRET"  # set to 1 before Triton is imported, kernels run on the CPU: Triton's own way to test them
)


@contextmanager
def launching(*tensors: Tensor) -> Iterator[None]:
    """A context in which Triton kernels over these tensors are launched on their device: a thread's own choice may differ.

    Raises ValueError where they cannot be: on no GPU (unless interpreted), on several, or without Triton.
    """
    devices = {tensor.device for tensor in tensors}
    device = tensors[0].device
    if len(devices) > 1:
        raise ValueError(f"expected tensors on one device, found them on {sorted(map(str, devices))}")
    if find_spec("triton") is None:
        raise ValueError("expected Triton, which PyTorch's CUDA builds bring, found none")
    if os.environ.get(INTERPRETER) == "1":
        yield
    elif device.type != "cuda":
        raise ValueError(f"expected tensors on a CUDA device, found them on {device}")
    else:
        with torch.cuda.device(device):
            yield


def sent(array: np.ndarray, device: str | torch.device) -> Tensor:
    """The array on the device; to a GPU through pinned memory, so that nobody waits for what the GPU does before."""
    tensor = torch.from_numpy(array)
    if torch.device(device).type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor
