"""`Store`: the memory-mapped Arrow files of a store, read by row in any order.

In comes a folder that `ingest` wrote; out come columns as numpy arrays and batches of `Drawings`. Opening reads the
card and the files' footers only; a column is read when it is first asked for, drawings when they are gathered. The
files' layout is in docs/formats.md: pyarrow, polars and duckdb read them without this module.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Int8, Int16, Int32, Int64, UInt8, UInt32, UInt64

from gribouille.drawing import Drawings
from gribouille.formats.records import NO_TIMESTAMP, Records
from gribouille.store import kernel
from gribouille.store.card import Card, Part, StoreError, read_card
from gribouille.store.marks import Marks, marked_card, read_marks
from gribouille.store.schema import SCHEMA, TIMES_SCHEMA
from gribouille.store.split import SPLITS, UNUSED


class Store:
    """Drawings on disk; row i of every column is drawing i."""

    selection: tuple[()] = ()  # a View says here how its rows were chosen

    def __init__(
        self,
        path: Path,
        card: Card,
        parts: list[pa.RecordBatch],
        times: list[pa.RecordBatch],
        marks: Marks | None = None,
    ) -> None:
        self.path = path
        self.card = marked_card(card, marks)
        self.marks = marks
        self._parts = parts
        self._times = times

    @classmethod
    def open(cls, path: Path | str, marks: bool = True) -> "Store":
        """The store in this folder; with `marks`, rows that `gribouille data clean` marked read as unused.

        Raises StoreError where it is none, of another version, damaged or not as its card says.
        """
        path = Path(path)
        card = read_card(path)
        parts = [_mapped(path, part, SCHEMA) for part in card.drawings]
        times = [_mapped(path, part, TIMES_SCHEMA) for part in card.times]
        found = sum(len(part) for part in parts)
        if found != card.rows:
            raise StoreError(f"{path}: expected {card.rows} rows as the card says, found {found}")
        named = {name for part in parts for name in part.column("label").dictionary.to_pylist()}
        if sorted(named) != list(card.labels):
            raise StoreError(f"{path}: expected the labels of the card, found {sorted(named ^ set(card.labels))} apart")
        return cls(path, card, parts, times, read_marks(path, card) if marks else None)

    def __len__(self) -> int:
        return self.card.rows

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names in class order (sorted)."""
        return self.card.labels

    @property
    def hash(self) -> str:
        """The sha256 of the store's contents, in hex: for the cards of what is made from it."""
        return self.card.hash

    @cached_property
    def label(self) -> Int16[np.ndarray, "rows"]:
        """The class of each row, as index into `labels`."""
        return self._codes("label", self.labels).astype(np.int16)

    @cached_property
    def split(self) -> UInt8[np.ndarray, "rows"]:
        """The split of each row: 0 train, 1 validation, 2 test, 3 unused (see `gribouille.store.split`).

        A marked row is unused, whatever its split was. Raises StoreError for a mark on a row that is not there.
        """
        split = self._codes("split", SPLITS).astype(np.uint8)
        if self.marks is not None and len(self.marks):
            if not 0 <= self.marks.row.min() <= self.marks.row.max() < len(self):
                raise StoreError(
                    f"{self.path}: expected marks on rows from 0 to {len(self) - 1}, found others: damaged"
                )
            split[self.marks.row] = UNUSED
        return split

    @cached_property
    def key_id(self) -> UInt64[np.ndarray, "rows"]:
        """Google's number of each drawing, 0 where null."""
        return np.asarray(self._column("key_id").fill_null(0))

    @cached_property
    def keyed(self) -> Bool[np.ndarray, "rows"]:
        """Whether each row has a key_id."""
        return np.asarray(self._column("key_id").is_valid())

    @cached_property
    def recognized(self) -> Int8[np.ndarray, "rows"]:
        """Whether Quick, Draw! recognised each drawing: 1, 0, or −1 where it is not known."""
        return np.asarray(pc.cast(self._column("recognized"), pa.int8()).fill_null(-1))

    @cached_property
    def countries(self) -> tuple[str, ...]:
        """The country codes that occur (ISO 3166-1 alpha-2 in Google's files), sorted."""
        return tuple(
            sorted({name for part in self._parts for name in part.column("countrycode").dictionary.to_pylist()})
        )

    @cached_property
    def country(self) -> Int16[np.ndarray, "rows"]:
        """Where each drawing was made, as index into `countries`, −1 where it is not known."""
        return self._codes("countrycode", self.countries)

    @cached_property
    def timestamp(self) -> Int64[np.ndarray, "rows"]:
        """When each drawing was made, µs since 1970-01-01 UTC, NO_TIMESTAMP where it is not known."""
        return np.asarray(self._column("timestamp").cast(pa.int64()).fill_null(NO_TIMESTAMP))

    def column_parts(self, name: str) -> Iterator[tuple[int, pa.Array]]:
        """A column of the files, part by part and uncopied: the first row of each part and its Arrow array.

        For columns that are wanted once, from first to last: as a whole one takes up to 400 MB in 50 million rows.
        """
        starts = _starts(self._parts)
        yield from ((int(start), part.column(name)) for start, part in zip(starts, self._parts, strict=False))

    @cached_property
    def points(self) -> Int32[np.ndarray, "rows"]:
        """How many points each drawing has, told by the length of what is stored."""
        return np.asarray(pc.binary_length(self._column("points"))) * np.int32(8) // np.int32(17)

    @cached_property
    def timed(self) -> Bool[np.ndarray, "rows"]:
        """Whether the times of each drawing's points are known."""
        timed = np.zeros(len(self), bool)
        timed[self._timed_rows] = True
        return timed

    def gather(self, rows: Int64[np.ndarray, "n"]) -> Drawings:
        """The drawings of these rows, in this order. Raises IndexError for a row out of range, StoreError for a damaged file."""
        self._check(rows)
        return Drawings(*kernel.unpack(*self._located(rows, self._points_at, self.card.drawings, "points")))

    def packed(self, rows: Int64[np.ndarray, "n"]) -> tuple[UInt8[np.ndarray, "bytes"], Int64[np.ndarray, "n_and_one"]]:
        """The drawings of these rows as they are stored (gribouille.packing_kernel), end to end, and their offsets.

        Raises as `gather` does.
        """
        self._check(rows)
        found = self._located(rows, self._points_at, self.card.drawings, "points")
        return kernel.copied(*found), found[1]

    def times(self, rows: Int64[np.ndarray, "n"]) -> tuple[UInt32[np.ndarray, "total"], Int64[np.ndarray, "n_and_one"]]:
        """The times of these rows end to end, ms since the first point, one a point, and each row's offsets into them.

        A row without times has none there: its two offsets are equal. Raises as `gather` does.
        """
        self._check(rows)
        index = np.searchsorted(self._timed_rows, rows)
        index[index == len(self._timed_rows)] = 0
        timed = self._timed_rows[index] == rows if len(self._timed_rows) else np.zeros(len(rows), bool)
        found = self._located(index[timed], self._times_at, self.card.times, "times")
        sizes = np.zeros(len(rows), np.int64)
        sizes[timed] = np.diff(found[1]) // 4
        return kernel.copied(*found).view(np.uint32), np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])

    def countrycodes(self, rows: Int64[np.ndarray, "n"]) -> list[str | None]:
        """Where each of these rows was drawn (ISO 3166-1 alpha-2), None where it is not known. Raises IndexError."""
        self._check(rows)
        # One by one: `take` would first copy the whole column, since its parts have dictionaries of their own.
        starts = _starts(self._parts)
        places = zip(rows, np.searchsorted(starts, rows, side="right") - 1, strict=True)
        return [self._parts[part].column("countrycode")[int(row - starts[part])].as_py() for row, part in places]

    def records(self, rows: Int64[np.ndarray, "n"]) -> Records:
        """Everything known about these rows, in the form that every format's writer takes."""
        times, offsets = self.times(rows)
        packed, packed_offsets = self.packed(rows)
        return Records(
            packed=packed,
            offsets=packed_offsets,
            times=times,
            timed=np.diff(offsets) > 0,
            label=self.label[rows].astype(np.int32),
            labels=self.labels,
            country=self.country[rows].astype(np.int32),
            countries=self.countries,
            recognized=self.recognized[rows],
            timestamp=self.timestamp[rows],
            key_id=self.key_id[rows],
            keyed=self.keyed[rows],
            start=np.full(len(rows), -1),
        )

    @cached_property
    def _timed_rows(self) -> Int64[np.ndarray, "timed"]:
        starts = dict(zip((Path(part.name).name for part in self.card.drawings), _starts(self._parts), strict=False))
        rows = [
            part.column("row").to_numpy() + starts[Path(file.name).name]
            for part, file in zip(self._times, self.card.times, strict=True)
        ]
        return np.concatenate([np.zeros(0, np.int64), *rows])

    def _column(self, name: str) -> pa.ChunkedArray:
        return pa.chunked_array([part.column(name) for part in self._parts], SCHEMA.field(name).type)

    def _codes(self, name: str, names: Sequence[str]) -> Int16[np.ndarray, "rows"]:
        """A dictionary column as index into `names`, −1 where null."""
        place = {text: index for index, text in enumerate(names)}
        codes = [np.zeros(0, np.int16)]
        for part in self._parts:
            column = part.column(name)
            places = np.array([place[text] for text in column.dictionary.to_pylist()] + [-1], np.int16)
            indices = column.indices.cast(pa.int32())  # the full range of a narrow type leaves no number for null
            codes.append(places[indices.fill_null(len(places) - 1).to_numpy()])
        return np.concatenate(codes)

    def _check(self, rows: Int64[np.ndarray, "n"]) -> None:
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self):
            raise IndexError(f"expected rows from 0 to {len(self) - 1}, found {rows.min()} to {rows.max()}")

    @cached_property
    def _points_at(self) -> "_Places":
        return _places(self._parts, "points")

    @cached_property
    def _times_at(self) -> "_Places":
        return _places(self._times, "times")

    def _located(
        self, rows: Int64[np.ndarray, "n"], places: "_Places", parts: tuple[Part, ...], name: str
    ) -> tuple[Int64[np.ndarray, "n"], Int64[np.ndarray, "n_and_one"]]:
        """The address of each row's bytes in a binary column, and the offsets of their lengths."""
        addresses, ends, damaged = kernel.locate(rows, *places)
        if damaged >= 0:
            row = int(rows[damaged])
            part = int(np.searchsorted(places.starts, row, side="right")) - 1
            raise StoreError(
                f"{self.path / parts[part].name}: expected the {name} of its row {row - places.starts[part]} inside the "
                "file, found an offset that leads out of it: damaged"
            )
        return addresses, ends


