"""What every format's reader gives and every writer takes: a batch of drawings with what is known about each.

Columns, one value a row, in the order of the file. Null is said beside the value where the value has no room for it:
`keyed`, `timed`; −1 in `label`, `country` and `recognized`; `NO_TIMESTAMP` in `timestamp`.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from jaxtyping import Bool, Int8, Int32, Int64, UInt8, UInt32, UInt64

from gribouille import packing_kernel
from gribouille.drawing import Drawings

NO_TIMESTAMP = int(np.iinfo(np.int64).min)  # numpy's and Arrow's not-a-time
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # what timestamps count from
UNKNOWN_WORD = "one of the known words"  # what is expected where a word is none of them
SHOWN = 200  # characters of a bad row that its fault quotes


class FormatError(ValueError):
    """A file that is not what its format says; the message names file, line, what was expected and what was found."""


class DamagedError(FormatError):
    """A file that cannot be read on: `offset` bytes of its content came before and are good."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, eq=False)
class Records:
    """A batch of drawings and their scalar fields."""

    packed: UInt8[np.ndarray, "bytes"]  # the drawings end to end, in the form of gribouille.packing_kernel
    offsets: Int64[np.ndarray, "rows_and_one"]  # of each drawing's bytes
    times: UInt32[np.ndarray, "timed_points"]  # ms since the first point, one a kept point, timed rows end to end
    timed: Bool[np.ndarray, "rows"]
    label: Int32[np.ndarray, "rows"]  # index into labels, −1 where the file does not tell the word
    labels: tuple[str, ...]  # in order of first appearance
    country: Int32[np.ndarray, "rows"]  # index into countries, −1 where null
    countries: tuple[str, ...]
    recognized: Int8[np.ndarray, "rows"]  # 1 true, 0 false, −1 null
    timestamp: Int64[np.ndarray, "rows"]  # µs since 1970-01-01 UTC
    key_id: UInt64[np.ndarray, "rows"]  # 0 where null
    keyed: Bool[np.ndarray, "rows"]
    start: Int64[np.ndarray, "rows"]  # offset of the row's first byte in the file (unzipped), −1 where it has none
    refused_times: int = 0  # rows whose drawing is good and whose t is not (it decreases): kept without times

    @classmethod
    def of(cls, drawings: Drawings, **columns: Any) -> "Records":
        """Records of drawings that are not packed yet; a column left out is null in every row."""
        rows = len(drawings)
        nothing = {
            "times": np.zeros(0, np.uint32),
            "timed": np.zeros(rows, bool),
            "label": np.full(rows, -1, np.int32),
            "labels": (),
            "country": np.full(rows, -1, np.int32),
            "countries": (),
            "recognized": np.full(rows, -1, np.int8),
            "timestamp": np.full(rows, NO_TIMESTAMP),
            "key_id": np.zeros(rows, np.uint64),
            "keyed": np.zeros(rows, bool),
            "start": np.full(rows, -1),
        }
        packed, offsets = packing_kernel.pack(drawings.points, drawings.offsets)
        return cls(packed, offsets, **nothing | columns)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.label)

    @property
    def drawings(self) -> Drawings:
        """The drawings, unpacked."""
        return Drawings(*packing_kernel.unpack(self.packed, self.offsets))

    @property
    def points(self) -> Int64[np.ndarray, "rows"]:
        """The number of points of each drawing."""
        return 8 * np.diff(self.offsets) // 17

    def take(self, rows: Int64[np.ndarray, "taken"]) -> "Records":
        """These rows, increasing, as copies. `refused_times` stays: it tells of the file."""
        packed, offsets = packing_kernel.taken(self.packed, self.offsets, rows)
        kept = np.zeros(len(self), bool)
        kept[rows] = True
        return replace(
            self,
            packed=packed,
            offsets=offsets,
            times=self.times[np.repeat(kept[self.timed], self.points[self.timed])],
            timed=self.timed[rows],
            label=self.label[rows],
            country=self.country[rows],
            recognized=self.recognized[rows],
            timestamp=self.timestamp[rows],
            key_id=self.key_id[rows],
            keyed=self.keyed[rows],
            start=self.start[rows],
        )


@dataclass(frozen=True)
class Fault:
    """A row that could not be read: where it stands, what was expected and found, and how it begins."""

    offset: int  # of the row's first byte in the file (unzipped, where it is zipped)
    line: int | None  # 1-based; None in formats without lines
    expected: str  # what was expected: faults are counted by it
    found: str  # what was found instead, and where in the row
    text: str  # the row, or its first SHOWN characters
    place: str = ""  # where in the drawing: "stroke 2, point 5: "

    @property
    def reason(self) -> str:
        """The fault in a sentence."""
        return f"{self.place}expected {self.expected}, found {self.found}"

    def error(self, name: str) -> FormatError:
        """The fault as the error of a reader that takes no bad rows; `name` is the file's."""
        return FormatError(f"{name}{f', byte {self.offset}' if self.line is None else f':{self.line}'}: {self.reason}")


@dataclass(frozen=True, eq=False)
class Parsed:
    """What a reader makes of a stretch of a file: the good rows, and the faults of the others, both in its order."""

    records: Records
    faults: list[Fault] = field(default_factory=list)

    def strict(self, name: str) -> Records:
        """The records, where there is no fault. Raises FormatError for the first one; `name` is the file's."""
        if self.faults:
            raise self.faults[0].error(name)
        return self.records


def shown(row: bytes | bytearray) -> str:
    """The beginning of a row for a fault: whatever its bytes, it is text."""
    return row[: 4 * SHOWN].decode(errors="backslashreplace")[:SHOWN]
