"""Consecutive bytes of a file of drawings → how many rows they hold and where the last of them ends."""

import struct
from typing import Literal

RowKind = Literal["lines", "records"]


class RowCounter:
    """Counts rows, up to a number: lines, or records of Google's binary form."""

    def __init__(self, kind: RowKind, wanted: int) -> None:
        self.kind = kind
        self.wanted = wanted
        self.rows = 0
        self.seen = 0  # bytes
        self.stop = 0  # where the last counted row ends
        self.rest = b""  # of a row that is not yet whole

    @property
    def full(self) -> bool:
        """Whether all wanted rows have been seen."""
        return self.rows >= self.wanted

    def add(self, octets: bytes) -> None:
        """Counts on in the next bytes, until there are enough."""
        base = self.seen - len(self.rest)
        self.seen += len(octets)
        octets = self.rest + octets
        stop = 0
        while not self.full and (found := _row_stop(octets, stop, self.kind)):
            stop = found
            self.rows += 1
        self.stop = base + stop
        self.rest = octets[stop:]


def _row_stop(octets: bytes, start: int, kind: RowKind) -> int:
    """Where the row that starts there ends; 0 where it does not."""
    return octets.find(b"\n", start) + 1 if kind == "lines" else _record_stop(octets, start)


def _record_stop(octets: bytes, start: int) -> int:
    """The same of a record of Google's binary form.

    Little-endian: key_id u64, country 2 letters, recognized u8, timestamp u32, number of strokes u16, then for each its
    number of points u16, x u8 each, y u8 each (github.com/googlecreativelab/quickdraw-dataset).
    """
    at = start + 15
    if at + 2 > len(octets):
        return 0
    (strokes,) = struct.unpack_from("<H", octets, at)
    at += 2
    for _ in range(strokes):
        if at + 2 > len(octets):
            return 0
        at += 2 + 2 * struct.unpack_from("<H", octets, at)[0]
    return at if at <= len(octets) else 0
