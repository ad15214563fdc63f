"""Ingests a folder of any size and says what it took; made for 50 million drawings (`many.py`), on the disk that they lie on.

    python benchmarks/fifty.py FOLDER STORE [--json benchmarks/measured/fifty.json]

Measured: wall and CPU seconds of the ingest, those of its end (duplicates, card), peak memory (anonymous, and all that is
mapped), bytes of text and store, opening, and random gather of rows all over the store, first touched and warm. Nothing is
dropped from the page cache before: what of the text still lies there is said by the system's own counter of bytes read.
"""

import argparse
import json
import threading
import time
from pathlib import Path

import numpy as np
from provenance import provenance

from gribouille.ingest import IngestOptions, ingest
from gribouille.store import Store

BATCH, BATCHES = 4096, 200  # rows gathered at a time, and how often


def main() -> None:
    """Runs everything once and prints it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("store", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    warm_up(options)
    memory = Memory()

    def progress(read: int, total: int, rows: int) -> None:
        last[0] = time.perf_counter()

    begin, begin_cpu, begin_read = time.perf_counter(), time.process_time(), read_bytes()
    last = [0.0]  # when the last piece told of itself
    card = ingest([options.source], options.store, IngestOptions(overwrite=True), progress)
    wall, cpu, read = time.perf_counter() - begin, time.process_time() - begin_cpu, read_bytes() - begin_read
    end, peak = time.perf_counter() - last[0], memory.stop()
    text = sum(source.bytes for source in card.sources)
    stored = sum(part.bytes for part in (*card.drawings, *card.times))
    opening = []
    for _ in range(5):
        begin = time.perf_counter()
        store = Store.open(options.store)
        opening.append(time.perf_counter() - begin)
    found = {
        "provenance": provenance("numba", "numpy", "pyarrow"),
        "rows": card.rows,
        "quarantined": sum(card.quarantined.values()),
        "files": len(card.sources),
        "parts": len(card.drawings),
        "seconds": wall,
        "cpu_seconds": cpu,
        "end_seconds": end,
        "rate": card.rows / wall,
        "rate_per_cpu_second": card.rows / cpu,
        "text_bytes": text,
        "read_from_disk_bytes": read,
        "store_bytes": stored,
        "bytes_per_drawing": stored / card.rows,
        "peak_anonymous_mib": peak,
        "peak_mib": high_water(),
        "open_ms": 1000 * min(opening),
        "gather_first": gathered(store, 1),
        "gather_warm": gathered(store, 1),
        "gather_other_rows": gathered(store, 2),
    }
    print(json.dumps(found, indent=1))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def warm_up(options: argparse.Namespace) -> None:
    """Compiles every kernel on one small file."""
    first = min(options.source.iterdir(), key=lambda path: path.stat().st_size)
    out = options.store.with_name("warm")
    ingest([first], out, IngestOptions(overwrite=True))
    Store.open(out).gather(np.arange(10))


class Memory:
    """Looks at this process's anonymous memory all the time."""

    def __init__(self) -> None:
        self.peak = 0.0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self) -> None:
        """Looks until it is over."""
        while not self.done.wait(0.02):
            self.peak = max(self.peak, of_status("RssAnon"))

    def stop(self) -> float:
        """The peak, MiB."""
        self.done.set()
        self.thread.join()
        return self.peak


def of_status(name: str) -> float:
    """A line of /proc/self/status, MiB."""
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0]) / 1024


def high_water() -> float:
    """The most memory that was resident, files included, MiB."""
    return of_status("VmHWM")


def read_bytes() -> int:
    """Bytes that this process made the disk read."""
    return int(Path("/proc/self/io").read_text().partition("read_bytes: ")[2].split()[0])


def gathered(store: Store, seed: int) -> float:
    """Rows a second, gathered in random batches all over the store."""
    draw = np.random.default_rng(seed)
    batches = [draw.integers(0, len(store), BATCH) for _ in range(BATCHES)]
    begin = time.perf_counter()
    for rows in batches:
        store.gather(rows)
    return BATCH * BATCHES / (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
