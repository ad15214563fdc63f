"""How fast drawings are read and stored, beside the usual ways, on the same drawings in the same run.

    python benchmarks/ingest.py FOLDER [--raw FOLDER] [--rows 500000] [--repeat 3]

FOLDER holds simplified NDJSON, one file a word (`many.py` makes as many as wanted), --raw raw NDJSON. The drawings are first
written in every form; what is measured is reading from page cache. Every way has a process of its own, for its peak memory,
with one run to warm up (and compile), and says what it makes of the drawings and how many bytes that takes.

    python benchmarks/ingest.py FOLDER --profile        # where one thread's time goes, by Python's own profiler
"""

import argparse
import cProfile
import csv
import gzip
import json
import pstats
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from provenance import provenance

from gribouille.formats import binary, reading
from gribouille.formats import csv as kaggle
from gribouille.ingest import IngestOptions, ingest
from gribouille.ingest.piece import make_piece
from gribouille.ingest.plan import plan_of
from gribouille.sources import find
from gribouille.store import Store

GATHER_ROWS = 65_536
RAW_ROWS = 100_000  # the real ones again and again
SLOW_ROWS = 20_000  # what the slowest ways are given
PEERS = ("numba", "numpy", "pyarrow", "polars", "duckdb", "orjson", "pandas")


def main() -> None:
    """Writes the drawings in every form, runs every way, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--raw", type=Path)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.profile:
        profile(options.source)
        return
    if options.way:
        print(json.dumps(WAYS[options.way](options.source, options.repeat)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = write_forms(options, folder)
        print(provenance(*PEERS))
        print(f"{rows:,} simplified drawings; {options.repeat} runs after one to warm up\n")
        print(f"| {'way':48} | drawings | median/s | best/s | best/CPU s | peak MiB | B/drawing |")
        print("|---|---|---|---|---|---|---|")
        for way in WAYS:
            report(way, folder, options.repeat)
        report_store(folder / "store ndjson", options.repeat)


def profile(source: Path) -> None:
    """Prints what the pieces of an ingest spend on one thread, second run."""
    plan = plan_of(find(source), IngestOptions())
    profiler = cProfile.Profile()
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            profiler.clear()
            profiler.enable()
            notes = [make_piece(plan, number, Path(folder)) for number in range(len(plan.pieces))]
            profiler.disable()
    print(provenance("numba", "numpy", "pyarrow"))
    print(f"{sum(note.rows for note in notes):,} drawings in {len(notes)} pieces")
    pstats.Stats(profiler).sort_stats("tottime").print_stats(14)


def write_forms(options: argparse.Namespace, folder: Path) -> int:
    """The same drawings as NDJSON (plain, gzip, zstd), CSV and .bin, the raw ones as NDJSON; how many."""
    for form in ("ndjson", "gzip", "zstd", "csv", "bin", "raw"):
        (folder / form).mkdir()
    files = find(options.source)
    share, count = max(1, options.rows // len(files)), 0
    for file in files:
        path = folder / "ndjson" / Path(file.name).name
        with path.open("wb") as target:
            lines = list(islice(lines_of(Path(file.url)), share))
            target.writelines(lines)
        count += len(lines)
        records = [parsed.strict(file.name) for parsed in reading.read(path)]
        binary.write(records, folder / "bin" / f"{path.stem}.bin")
        kaggle.write(records, folder / "csv" / f"{path.stem}.csv")
        (folder / "gzip" / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 6))
        subprocess.run(["zstd", "-q", "-3", path, "-o", folder / "zstd" / f"{path.name}.zst"], check=True)
    (folder / "one.ndjson").write_bytes(b"".join(path.read_bytes() for path in sorted((folder / "ndjson").iterdir())))
    few = list(islice(lines_of(folder / "one.ndjson"), SLOW_ROWS))
    (folder / "few.ndjson").write_bytes(b"".join(few))
    kaggle.write([parsed.strict("few") for parsed in reading.read(folder / "few.ndjson")], folder / "few.csv")
    if options.raw:
        lines = [line for file in find(options.raw) for line in lines_of(Path(file.url))]
        (folder / "raw" / "raw.ndjson").write_bytes(b"".join(lines) * max(1, RAW_ROWS // len(lines)))
    return count


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file, unzipped."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        yield from lines


def report(way: str, folder: Path, repeat: int) -> None:
    """Runs one way in a process of its own and prints its line."""
    command = [sys.executable, __file__, str(folder), "--way", way, "--repeat", str(repeat)]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode:
        print(f"| {way:48} | failed: {ran.stderr.strip().splitlines()[-1]} |")
        return
    found = json.loads(ran.stdout.splitlines()[-1])
    if not found["rows"]:
        return
    wall, cpu, rows = found["wall"], found["cpu"], found["rows"]
    print(
        f"| {way:48} | {rows:,} | {rows / statistics.median(wall):,.0f} | {rows / min(wall):,.0f} "
        f"| {rows / min(cpu):,.0f} | {found['peak']:,.0f} | {found['bytes'] / rows:,.1f} |",
        flush=True,
    )


def measured(repeat: int, run: Callable[[], tuple[int, int]]) -> dict[str, object]:
    """Wall and CPU seconds of every run, the rows and bytes that the last one gave, and the process's peak memory, MiB."""
    run()
    wall, cpu = [], []
    for _ in range(repeat):
        begin, begin_cpu = time.perf_counter(), time.process_time()
        rows, octets = run()
        wall.append(time.perf_counter() - begin)
        cpu.append(time.process_time() - begin_cpu)
    # Not ru_maxrss, which a process inherits from the one that started it.
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return {"wall": wall, "cpu": cpu, "rows": rows, "bytes": octets, "peak": peak}


