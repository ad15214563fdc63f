"""What every format's reader gives and every writer takes: a batch of drawings with what is known about each.

Columns, one value a row, in the order of the file. Null is said beside the value where the value has no room for it:
`keyed`, `timed`; −1 in `country` and `recognized`; `NO_TIMESTAMP` in `timestamp`.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int8, Int32, Int64, UInt32, UInt64

from gribouille.drawing import Drawings

NO_TIMESTAMP = int(np.iinfo(np.int64).min)  # numpy's and Arrow's not-a-time


class FormatError(ValueError):
    """A file that is not what its format says; the message names file, line, what was expected and what was found."""


@dataclass(frozen=True, eq=False)
class Records:
    """A batch of drawings and their scalar fields."""

    drawings: Drawings
    times: UInt32[np.ndarray, "timed_points"]  # ms since the first point, one a kept point, timed rows end to end
    timed: Bool[np.ndarray, "rows"]
    label: Int32[np.ndarray, "rows"]  # index into labels
    labels: tuple[str, ...]  # in order of first appearance
    country: Int32[np.ndarray, "rows"]  # index into countries, −1 where null
    countries: tuple[str, ...]
    recognized: Int8[np.ndarray, "rows"]  # 1 true, 0 false, −1 null
    timestamp: Int64[np.ndarray, "rows"]  # µs since 1970-01-01 UTC
    key_id: UInt64[np.ndarray, "rows"]  # 0 where null
    keyed: Bool[np.ndarray, "rows"]
    refused_times: int = 0  # rows whose drawing is good and whose t is not (it decreases): kept without times

    def __len__(self) -> int:
        return len(self.label)

    def part(self, start: int, stop: int) -> "Records":
        """Rows start to stop (without the last), as views."""
        rows = slice(start, stop)
        offsets = self.drawings.offsets
        points = self.drawings.points[offsets[start] : offsets[stop]]
        kept = np.concatenate([[0], np.cumsum(np.where(self.timed, np.diff(offsets), 0))])
        return Records(
            drawings=Drawings(points, offsets[start : stop + 1] - offsets[start]),
            times=self.times[kept[start] : kept[stop]],
            timed=self.timed[rows],
            label=self.label[rows],
            labels=self.labels,
            country=self.country[rows],
            countries=self.countries,
            recognized=self.recognized[rows],
            timestamp=self.timestamp[rows],
            key_id=self.key_id[rows],
            keyed=self.keyed[rows],
        )
