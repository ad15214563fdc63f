"""Records in order → the Arrow files of a store: rows are gathered until a part is full, then written in one batch.

Where a part ends depends on the rows alone, never on how they came in, so the same records give the same files. Parts
are whole in themselves: nothing in one depends on the rows of another, so several writers make a store together.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Int32, Int64, Shaped, UInt8, UInt64

from gribouille.formats.records import NO_TIMESTAMP, Records
from gribouille.formats.swar_kernel import SLACK
from gribouille.store.card import Part
from gribouille.store.contents_kernel import BASES, contents
from gribouille.store.schema import MAX_COUNTRIES, MAX_LABELS, SCHEMA, TIMES_SCHEMA
from gribouille.store.split import SPLITS

PART_ROWS = 1 << 19
PART_BYTES = 1 << 26  # of points; far below 2**31, the range of a part's int32 offsets

Column = Shaped[np.ndarray, "_"]


@dataclass(frozen=True)
class Written:
    """A part that is on disk, with what a store's card is made of."""

    drawings: Part
    times: Part | None  # of the same name, where rows have times
    counts: dict[str, int]  # rows of each label
    splits: tuple[int, ...]  # rows of each of SPLITS
    contents: tuple[int, int]  # contents_kernel.contents of its rows


def contents_of(parts: Sequence[Written]) -> dict[str, Any]:
    """The fields of a store's card that its parts, in order, tell.

    Its `hash` does not depend on the cutting into parts (`contents_kernel`); 64 hexadecimal digits.
    """
    counts: Counter[str] = Counter()
    rows, numbers = 0, [0, 0]
    for part in parts:
        counts.update(part.counts)
        rows += part.drawings.rows
        for which, base in enumerate(BASES):
            after = pow(base, part.drawings.rows, 1 << 64)
            numbers[which] = (numbers[which] * after + part.contents[which]) % (1 << 64)
    identity = f"gribouille store 2: {rows} rows {numbers[0]:016x} {numbers[1]:016x}"
    return {
        "rows": rows,
        "labels": tuple(sorted(counts)),
        "counts": dict(sorted(counts.items())),
        "splits": {name: sum(part.splits[index] for part in parts) for index, name in enumerate(SPLITS)},
        "hash": sha256(identity.encode()).hexdigest(),
        "drawings": tuple(part.drawings for part in parts),
        "times": tuple(part.times for part in parts if part.times is not None),
    }


@dataclass
class _Columns:
    """The rows of the part being filled: lists of arrays, one an added batch."""

    rows: int = 0
    bytes: int = 0
    batches: dict[str, list[Column]] = field(default_factory=dict)
    used: dict[str, set[int]] = field(
        default_factory=lambda: {"label": set(), "countrycode": set()}
    )  # numbers of names

    def add(self, name: str, column: Column) -> None:
        self.batches.setdefault(name, []).append(column)

    def use(self, column: str, numbers: Column, names: int) -> None:
        """Notes which names a column has, of a batch that knows so many. One alone needs no search."""
        self.used[column].update(np.unique(numbers).tolist() if names > 1 else numbers[:1].tolist())

    def row_of_too_many(self, column: str, numbers: Column, start: int, limit: int) -> int:
        """The first row from `start` at which a column would have more than `limit` names; where none does, the end."""
        used = self.used[column] - {-1}
        if len(used) + int(numbers.max(initial=-1)) + 1 <= limit:
            return len(numbers)
        names, first = np.unique(numbers[start:], return_index=True)
        fresh = [place for name, place in zip(names.tolist(), first.tolist(), strict=True) if name not in {*used, -1}]
        room = limit - len(used)
        return len(numbers) if len(fresh) <= room else start + sorted(fresh)[room]

    def joined(self, name: str) -> Column:
        return np.concatenate(self.batches[name])

    def joined_bytes(self, name: str) -> UInt8[np.ndarray, "bytes"]:
        """A column as bytes, with SLACK more, which the hash may read."""
        return np.concatenate([*(batch.view(np.uint8) for batch in self.batches[name]), np.zeros(SLACK, np.uint8)])


