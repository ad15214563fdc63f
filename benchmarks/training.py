"""How fast a net learns from drawings: our loader, our step and both, beside the usual loader and the poster's.

    taskset -c 0 python benchmarks/training.py STORE [--device cpu|cuda] [--threads 1] [--json FILE]
    torchrun --nproc-per-node 8 benchmarks/training.py STORE --device cuda --batch 8192     # ours alone, shared

Real drawings: one epoch of the store's training rows, the same for all, in the same order. *loader*: batches are made and
dropped. *step*: batches made before are learned. *both*: what a user gets, the loader ahead of the step by a thread
(ours) or by worker processes (theirs). Ours warps and cuts every drawing, the peers do not; `plain` is ours without.
Everything takes the same `train_step`. A figure is one window of batches, after some that do not count; each way is run
`--repeats` times, all ways in turn. The poster's step is of ResNet18 at 224 px, all others of `--net` at `--side`.
"""

import argparse
import ast
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas
import peers
import torch
from provenance import provenance
from roofline import ceilings, settle, work_of
from torch import Tensor
from ways import OURS, POSTER_BATCH, Plan, all_ways, endless, fed, measured, ours, print_table, taught

from gribouille import parallel
from gribouille.augment import cut, warp
from gribouille.course import Course, TrainConfig, smoothed
from gribouille.feed import feed_of
from gribouille.raster.kernel import rasterise
from gribouille.sampling import Standing, batches_of, keys_of
from gribouille.store import Store

PACKAGES = ("torch", "timm", "numpy", "numba", "opencv-python-headless", "pandas")


def parts(course: Course, plan: Plan) -> dict[str, np.ndarray]:
    """Seconds a drawing of each part of our loader, one figure a batch: the same work as the feed's, done piece by piece."""
    return _parts_on_gpu(course, plan) if course.config.device == "cuda" else _parts_on_cpu(course, plan)


def _parts_on_cpu(course: Course, plan: Plan) -> dict[str, np.ndarray]:
    config, store = course.config, course.store
    return timed_parts(
        course,
        plan,
        {
            "gather": lambda rows, keys, before: store.gather(rows),
            "warp": lambda rows, keys, before: warp(before, config.augmentation, keys),
            "cut": lambda rows, keys, before: cut(before, config.augmentation, keys),
            "raster": lambda rows, keys, before: torch.from_numpy(rasterise(before, config.spec)),
            "layout": lambda rows, keys, before: before.contiguous(memory_format=torch.channels_last),
            "targets": lambda rows, keys, before: smoothed(store.label[rows], len(store.labels), config.smoothing),
        },
    )


