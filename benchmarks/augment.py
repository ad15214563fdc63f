"""How fast rows of a store become augmented pictures: step by step on one CPU thread, and on a GPU where there is one.

    taskset -c 0 python benchmarks/augment.py [--store stores/quickdraw] [--drawings 4096] [--rounds 15] [--side 64]

A round takes the same random rows through every step; the figures are over rounds, after one that does not count. On a
GPU the store is resident, a round waits for the last picture, and pictures are bfloat16 as a training step takes them.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from provenance import REPOSITORY, provenance

from gribouille.augment import Augmentation, cut, warp
from gribouille.raster.device import rasterise_on
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec
from gribouille.resident import Resident, images_on
from gribouille.store import Store

Steps = dict[str, Callable[[], object]]
BY = Augmentation()


def on_cpu(store: Store, rows: np.ndarray, keys: np.ndarray, spec: RasterSpec) -> Steps:
    """Each step alone, on what the steps before it made."""
    drawings = store.gather(rows)
    warped = warp(drawings, BY, keys)
    seen = cut(warped, BY, keys)
    pictures = rasterise(seen, spec)
    return {
        "gather": lambda: store.gather(rows),
        "warp": lambda: warp(drawings, BY, keys),
        "cut": lambda: cut(warped, BY, keys),
        "raster": lambda: rasterise(seen, spec, pictures),
        "all": lambda: rasterise(cut(warp(store.gather(rows), BY, keys), BY, keys), spec),
    }


def on_gpu(store: Store, rows: np.ndarray, keys: np.ndarray, spec: RasterSpec) -> Steps:
    """The whole way from rows in the GPU's memory and from points that are sent, and the raster alone."""
    resident, drawings = Resident.of(store, "cuda"), store.gather(rows)
    seen = cut(warp(drawings, BY, keys), BY, keys)
    points, offsets = torch.from_numpy(seen.points).cuda(), torch.from_numpy(seen.offsets).cuda()
    return {
        "GPU: raster": lambda: rasterise_on(points, offsets, spec, torch.bfloat16),
        "GPU: all, resident": lambda: resident.images(rows, BY, keys, spec, torch.bfloat16),
        "GPU: all, points sent": lambda: images_on("cuda", drawings, BY, keys, spec, torch.bfloat16),
    }


def timed(step: Callable[[], object]) -> float:
    """Seconds that one call takes, until the GPU is done too."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    start = time.perf_counter()
    step()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, default=REPOSITORY / "stores" / "quickdraw")
    parser.add_argument("--drawings", type=int, default=4096, help="drawings a round")
    parser.add_argument("--rounds", type=int, default=15, help="rounds that count, after one that does not")
    parser.add_argument("--side", type=int, default=64, help="px")
    options = parser.parse_args()
    torch.set_num_threads(1)
    store, spec = Store.open(options.store), RasterSpec.of_side(options.side)
    generator = np.random.default_rng(0)
    rows = generator.choice(len(store), min(options.drawings, len(store)), replace=False)
    keys = generator.integers(0, 2**64, len(rows), dtype=np.uint64)
    steps = on_cpu(store, rows, keys, spec)
    gpu = "no GPU"
    if torch.cuda.is_available():
        gpu = torch.cuda.get_device_name()
        steps |= on_gpu(store, rows, keys, spec)
    points = len(store.gather(rows).points) / len(rows)
    print(provenance("numpy", "numba", "torch"))
    print(
        f"{len(rows)} drawings of {points:.0f} points, {options.side} px; n = {options.rounds} rounds; 1 thread; {gpu}"
    )
    rounds = [{name: timed(step) for name, step in steps.items()} for _ in range(options.rounds + 1)][1:]
    for name in steps:
        p50, p95 = np.percentile([seconds[name] for seconds in rounds], [50, 95]) / len(rows) * 1e6
        print(f"{name:<22} {1e3 / p50:>10,.1f} k drawings/s   p50 {p50:>8.3f} µs   p95 {p95:>8.3f} µs a drawing")


if __name__ == "__main__":
    main()
