"""Makes a folder of as many drawings as wanted from real ones, perturbed, as Google's set has them: one NDJSON file a word.

    python benchmarks/many.py SOURCE OUT --rows 50000000

SOURCE is a folder of simplified NDJSON, one file a word (gzip too). Every row of a word is used in turn: its key_id becomes
one that no other row has, and the last digits of a quarter of its coordinates move by one, so that no two drawings are equal
and lengths, words, countries and times are the real ones.
"""

import argparse
import gzip
import json
import time
from pathlib import Path

import numpy as np
from numba import njit

KEY = b'"key_id":"'
KEY_DIGITS = 16
FIRST_KEY = 4_503_599_627_370_496  # where Google's numbers begin


def main() -> None:
    """Writes the files and says how long it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=50_000_000)
    options = parser.parse_args()
    paths = sorted(options.source.glob("*.ndjson*"))
    options.out.mkdir(parents=True)
    start = time.perf_counter()
    bounds = [options.rows * index // len(paths) for index in range(len(paths) + 1)]
    for index, path in enumerate(paths):
        octets = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        lines = [normal(line) for line in octets.splitlines()]
        target = options.out / path.name.removesuffix(".gz")
        write(lines, target, bounds[index], bounds[index + 1])
    octets = sum(path.stat().st_size for path in options.out.iterdir())
    print(f"{options.rows} rows, {octets / 1e9:.1f} GB, {time.perf_counter() - start:.0f} s")


def normal(line: bytes) -> bytes:
    """The line in Google's own form, with a country and a time where the sample lost them, and a key_id of 16 digits."""
    record = json.loads(line)
    record["countrycode"] = record["countrycode"] or "US"
    record["timestamp"] = record["timestamp"] or "2017-03-28 11:50:17.00186 UTC"
    record["recognized"] = True if record["recognized"] is None else record["recognized"]
    record["key_id"] = str(FIRST_KEY)
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def write(lines: list[bytes], path: Path, first: int, stop: int, at_once: int = 65_536) -> None:
    """Writes rows first … stop − 1 of the whole set: the lines in turn, perturbed."""
    text = np.frombuffer(b"".join(lines), np.uint8)
    bounds = np.cumsum([0, *map(len, lines)])
    keys = np.array([line.index(KEY) + len(KEY) for line in lines])
    drawings = np.array([line.index(b'"drawing":') for line in lines])
    with path.open("wb") as file:
        for begin in range(first, stop, at_once):
            file.write(perturbed(text, bounds, keys, drawings, begin, min(begin + at_once, stop), first))


@njit(nogil=True)
def perturbed(text, bounds, keys, drawings, begin, end, first):  # type: ignore[no-untyped-def]
    """The bytes of rows begin … end − 1."""
    count = len(bounds) - 1
    size = 0
    for row in range(begin, end):
        line = (row - first) % count
        size += bounds[line + 1] - bounds[line]
    out = np.empty(size, np.uint8)
    to = 0
    for row in range(begin, end):
        line = (row - first) % count
        start, stop = bounds[line], bounds[line + 1]
        state = np.uint64(row) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1)
        out[to : to + stop - start] = text[start:stop]
        number = FIRST_KEY + row
        for place in range(KEY_DIGITS - 1, -1, -1):
            out[to + keys[line] + place] = 48 + number % 10
            number //= 10
        for at in range(to + drawings[line], to + stop - start - 1):
            digit = np.int64(out[at]) - 48
            if 0 <= digit <= 9 and (out[at + 1] == 44 or out[at + 1] == 93):
                state ^= state << np.uint64(13)
                state ^= state >> np.uint64(7)
                state ^= state << np.uint64(17)
                if state & np.uint64(3) == 0:  # 1 … 4 go up, the others down: no number grows a digit or passes 255
                    out[at] += 1 if 1 <= digit <= 4 else (-1 if digit > 1 else 0)
        to += stop - start
    return out


if __name__ == "__main__":
    main()