def _parts_on_gpu(course: Course, plan: Plan) -> dict[str, np.ndarray]:
    from gribouille.augment_device import augment_on
    from gribouille.device import sent
    from gribouille.raster.device import rasterise_spans
    from gribouille.resident import Resident

    store, wanted = course.store, fed(course.config)
    resident = Resident.of(store, wanted.device)

    def augment(rows: np.ndarray, keys: np.ndarray, before: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        points, offsets = before
        return points, offsets[:-1], augment_on(points, offsets, wanted.augmentation, sent(keys, wanted.device))

    return timed_parts(
        course,
        plan,
        {
            "gather": lambda rows, keys, before: resident.gather(rows),
            "warp and cut": augment,
            "raster": lambda rows, keys, before: rasterise_spans(before[0], before[1:], wanted.spec, wanted.dtype),
            "targets": lambda rows, keys, before: smoothed(
                store.label[rows], len(store.labels), course.config.smoothing
            ),
        },
    )


def timed_parts(course: Course, plan: Plan, chain: dict[str, Callable[..., object]]) -> dict[str, np.ndarray]:
    """Seconds a drawing of each link of the chain, which takes rows, keys and what the link before it gave."""
    config = course.config
    rows = course.epoch(0, Standing.unknown(len(course.store.labels))).rows
    batches = cycle(batches_of(np.arange(len(rows)), config.batch))
    seconds: dict[str, list[float]] = {name: [] for name in chain}
    for number in range(plan.warm + plan.windows * plan.window):
        places = next(batches)
        keys, before = keys_of(config.seed, 0, places), None
        for name, link in chain.items():
            settle(config.device)
            start = time.perf_counter()
            before = link(rows[places], keys, before)
            settle(config.device)
            if number >= plan.warm:
                seconds[name].append((time.perf_counter() - start) / len(places))
    return {name: np.array(each) for name, each in seconds.items()}


def counted_work(course: Course) -> dict[str, float]:
    """FLOPs and bytes of a training step and of its forward pass alone, as eager operators of this device ask for them.

    A drawing's share and `step_bytes`, what a step moves whatever its size (weights, optimizer, average), are told apart
    by counting a batch and its half.
    """
    config = replace(course.config, compile=False)
    learner, learn = taught(replace(course, config=config))
    whole = next(endless(course, feed_of(course.store, learner.net, fed(config))))
    half = next(whole.slices(2))
    half = replace(half, size=len(half.rows))

    def forward() -> Tensor:
        with torch.autocast(config.device, torch.bfloat16, enabled=config.precision == "bfloat16"):
            return learner.net(whole.inputs.to(config.device))

    learn(whole)  # the optimizer's state is made in the first step
    ahead, both, less = work_of(forward), work_of(lambda: learn(whole)), work_of(lambda: learn(half))
    bytes_each = (both.bytes - less.bytes) / (whole.size - half.size)
    return {
        "forward_flops": ahead.flops / whole.size,
        "flops": both.flops / whole.size,
        "bytes": bytes_each,
        "step_bytes": both.bytes - bytes_each * whole.size,
        "weights": sum(weight.numel() for weight in learner.net.parameters()),
        "norms": sum(isinstance(each, parallel.NORMS) for each in learner.net.modules()),
    }


def sizes(course: Course) -> dict[str, float]:
    """Points of a drawing, and bytes: its points as they are packed, and all its columns in the store's files."""
    store = course.store
    points = np.diff(store.gather(course.epoch(0, Standing.unknown(len(store.labels))).rows).offsets)
    return {
        "points": float(points.mean()),
        "packed": float(np.mean(2 * points + (points + 7) // 8)),
        "stored": sum(part.bytes for part in store.card.drawings) / sum(part.rows for part in store.card.drawings),
    }


def text_figures(frame: pandas.DataFrame) -> dict[str, float]:
    """Bytes of a drawing as JSON text, and drawings/s that `ast.literal_eval` reads on one core."""
    texts = frame["drawing"].head(5000).tolist()
    start = time.process_time()
    for text in texts:
        ast.literal_eval(text)
    rate = len(texts) / (time.process_time() - start)
    return {"text": float(np.mean([len(text) for text in texts])), "literal_eval": rate}


def csv_of(course: Course, rows: int) -> tuple[pandas.DataFrame, float]:
    """The course's first rows as the poster read them, and the drawings/s that pandas read."""
    chosen = course.epoch(0, Standing.unknown(len(course.store.labels))).rows[:rows]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train_simplified.csv"
        peers.export_csv(course.store, chosen, path)
        start = time.perf_counter()
        frame = pandas.read_csv(path)
        return frame, len(frame) / (time.perf_counter() - start)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--net", default="resnet18")
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--precision", choices=["bfloat16", "float32"], default="bfloat16")
    parser.add_argument("--compile", action="store_true", help="compile ours and the peers' nets alike")
    parser.add_argument("--threads", type=int, default=1, help="of torch; DataLoader's workers come on top")
    parser.add_argument("--rows", type=int, default=100_000, help="drawings of the epoch and of the CSV")
    parser.add_argument("--windows", type=int, default=4, help="timed in each repeat")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--alone", action="store_true", help="ours without the peers")
    parser.add_argument("--json", type=Path, help="also write every figure here, for benchmarks/scale.py")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    with parallel.together(options.device) as share:
        store = Store.open(options.store)
        config = TrainConfig(
            net=options.net, side=options.side, batch=options.batch, precision=options.precision,
            compile=options.compile, device=options.device, threads=options.threads,
            per_class=max(1, options.rows // len(store.labels)),
        )  # fmt: skip
        run(Course.of(store, config, None, share), options)


def run(course: Course, options: argparse.Namespace) -> None:
    """The whole benchmark; where processes share it, ours alone, and only the first prints."""
    config, share = course.config, course.share
    frame, read_rate = (None, 0.0) if options.alone or share.world > 1 else csv_of(course, options.rows)
    # On a GPU a window is many steps: to wait after each would hide that the host works ahead.
    steps = Plan(2, options.windows, 1) if config.device == "cpu" else Plan(10, options.windows, 25)
    plans = {"loader": Plan(8, options.windows, 8), "step": steps}
    ways = ours(course, plans) if frame is None else all_ways(course, frame, plans)
    found = measured(ways, config.device, options.repeats)
    if share.rank:
        return
    print_head(course)
    print_table(ways, found)
    figures = {
        "provenance": provenance(*PACKAGES),
        "command": command(),
        "config": asdict(config),
        "world": share.world,
    }
    figures["rates"] = {f"{name}: {what}": float(1 / np.median(each)) for (name, what), each in found.items()}
    if share.world == 1:
        pieces = parts(course, Plan(8, options.windows * options.repeats, 8))
        print_parts(pieces, float(np.median(found[OURS, "step"])))
        figures["parts"] = {name: float(np.median(each)) for name, each in pieces.items()}
        figures["store"] = sizes(course)
        figures["work"], figures["ceilings"] = counted_work(course), ceilings(config.device)
        print_roofline(figures, config.precision)
    if frame is not None:
        figures["csv"] = {"read_csv": read_rate, **text_figures(frame)}
        print("\nthe poster's data: {text:.0f} B a drawing as text".format(**figures["csv"]), end="")
        print(
            ", read_csv {read_csv:,.0f} drawings/s, literal_eval {literal_eval:,.0f}".format(**figures["csv"]), end=""
        )
        print(" (the student project: 3,700)")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


def print_head(course: Course) -> None:
    """Where the figures come from and what they are of."""
    config = course.config
    print(provenance(*PACKAGES))
    if config.device == "cuda":
        print(f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}")
    print(
        f"{course.share.world} process(es) on {config.device}, torch on {config.threads} thread(s); {course.size:,} drawings "
        f"of {len(course.store.labels)} words; {config.net} at {config.side} px, {config.precision}"
        f"{', compiled' if config.compile else ''}, batch {config.batch} (the poster's way: {POSTER_BATCH})"
    )


def print_parts(pieces: dict[str, np.ndarray], step: float) -> None:
    """What each part of our loader takes beside a step of `step` seconds a drawing."""
    print(f"\n{'part of our loader':<44}{'':<8}{'n':>4}{'drawings/s':>13}{'p50 µs':>12}{'p95 µs':>12}  of a step")
    for name, each in pieces.items():
        p50, p95 = np.percentile(each, [50, 95])
        print(
            f"{name:<52}{len(each):>4}{1 / p50:>13,.0f}{1e6 * p50:>12,.2f}{1e6 * p95:>12,.2f}{100 * p50 / step:>9.2f} %"
        )


def print_roofline(figures: dict[str, Any], precision: str) -> None:
    """The floor of a drawing's time by arithmetic and by traffic, and what is reached of each ceiling."""
    work, limits, rate = figures["work"], figures["ceilings"], figures["rates"][f"{OURS}: step"]
    print(
        f"\n{figures['store']['points']:.1f} points a drawing, {figures['store']['packed']:.1f} B packed, "
        f"{figures['store']['stored']:.1f} B with all columns"
        f"\na step costs {work['flops'] / 1e9:.3f} GFLOP a drawing ({work['forward_flops'] / 1e9:.3f} forward), and its "
        f"operators read and write {work['bytes'] / 1e6:.2f} MB a drawing and "
        f"{work['step_bytes'] / 1e6:.0f} MB whatever the batch; "
        f"{work['weights'] / 1e6:.2f} M weights, {work['norms']:.0f} batch norms"
    )
    moved = work["bytes"] + work["step_bytes"] / figures["config"]["batch"]
    for name, each, unit in ((precision, work["flops"], "GFLOP/s"), ("copy", moved, "GB/s")):
        floor = each / limits[name]
        print(
            f"ceiling, {name:<9}{limits[name] / 1e9:>10,.1f} {unit:<8} floor {1e6 * floor:>10,.1f} µs a drawing, "
            f"reached {100 * rate * floor:5.1f} % of the ceiling"
        )
    print(f"other ceilings: {', '.join(f'{name} {each / 1e9:,.1f} G/s' for name, each in limits.items())}")


def command() -> str:
    """How this was started, with nothing that names a computer."""
    return " ".join(["python", *(Path(word).name if "/" in word else word for word in sys.argv)])


if __name__ == "__main__":
    main()
