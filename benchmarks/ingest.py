"""How fast drawings are read and gathered, beside the usual ways, on the same file in the same run.

    python benchmarks/ingest.py SOURCE [--rows 100000] [--repeat 5]

SOURCE is a file or folder of simplified NDJSON (gzip is unpacked first: what is measured is parsing, from page cache).
Prints date, machine, versions and commit, then for each way n, median and best, and the store's size and random gather.
"""

import argparse
import gzip
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
import pyarrow.json
from provenance import provenance

from gribouille.formats import ndjson
from gribouille.ingest import IngestOptions, ingest, source_files
from gribouille.store import Store

GATHER_ROWS = 65_536


def main() -> None:
    """Runs every way on the same lines and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawings.ndjson"
        rows = unpack(options.source, path, options.rows)
        print(provenance("numba", "numpy", "pyarrow", "orjson"))
        size = path.stat().st_size
        print(f"{rows} drawings, {size / rows:.0f} B a drawing as NDJSON, {options.repeat} runs after one to warm up\n")
        print(f"{'way':34} {'drawings':>9} {'median/s':>11} {'best/s':>11} {'best/CPU s':>11}")
        store = Path(folder) / "store"
        ours = IngestOptions(overwrite=True)
        report("ingest to a store, every core", rows, options.repeat, lambda: ingest([path], store, ours))
        report("parse only, one thread", rows, options.repeat, lambda: [len(batch) for batch in ndjson.read(path)])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        report("orjson + numpy", rows, options.repeat, lambda: with_parser(path, orjson.loads))
        report("orjson alone (no arrays)", rows, options.repeat, lambda: orjson_alone(path))
        report("pyarrow.json (nested lists)", rows, options.repeat, lambda: with_pyarrow(path))
        report("json + numpy", rows, options.repeat, lambda: with_parser(path, json.loads))
        report_store(store, options.repeat)
        print(f"peak memory of ingest and parse {peak:.0f} MiB")


def unpack(source: Path, path: Path, rows: int) -> int:
    """Writes up to `rows` lines of the source to a plain file; how many there were."""
    count = 0
    with path.open("wb") as target:
        for file in source_files([source]):
            with gzip.open(file.path) if file.path.suffix == ".gz" else file.path.open("rb") as lines:
                for line in lines:
                    if count == rows:
                        return count
                    target.write(line)
                    count += 1
    return count


def report(name: str, rows: int, repeat: int, run: Callable[[], object]) -> None:
    """Prints the rates of one way, per second of wall time and of CPU time (all threads)."""
    run()
    wall, cpu = zip(*(seconds(run) for _ in range(repeat)), strict=True)
    median, best, least = statistics.median(wall), min(wall), min(cpu)
    print(f"{name:34} {rows:9} {rows / median:11,.0f} {rows / best:11,.0f} {rows / least:11,.0f}")


def seconds(run: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU time of one run."""
    begin, begin_cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - begin, time.process_time() - begin_cpu


def with_parser(path: Path, loads: Callable[[bytes], dict]) -> list[np.ndarray]:
    """The usual way: a JSON parser a line, then one uint8 array of x, y, pen a drawing."""
    return [points_of(loads(line)["drawing"]) for line in path.read_bytes().splitlines()]


def points_of(strokes: list) -> np.ndarray:
    """The points of a simplified drawing, with no check at all."""
    xs = [x for stroke in strokes for x in stroke[0]]
    ys = [y for stroke in strokes for y in stroke[1]]
    pen = [int(index > 0) for stroke in strokes for index in range(len(stroke[0]))]
    return np.array([xs, ys, pen], np.uint8).T


def orjson_alone(path: Path) -> int:
    """orjson's own time: lists of Python integers, no array yet."""
    return sum(len(orjson.loads(line)["drawing"]) for line in path.read_bytes().splitlines())


def with_pyarrow(path: Path) -> int:
    """pyarrow's JSON reader: one nested list column."""
    return int(pyarrow.json.read_json(path, pyarrow.json.ReadOptions(block_size=8 << 20)).num_rows)


def report_store(path: Path, repeat: int) -> None:
    """Prints the store's size, its opening time, and random gather."""
    store = Store.open(path)
    octets = sum(part.bytes for part in (*store.card.drawings, *store.card.times))
    opening = [1000 * seconds(lambda: Store.open(path))[0] for _ in range(repeat)]
    print(f"\nstore: {octets / len(store):.1f} B a drawing, opens in {statistics.median(opening):.1f} ms")
    rows = np.random.default_rng(0).integers(0, len(store), GATHER_ROWS)
    report("gather at random, warm", GATHER_ROWS, 4 * repeat, lambda: store.gather(rows))


if __name__ == "__main__":
    main()
