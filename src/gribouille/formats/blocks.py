"""Files of lines, of any size, cut into blocks of whole lines that a kernel parses at once.

In comes a stream (anything with `readinto`), out come `Block`s in one buffer that is used again and again: memory does
not grow with the file, and a block is gone when the next one is asked for. What is no line becomes a `Fault`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from gribouille.formats.records import DamagedError, Fault, shown
from gribouille.formats.swar_kernel import SLACK

BLOCK_BYTES = 4 << 20  # text parsed at once: threads that share an interpreter meet less often in larger ones
MAX_LINE_BYTES = 16 << 20  # far above any drawing of MAX_POINTS points
SEARCHED_BYTES = 1 << 14  # read at once while the first whole line of a stretch is looked for
MAX_BLOCK_LINES = 1 << 14  # so that a block of nothing but short bad lines makes no million faults at once


@runtime_checkable
class ByteStream(Protocol):
    """Where bytes come from; raw files and gzip files have this too."""

    def readinto(self, buffer: Any, /) -> int | None:
        """Fills the buffer from its start; the number of bytes, 0 at the end. Raises DamagedError."""


class Chunks:
    """Chunks of bytes, end to end, as a stream."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer from the next chunks; the number of bytes, 0 at the end."""
        view = memoryview(buffer)
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        size = min(len(view), len(self._rest))
        view[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


class Lines:
    """Of a file, the lines whose first byte is in start … stop − 1, whole: stretches that meet share no line and lose none.

    `before` must give the file's bytes from `start − 1` (from 0 where start is 0) to `stop`, `after` those from `stop` on.
    """

    def __init__(self, before: ByteStream, after: ByteStream, start: int) -> None:
        self._before, self._after = before, after
        self._inside = start == 0  # whether the first line that is ours has begun
        self._ends_line = True  # whether the last byte given (or skipped) is a newline
        self._ended = False
        self.skipped = 0  # bytes of the line that began before start, after start

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer; the number of bytes, 0 at the end."""
        view = memoryview(buffer).cast("B")
        while not self._ended:
            size = self._before.readinto(view if self._inside else view[:SEARCHED_BYTES]) or 0
            if size == 0:
                self._ended = True
                break
            if self._inside:
                self._ends_line = view[size - 1] == 10
                return size
            first = bytes(view[:size]).find(b"\n") + 1
            self.skipped += first or size
            if first:
                self._inside = True
                if first < size:
                    view[: size - first] = bytes(view[first:size])
                    self._ends_line = view[size - first - 1] == 10
                    return size - first
        return self._last_line(view)

    def _last_line(self, view: memoryview) -> int:
        """The bytes of a line that is ours and goes on after stop."""
        if not self._inside or self._ends_line:
            return 0
        size = self._after.readinto(view) or 0
        stop = bytes(view[:size]).find(b"\n") + 1
        self._ends_line = size == 0 or stop > 0
        return stop or size


@dataclass(frozen=True, eq=False)
class Block:
    """Whole lines of a file; valid until the next block is asked for."""

    offset: int  # in the stream
    first_line: int  # 1-based
    text: np.ndarray  # uint8: size bytes, the last a newline, and at least SLACK more
    size: int
    lines: int

    def bytes_at(self, start: int, stop: int) -> bytes:
        """A stretch of the text."""
        return self.text[start:stop].tobytes()

    def without_first_line(self) -> "Block":
        """The block from its second line on: without a header."""
        size = len(self.line_at(0)) + 1
        return Block(self.offset + size, self.first_line + 1, self.text[size:], self.size - size, self.lines - 1)

    def line_at(self, at: int) -> bytes:
        """The text from `at` to the end of its line, without the newline."""
        stop = at
        while True:  # a line is a few hundred bytes, a block millions
            found = self.bytes_at(stop, min(stop + 1024, self.size)).find(b"\n")
            if found >= 0:
                return self.bytes_at(at, stop + found)
            stop += 1024


def blocks(stream: ByteStream, block_bytes: int = BLOCK_BYTES) -> Iterator[Block | Fault]:
    """The lines of a stream in blocks of up to `block_bytes` (more for a longer line).

    A line above MAX_LINE_BYTES is a fault, as is the end of a stream that is damaged, with the line it broke.
    """
    buffer = bytearray(block_bytes + SLACK)
    filled, offset, first_line = 0, 0, 1
    passing: Fault | None = None  # over the rest of a line that is too long
    ended = False
    while not ended:
        size, damage = _fill(stream, memoryview(buffer)[filled : len(buffer) - SLACK])
        filled += size
        ended = damage is not None or filled < len(buffer) - SLACK
        if passing is not None:
            passed = buffer.find(b"\n", 0, filled) + 1
            filled = _dropped(buffer, filled, passed or filled)
            offset += size - filled
            if not passed and not ended:
                continue
            yield passing
            passing = None
            first_line += 1
        cut = buffer.rfind(b"\n", 0, filled) + 1
        if ended and damage is None and cut < filled:
            buffer[filled] = 10  # the last line need not end with a newline
            cut = filled = filled + 1
        if cut:
            for block in _few_lines(Block(offset, first_line, np.frombuffer(buffer, np.uint8), cut, 0)):
                yield block
                first_line += block.lines
            offset += cut
            filled = _dropped(buffer, filled, cut)
        elif not ended and filled < MAX_LINE_BYTES:
            longer = bytearray(min(2 * filled, MAX_LINE_BYTES) + SLACK)
            longer[:filled] = buffer[:filled]
            buffer = longer
        elif not ended:
            passing = Fault(
                offset, first_line, f"a line of at most {MAX_LINE_BYTES} bytes", "more", shown(buffer[:999])
            )
            offset += filled
            filled = 0
        if damage is not None:
            yield Fault(offset, first_line, "a whole file", f"a damaged one ({damage})", shown(buffer[:filled]))


def _few_lines(block: Block) -> Iterator[Block]:
    """The block, in several where it has more lines than MAX_BLOCK_LINES, with its lines counted."""
    ends = block.text[: block.size] == 10
    lines = int(np.count_nonzero(ends))
    if lines <= MAX_BLOCK_LINES:
        yield replace(block, lines=lines)
        return
    begin, line = 0, 0
    for end in (*(np.flatnonzero(ends)[MAX_BLOCK_LINES - 1 :: MAX_BLOCK_LINES] + 1).tolist(), block.size):
        if end > begin:
            held = min(MAX_BLOCK_LINES, lines - line)
            text = block.text[begin:]
            yield Block(block.offset + begin, block.first_line + line, text, end - begin, held)
            begin, line = end, line + held


def _dropped(buffer: bytearray, filled: int, count: int) -> int:
    """Moves what is left of a buffer after its first `count` bytes to its start; how much that is."""
    buffer[: filled - count] = buffer[count:filled]
    return filled - count


def _fill(stream: ByteStream, view: memoryview) -> tuple[int, DamagedError | None]:
    """Fills the view as far as the stream goes; the number of bytes, and what stopped it before its end."""
    size = 0
    try:
        while size < len(view):
            read = stream.readinto(view[size:])
            if not read:
                break
            size += read
    except DamagedError as damage:
        return size, damage
    return size, None
