"""Downloads a plan's files, several at a time and each by several requests, so that they can be stopped and gone on with."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, CancelledError, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock

from gribouille.fetch.folder import Fetched, Part, alone, read_record, write_record
from gribouille.fetch.listing import Plan
from gribouille.fetch.rows import RowCounter
from gribouille.sources import RangeReader, SourceFile, chunks, reader, shown

CHUNK = 4 << 20  # bytes of one request
REQUESTS = 16  # at the same time, over all files: with their chunks that is 96 MiB
FILES = 8  # at the same time
MARGIN = 1.1  # ask for a little more than so many rows take on average

Progress = Callable[
    [int, int, int, int], None
]  # bytes there, bytes in all (about, with rows), files whole, files in all


def fetch(plan: Plan, progress: Progress | None = None) -> dict[str, Fetched]:
    """Fetches the plan's missing files; the folder's record, by file name.

    Raises SourceError or FetchError at the first file that fails, and KeyboardInterrupt where somebody stops it. What has
    come stays, and a new plan of the same goes on from there.
    """
    with alone(plan.out):
        for file in plan.there:  # of a run that was killed between a file's last two steps
            plan.part(file).sidecar.unlink(missing_ok=True)
        return _Download(plan, progress or (lambda *counts: None)).run()


class _Download:
    """Files that several threads download: what they add up to, and how to stop them."""

    def __init__(self, plan: Plan, progress: Progress) -> None:
        self.plan = plan
        self.progress = progress
        self.parallel = max(1, min(FILES, len(plan.missing)))
        self.lock = Lock()
        self.stopped = False
        self.readers: set[RangeReader] = set()
        self.record = read_record(plan.out)
        self.whole = 0  # files
        self.bytes = {file.name: plan.part(file).size() for file in plan.missing}
        rows, row_bytes = plan.options.rows, plan.options.published.row_bytes
        self.total = {file.name: min(file.bytes, rows * row_bytes) if rows else file.bytes for file in plan.missing}

    def run(self) -> dict[str, Fetched]:
        """Downloads all; the record."""
        with ThreadPoolExecutor(self.parallel) as pool:
            futures = [pool.submit(self.download, file) for file in self.plan.missing]
            try:
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
            except BaseException:
                self.stop()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return self.record

    def stop(self) -> None:
        """Cancels what is under way, so that every thread comes back at once."""
        with self.lock:
            self.stopped = True
            readers = list(self.readers)
        for each in readers:
            each.close()

    def download(self, file: SourceFile) -> None:
        """Brings one file, from where it stands, into the record and to its place, in this order."""
        part, rows = self.plan.part(file), self.plan.options.rows
        part.begin()
        with self.opened(file) as remote:
            size = self.all(remote, part) if rows is None else self.first_rows(remote, part, rows)
            checked = part.check(size, remote.md5)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self.lock:
            self.record[file.name] = Fetched(shown(file.url), file.version, size, file.bytes, rows, checked, now)
            write_record(self.plan.out, self.record)
            part.move()
            self.whole += 1
            self.total[file.name] = size
        self.show(file, size)

    @contextmanager
    def opened(self, file: SourceFile) -> Iterator[RangeReader]:
        """A reader that `stop` can close."""
        with self.lock:
            if self.stopped:
                raise CancelledError
            remote = reader(file, self.plan.options.policy)
            self.readers.add(remote)
        try:
            yield remote
        finally:
            with self.lock:
                self.readers.discard(remote)
            remote.close()

    def all(self, remote: RangeReader, part: Part) -> int:
        """Appends what is missing; the size of the whole."""
        done = part.size()
        with part.path.open("ab") as target:
            for octets in chunks(remote, done, None, max(1, REQUESTS // self.parallel), CHUNK):
                target.write(octets)
                target.flush()
                done += len(octets)
                self.show(remote.file, done)
        return done

    def first_rows(self, remote: RangeReader, part: Part, rows: int) -> int:
        """Appends until there are so many rows, or the file ends; the size of these rows."""
        published = self.plan.options.published
        assert published.rows is not None, "the options refuse rows of other forms"
        counter = RowCounter(published.rows, rows)
        with part.path.open("r+b") as target:
            while octets := target.read(CHUNK):
                counter.add(octets)
            while not counter.full and counter.seen < remote.file.bytes:
                row_bytes = counter.stop / counter.rows if counter.rows else published.row_bytes
                about = round((rows - counter.rows) * row_bytes * MARGIN) + published.row_bytes
                octets = remote.read(counter.seen, min(counter.seen + min(about, CHUNK), remote.file.bytes))
                target.write(octets)
                target.flush()
                counter.add(octets)
                self.show(remote.file, counter.seen)
        return counter.stop if counter.full else counter.seen

    def show(self, file: SourceFile, size: int) -> None:
        """Tells the progress."""
        with self.lock:
            self.bytes[file.name] = size
            done = sum(self.bytes.values())
            self.progress(done, max(done, sum(self.total.values())), self.whole, len(self.bytes))
