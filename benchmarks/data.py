"""How fast a store is summed up and searched for duplicates and scribbles, what 50 million drawings would take, and memory.

    python benchmarks/data.py STORE [--repeat 3] [--times 1] [--forecast 50000000]

--times N: the store's parts so many times over, linked, as a larger store: for the memory. Everything is then there N times,
so that searches for duplicates find nearly all of it; leave it at 1 for their rates. Prints date, machine, versions and
commit, then for each search n, the median rates, the forecast by CPU time (a free core), and the peak of anonymous memory
(Linux: RssAnon).
"""

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from provenance import provenance

from gribouille.data import duplicates, ink
from gribouille.data.clean import NEAR_UNITS, words
from gribouille.data.summary import summary
from gribouille.store import Store

Search = Callable[[Store], int]


def main() -> None:
    """Runs every search on the same store and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--forecast", type=int, default=50_000_000)
    parser.add_argument("--only", choices=list(SEARCHES), action="append")
    options = parser.parse_args()
    print(provenance("numba", "numpy", "pyarrow"))
    with tempfile.TemporaryDirectory(dir=options.store.parent) as folder:
        path = options.store if options.times == 1 else repeated(options.store, Path(folder), options.times)
        rows = len(Store.open(path))
        print(f"{rows:,} drawings, one thread, {options.repeat} runs after one to warm up\n")
        print(
            f"{'search':34} {'found':>10} {'median/s':>11} {'/CPU s':>11} {f'{options.forecast:,}':>12} {'anonymous':>10}"
        )
        for name in options.only or SEARCHES:
            report(name, SEARCHES[name], path, options)


def report(name: str, search: Search, path: Path, options: argparse.Namespace) -> None:
    """Prints the rate of one search, each time on a store that is freshly opened."""
    found, taken, used, peaks = 0, [], [], []
    for run in range(options.repeat + 1):
        store = Store.open(path, marks=False)
        with AnonymousMemory() as memory:
            begin, begin_cpu = time.perf_counter(), time.thread_time()
            found = search(store)
            if run or not options.repeat:
                taken.append(time.perf_counter() - begin)
                used.append(time.thread_time() - begin_cpu)
        peaks.append(memory.peak)
    rate, cpu = len(store) / statistics.median(taken), len(store) / statistics.median(used)
    minutes = options.forecast / cpu / 60
    print(f"{name:34} {found:10,} {rate:11,.0f} {cpu:11,.0f} {minutes:8.1f} min {max(peaks):6.0f} MiB")


class AnonymousMemory:
    """The peak of this process's anonymous memory while it runs, MiB, by looking every 5 ms; NaN where it cannot be told."""

    def __enter__(self) -> "AnonymousMemory":
        self.peak = self.now()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.done.set()
        self.thread.join()

    def watch(self) -> None:
        """Looks until it is over."""
        while not self.done.wait(0.005):
            self.peak = max(self.peak, self.now())

    @staticmethod
    def now() -> float:
        """MiB at this moment."""
        status = Path("/proc/self/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon:")), float("nan"))


def repeated(store: Path, folder: Path, times: int) -> Path:
    """A store whose parts are those of `store`, so many times over, as links."""
    card = json.loads((store / "card.json").read_text())
    (folder / "drawings").mkdir()
    parts = []
    for _ in range(times):
        for part in card["drawings"]:
            name = f"drawings/{len(parts):05}.arrow"
            os.link(store / part["name"], folder / name)
            parts.append({**part, "name": name})
    scaled = {name: {key: times * count for key, count in card[name].items()} for name in ("counts", "splits")}
    (folder / "card.json").write_text(
        json.dumps({**card, **scaled, "rows": times * card["rows"], "drawings": parts, "times": []})
    )
    return folder


def summed_up(store: Store) -> int:
    """Everything of a summary but the duplicates."""
    return summary(store, look_for_duplicates=False).rows


def each_word(search: Callable[[Store, np.ndarray], tuple[np.ndarray, ...]]) -> Search:
    """A search of every word; the number of rows found."""
    return lambda store: sum(len(search(store, rows)[0]) for rows in words(store))


SEARCHES: dict[str, Search] = {
    "summary": summed_up,
    "empty": each_word(ink.empty),
    "exact": each_word(duplicates.exact),
    "near": each_word(lambda store, rows: duplicates.near(store, rows, NEAR_UNITS)),
    "scribbles": each_word(ink.scribbles),
}

if __name__ == "__main__":
    main()
