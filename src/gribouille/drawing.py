"""The vocabulary of Gribouille: what a drawing is, and the few pure functions from drawing to drawing.

In come `Strokes`, the outside world's form (any unit, y down, t in ms); out goes a `Drawing`, the only form that the
store, the augmentations and the nets know (unit: 1/255 of the longer side of the bounding box). `canonical` is the one
door between them. All arithmetic is IEEE float64 with +, −, ×, ÷ and √ only, one rounding per operation, so that the
numba kernel (`bulk_kernel`) and the page (`web/src/recognise/canonical.ts`) give the same bits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64, UInt8, UInt32

SIDE = 255  # units: the longer side of a drawing's bounding box
EPSILON = 2.0  # units: Google's Ramer–Douglas–Peucker tolerance (../shared/data/README.md)
MAX_POINTS = 20_000  # points in one drawing; Quick, Draw!'s longest raw ones stay under 10,000

Strokes: TypeAlias = Sequence[Sequence[Sequence[float]]]
# A leading underscore: lengths may differ between the arrays of one signature.
Drawing: TypeAlias = UInt8[np.ndarray, "_points 3"]
Times: TypeAlias = UInt32[np.ndarray, "points"]
Polyline: TypeAlias = Float64[np.ndarray, "_points _columns"]  # columns x, y and, where known, t


class StrokesError(ValueError):
    """Strokes that are no drawing; `stroke` and `point` (0-based, None where it is not one alone) say where."""

    def __init__(self, message: str, stroke: int | None = None, point: int | None = None) -> None:
        place = "" if stroke is None else f"stroke {stroke}" + ("" if point is None else f", point {point}") + ": "
        super().__init__(place + message)
        self.stroke = stroke
        self.point = point


@dataclass(frozen=True, eq=False)
class Drawings:
    """Many drawings end to end, the form that whole-batch kernels take and give: drawing i is rows offsets[i]:offsets[i+1]."""

    points: UInt8[np.ndarray, "total 3"]
    offsets: Int64[np.ndarray, "drawings_and_one"]

    @classmethod
    def of(cls, drawings: Sequence[Drawing]) -> "Drawings":
        """The same drawings end to end."""
        offsets = np.zeros(len(drawings) + 1, np.int64)
        np.cumsum([len(drawing) for drawing in drawings], out=offsets[1:])
        points = np.concatenate(drawings) if len(drawings) else np.zeros((0, 3), np.uint8)
        return cls(points, offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> Drawing:
        if not 0 <= index < len(self):
            raise IndexError(f"drawing {index} of {len(self)}")
        return self.points[self.offsets[index] : self.offsets[index + 1]]

    def __iter__(self) -> Iterator[Drawing]:
        return (self[index] for index in range(len(self)))


def canonical(strokes: Strokes) -> Drawing:
    """The drawing of raw strokes, by Google's published simplification.

    Shift to a minimum of 0, scale the longer side to 255, resample every stroke at 1-unit arc length keeping its last
    point, Ramer–Douglas–Peucker with ε = 2 (distance to the line), round half to even; a dot becomes two equal points.
    Not idempotent: apply it to raw strokes, exactly once. Source: github.com/googlecreativelab/quickdraw-dataset,
    "Simplified Drawing files". Raises StrokesError where the strokes are no drawing.
    """
    return canonical_with_times(strokes)[0]


def canonical_with_times(strokes: Strokes) -> tuple[Drawing, Times | None]:
    """`canonical` and, where every stroke has its t, the time of each kept point in ms since the drawing's first point."""
    polylines = checked_strokes(strokes)
    low, scale = _frame(polylines)
    kept = [simplify(_resample(_scaled(polyline, low, scale))) for polyline in polylines]
    drawing = _joined([stroke[:, :2] for stroke in kept])
    if polylines[0].shape[1] == 2:
        return drawing, None
    milliseconds = np.concatenate([stroke[:, 2] for stroke in kept]) - polylines[0][0, 2]
    return drawing, np.rint(milliseconds).astype(np.uint32)


def drawing_of(strokes: Strokes) -> Drawing:
    """The drawing of strokes that are simplified already (integers 0…255), unchanged. Raises StrokesError otherwise."""
    polylines = checked_strokes(strokes)
    for index, polyline in enumerate(polylines):
        xy = polyline[:, :2]
        bad = ((xy < 0) | (xy > SIDE) | (xy != np.rint(xy))).any(axis=1)
        if bad.any():
            point = int(bad.argmax())
            x, y = xy[point]
            raise StrokesError(f"expected integers from 0 to {SIDE}, found ({x:g}, {y:g})", index, point)
    return _joined([polyline[:, :2] for polyline in polylines])


