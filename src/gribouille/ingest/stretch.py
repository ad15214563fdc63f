"""A stretch of a source file → its records and faults, batch by batch, whatever the format and wherever the file lies."""

import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gribouille.formats.blocks import BLOCK_BYTES, ByteStream, Chunks, Lines
from gribouille.formats.reading import Kind, chunks_of, parsed_lines
from gribouille.formats.reading import parsed as parsed_stream
from gribouille.formats.records import Parsed
from gribouille.formats.rows import Words
from gribouille.sources import SourceError, SourceFile
from gribouille.sources import stream as bytes_of

TAIL_BYTES = 1 << 16  # read at once of the line that goes on after a stretch


@dataclass
class Read:
    """What reading a stretch has shown so far: its bytes, the newlines in the lines that are its own, its checksum."""

    bytes: int = 0
    lines: int = 0
    hash: Any = field(default_factory=hashlib.sha256)


def parsed_of(
    file: SourceFile,
    kind: Kind,
    start: int,
    stop: int,
    words: Words,
    read: Read,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[Parsed]:
    """The drawings of bytes start … stop − 1 of a file (all of it unless kind.splits), in its order, counted in `read`.

    A batch is valid until the next one is asked for. Raises SourceError where the file cannot be read.
    """
    if kind.splits:
        # One byte more before: only it tells whether a line starts at `start`.
        before = _Hashed(opened(file, max(start - 1, 0), stop), read, skipped=min(start, 1))
        lines = Lines(before, Chunks(_tail(file, stop)), start)
        for parsed, read.lines in parsed_lines(lines, kind, file.name, words, block_bytes, start):
            yield parsed
        return
    stream = _Hashed(opened(file, 0, file.bytes), read)
    yield from parsed_stream(stream, kind, file.name, words, block_bytes)
    for _ in chunks_of(stream):  # what a damaged file still holds: its checksum is of all of it
        pass


def opened(file: SourceFile, start: int, stop: int) -> ByteStream:
    """The bytes start … stop − 1 of a file as a stream. Raises SourceError, also while it is read."""
    if file.local:
        return _LocalBytes(file, start, stop)
    return Chunks(bytes_of(file, start, stop))


class _LocalBytes(io.RawIOBase):
    """A stretch of a local file, read straight into the buffer that it is asked to fill."""

    def __init__(self, file: SourceFile, start: int, stop: int) -> None:
        self._source = file
        self._file = open(file.url, "rb", buffering=0)  # noqa: SIM115, PTH123 - closed at the stretch's end
        found = os.fstat(self._file.fileno())
        if (found.st_size, str(found.st_mtime_ns)) != (file.bytes, file.version):
            self._file.close()
            raise SourceError(f"{file.url}: expected the file as it was first found, found it changed since then")
        self._file.seek(start)
        self._left = stop - start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = self._file.readinto(memoryview(buffer)[: self._left]) if self._left else 0
        if not size:
            self._file.close()
            if self._left:
                raise SourceError(f"{self._source.url}: expected {self._left} more bytes, found its end: it was cut")
        self._left -= size
        return size

    def close(self) -> None:
        self._file.close()
        super().close()


class _Hashed(io.RawIOBase):
    """A stream that is counted and hashed on the way, from its `skipped`th byte on."""

    def __init__(self, stream: ByteStream, read: Read, skipped: int = 0) -> None:
        self._stream, self._read, self._skipped = stream, read, skipped

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        size = self._stream.readinto(view) or 0
        fresh = view[min(self._skipped, size) : size]
        self._skipped -= min(self._skipped, size)
        self._read.hash.update(fresh)
        self._read.bytes += len(fresh)
        return size


def _tail(file: SourceFile, stop: int) -> Iterator[bytes]:
    """What comes after a stretch: opened only where its last line goes on there."""
    while stop < file.bytes:
        end = min(stop + TAIL_BYTES, file.bytes)
        yield b"".join(chunks_of(opened(file, stop, end)))
        stop = end
