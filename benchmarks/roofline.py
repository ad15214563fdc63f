"""What a training step must compute and move, counted; and how fast this machine computes and moves, measured.

    taskset -c 0 python benchmarks/roofline.py [--device cpu|cuda] [--threads 1]

FLOPs: torch's own counter (products and sums of convolutions and matrix products, two for each multiply-add). Bytes: every
operator that torch runs reads its inputs once and writes its outputs once; nothing is fused, no cache helps. That is more
than a perfect machine would move and about what eager PyTorch asks for. Ceilings: a large square matrix product and a
copy much larger than any cache (bytes read plus bytes written), both on random numbers, the median of several.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from provenance import provenance
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

GIB = 2**30  # bytes
# Side of the square matrices and bytes of the copied buffer: large enough for the device, tenths of a second each.
SIZES = {"cpu": (2048, GIB // 2), "cuda": (8192, 8 * GIB)}
ROUNDS = 7


@dataclass(frozen=True)
class Work:
    """What one call does: floating-point operations, and bytes that its operators read and write."""

    flops: int
    bytes: int


class Traffic(TorchDispatchMode):
    """Adds up the bytes of all tensors that operators read and write while it is on; views move nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Runs the operator and counts."""
        result = func(*args, **(kwargs or {}))
        if not func.is_view and "empty" not in func._schema.name and "detach" not in func._schema.name:
            self.bytes += tensor_bytes((args, kwargs)) + tensor_bytes(result)
        return result


def tensor_bytes(tree: object) -> int:
    """Bytes of the values of all tensors in it."""
    return sum(leaf.numel() * leaf.element_size() for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor))


def work_of(call: Callable[[], object]) -> Work:
    """What the call does, counted in two runs of it."""
    with FlopCounterMode(display=False) as flops:
        call()
    with Traffic() as traffic:
        call()
    return Work(flops.get_total_flops(), traffic.bytes)


def settle(device: str) -> None:
    """Waits until the device has done all that it was asked for."""
    if device == "cuda":
        torch.cuda.synchronize()


def seconds_of(call: Callable[[], object], device: str, rounds: int = ROUNDS) -> np.ndarray:
    """Seconds of each of `rounds` calls, after two that do not count."""
    each = []
    for _ in range(rounds + 2):
        settle(device)
        start = time.perf_counter()
        call()
        settle(device)
        each.append(time.perf_counter() - start)
    return np.array(each[2:])


def product_rate(precision: torch.dtype, device: str) -> np.ndarray:
    """FLOP/s of a large matrix product, one figure a round."""
    side = SIZES[device][0]
    a, b = (torch.randn(side, side, device=device).to(precision) for _ in range(2))
    into = torch.empty_like(a)
    return 2 * side**3 / seconds_of(lambda: torch.mm(a, b, out=into), device)


def copy_rate(device: str) -> np.ndarray:
    """Bytes read and written a second while a large buffer is copied, one figure a round."""
    source = torch.randint(0, 255, (SIZES[device][1],), dtype=torch.uint8, device=device)
    into = torch.zeros_like(source)
    return 2 * source.numel() / seconds_of(lambda: into.copy_(source), device)


def ceilings(device: str) -> dict[str, float]:
    """The median rates that this device reaches with torch's present number of threads: FLOP/s in both precisions, bytes/s."""
    return {
        "bfloat16": float(np.median(product_rate(torch.bfloat16, device))),
        "float32": float(np.median(product_rate(torch.float32, device))),
        "copy": float(np.median(copy_rate(device))),
    }


def main() -> None:
    """Measures and prints the ceilings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(provenance("torch"))
    side, size = SIZES[options.device]
    print(
        f"{options.device}, {options.threads} thread(s), n = {ROUNDS}; matrices {side} x {side}, copy of {size / GIB:g} GiB"
    )
    for name in ("bfloat16", "float32"):
        rates = product_rate(getattr(torch, name), options.device) / 1e9
        print(f"product, {name:<10} median {np.median(rates):>10,.1f} GFLOP/s  slowest {rates.min():>10,.1f}")
    rates = copy_rate(options.device) / 1e9
    print(f"copy               median {np.median(rates):>10,.1f} GB/s     slowest {rates.min():>10,.1f}")


if __name__ == "__main__":
    main()