def strokes_of(drawing: Drawing) -> list[list[list[int]]]:
    """The strokes [[x…], [y…]] of a drawing: the inverse of `drawing_of`."""
    return [[stroke[:, 0].tolist(), stroke[:, 1].tolist()] for stroke in split_strokes(drawing)]


def split_strokes(drawing: Drawing) -> list[Drawing]:
    """Every stroke's points, as they stand in the drawing."""
    return np.split(drawing, np.flatnonzero(drawing[:, 2] == 0)[1:])


def prefix(drawing: Drawing, fraction: float) -> Drawing:
    """The drawing as it stood when `fraction` (0 < fraction ≤ 1) of its ink was drawn, boxed like a fresh drawing.

    Ink is the length of the strokes in drawing order; the segment in which it runs out is cut there. A dot costs no
    ink: one that precedes the cut stays. A drawing without length is returned whole. Raises ValueError for a fraction
    out of range.
    """
    if not 0 < fraction <= 1:
        raise ValueError(f"fraction: expected 0 < fraction ≤ 1, found {fraction}")
    xy = drawing[:, :2].astype(np.float64)
    length = np.cumsum(segment_lengths(xy, drawing[:, 2] == 1))
    total = length[-1]
    if fraction == 1 or total == 0:
        return drawing.copy()
    ink = fraction * total
    last = int(np.searchsorted(length, ink))  # the first point at which the ink is spent
    kept = xy[: last + 1].copy()
    begun = length[last - 1]
    part = (ink - begun) / (length[last] - begun)
    kept[last] = kept[last - 1] + part * (kept[last] - kept[last - 1])
    return _rounded(box(kept), drawing[: last + 1, 2])


def box(points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "points 2"]:
    """The points shifted to a minimum of 0 and scaled until the longer side is 255; without extent, all at 0."""
    shifted = points - points.min(axis=0)
    extent = shifted.max()
    return np.asarray(shifted * (SIDE / extent)) if extent > 0 else shifted


def segment_lengths(
    xy: Float64[np.ndarray, "points 2"], continues: Bool[np.ndarray, "points"]
) -> Float64[np.ndarray, "points"]:
    """The length of the segment that ends at each point, 0 at the start of a stroke."""
    step = np.diff(xy, axis=0, prepend=xy[:1])
    return np.where(continues, np.sqrt(step[:, 0] * step[:, 0] + step[:, 1] * step[:, 1]), 0.0)


def checked_strokes(strokes: Any) -> list[Polyline]:
    """The strokes as float64 arrays of columns x, y (and t where all have it).

    Takes anything, as it comes from JSON: this is where the outside world enters. Raises StrokesError naming the place.
    """
    if isinstance(strokes, str) or not isinstance(strokes, Sequence | np.ndarray):
        raise StrokesError(f"expected a list of strokes, found {type(strokes).__name__}")
    if len(strokes) == 0:
        raise StrokesError("expected at least one stroke, found none")
    polylines = [_checked_stroke(stroke, index) for index, stroke in enumerate(strokes)]
    total = sum(len(polyline) for polyline in polylines)
    if total > MAX_POINTS:
        raise StrokesError(f"expected at most {MAX_POINTS} points in a drawing, found {total}")
    timed = [polyline.shape[1] == 3 for polyline in polylines]
    if any(timed) and not all(timed):
        raise StrokesError("expected times in every stroke or in none, found none here", timed.index(False))
    if all(timed):
        _check_times(polylines)
    return polylines


def _checked_stroke(stroke: Any, index: int) -> Polyline:
    if isinstance(stroke, str) or not isinstance(stroke, Sequence | np.ndarray) or len(stroke) not in (2, 3):
        raise StrokesError("expected [[x…], [y…]] or [[x…], [y…], [t…]]", index)
    try:
        columns = [np.asarray(column, dtype=np.float64) for column in stroke]
    except (TypeError, ValueError, OverflowError) as error:
        raise StrokesError(f"expected lists of numbers ({error})", index) from error
    if any(column.ndim != 1 for column in columns):
        raise StrokesError("expected flat lists of numbers", index)
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        raise StrokesError(f"expected lists of equal length, found {lengths}", index)
    if lengths[0] == 0:
        raise StrokesError("expected at least one point, found none", index)
    polyline = np.stack(columns, axis=1)
    bad = ~np.isfinite(polyline).all(axis=1)
    if bad.any():
        point = int(bad.argmax())
        raise StrokesError(f"expected finite numbers, found {polyline[point].tolist()}", index, point)
    return polyline