class _Places(NamedTuple):
    """Where a binary column lies in memory, part by part: what `kernel.locate` takes."""

    starts: Int64[np.ndarray, "parts_and_one"]  # first row of each part
    offsets: Int64[np.ndarray, "parts 2"]  # address and size of its offsets
    values: Int64[np.ndarray, "parts 2"]  # of its bytes


def _places(batches: list[pa.RecordBatch], name: str) -> _Places:
    buffers = [batch.column(name).buffers()[1:] for batch in batches]
    offsets, values = (_spans(column) for column in (list(zip(*buffers, strict=True)) or [(), ()]))
    return _Places(_starts(batches), offsets, values)


def _spans(buffers: Iterable[pa.Buffer | None]) -> Int64[np.ndarray, "buffers 2"]:
    """The address and the size of each buffer."""
    spans = [(buffer.address, buffer.size) if buffer else (0, 0) for buffer in buffers]
    return np.array(spans, np.int64).reshape(-1, 2)


def _starts(parts: list[pa.RecordBatch]) -> Int64[np.ndarray, "parts_and_one"]:
    return np.concatenate([[0], np.cumsum([len(part) for part in parts], dtype=np.int64)]).astype(np.int64)


def _mapped(folder: Path, part: Part, schema: pa.Schema) -> pa.RecordBatch:
    """The one record batch of an Arrow file, memory-mapped."""
    path = folder / part.name
    if not path.is_file():
        raise StoreError(f"{path}: expected a part of the store, found no such file")
    size = path.stat().st_size
    if size != part.bytes:
        raise StoreError(f"{path}: expected {part.bytes} bytes as the card says, found {size}: damaged or truncated")
    try:
        file = pa.ipc.open_file(pa.memory_map(str(path)))
        batch = file.get_batch(0)
        batch.validate()  # the columns' sizes; what stands inside them is checked as it is read
    except (pa.ArrowInvalid, pa.ArrowIndexError, OSError) as error:
        raise StoreError(f"{path}: expected an Arrow file, found a damaged one ({error})") from error
    if not file.schema.equals(schema) or file.num_record_batches != 1 or len(batch) != part.rows:
        raise StoreError(
            f"{path}: expected one batch of {part.rows} rows with the columns {schema.names}, "
            f"found {file.num_record_batches} of {len(batch)} rows with {file.schema.names}"
        )
    return batch


def mapped_keys(folder: Path, part: Part) -> tuple[UInt64[np.ndarray, "rows"], Bool[np.ndarray, "rows"]]:
    """The key_ids of a part (0 where null), and whether each row has one, without reading anything else."""
    column = _mapped(folder, part, SCHEMA).column("key_id")
    if not column.null_count:
        return column.to_numpy(), np.ones(len(column), bool)
    return np.asarray(column.fill_null(0)), np.asarray(column.is_valid())


def records_of_part(folder: Path, drawings: Part, times: Part | None) -> tuple[Records, UInt8[np.ndarray, "rows"]]:
    """All rows of one part of a store, and their splits."""
    labels = tuple(sorted(_mapped(folder, drawings, SCHEMA).column("label").dictionary.to_pylist()))
    card = Card(drawings.rows, labels, {}, {}, "", (), (drawings,), () if times is None else (times,), {})
    batches = [] if times is None else [_mapped(folder, times, TIMES_SCHEMA)]
    store = Store(folder, card, [_mapped(folder, drawings, SCHEMA)], batches)
    return store.records(np.arange(drawings.rows)), store.split
