"""A stretch of a source file → its records and faults, batch by batch, whatever the format and wherever the file lies."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gribouille.formats.blocks import BLOCK_BYTES, ByteStream, Chunks, Lines
from gribouille.formats.reading import Kind, chunks_of, parsed_lines
from gribouille.formats.reading import parsed as parsed_stream
from gribouille.formats.records import Parsed
from gribouille.formats.rows import Words
from gribouille.sources import SourceFile
from gribouille.sources import stream as bytes_of
from gribouille.sources.reading import LocalReader

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
        for parsed, read.lines in parsed_lines(lines, kind, words, block_bytes, start):
            yield parsed
        return
    stream = _Hashed(opened(file, 0, file.bytes), read)
    yield from parsed_stream(stream, kind, file.name, words, block_bytes)
    for _ in chunks_of(stream):  # what a damaged file still holds: its checksum is of all of it
        pass


def opened(file: SourceFile, start: int, stop: int) -> ByteStream:
    """The bytes start … stop − 1 of a file as a stream. Raises SourceError, also while it is read."""
    if file.local:
        return _LocalBytes(LocalReader(file), start, stop)
    return Chunks(bytes_of(file, start, stop))


class _LocalBytes:
    """A stretch of a local file, read straight into the buffer that it is asked to fill."""

    def __init__(self, reader: LocalReader, start: int, stop: int) -> None:
        self._reader, self._at, self._stop = reader, start, stop

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)[: self._stop - self._at]
        if view:
            self._reader.fill(view, self._at)
            self._at += len(view)
        else:
            self._reader.close()
        return len(view)


class _Hashed:
    """A stream that is counted and hashed on the way, from its `skipped`th byte on."""

    def __init__(self, stream: ByteStream, read: Read, skipped: int = 0) -> None:
        self._stream, self._read, self._skipped = stream, read, skipped

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
