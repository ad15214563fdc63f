"""What a plan will take: bytes, room on the disk, and time at a rate measured just now."""

import time
from dataclasses import dataclass

from gribouille.fetch.folder import FetchError, alone, free_bytes
from gribouille.fetch.listing import Plan
from gribouille.fetch.rows import RowCounter
from gribouille.sources import SourceFile, reader

SAMPLE = 4 << 20  # bytes, at most


@dataclass(frozen=True)
class Forecast:
    """What fetching will take, as far as that can be known."""

    bytes: int  # still to come; an estimate where rows are counted
    free: int  # bytes on the folder's disk
    sampled: int  # bytes that came by the one request on which the rate was measured; 0: it was not
    rate: float  # bytes/s of that request

    @property
    def seconds(self) -> float:
        """With one request at a time, as it was measured."""
        return self.bytes / self.rate if self.rate else 0.0


def forecast(plan: Plan) -> Forecast:
    """Measures the rate on the next bytes of a file, which are kept. Raises FetchError where the disk is too small."""
    if not plan.missing:
        return Forecast(0, free_bytes(plan.out), 0, 0.0)
    with alone(plan.out):
        file = max(plan.missing, key=lambda each: each.bytes - plan.part(each).size())
        octets, seconds = _sample(plan, file)
        expected = _expected(plan, octets)
        missing = sum(max(0, size - plan.part(each).size()) for each, size in zip(plan.missing, expected, strict=True))
    free = free_bytes(plan.out)
    if missing > free:
        raise FetchError(f"{plan.out}: expected {missing / 1e9:.2f} GB of free space, found {free / 1e9:.2f} GB")
    return Forecast(missing, free, len(octets), len(octets) / seconds)


def _sample(plan: Plan, file: SourceFile) -> tuple[bytes, float]:
    """The next bytes of the file, no more than are wanted, and the seconds they took; they are appended to its part."""
    part, rows = plan.part(file), plan.options.rows
    part.begin()
    start = part.size()
    wanted = SAMPLE if rows is None else min(SAMPLE, rows * plan.options.published.row_bytes)
    opened = reader(file, plan.options.policy)
    try:
        began = time.perf_counter()
        octets = opened.read(start, min(start + wanted, file.bytes))
        seconds = time.perf_counter() - began
    finally:
        opened.close()
    with part.path.open("ab") as target:
        target.write(octets)
    return octets, seconds


def _expected(plan: Plan, octets: bytes) -> list[int]:
    """About how many bytes of each missing file are wanted. `octets` may start within a row: of many that is little."""
    rows, kind = plan.options.rows, plan.options.published.rows
    if rows is None or kind is None:
        return [file.bytes for file in plan.missing]
    counter = RowCounter(kind, rows)
    counter.add(octets)
    row_bytes = counter.stop / counter.rows if counter.rows else plan.options.published.row_bytes
    return [min(file.bytes, round(rows * row_bytes)) for file in plan.missing]
