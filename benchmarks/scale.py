"""Writes docs/scale.md: the time of one epoch of 50 million drawings, from measured constants and named assumptions.

    python benchmarks/scale.py            # writes the page from the figures in benchmarks/measured
    python benchmarks/scale.py --check    # fails where the page is not what the figures give
    taskset -c 0 python benchmarks/scale.py --draw    # measures what a host takes to draw an epoch of 50 M rows

`fifty.py --json` writes the figures of 50 million drawings ingested, `training.py --json` the others: cpu-1.json and
cpu-2.json (ResNet18 at 64 px on one and two cores), laptop.json (ResNet10t at 48 px), and where a GPU was at hand
h100-1.json and h100-8.json, which replace assumptions.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from provenance import REPOSITORY, provenance

from gribouille.ingest.finish import SORTED_AT_ONCE
from gribouille.sampling import epoch_rows, members_of, uniform_rows

MEASURED = Path(__file__).parent / "measured"
PAGE = REPOSITORY / "docs" / "scale.md"
DRAWINGS = 50_000_000  # an epoch
BOTH = "Gribouille: both"  # the rate of loader and step together, as `training.py` calls it
GPUS = 8
# Assumed. Peaks: NVIDIA's data sheet of the H100 SXM; the rest is what we suppose, for want of a GPU.
PEAK = 989e12  # FLOP/s in bfloat16, dense
MEMORY = 3.35e12  # bytes/s
LINK = 450e9  # bytes/s that NVLink takes out of one GPU
ISSUED = 132 * 4 * 1.755e9  # warp instructions/s: SMs x schedulers x clock
SHARES = (0.1, 0.2, 0.3)  # of PEAK that a training step of a small ResNet may reach
REACHED = 0.6  # of MEMORY, LINK and ISSUED
COLLECTIVE = 30e-6  # s that a small exchange between 8 GPUs takes
BILLION = 1_000_000_000  # drawings that Google's whole collection is said to hold
CORES = 2  # of the machine that `fifty.py` ran on
NODE_CORES, NODE_GBIT, NODES = 32, 10, 8  # assumed of a cluster
SHARED = 2e9  # bytes/s that its file system takes, assumed
BATCH = 1024  # drawings in a step of one GPU
INSTRUCTIONS = (
    47_000  # warp instructions of the raster a drawing at 64 px, counted: src/gribouille/raster/device_kernel.py
)


@dataclass(frozen=True)
class Estimate:
    """One line of the table: why this rate, drawings/s of one GPU, seconds of the exchanges in a step of eight."""

    name: str
    rate: float
    exchange: float
    norms: float
    draw: float

    @property
    def one(self) -> float:
        """Seconds of an epoch on one GPU."""
        return DRAWINGS / self.rate + self.draw

    @property
    def eight(self) -> float:
        """Seconds of an epoch on eight: nothing that is exchanged hides behind the arithmetic."""
        return DRAWINGS / (GPUS * BATCH) * (BATCH / self.rate + self.exchange + self.norms) + self.draw


def draw_seconds() -> dict[str, Any]:
    """Seconds that a host takes to sort 50 M rows by class, once a run, and to draw an epoch of them, each time."""
    label = np.random.default_rng(0).integers(0, 345, DRAWINGS).astype(np.int16)
    start = time.perf_counter()
    members = members_of(label, np.arange(DRAWINGS), 345)
    sorted_at = time.perf_counter()
    uniform_rows(members, DRAWINGS, 0, 0)
    uniform_at = time.perf_counter()
    epoch_rows(members, DRAWINGS, 0, 0)
    drawn_at = time.perf_counter()
    return {
        "provenance": provenance("numpy"),
        "sort": sorted_at - start,
        "uniform": uniform_at - sorted_at,
        "by_class": drawn_at - uniform_at,
    }


def estimates(found: dict[str, dict[str, Any]]) -> list[Estimate]:
    """The lines of the table: one for each share of the peak, or the measured one."""
    work, draw = found["cpu-1"]["work"], found["draw"]["uniform"]
    exchange = 2 * (GPUS - 1) / GPUS * 4 * work["weights"] / (REACHED * LINK)
    norms = 2 * work["norms"] * COLLECTIVE
    if "h100-1" in found:
        rates = {"measured": found["h100-1"]["rates"][BOTH]}
    else:
        rates = {f"{100 * share:.0f} % of the peak": share * PEAK / work["flops"] for share in SHARES}
        rates["memory's bound, nothing fused"] = memory_rate(work)
    return [Estimate(name, rate, exchange, norms, draw) for name, rate in rates.items()]


def memory_rate(work: dict[str, float]) -> float:
    """Drawings/s of one GPU where every operator reads and writes its tensors in memory, nothing fused."""
    return REACHED * MEMORY / (work["bytes"] + work["step_bytes"] / BATCH)


def spoken(seconds: float) -> str:
    """The time in the unit that people would say it in."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.0f} s"