class PartWriter:
    """Writes parts `drawings/NAME-000.arrow`, … (and `times/NAME-000.arrow`, …) into a folder; `close` writes the last one."""

    def __init__(self, folder: Path, name: str, part_rows: int = PART_ROWS, first: int = 0) -> None:
        self.folder = folder
        self.name = name
        self.part_rows = part_rows
        self.first = first  # number of the first part
        self.written: list[Written] = []
        self._names: dict[str, dict[str, int]] = {"label": {}, "countrycode": {}}  # name → number in this writer
        self._columns = _Columns()
        for kind in ("drawings", "times"):
            (folder / kind).mkdir(exist_ok=True)

    def add(self, records: Records, split: UInt8[np.ndarray, "rows"]) -> None:
        """Appends records, whose splits are given. Every row has a label."""
        label = self._numbers("label", records.labels, records.label)
        country = self._numbers("countrycode", records.countries, records.country)
        offsets = records.offsets
        timed_points = np.concatenate([[0], np.cumsum(np.where(records.timed, records.points, 0))])
        start = 0
        while start < len(records):
            room = self.part_rows - self._columns.rows
            fits = int(np.searchsorted(offsets, offsets[start] + PART_BYTES - self._columns.bytes, side="right")) - 1
            stop = min(start + room, max(fits, start + (self._columns.rows == 0)), len(records))
            stop = min(stop, self._columns.row_of_too_many("label", label, start, MAX_LABELS))
            stop = min(stop, self._columns.row_of_too_many("countrycode", country, start, MAX_COUNTRIES))
            if stop == start:  # no more names fit into this part
                self._flush()
                continue
            rows = slice(start, stop)
            for name, column in {
                "points": records.packed[offsets[start] : offsets[stop]],
                "lengths": np.diff(offsets[start : stop + 1]),
                "label": label[rows],
                "split": split[rows],
                "key_id": np.where(records.keyed[rows], records.key_id[rows], 0),
                "keyed": records.keyed[rows],
                "countrycode": country[rows],
                "recognized": records.recognized[rows],
                "timestamp": records.timestamp[rows],
                "times": records.times[timed_points[start] : timed_points[stop]],
                "times_lengths": 4 * np.diff(timed_points[start : stop + 1]),
            }.items():
                self._columns.add(name, column)
            self._columns.use("label", label[rows], len(records.labels))
            self._columns.use("countrycode", country[rows], len(records.countries))
            self._columns.rows += stop - start
            self._columns.bytes += int(offsets[stop] - offsets[start])
            if stop < len(records) or self._columns.rows == self.part_rows:
                self._flush()
            start = stop

    def close(self) -> list[Written]:
        """Writes the last part; all of them."""
        if self._columns.rows:
            self._flush()
        return self.written

    def _numbers(
        self, column: str, names: tuple[str, ...], codes: Int32[np.ndarray, "rows"]
    ) -> Int32[np.ndarray, "rows"]:
        """The codes of a batch (index into names, −1 null) as numbers over the whole writer."""
        known = self._names[column]
        numbers = np.array([known.setdefault(name, len(known)) for name in names] + [-1], np.int32)
        column_numbers: Int32[np.ndarray, "rows"] = numbers[codes]  # −1 finds the last
        return column_numbers

    def _flush(self) -> None:
        columns, self._columns = self._columns, _Columns()
        name = f"{self.name}-{self.first + len(self.written):03}.arrow"
        points, octets = columns.joined_bytes("points"), columns.joined_bytes("times")
        joined = {key: columns.joined(key) for key in columns.batches if key not in ("points", "times")}
        label, labels = _compact(joined["label"], list(self._names["label"]))
        country, countries = _compact(joined["countrycode"], list(self._names["countrycode"]))
        recognized, timestamp, keyed = joined["recognized"], joined["timestamp"], joined["keyed"]
        lengths = {key: _offsets(joined[key]) for key in ("lengths", "times_lengths")}
        batch = pa.record_batch(
            [
                _binary(points[:-SLACK], lengths["lengths"]),
                _dictionary(label, labels, pa.int16()),
                pa.DictionaryArray.from_arrays(joined["split"].astype(np.int8), list(SPLITS)),
                _nullable(joined["key_id"], keyed),
                _dictionary(country, countries, pa.uint8()),
                _nullable(recognized == 1, recognized >= 0),
                _nullable(timestamp, timestamp != NO_TIMESTAMP).cast(SCHEMA.field("timestamp").type),
            ],
            schema=SCHEMA,
        )
        timed = np.flatnonzero(joined["times_lengths"])
        times = None
        if len(timed):
            values = _binary(octets[:-SLACK], _offsets(joined["times_lengths"][timed]))
            times = self._write(f"times/{name}", pa.record_batch([timed, values], schema=TIMES_SCHEMA))
        scalars = _values(joined, _digests(labels)[label], _digests((*countries, None))[country])
        first, second = contents(points, lengths["lengths"], scalars, octets, lengths["times_lengths"])
        self.written.append(
            Written(
                drawings=self._write(f"drawings/{name}", batch),
                times=times,
                counts={text: int(count) for text, count in zip(labels, np.bincount(label), strict=True)},
                splits=tuple(np.bincount(joined["split"], minlength=len(SPLITS)).tolist()),
                contents=(int(first), int(second)),
            )
        )

    def _write(self, name: str, batch: pa.RecordBatch) -> Part:
        path = self.folder / name
        path.unlink(missing_ok=True)  # never into what lies there: a store that is in use may have it as its own
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
            writer.write_batch(batch)
        return Part(name, len(batch), path.stat().st_size)


