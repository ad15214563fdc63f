"""Files of drawings in, a store out: worked on in pieces, in parallel, written once, seen only when whole.

`plan` says what is to be done, `stretch` reads a file, `piece` makes a part of the store, `finish` puts the parts
together. All is made in a folder beside the store's place (.STORE.part) and renamed at the end: what fails, is
interrupted or killed leaves no half store, and the next ingest of the same sources goes on where it stopped. The same
sources give the same store, byte for byte, whatever the threads and the interruptions. Memory does not grow with the
input: a piece a thread.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from gribouille.formats.blocks import BLOCK_BYTES
from gribouille.formats.records import FormatError
from gribouille.ingest.finish import finish
from gribouille.ingest.piece import Note, StrictError, make_piece, read_note
from gribouille.ingest.plan import Plan, plan_of, same_plan
from gribouille.labels import vocabulary
from gribouille.sources import find_all, shown, stream
from gribouille.store.card import CARD_NAME, Card, StoreError
from gribouille.store.parts import PART_ROWS

Progress = Callable[[int, int, int], None]  # bytes read, bytes in all, rows written
Run = Callable[[Plan, Sequence[int], Path, "Count"], None]  # makes these pieces of a plan in a folder


class IngestError(ValueError):
    """Sources or a destination that cannot be ingested; the message names the path, expected and found."""


@dataclass(frozen=True)
class IngestOptions:
    """How to ingest; the defaults suit everything but tests."""

    training_only: tuple[Path | str, ...] = ()  # more sources, whose drawings no validation or test may see
    overwrite: bool = False  # replace the store that is there
    any_word: bool = False  # take words that are not among Quick, Draw!'s 345
    keep_duplicates: bool = False  # keep rows whose key_id stands in an earlier row
    strict: bool = False  # stop at the first bad row instead of putting it aside
    threads: int = max(1, min(8, os.cpu_count() or 1))
    block_bytes: int = BLOCK_BYTES
    piece_bytes: int = 0  # of text in a piece; 0: as many as suit
    part_rows: int = PART_ROWS


class Count:
    """Bytes and rows of all pieces, from any thread, told to whoever wants to see progress; says when to stop."""

    def __init__(self, total: int, progress: Progress) -> None:
        self.total = total
        self.bytes, self.rows = 0, 0
        self.stopped = False
        self._progress = progress
        self._lock = threading.Lock()

    def step(self, read: int, rows: int) -> None:
        """So many more bytes and rows."""
        if self.stopped:
            raise InterruptedError("stopped, since another piece failed")
        with self._lock:
            self.bytes += read
            self.rows += rows
            self._progress(min(self.bytes, self.total), self.total, self.rows)


def ingest(
    sources: Sequence[Path | str],
    out: Path,
    options: IngestOptions | None = None,
    progress: Progress | None = None,
    run: Run | None = None,
) -> Card:
    """Writes the store of these files, folders and addresses to `out`; its card.

    `run` makes the pieces, by default on threads of this process. Raises IngestError, SourceError and FormatError for
    sources or an `out` that will not do, and FormatError for a bad row where the options are strict: then nothing is
    left. SourceError (a source that cannot be read on) and an interruption leave what is done for the next ingest of the
    same sources, in .STORE.part beside `out`.
    """
    options = options or IngestOptions()
    out.parent.mkdir(parents=True, exist_ok=True)
    _restore(out)
    _check_out(out, options)
    files = find_all(sources, options.training_only)
    words = None if options.any_word else list(vocabulary())
    plan = plan_of(
        files,
        words,
        options.keep_duplicates,
        options.strict,
        options.part_rows,
        options.block_bytes,
        options.piece_bytes,
    )
    with _working_folder(out, plan) as folder:
        count = Count(plan.bytes, progress or (lambda read, total, rows: None))
        notes = _made(plan, folder / "pieces", run or threads(options.threads), count)
        if not any(note.rows for note in notes):
            raise IngestError(f"{sources[0]}: expected at least one good row, found none: {_first_fault(folder)}")
        shutil.rmtree(folder / "store", ignore_errors=True)
        card = finish(plan, notes, folder / "pieces", folder / "store")
        _move(folder / "store", out)
        shutil.rmtree(folder)
    return card


def threads(number: int) -> Run:
    """Makes pieces on so many threads of this process."""

    def run(plan: Plan, numbers: Sequence[int], folder: Path, count: Count) -> None:
        with ThreadPoolExecutor(number) as pool:
            futures: list[Future[Note]] = [pool.submit(make_piece, plan, each, folder, count.step) for each in numbers]
            try:
                for future in futures:  # in order, so that of several faults the first in the sources is told
                    future.result()
            except BaseException:
                count.stopped = True
                for future in futures:
                    future.cancel()
                raise

    return run


def _made(plan: Plan, folder: Path, run: Run, count: Count) -> list[Note]:
    """The notes of all pieces, those that are missing made first."""
    folder.mkdir(exist_ok=True)
    notes = {number: read_note(folder, number) for number in range(len(plan.pieces))}
    for note in notes.values():
        if note is not None:
            count.step(note.bytes, note.rows)
    missing = [number for number, note in notes.items() if note is None]
    try:
        run(plan, missing, folder, count)
    except StrictError as error:
        raise _located(plan, error) from error
    found = [notes[number] or read_note(folder, number) for number in notes]
    assert all(found), "a piece that was made has no note"
    return [note for note in found if note is not None]


def _located(plan: Plan, error: StrictError) -> FormatError:
    """A bad row's error with the line in its file, for which the lines before its stretch are counted."""
    file = plan.files[error.file].file
    fault = error.fault
    if fault.line is None:
        return fault.error(shown(file.url))
    before, ends_line = 0, True
    for chunk in stream(file, 0, error.start):
        before += chunk.count(b"\n")
        ends_line = chunk.endswith(b"\n")
    line = before + (not ends_line) + fault.line  # a stretch begins with the next whole line
    return FormatError(f"{shown(file.url)}:{line}: {fault.reason}")