def _check_times(polylines: list[Polyline]) -> None:
    before = polylines[0][0, 2]
    for index, polyline in enumerate(polylines):
        times = polyline[:, 2]
        bad = np.diff(times, prepend=before) < 0
        if bad.any():
            point = int(bad.argmax())
            raise StrokesError(f"expected t that never decreases, found {times[point]:g} ms", index, point)
        before = times[-1]
    if before - polylines[0][0, 2] > np.iinfo(np.uint32).max:
        raise StrokesError(f"expected a drawing of at most {np.iinfo(np.uint32).max} ms", len(polylines) - 1)


def _frame(polylines: list[Polyline]) -> tuple[Float64[np.ndarray, "2"], float]:
    """The minimum of x and y over the whole drawing, and the factor from its unit to 1/255 of the longer side."""
    low = np.min([polyline[:, :2].min(axis=0) for polyline in polylines], axis=0)
    high = np.max([polyline[:, :2].max(axis=0) for polyline in polylines], axis=0)
    extent = float((high - low).max())
    scale = SIDE / extent if extent > 0 else 0.0
    if not (np.isfinite(extent) and np.isfinite(scale)):
        raise StrokesError(f"expected a drawing of finite extent, found {extent:g} and a scale of {scale:g}")
    return low, scale


def _scaled(polyline: Polyline, low: Float64[np.ndarray, "2"], scale: float) -> Polyline:
    scaled = polyline.copy()
    scaled[:, :2] = (polyline[:, :2] - low) * scale
    return scaled


def _resample(stroke: Polyline) -> Polyline:
    """The points at arc length 0, 1, 2, … of a stroke and its last point; t is interpolated like x and y."""
    step = np.diff(stroke[:, :2], axis=0)
    length = np.concatenate([[0.0], np.cumsum(np.sqrt(step[:, 0] * step[:, 0] + step[:, 1] * step[:, 1]))])
    whole = np.arange(np.ceil(length[-1]))  # 0, 1, … strictly before the last point
    segment = np.searchsorted(length, whole, side="right") - 1
    part = (whole - length[segment]) / (length[segment + 1] - length[segment])
    between = stroke[segment] + part[:, None] * (stroke[segment + 1] - stroke[segment])
    return np.concatenate([between, stroke[-1:]])


def simplify(stroke: Polyline) -> Polyline:
    """The points that Ramer–Douglas–Peucker keeps: a span is split at its farthest point from the line through its ends."""
    last = len(stroke) - 1
    keep = np.zeros(last + 1, bool)
    keep[[0, last]] = True
    spans = [(0, last)]
    while spans:
        first, end = spans.pop()
        if end - first < 2:
            continue
        distance = _distance_to_line(stroke[first + 1 : end, :2], stroke[first, :2], stroke[end, :2])
        farthest = int(distance.argmax())
        if distance[farthest] > EPSILON:
            middle = first + 1 + farthest
            keep[middle] = True
            spans += [(first, middle), (middle, end)]
    return stroke[keep] if last else np.repeat(stroke, 2, axis=0)


def _distance_to_line(
    points: Float64[np.ndarray, "points 2"], start: Float64[np.ndarray, "2"], end: Float64[np.ndarray, "2"]
) -> Float64[np.ndarray, "points"]:
    """The distance to the infinite line through start and end; to start itself where the two coincide."""
    dx, dy = end - start
    x, y = (points - start).T
    length = np.sqrt(dx * dx + dy * dy)
    if length == 0:
        return np.asarray(np.sqrt(x * x + y * y))
    return np.asarray(np.abs(dx * y - dy * x) / length)


def _joined(strokes: list[Float64[np.ndarray, "_ 2"]]) -> Drawing:
    pen = np.concatenate([np.minimum(np.arange(len(stroke)), 1) for stroke in strokes])
    return _rounded(np.concatenate(strokes), pen)


def _rounded(xy: Float64[np.ndarray, "points 2"], pen: np.ndarray) -> Drawing:
    drawing = np.empty((len(xy), 3), np.uint8)
    drawing[:, :2] = np.rint(xy)
    drawing[:, 2] = pen
    return drawing
