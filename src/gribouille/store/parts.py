"""Records in order → the Arrow files of a store: rows are gathered until a part is full, then written in one batch.

Where a part ends depends on the rows alone, never on how they came in, so the same records give the same files.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Int32, Shaped, UInt8

from gribouille.formats.records import NO_TIMESTAMP, Records
from gribouille.store.card import Part, StoreError
from gribouille.store.kernel import pack
from gribouille.store.schema import MAX_COUNTRIES, MAX_LABELS, SCHEMA, TIMES_SCHEMA
from gribouille.store.split import SPLITS

PART_ROWS = 1 << 20
PART_POINTS = 1 << 28  # keeps a part's bytes far below 2**31, its int32 offsets' range

Column = Shaped[np.ndarray, "_"]


@dataclass
class Columns:
    """The rows of the part being filled: lists of arrays, one an added batch."""

    rows: int = 0
    points: int = 0
    batches: dict[str, list[Column]] = field(default_factory=dict)

    def add(self, name: str, column: Column) -> None:
        """Appends to one column."""
        self.batches.setdefault(name, []).append(column)

    def joined(self, name: str) -> Column:
        """One column as one array."""
        return np.concatenate(self.batches[name])


class PartWriter:
    """Writes the parts of a store into a folder and keeps count; `close` writes the last one."""

    def __init__(self, folder: Path, part_rows: int = PART_ROWS) -> None:
        self.folder = folder
        self.part_rows = part_rows
        self.rows = 0
        self.drawings: list[Part] = []
        self.times: list[Part] = []
        self.counts: Counter[str] = Counter()
        self.splits: Counter[str] = Counter()
        self._names: dict[str, dict[str, int]] = {"label": {}, "countrycode": {}}  # name → number, over all parts
        self._hashes = {name: hashlib.sha256() for name in (*SCHEMA.names, "lengths", "row", "times")}
        self._columns = Columns()
        (folder / "drawings").mkdir()
        (folder / "times").mkdir()

    def add(self, records: Records, split: UInt8[np.ndarray, "rows"]) -> None:
        """Appends records, whose splits are given."""
        label = self._numbers("label", records.labels, records.label)
        country = self._numbers("countrycode", records.countries, records.country)
        for name, count in zip(records.labels, np.bincount(records.label, minlength=len(records.labels)), strict=True):
            self.counts[name] += int(count)
        for name, count in zip(SPLITS, np.bincount(split, minlength=len(SPLITS)), strict=True):
            self.splits[name] += int(count)
        sizes = np.diff(records.drawings.offsets)
        start = 0
        while start < len(records):
            room = self.part_rows - self._columns.rows
            fits = int(np.searchsorted(np.cumsum(sizes[start:]), PART_POINTS - self._columns.points, side="right"))
            stop = start + min(room, fits, len(records) - start)
            piece = records.part(start, stop)
            self._append(piece, label[start:stop], country[start:stop], split[start:stop])
            if stop < len(records) or self._columns.rows == self.part_rows:
                self._flush()
            start = stop

    def close(self) -> str:
        """Writes the last part; the hash of all contents."""
        if self._columns.rows:
            self._flush()
        names = "\0".join(name for column in self._names.values() for name in [*column, ""])
        digests = "".join(f"{name}:{self._hashes[name].hexdigest()}\n" for name in sorted(self._hashes))
        return hashlib.sha256((digests + names).encode()).hexdigest()

    def _numbers(
        self, column: str, names: tuple[str, ...], codes: Int32[np.ndarray, "rows"]
    ) -> Int32[np.ndarray, "rows"]:
        """The codes of a batch (index into names, −1 null) as numbers over the whole store."""
        known = self._names[column]
        numbers = np.array([known.setdefault(name, len(known)) for name in names] + [-1], np.int32)
        column_numbers: Int32[np.ndarray, "rows"] = numbers[codes]  # −1 finds the last
        return column_numbers

    def _append(self, piece: Records, label: Column, country: Column, split: Column) -> None:
        packed, offsets = pack(piece.drawings.points, piece.drawings.offsets)
        sizes = np.diff(piece.drawings.offsets)
        timed = np.flatnonzero(piece.timed)
        columns = {
            "points": packed,
            "lengths": np.diff(offsets).astype(np.int32),
            "label": label,
            "split": split,
            "key_id": np.where(piece.keyed, piece.key_id, 0),
            "keyed": piece.keyed,
            "countrycode": country,
            "recognized": piece.recognized,
            "timestamp": piece.timestamp,
            "row": timed + self.rows,
            "times": piece.times,
            "times_lengths": (4 * sizes[timed]).astype(np.int32),
        }
        for name, column in columns.items():
            self._columns.add(name, column)
            if name in self._hashes:
                self._hashes[name].update(np.ascontiguousarray(column).data)
        self._columns.rows += len(piece)
        self._columns.points += int(sizes.sum())
        self.rows += len(piece)

    def _flush(self) -> None:
        number = f"{len(self.drawings):05}.arrow"
        columns = self._columns
        batch = pa.record_batch(
            [
                _binary(columns.joined("points"), columns.joined("lengths")),
                self._dictionary("label", columns.joined("label"), pa.int16(), MAX_LABELS),
                pa.DictionaryArray.from_arrays(columns.joined("split").astype(np.int8), list(SPLITS)),
                pa.array(columns.joined("key_id"), mask=~columns.joined("keyed")),
                self._dictionary("countrycode", columns.joined("countrycode"), pa.uint8(), MAX_COUNTRIES),
                pa.array(columns.joined("recognized") == 1, mask=columns.joined("recognized") < 0),
                _timestamps(columns.joined("timestamp")),
            ],
            schema=SCHEMA,
        )
        self.drawings.append(self._write(f"drawings/{number}", batch))
        rows = columns.joined("row")
        if len(rows):
            times = _binary(columns.joined("times").view(np.uint8), columns.joined("times_lengths"))
            self.times.append(self._write(f"times/{number}", pa.record_batch([rows, times], schema=TIMES_SCHEMA)))
        self._columns = Columns()

    def _dictionary(self, column: str, numbers: Column, index: pa.DataType, limit: int) -> pa.DictionaryArray:
        """A dictionary array that knows only the names of this part, in order of first appearance in the store."""
        used = np.unique(numbers[numbers >= 0])
        if len(used) > limit:
            raise StoreError(f"expected at most {limit} different values of {column}, found {len(used)}")
        names = list(self._names[column])
        codes = pa.array(np.searchsorted(used, numbers), type=index, mask=numbers < 0)
        return pa.DictionaryArray.from_arrays(codes, pa.array([names[number] for number in used], pa.string()))

    def _write(self, name: str, batch: pa.RecordBatch) -> Part:
        path = self.folder / name
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
            writer.write_batch(batch)
        return Part(name, len(batch), path.stat().st_size)


def _binary(values: Column, lengths: Column) -> pa.BinaryArray:
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.BinaryArray.from_buffers(pa.binary(), len(lengths), [None, pa.py_buffer(offsets), pa.py_buffer(values)])


def _timestamps(microseconds: Column) -> pa.TimestampArray:
    return pa.array(microseconds, mask=microseconds == NO_TIMESTAMP).cast(SCHEMA.field("timestamp").type)
