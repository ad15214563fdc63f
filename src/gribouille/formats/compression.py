"""gzip and zstd, found by their first bytes: chunks of a file in, chunks of what is inside out, in bounded memory; and back.

Files of several members (gzip) or frames (zstd) are read to their end, zero padding after the last is skipped. A damaged
or truncated file gives everything before the damage, then `DamagedError`.
"""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Literal, cast

import zstandard

from gribouille.formats.records import DamagedError
from gribouille.sources.files import PACKED

GZIP_SUFFIX, ZSTD_SUFFIX = PACKED
GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # after a byte 0x50…0x5f: a frame without content, as pzstd writes first
MAGIC_BYTES = 4
PIECE = 1 << 20  # bytes given at once, about
ZSTD_SLICE = 1 << 10  # compressed bytes at once: at most 1 KiB / 4 blocks of 128 KiB come out, whatever a file claims
ZSTD_LEVEL = 9
GZIP_LEVEL = 6


Compression = Literal["", "gzip", "zstd"]


def compression_of(head: bytes) -> Compression:
    """ "gzip", "zstd" or "" (none), from a file's first bytes."""
    if head.startswith(GZIP_MAGIC):
        return "gzip"
    if head.startswith(ZSTD_MAGIC) or (head[:1] and 0x50 <= head[0] <= 0x5F and head[1:4] == ZSTD_SKIPPABLE):
        return "zstd"
    return ""


def decompressed(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The content of a file that comes in chunks, as it stands where it is not compressed; `name` is for messages.

    Raises DamagedError after all content that came before the damage. A checksum stands at the end of a member: where it alone
    is wrong, what came before is all of the member, and some byte of it is not what was written.
    """
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= MAGIC_BYTES:
            break
    compression = compression_of(head)
    if compression:
        yield from _gathered(_members(head, chunks, compression, name))
    elif head:
        yield head
        yield from chunks


def _members(rest: bytes, chunks: Iterator[bytes], compression: str, name: str) -> Iterator[bytes]:
    begin = _GzipMember if compression == "gzip" else _ZstdFrame
    member = begin()
    offset = 0
    while True:
        try:
            for content in member.content(rest):
                offset += len(content)
                yield content
        except ValueError as error:
            raise DamagedError(
                f"{name}: expected a whole {compression} file, found a damaged one ({error}) after {offset} bytes of content",
                offset,
            ) from error
        if member.ended:
            rest = _next_member(member.rest, chunks)
            if not rest:
                return
            if compression_of(rest) != compression:
                raise DamagedError(
                    f"{name}: expected the end of the file or another {compression} member, "
                    f"found {rest[:8]!r} after {offset} bytes of content",
                    offset,
                )
            member = begin()
            continue
        rest = next(chunks, b"")
        while not rest:
            try:
                rest = next(chunks)
            except StopIteration:
                raise DamagedError(
                    f"{name}: expected a whole {compression} file, found its end after {offset} bytes of content",
                    offset,
                ) from None


def _next_member(rest: bytes, chunks: Iterator[bytes]) -> bytes:
    """At least the first bytes of what follows a member, without zero padding; empty at the end of the file."""
    rest = rest.lstrip(b"\0")
    while len(rest) < MAGIC_BYTES:
        chunk = next(chunks, None)
        if chunk is None:
            break
        rest = (rest + chunk).lstrip(b"\0")
    return rest


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of about PIECE; what was gathered before an error comes before it."""
    gathered: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            gathered.append(piece)
            size += len(piece)
            if size >= PIECE:
                yield b"".join(gathered)
                gathered, size = [], 0
    except DamagedError:
        if gathered:
            yield b"".join(gathered)
        raise
    if gathered:
        yield b"".join(gathered)


class _GzipMember:
    """A gzip member: compressed bytes in, content out, until it has ended; `rest` is what belongs to the next."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)
        self.ended = False
        self.rest = b""

    def content(self, given: bytes) -> Iterator[bytes]:
        """The content in pieces of at most PIECE bytes; before an error, to the last byte that zlib gives."""
        most = PIECE
        while True:
            before = self._stream.copy()
            try:
                piece = self._stream.decompress(given, most)
            except zlib.error as error:
                if most == 1:
                    yield from _last_bytes(before, given)
                    raise ValueError(str(error)) from error
                # what stands between here and the error is lost with it: ask again, for less
                self._stream, most = before, most // 2
                continue
            if piece:
                yield piece
            given = self._stream.unconsumed_tail
            if self._stream.eof:
                self.ended, self.rest = True, self._stream.unused_data
                return
            if not given and len(piece) < most:
                return


def _last_bytes(stream: "zlib._Decompress", given: bytes) -> Iterator[bytes]:
    """What the compressed bytes up to the one that is wrong still give."""
    for index in range(len(given)):
        try:
            yield stream.decompress(given[index : index + 1])
        except zlib.error:
            return


class _ZstdFrame:
    """The same for a zstd frame."""

    def __init__(self) -> None:
        self._stream = zstandard.ZstdDecompressor().decompressobj()
        self.ended = False
        self.rest = b""

    def content(self, given: bytes) -> Iterator[bytes]:
        """The content of one slice of compressed bytes after another."""
        for begin in range(0, len(given), ZSTD_SLICE):
            try:
                piece = self._stream.decompress(given[begin : begin + ZSTD_SLICE])
            except zstandard.ZstdError as error:
                raise ValueError(str(error)) from error
            if piece:
                yield piece
            if self._stream.eof:
                self.ended, self.rest = True, self._stream.unused_data + given[begin + ZSTD_SLICE :]
                return


@contextmanager
def compressed_writer(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, compressed where its name ends in .gz or .zst; the same content gives the same bytes.

    It gets its name when it is whole: where the writing fails, nothing is left, and what was there stays.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with ExitStack() as stack:
            plain = stack.enter_context(part.open("wb"))
            if path.suffix == GZIP_SUFFIX:
                yield cast("IO[bytes]", stack.enter_context(gzip.GzipFile("", "wb", GZIP_LEVEL, plain, mtime=0)))
            elif path.suffix == ZSTD_SUFFIX:
                compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL, write_checksum=True)
                yield stack.enter_context(compressor.stream_writer(plain, closefd=False))
            else:
                yield plain
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