def page(found: dict[str, dict[str, Any]]) -> str:
    """The whole page: the template with its figures."""
    template = Path(__file__).with_name("scale.template.md").read_text(encoding="utf-8")
    return template.format(**measured_here(found), **assumed(), **derived(found), **ingesting(found), **billion(found))


def measured_here(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The figures that files of `measured` hold, in the units of the page."""
    one, draw = found["cpu-1"], found["draw"]
    work, store = one["work"], one["store"]
    machine, versions = one["provenance"].splitlines()
    return {
        "gflop": work["flops"] / 1e9,
        "gflop_forward": work["forward_flops"] / 1e9,
        "megabytes": work["bytes"] / 1e6,
        "megabytes_step": work["step_bytes"] / 1e6,
        "weights": work["weights"] / 1e6,
        "gradients": 4 * work["weights"] / 1e6,
        "norms": work["norms"],
        **{name: store[name] for name in ("points", "packed", "stored")},
        "resident": (store["packed"] + 8) * DRAWINGS / 1e9,
        "loader": one["rates"]["Gribouille: loader"],
        "loader_us": 1e6 / one["rates"]["Gribouille: loader"],
        "raster_us": 1e6 * one["parts"]["raster"],
        "targets_us": 1e6 * one["parts"]["targets"],
        "both_one": one["rates"][BOTH],
        "both_two": found["cpu-2"]["rates"][BOTH],
        "both_laptop": found["laptop"]["rates"][BOTH],
        "sort": draw["sort"],
        "draw": draw["uniform"],
        "by_class": draw["by_class"],
        "provenance": f"{machine}; {versions}",
        "batch": one["config"]["batch"],
        "precision": one["config"]["precision"],
    }


def assumed() -> dict[str, Any]:
    """The assumptions, in the units of the page."""
    return {
        "peak": PEAK / 1e12,
        "memory": MEMORY / 1e12,
        "link": LINK / 1e9,
        "shares": ", ".join(f"{100 * share:.0f} %" for share in SHARES),
        "reached": 100 * REACHED,
        "collective": 1e6 * COLLECTIVE,
        "size": BATCH,
        "size_8": GPUS * BATCH,
        "instructions": INSTRUCTIONS,
    }


def derived(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What follows from both."""
    one = found["cpu-1"]
    work, parts, loader = one["work"], one["parts"], one["rates"]["Gribouille: loader"]
    lines = estimates(found)
    shown = lines[len(lines) // 2 - 1] if len(lines) > 1 else lines[0]
    fastest = max(line.rate for line in lines)
    memory = memory_rate(work)
    poster = one["rates"]["the poster's way, 0 workers: both"]
    raster = INSTRUCTIONS / (REACHED * ISSUED)
    step = BATCH / shown.rate
    return {
        "rows": "\n".join(row_of(line, found) for line in lines),
        "name": shown.name,
        "rate": shown.rate,
        "step": 1e3 * step,
        "exchange": 1e3 * shown.exchange,
        "norms_ms": 1e3 * shown.norms,
        "norms_times": shown.norms / shown.exchange,
        "steps_8": DRAWINGS / (GPUS * BATCH),
        "step_8": 1e3 * (step + shown.exchange + shown.norms),
        "eight": spoken(shown.eight),
        "rate_memory": memory,
        "share_memory": 100 * memory * work["flops"] / PEAK,
        "draw_one": 100 * shown.draw / shown.one,
        "draw_eight": 100 * shown.draw / shown.eight,
        "raster_gpu": 1e6 * raster,
        "raster_share": 100 * raster * shown.rate,
        "loader_cores": fastest / loader,
        "targets_share": 100 * parts["targets"] * fastest,
        "laptop_18": spoken(DRAWINGS / found["cpu-2"]["rates"][BOTH]),
        "laptop_10": spoken(DRAWINGS / found["laptop"]["rates"][BOTH]),
        "month": DRAWINGS / (30 * 86400),
        "poster": poster,
        "poster_epoch": spoken(DRAWINGS / poster),
        "passes": spoken(35 * 170_000 / found["laptop"]["rates"][BOTH]),
    }


def ingesting(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What `fifty.py` measured, in the units of the page."""
    fifty = found["fifty"]
    return {
        "text_gb": fifty["text_bytes"] / 1e9,
        "read_gb": fifty["read_from_disk_bytes"] / 1e9,
        "ingest_seconds": fifty["seconds"],
        "ingest_rate": fifty["rate"],
        "ingest_mb": fifty["text_bytes"] / fifty["seconds"] / 1e6,
        "ingest_cpu": fifty["cpu_seconds"],
        "us_row": 1e6 * fifty["cpu_seconds"] / fifty["rows"],
        "cores": CORES,
        "busy": 100 * fifty["cpu_seconds"] / fifty["seconds"] / CORES,
        "end_seconds": fifty["end_seconds"],
        "anonymous": fifty["peak_anonymous_mib"],
        "peak_memory": fifty["peak_mib"],
        "store_gb": fifty["store_bytes"] / 1e9,
        "parts": fifty["parts"],
        "store_bytes": fifty["bytes_per_drawing"],
        "written_mb": fifty["store_bytes"] / fifty["seconds"] / 1e6,
        "opens": fifty["open_ms"],
        "gather_first": fifty["gather_first"],
        "gather_warm": fifty["gather_warm"],
        "fifty_provenance": fifty["provenance"].replace("\n", "; "),
    }


def billion(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The same for BILLION drawings: what each part of an ingest takes on a laptop, a node, several nodes."""
    fifty = found["fifty"]
    times = BILLION / fifty["rows"]
    text, cpu, store = times * fifty["text_bytes"], times * fifty["cpu_seconds"], times * fifty["store_bytes"]
    end = fifty["end_seconds"] * times * max(1.0, BILLION / SORTED_AT_ONCE / max(1.0, fifty["rows"] / SORTED_AT_ONCE))
    link = NODE_GBIT * 1e9 / 8
    ways = {
        "laptop": (text / 125e6, cpu / CORES, store / 0.5e9),
        "one": (text / link, cpu / NODE_CORES, store / SHARED),
        "many": (text / link / NODES, cpu / NODE_CORES / NODES, store / SHARED),
    }
    shown: dict[str, Any] = {f"b_all_{way}": spoken(max(parts) + end) for way, parts in ways.items()}
    for way, parts in ways.items():
        shown |= {
            f"b_{name}_{way}": spoken(seconds) for name, seconds in zip(("net", "cpu", "write"), parts, strict=True)
        }
    points = found["cpu-1"]["store"]["packed"]
    return shown | {
        "node_cores": NODE_CORES,
        "node_gbit": NODE_GBIT,
        "nodes": NODES,
        "shared_gb": SHARED / 1e9,
        "b_text": text / 1e9,
        "b_cpu": cpu,
        "b_store": store / 1e9,
        "b_end": spoken(end),
        "sorted_at_once": SORTED_AT_ONCE,
        "b_lots": BILLION / SORTED_AT_ONCE,
        "b_keys": 8 * BILLION / 1e9,
        "b_columns": (2 + 1 + 8) * BILLION / 1e9,
        "b_draw": spoken(found["draw"]["uniform"] * BILLION / DRAWINGS),
        "b_points": points * BILLION / 1e9,
        "b_parts": times * fifty["parts"],
        "b_card": times * fifty["parts"] * 120 / 1e6,
        "b_open": times * fifty["open_ms"] / 1e3,
    }


def row_of(line: Estimate, found: dict[str, dict[str, Any]]) -> str:
    """A line of the page's table; eight GPUs as measured where they were."""
    eight = DRAWINGS / found["h100-8"]["rates"][BOTH] + line.draw if "h100-8" in found else line.eight
    gain = 100 * line.one / eight / GPUS
    return f"| {line.name} | {line.rate:,.0f} | {spoken(line.one)} | {spoken(eight)} | {gain:.0f} % |"


def main() -> None:
    """Writes, checks or measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    task = parser.add_mutually_exclusive_group()
    task.add_argument("--check", action="store_true")
    task.add_argument("--draw", action="store_true")
    options = parser.parse_args()
    if options.draw:
        (MEASURED / "draw.json").write_text(json.dumps(draw_seconds(), indent=1) + "\n")
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in MEASURED.glob("*.json")}
    text = page(found)
    if options.check:
        if PAGE.read_text(encoding="utf-8") != text:
            sys.exit(f"{PAGE}: expected what benchmarks/scale.py writes, found other text")
    else:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
