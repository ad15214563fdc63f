"""A source file → its bytes: exactly those of a range, from any thread, or consecutive chunks with some under way ahead."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from threading import Lock
from typing import Any

from gribouille.sources.files import RetryPolicy, SourceError, SourceFile

CHUNK = 8 << 20  # bytes
AHEAD = 4


class LocalReader:
    """Reads a file on disk, by one descriptor and no position."""

    md5 = ""  # nobody tells it

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        try:
            self.descriptor = os.open(file.url, os.O_RDONLY)
        except OSError as error:
            raise SourceError(f"{file.url}: expected a file that can be read, found: {error.strerror}") from error
        found = os.fstat(self.descriptor)
        if (found.st_size, str(found.st_mtime_ns)) != (file.bytes, file.version):
            self.close()
            raise SourceError(f"{file.url}: expected the file as it was first found, found it changed since then")

    def submit(self, start: int, stop: int) -> "Future[bytes]":
        """The bytes from start to stop, at once."""
        future: Future[bytes] = Future()
        future.set_result(self.read(start, stop))
        return future

    def read(self, start: int, stop: int) -> bytes:
        """Exactly the bytes from start to stop. Raises SourceError."""
        octets = bytearray(stop - start)
        self.fill(octets, start)
        return bytes(octets)

    def fill(self, buffer: bytearray | memoryview, start: int) -> None:
        """Fills the whole buffer from the byte at start on, without a copy between. Raises SourceError."""
        view = memoryview(buffer)
        assert 0 <= start <= start + len(view) <= self.file.bytes, (start, len(view), self.file.bytes)
        filled = 0
        while filled < len(view):  # Linux gives at most 2 GiB at a time
            size = os.preadv(self.descriptor, [view[filled:]], start + filled)
            if not size:
                raise SourceError(
                    f"{self.file.url}: expected {start + len(view)} bytes, found {start + filled}: it was cut"
                )
            filled += size

    def close(self) -> None:
        """Closes the descriptor; twice is fine."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1


class RemoteReader:
    """Reads a file from a server, on fsspec's event loop."""

    def __init__(self, file: SourceFile, policy: RetryPolicy) -> None:
        from fsspec.asyn import get_loop

        from gribouille.sources.remote import HttpRanges, HttpSequence, S3Ranges

        self.file = file
        self.loop = get_loop()
        self.lock = Lock()
        self.under_way: set[Future[Any]] = set()
        self.closed = False
        kind = S3Ranges if file.url.startswith("s3://") else HttpRanges if file.ranges else HttpSequence
        self.source = kind(file, policy)

    @property
    def md5(self) -> str:
        """The digest (hex) that the whole file must have; "" where the server tells none. Known after the first read."""
        return self.source.md5

    def submit(self, start: int, stop: int) -> "Future[bytes]":
        """The bytes from start to stop, sooner or later; any number may be under way. Cancelled where it is closed."""
        from asyncio import run_coroutine_threadsafe

        assert 0 <= start <= stop <= self.file.bytes, (start, stop, self.file.bytes)
        with self.lock:
            future: Future[bytes] = Future()
            if self.closed:
                future.cancel()
            elif start == stop:
                future.set_result(b"")
            else:
                future = run_coroutine_threadsafe(self.source.read(start, stop), self.loop)
                self.under_way.add(future)
        future.add_done_callback(self.under_way.discard)
        return future

    def read(self, start: int, stop: int) -> bytes:
        """Exactly the bytes from start to stop. Raises SourceError, or CancelledError where it is closed meanwhile."""
        return self.submit(start, stop).result()

    def close(self) -> None:
        """Cancels what is under way, in whatever thread it is waited for, and ends a running GET; twice is fine."""
        from asyncio import run_coroutine_threadsafe

        with self.lock:
            self.closed = True
            under_way = list(self.under_way)
        for future in under_way:
            future.cancel()
        run_coroutine_threadsafe(self.source.close(), self.loop).result()


RangeReader = LocalReader | RemoteReader  # one file's ranges: md5, submit, read, close; threads may share it


def reader(file: SourceFile, policy: RetryPolicy | None = None) -> RangeReader:
    """A reader of the file's ranges, to be closed.

    A server is asked again as the policy says after lost connections, silence, short answers, 408, 429 and 5xx; any other
    refusal, and a file that is no longer what was found, is a SourceError. An HTTP server without ranges is read by one GET
    from start to end: reads in order cost nothing more, a step back starts it again.
    """
    return LocalReader(file) if file.local else RemoteReader(file, policy or RetryPolicy())


def stream(
    file: SourceFile, start: int = 0, stop: int | None = None, ahead: int = AHEAD, chunk: int = CHUNK
) -> Iterator[bytes]:
    """The bytes from start to stop (the file's end where None) as consecutive chunks of `chunk` bytes, the last shorter.

    Of a remote file up to `ahead` ranges are under way at a time, so at most (ahead + 1) · chunk bytes are held; of a local
    one, and of an HTTP server without ranges, one. Raises SourceError as `reader` does.
    """
    opened = reader(file)
    try:
        yield from chunks(opened, start, stop, ahead, chunk)
    finally:
        opened.close()


def chunks(
    opened: RangeReader, start: int = 0, stop: int | None = None, ahead: int = AHEAD, chunk: int = CHUNK
) -> Iterator[bytes]:
    """As `stream`, of a reader that is open and stays so."""
    stop = opened.file.bytes if stop is None else stop
    ahead = ahead if opened.file.ranges and not opened.file.local else 1
    waiting: deque[Future[bytes]] = deque()
    try:
        for first in range(start, stop, chunk):
            waiting.append(opened.submit(first, min(first + chunk, stop)))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