def ingested(form: str) -> Callable[[Path, int], dict[str, object]]:
    """Ingest of one form into a store, on every core."""

    def way(folder: Path, repeat: int) -> dict[str, object]:
        out = folder / f"store {form}"

        def run() -> tuple[int, int]:
            if not any((folder / form).iterdir()):
                return 0, 0
            card = ingest([folder / form], out, IngestOptions(overwrite=True, keep_duplicates=form == "raw"))
            return card.rows, sum(part.bytes for part in (*card.drawings, *card.times))

        return measured(repeat, run)

    return way


def parsed_only(folder: Path, repeat: int) -> dict[str, object]:
    """Parsing NDJSON into packed drawings and columns on one thread, nothing written."""

    def run() -> tuple[int, int]:
        batches = [len(parsed.records) for parsed in reading.read(folder / "one.ndjson")]
        return sum(batches), 0

    return measured(repeat, run)


def with_duckdb(folder: Path, repeat: int) -> dict[str, object]:
    """duckdb's NDJSON reader with the types given, into a table on disk."""
    import duckdb

    types = (
        "{'word': 'VARCHAR', 'countrycode': 'VARCHAR', 'timestamp': 'VARCHAR', 'recognized': 'BOOLEAN', "
        "'key_id': 'VARCHAR', 'drawing': 'UTINYINT[][][]'}"
    )

    def run() -> tuple[int, int]:
        path = folder / "duck.db"
        path.unlink(missing_ok=True)
        with duckdb.connect(str(path)) as connection:
            source = f"read_json('{folder}/one.ndjson', format='newline_delimited', columns={types})"
            connection.execute(f"CREATE TABLE drawings AS SELECT * FROM {source}")
            rows = connection.execute("SELECT count(*) FROM drawings").fetchone()[0]
        return rows, path.stat().st_size

    return measured(repeat, run)


def with_polars(folder: Path, repeat: int) -> dict[str, object]:
    """polars' NDJSON reader with the types given, into a frame in memory."""
    import polars

    strings = dict.fromkeys(("word", "countrycode", "timestamp", "key_id"), polars.String)
    lists = polars.List(polars.List(polars.List(polars.UInt8)))
    schema = {**strings, "recognized": polars.Boolean, "drawing": lists}

    def run() -> tuple[int, int]:
        frame = polars.read_ndjson(folder / "one.ndjson", schema=schema)
        return len(frame), int(frame.estimated_size())

    return measured(repeat, run)


