"""What the training step gains from precision, memory layout, torch.compile and our own depthwise gradients on this machine:
same net, same batches.

    taskset -c 0 python benchmarks/variants.py STORE [--nets resnet18@64,resnet10t@48] [--rounds 8] [--device cpu|cuda]
        [--precisions bfloat16,float32]

A round is one step of every variant in turn. On a CPU with one thread the seconds are the process's own (CPU time), so
that others on the machine disturb little; otherwise they are the clock's. The first two steps of each, compilation
among them, are told apart.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from provenance import provenance
from roofline import settle
from ways import fed

from gribouille.course import Batch, Course, TrainConfig
from gribouille.feed import feed_of
from gribouille.nets.depthwise import DepthwiseConv2d
from gribouille.sampling import Standing
from gribouille.store import Store
from gribouille.train import Learner, learner_of, train_step

BATCHES = 4  # in turn
# precision, channels_last, compile, and whose depthwise gradients; the first is what the others are compared with
VARIANTS = (
    ("bfloat16", True, False, "torch's"),
    ("bfloat16", False, False, "torch's"),
    ("float32", True, False, "ours"),
    ("float32", True, False, "torch's"),
    ("float32", False, False, "ours"),
    ("bfloat16", True, True, "torch's"),
    ("float32", True, True, "torch's"),
)


@dataclass(eq=False)
class Variant:
    """One way to take the same step: its course, learner and batches; seconds of its steps so far."""

    name: str
    course: Course
    learner: Learner
    batches: list[Batch]
    seconds: list[float]

    def step(self, clock: Callable[[], float]) -> None:
        """One more step, timed."""
        batch = self.batches[len(self.seconds) % len(self.batches)]
        settle(self.course.config.device)
        start = clock()
        train_step(self.learner, batch, self.course)
        settle(self.course.config.device)
        self.seconds.append(clock() - start)


def variant(store: Store, config: TrainConfig, channels_last: bool, depthwise: str) -> Variant:
    """The variant ready to step, on batches of the store."""
    course = Course.of(store, config)
    learner = learner_of(course)
    ours = [layer for layer in learner.net.modules() if isinstance(layer, DepthwiseConv2d)]
    for layer in ours if depthwise == "torch's" else []:
        layer._learns_here = lambda input: False  # type: ignore[method-assign]
    layout = torch.channels_last if channels_last else torch.contiguous_format
    learner.net.to(memory_format=layout)
    feed = feed_of(store, learner.net, fed(config))
    made = islice(course.batches(course.epoch(0, Standing.unknown(len(store.labels))), feed), BATCHES)
    batches = [replace(batch, inputs=batch.inputs.contiguous(memory_format=layout)) for batch in made]
    name = f"{config.precision}, {'channels_last' if channels_last else 'plain layout'}"
    name += (", compiled" if config.compile else "") + (f", {depthwise} depthwise" if ours else "")
    return Variant(name, course, learner, batches, [])


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--nets", default="resnet18@64,resnet10t@48", help="NAME@SIDE,…")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--precisions", default="bfloat16,float32")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    alone = options.device == "cpu" and options.threads == 1
    clock = time.process_time if alone else time.perf_counter
    store = Store.open(options.store)
    print(provenance("torch", "timm", "numpy"))
    print(
        f"{options.device}, {options.threads} thread(s), batch {options.batch}, n = {options.rounds} steps of each; ",
        end="",
    )
    print("CPU time" if alone else "time by the clock")
    for net, side in (name.split("@") for name in options.nets.split(",")):
        variants = []
        wanted = [each for each in VARIANTS if each[0] in options.precisions.split(",")]
        for precision, channels_last, compiled, depthwise in wanted:
            config = TrainConfig(
                net=net, side=int(side), batch=options.batch, precision=precision, compile=compiled,
                device=options.device, per_class=20,
            )  # fmt: skip
            variants.append(variant(store, config, channels_last, depthwise))
        for _ in range(options.rounds + 2):
            for each in variants:
                each.step(clock)
        usual = np.median(variants[0].seconds[2:])
        for each in variants:
            steps, first = np.array(each.seconds[2:]), sum(each.seconds[:2])
            median = np.median(steps)
            print(
                f"{net} {side} px  {each.name:<48} {options.batch / median:>9,.1f} drawings/s   ms a step: median "
                f"{1e3 * median:>8,.1f}  fastest {1e3 * steps.min():>8,.1f}  p95 {1e3 * np.percentile(steps, 95):>8,.1f}   "
                f"x{usual / median:.2f}   first two steps {first:>6.1f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