def _compact(numbers: Int32[np.ndarray, "rows"], names: list[str]) -> tuple[Int64[np.ndarray, "rows"], list[str]]:
    """Numbers as indices into the names that occur, in the names' order; −1 stays."""
    used = np.flatnonzero(np.bincount(numbers + 1, minlength=len(names) + 1)[1:])
    place = np.full(len(names) + 1, -1)
    place[used] = np.arange(len(used))
    return place[numbers], [names[number] for number in used]  # number −1 finds the last, which stays −1


def _digests(names: list[str] | tuple[str | None, ...]) -> UInt64[np.ndarray, "names"]:
    """A 64-bit number for each name, the same everywhere; 0 for None."""
    digests = [b"\0" * 8 if name is None else blake2b(name.encode(), digest_size=8).digest() for name in names]
    return np.frombuffer(b"".join(digests), np.uint64)


def _values(joined: dict[str, Column], label: Column, country: Column) -> UInt64[np.ndarray, "rows 5"]:
    """The rows' scalar values as numbers for `contents`."""
    values = np.empty((len(label), 5), np.uint64)
    values[:, 0], values[:, 1] = label, country
    values[:, 2] = joined["key_id"]
    values[:, 3] = joined["timestamp"].view(np.uint64)
    values[:, 4] = (
        joined["split"] + 8 * joined["keyed"].astype(np.uint64) + 16 * (joined["recognized"] + 1).astype(np.uint64)
    )
    return values


def _offsets(lengths: Column) -> Int32[np.ndarray, "rows_and_one"]:
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def _binary(values: UInt8[np.ndarray, "bytes"], offsets: Int32[np.ndarray, "rows_and_one"]) -> pa.BinaryArray:
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(values)]
    return pa.BinaryArray.from_buffers(pa.binary(), len(offsets) - 1, buffers)


def _nullable(values: Column, known: Column) -> pa.Array:
    """An array that is null where the value is not known; without a bitmap where all are."""
    return pa.array(values) if known.all() else pa.array(values, mask=~known)


def _dictionary(codes: Int64[np.ndarray, "rows"], names: list[str], index: pa.DataType) -> pa.DictionaryArray:
    kind: type[np.signedinteger | np.unsignedinteger] = index.to_pandas_dtype()
    # Where it is null an index must still be one: polars checks.
    indices = _nullable(np.maximum(codes, 0).astype(kind), codes >= 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string()))