def _first_fault(folder: Path) -> str:
    for path in sorted((folder / "pieces").glob("*.faults")):
        with path.open(encoding="utf-8") as file:
            for line in file:
                return line.strip()[:400]
    return "no rows at all"


@contextmanager
def _working_folder(out: Path, plan: Plan) -> Iterator[Path]:
    """The folder beside `out` to work in, ours alone; with what an ingest of the same plan left there."""
    folder = out.with_name(f".{out.name}.part")
    folder.mkdir(exist_ok=True)
    try:
        with FileLock(folder / "lock", timeout=0):
            if not same_plan(plan, folder / "plan.json"):
                for path in folder.iterdir():
                    if path.is_dir():
                        shutil.rmtree(path)
                (folder / "plan.json").write_text(plan.text(), encoding="utf-8")
            try:
                yield folder
            except (FormatError, StoreError, IngestError):  # going on would end there again
                shutil.rmtree(folder, ignore_errors=True)
                raise
    except Timeout:
        raise IngestError(f"{out}: expected no other ingest to write there, found one at work in {folder}") from None


def _check_out(out: Path, options: IngestOptions) -> None:
    if not out.exists():
        return
    if not options.overwrite:
        raise IngestError(
            f"{out}: expected a free place for the store, found something there (overwrite replaces a store)"
        )
    if not (out / CARD_NAME).is_file():
        raise IngestError(f"{out}: expected a store to overwrite, found something else")


def _move(folder: Path, out: Path) -> None:
    """Puts the finished folder in its place; a store that was there goes only then, and comes back where that fails."""
    try:
        if out.exists():
            out.rename(_old(out))
        folder.rename(out)
    finally:
        _restore(out)


def _restore(out: Path) -> None:
    """Ends a replacement that stopped half way: with no store at `out` the old one comes back, otherwise it goes."""
    if out.exists():
        shutil.rmtree(_old(out), ignore_errors=True)
    elif _old(out).exists():
        _old(out).rename(out)


def _old(out: Path) -> Path:
    return out.with_name(f".{out.name}.old")
