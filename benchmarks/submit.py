"""How fast `gribouille submit` answers Kaggle's test file with a ResNet18, on 1 and 2 cores, beside the usual notebook's way.

    python benchmarks/submit.py STORE [--drawings 4000] [--side 64] [--ways run,float32,int8,notebook] [--work FOLDER]

A test file of the store's drawings is written, and a run of a ResNet18 with random weights (their values change no time), which
is exported three ways. Each way is a process of its own, bound to so many cores. The notebook's way: pandas, ast.literal_eval,
lines by cv2, the float32 net of the same size in onnxruntime, one drawing at a time. Start-up (imports, opening) is measured with
64 drawings and taken off. Printed: date, machine, load, versions, commit; then drawings a second of the clock and of CPU time
(what a free core gives), start-up, and the peak of resident memory.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from provenance import provenance

from gribouille.checkpoint import BEST, Card, save_weights
from gribouille.export import ExportSpec, export_run
from gribouille.formats.csv import TEST_COLUMNS, write
from gribouille.nets import build_net
from gribouille.raster.spec import RasterSpec
from gribouille.store import Store, select
from gribouille.store.split import TEST

FEW = 64  # drawings, for the start-up
NET = "resnet18"
WAYS = ("run", "float32", "int8 weights", "int8", "notebook")
NOTEBOOK = """
import ast, sys
import cv2, numpy as np, onnxruntime, pandas as pd

test, model, out, side, threads = *sys.argv[1:4], *map(int, sys.argv[4:])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
session = onnxruntime.InferenceSession(model, options)
labels = [f"word_{index}" for index in range(340)]
rows = pd.read_csv(test)
answers = []
for text in rows["drawing"]:
    image = np.zeros((256, 256), np.uint8)
    for x, y in ast.literal_eval(text):
        cv2.polylines(image, [np.stack([x, y], 1).astype(np.int32)], False, 255, 6, cv2.LINE_AA)
    picture = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)[None, None] / 255
    logits = session.run(None, {"picture": np.repeat(picture, 3, 1)})[0][0]
    answers.append(" ".join(labels[place] for place in np.argsort(-logits)[:3]))
pd.DataFrame({"key_id": rows["key_id"], "word": answers}).to_csv(out, index=False)
"""


@dataclass(frozen=True)
class Taken:
    """What a process took: seconds of the clock and of CPU, peak of resident memory in MiB."""

    clock: float
    cpu: float
    memory: float


def main() -> None:
    """Prepares, runs every way and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--drawings", type=int, default=4_000)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--work", type=Path, help="folder for the files, kept; by default a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = options.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        prepare(work, Store.open(options.store), options)
        print(provenance("torch", "onnxruntime", "numba", "opencv-python-headless", "pandas"))
        print(f"{options.drawings:,} drawings, {NET}, {options.side} px\n")
        print(f"{'way':14} {'cores':>5} {'drawings/s':>11} {'/CPU s':>8} {'start-up':>9} {'memory':>9}")
        for way in options.ways.split(","):
            for cores in (1, 2):
                report(way, work, options, cores)


def prepare(work: Path, store: Store, options: argparse.Namespace) -> None:
    """Test files, a run and its exports in `work`."""
    rows = np.flatnonzero((store.split == TEST) & store.keyed & (store.recognized >= 0))
    _, firsts = np.unique(store.key_id[rows], return_index=True)
    rows = np.random.default_rng(0).permutation(rows[firsts])[: options.drawings]
    if len(rows) < options.drawings:
        raise SystemExit(f"{store.path}: expected {options.drawings} test drawings, found {len(rows)}")
    for name, some in (("many", rows), ("few", rows[:FEW])):
        write([store.records(some)], work / f"{name}.csv", TEST_COLUMNS)
    torch.manual_seed(0)
    spec = RasterSpec.of_side(options.side, ("ink", "time", "stroke"))
    net = build_net(NET, len(store.labels), spec).eval()
    card = Card(NET, list(store.labels), spec.to_dict(), {}, store.hash, "none")
    save_weights(net, card, work / "run" / BEST)
    picture = torch.zeros(1, 3, options.side, options.side)
    torch.onnx.export(net, (picture,), work / "net.onnx", input_names=["picture"], dynamo=True, verbose=False)
    specs = {
        "float32": ExportSpec(weights="float32"),
        "int8 weights": ExportSpec(agreement=0),
        "int8": ExportSpec(arithmetic="int8", agreement=0, tolerance=1),
    }
    for name, each in specs.items():
        model = work / f"{name}.onnx"
        if not model.exists():
            export_run(work / "run", model, each, select(store, max_per_class=1) if name == "int8" else None)


def report(way: str, work: Path, options: argparse.Namespace, cores: int) -> None:
    """Runs one way on so many cores and prints its line."""
    few, many = (taken(command(way, work, options, name, cores), cores) for name in ("few", "many"))
    drawings = options.drawings - FEW
    rate, by_cpu = drawings / (many.clock - few.clock), drawings / (many.cpu - few.cpu)
    print(
        f"{way:14} {cores:5} {rate:11,.0f} {by_cpu:8,.0f} {few.clock:7.1f} s {many.memory:5,.0f} MiB",
        flush=True,
    )


def command(way: str, work: Path, options: argparse.Namespace, name: str, cores: int) -> list[str]:
    """The command that answers the test file of this name."""
    test, out = work / f"{name}.csv", work / "submission.csv"
    if way == "notebook":
        return [sys.executable, "-c", NOTEBOOK, *map(str, (test, work / "net.onnx", out, options.side, cores))]
    model = work / ("run" if way == "run" else f"{way}.onnx")
    submit = ["submit", str(model), str(test), "--out", str(out), "--threads", str(cores)]
    return [sys.executable, "-m", "gribouille", *submit]


def taken(arguments: list[str], cores: int) -> Taken:
    """What the process takes, on so many cores alone."""
    begin = time.perf_counter()
    mine = sorted(os.sched_getaffinity(0))[:cores]
    process = subprocess.Popen(
        arguments,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, mine),
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments[:6])} … failed with exit code {process.returncode}")
    return Taken(time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
