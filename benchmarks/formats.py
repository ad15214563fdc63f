"""How fast Google's .bin and sketch-rnn's .npz are read and written, and files unpacked, beside the usual ways in the same run.

    python benchmarks/formats.py SOURCE [--rows 200000] [--repeat 5]

SOURCE is a file or folder of simplified NDJSON; its drawings, repeated up to --rows, are written in each form first. What
is measured is reading from page cache, on one thread. Prints date, machine, versions and commit, then n, median and best.
"""

import argparse
import gzip
import json
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import zstandard
from ingest import report
from provenance import provenance

from gribouille.drawing import Drawings, drawing_of
from gribouille.formats import binary, csv, stroke3
from gribouille.formats.compression import decompressed
from gribouille.formats.records import Records

CHUNK_BYTES = 4 << 20


def main() -> None:
    """Writes the drawings in every form, then reads each in every way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    records = drawn(options.source, options.rows)
    rows, repeat = len(records), options.repeat
    few = records.take(np.arange(min(rows, 20_000)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(provenance("numba", "numpy", "zstandard"))
        binary.write([records], folder / "x.bin")
        size = (folder / "x.bin").stat().st_size
        print(f"{rows} drawings, {size / rows:.0f} B a drawing as .bin, {repeat} runs after one to warm up\n")
        print(f"{'way':34} {'drawings':>9} {'median/s':>11} {'best/s':>11} {'best/CPU s':>11}")
        report(".bin to packed drawings", rows, repeat, lambda: read_binary(folder / "x.bin"))
        report(".bin by struct, lists", rows, repeat, lambda: read_with_struct(folder / "x.bin"))
        report(".bin written", rows, repeat, lambda: binary.write([records], folder / "x.bin"))
        for suffix in (".gz", ".zst"):
            binary.write([records], folder / f"x.bin{suffix}")
            report(
                f".bin{suffix} to packed drawings",
                rows,
                repeat,
                lambda path=folder / f"x.bin{suffix}": read_binary(path),
            )
        report(".bin.gz, gzip alone", rows, repeat, lambda: len(gzip.decompress((folder / "x.bin.gz").read_bytes())))
        report(".bin.zst, zstandard alone", rows, repeat, lambda: read_zstd(folder / "x.bin.zst"))
        report(".npz written", len(few), repeat, lambda: stroke3.write([few], folder / "x.npz"))
        report(".npz to packed drawings", len(few), repeat, lambda: read_stroke3(folder / "x.npz"))
        report(".npz by np.load and its pickle", len(few), repeat, lambda: load_stroke3(folder / "x.npz"))
        report("Kaggle CSV written", len(few), repeat, lambda: csv.write([few], folder / "x.csv"))


def drawn(source: Path, rows: int) -> Records:
    """`rows` records of the drawings of the source, repeated, of one word."""
    drawings: list[np.ndarray] = []
    for path in sorted(source.rglob("*.ndjson*")) if source.is_dir() else [source]:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            drawings += [drawing_of(json.loads(line)["drawing"]) for line in lines]
        if len(drawings) >= rows:
            break
    drawings = (drawings * (rows // len(drawings) + 1))[:rows]
    return Records.of(
        Drawings.of(drawings),
        label=np.zeros(rows, np.int32),
        labels=("x",),
        country=np.zeros(rows, np.int32),
        countries=("FR",),
        recognized=np.ones(rows, np.int8),
        timestamp=np.full(rows, 1_490_701_817_000_000),
        key_id=np.arange(1, rows + 1, dtype=np.uint64),
        keyed=np.ones(rows, bool),
    )


def chunks(path: Path) -> Iterator[bytes]:
    """A file in pieces."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def read_binary(path: Path) -> int:
    """Our way: whatever the file is packed with."""
    return sum(len(parsed.records) for parsed in binary.read(decompressed(chunks(path), path.name), "x"))


def read_with_struct(path: Path) -> int:
    """The usual way: a generator that unpacks field by field, strokes as tuples of integers."""
    with path.open("rb") as file:
        return sum(len(drawing["image"]) > 0 for drawing in struct_drawings(file))


def struct_drawings(file: BinaryIO) -> Iterator[dict]:
    """Every drawing of an open .bin file, until it ends."""
    while header := file.read(15):
        key_id, country, recognized, timestamp = struct.unpack("<Q2sbI", header)
        (strokes,) = struct.unpack("<H", file.read(2))
        image = []
        for _ in range(strokes):
            (points,) = struct.unpack("<H", file.read(2))
            image.append(
                (struct.unpack(f"{points}B", file.read(points)), struct.unpack(f"{points}B", file.read(points)))
            )
        fields = {"key_id": key_id, "country_code": country, "recognized": recognized, "timestamp": timestamp}
        yield {**fields, "image": image}


def read_zstd(path: Path) -> int:
    """zstandard's own reader."""
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as content:
        size = 0
        while piece := content.read(CHUNK_BYTES):
            size += len(piece)
        return size


def read_stroke3(path: Path) -> int:
    """Our way, canonical and packing included."""
    with path.open("rb") as file:
        return sum(len(parsed.records) for parsed in stroke3.read(file, path.name, "x"))


def load_stroke3(path: Path) -> int:
    """The usual way: numpy unpickles, which runs whatever the file says; the sequences as they stand."""
    with np.load(path, allow_pickle=True, encoding="latin1") as arrays:
        return len(arrays["train"])


if __name__ == "__main__":
    main()
