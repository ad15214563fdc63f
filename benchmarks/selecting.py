"""What a selection takes among 50 million drawings, and how much memory beside the columns: synthetic columns, no store.

    python benchmarks/selecting.py [--rows 50000000] [--repeats 3]

Beside it the same condition in plain numpy over whole columns, as somebody would write it by hand.
"""

import argparse
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median
from types import SimpleNamespace

import numpy as np
from provenance import provenance

from gribouille.labels import vocabulary
from gribouille.store import Store, select
from gribouille.store.select import DAY

COUNTRIES = tuple(sorted(f"{one}{other}" for one in "ABCDEFGHIJKLMN" for other in "ABCDEFGHIJKLMR"))
WORDS = ("cat", "dog", "house", "The Mona Lisa")
SINCE = 17_226  # 2017-03-01, in days
WHERE = f"word in {WORDS} and recognized and country == 'FR' and date >= '2017-03-01' and points < 100"


def synthetic(rows: int) -> Store:
    """A store of random columns like those of Quick, Draw!'s, without any file behind it."""
    generator = np.random.default_rng(0)
    store = Store.__new__(Store)
    store.path = Path("synthetic")
    store.card = SimpleNamespace(rows=rows, labels=tuple(sorted(vocabulary())), hash="synthetic", sources=())  # type: ignore[assignment]
    vars(store).update(
        label=np.sort(generator.integers(0, 345, rows, np.int16)),
        countries=COUNTRIES,
        country=generator.integers(-1, len(COUNTRIES), rows, np.int16),
        recognized=(generator.random(rows, np.float32) < 0.9).astype(np.int8),
        timestamp=generator.integers((SINCE - 40) * DAY, (SINCE + 30) * DAY, rows, np.int64),
        split=np.minimum(generator.integers(0, 100, rows, np.uint8) // 86, 2).astype(np.uint8),
        points=generator.integers(5, 150, rows, np.int32),
    )
    return store


def by_hand(store: Store) -> np.ndarray:
    """The rows of WHERE, whole columns at a time."""
    wanted = [store.labels.index(word) for word in WORDS]
    return np.flatnonzero(
        np.isin(store.label, wanted)
        & (store.recognized == 1)
        & (store.country == COUNTRIES.index("FR"))
        & (store.timestamp >= SINCE * DAY)
        & (store.points < 100)
    )


def measured(name: str, do: Callable[[], np.ndarray], repeats: int) -> None:
    """Print the median time, and in a run of its own the peak of what is allocated and how much of that is the result."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        do()
        seconds.append(time.perf_counter() - start)
    tracemalloc.start()
    found = do()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(
        f"{name:<44}{median(seconds):8.2f} s {peak / 2**20:8.0f} MiB {found.nbytes / 2**20:8.0f} MiB {len(found):>12,}"
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    store = synthetic(options.rows)
    assert np.array_equal(select(store, WHERE).rows, by_hand(store))
    print(provenance("numpy"))
    print(f"{options.rows:,} rows, median of {options.repeats}; peak and result beside the columns\n{WHERE}")
    print(f"{'':<44}{'time':>10} {'peak':>12} {'result':>12} {'rows':>12}")
    measured("the condition", lambda: select(store, WHERE).rows, options.repeats)
    measured("the same in numpy, by hand", lambda: by_hand(store), options.repeats)
    measured("recognized", lambda: select(store, "recognized").rows, options.repeats)
    measured("at most 1,000 a word and split", lambda: select(store, max_per_class=1000).rows, options.repeats)
    measured("at most 50,000 a word and split", lambda: select(store, max_per_class=50_000).rows, options.repeats)
    measured("recognized, at most 50,000", lambda: select(store, "recognized", 50_000).rows, options.repeats)


if __name__ == "__main__":
    main()