def with_pyarrow(folder: Path, repeat: int) -> dict[str, object]:
    """pyarrow's NDJSON reader with the types given, into a table in memory."""
    import pyarrow as pa
    import pyarrow.json

    strings = [(name, pa.string()) for name in ("word", "countrycode", "timestamp", "key_id")]
    lists = pa.list_(pa.list_(pa.list_(pa.uint8())))
    schema = pa.schema([*strings, ("recognized", pa.bool_()), ("drawing", lists)])

    def run() -> tuple[int, int]:
        table = pyarrow.json.read_json(
            folder / "one.ndjson",
            pyarrow.json.ReadOptions(block_size=8 << 20),
            pyarrow.json.ParseOptions(explicit_schema=schema),
        )
        return table.num_rows, table.nbytes

    return measured(repeat, run)


def with_orjson(folder: Path, repeat: int) -> dict[str, object]:
    """The usual way in Python: orjson a line, then one uint8 array of x, y, pen a drawing; no check at all."""
    import orjson

    def run() -> tuple[int, int]:
        drawings = [points_of(orjson.loads(line)["drawing"]) for line in (folder / "few.ndjson").open("rb")]
        return len(drawings), sum(drawing.nbytes for drawing in drawings)

    return measured(repeat, run)


def points_of(strokes: list) -> np.ndarray:
    """The points of a simplified drawing."""
    xs = [x for stroke in strokes for x in stroke[0]]
    ys = [y for stroke in strokes for y in stroke[1]]
    pen = [int(index > 0) for stroke in strokes for index in range(len(stroke[0]))]
    return np.array([xs, ys, pen], np.uint8).T


def with_students(folder: Path, repeat: int) -> dict[str, object]:
    """The student project's way: pandas reads the CSV and keeps the text, `ast.literal_eval` reads each drawing."""
    import ast

    import pandas

    def run() -> tuple[int, int]:
        frame = pandas.read_csv(folder / "few.csv")
        drawings = [ast.literal_eval(text) for text in frame["drawing"]]
        return len(drawings), int(frame.memory_usage(deep=True).sum())

    return measured(min(repeat, 2), run)


def with_csv(folder: Path, repeat: int) -> dict[str, object]:
    """Python's csv and json modules, then arrays."""

    def run() -> tuple[int, int]:
        with (folder / "few.csv").open(newline="") as file:
            drawings = [points_of(json.loads(row["drawing"])) for row in csv.DictReader(file)]
        return len(drawings), sum(drawing.nbytes for drawing in drawings)

    return measured(min(repeat, 2), run)


def report_store(path: Path, repeat: int) -> None:
    """Prints the store's opening time and random gather."""
    store = Store.open(path)
    opening = statistics.median(measured(repeat, lambda: (len(Store.open(path)), 0))["wall"])
    rows = np.random.default_rng(0).integers(0, len(store), GATHER_ROWS)
    gathering = statistics.median(measured(4 * repeat, lambda: (len(store.gather(rows)), 0))["wall"])
    print(f"\nstore: opens in {1000 * opening:.1f} ms; random gather, warm: {GATHER_ROWS / gathering:,.0f} rows/s")
    shutil.rmtree(path)


WAYS = {
    "Gribouille: NDJSON → store": ingested("ndjson"),
    "Gribouille: NDJSON.gz → store": ingested("gzip"),
    "Gribouille: NDJSON.zst → store": ingested("zstd"),
    "Gribouille: Kaggle CSV → store": ingested("csv"),
    "Gribouille: .bin → store": ingested("bin"),
    "Gribouille: raw NDJSON, canonicalised → store": ingested("raw"),
    "Gribouille: NDJSON parsed, one thread": parsed_only,
    "duckdb: NDJSON → table on disk": with_duckdb,
    "pyarrow: NDJSON → table in memory": with_pyarrow,
    "polars: NDJSON → frame in memory": with_polars,
    "orjson + numpy: NDJSON → arrays": with_orjson,
    "csv + json + numpy: CSV → arrays": with_csv,
    "pandas + ast.literal_eval: CSV → lists": with_students,
}

if __name__ == "__main__":
    main()
