"""Files of drawings in, a store out: worked on in pieces, in parallel, written once, seen only when whole.

`plan` says what is to be done, `stretch` reads a file, `piece` makes a part of the store, `finish` puts the parts
together. All is made in a folder beside the store's place (.STORE.part) and renamed at the end: what fails, is
interrupted or killed leaves no half store, and the next ingest of the same sources goes on where it stopped. The same
sources give the same store, byte for byte, whatever the threads and the interruptions. Memory does not grow with the
input: a piece a thread.
"""

import fcntl
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from gribouille.formats.records import FormatError
from gribouille.ingest.finish import finish_store
from gribouille.ingest.piece import Note, StrictError, make_piece, read_note
from gribouille.ingest.plan import IngestOptions, Plan, plan_of, same_plan
from gribouille.sources import find_all, shown, stream
from gribouille.store.card import CARD_NAME, Card, StoreError

__all__ = ["Count", "EmptyError", "IngestError", "IngestOptions", "Run", "ingest", "threads"]

PIECES, STORE = "pieces", "store"  # in the folder that is worked in
MOVING = "moving"  # there too, from when the store is whole
Progress = Callable[[int, int, int], None]  # bytes read, bytes in all, rows written
Run = Callable[[Plan, Sequence[int], Path, "Count"], None]  # makes these pieces of a plan in a folder


class IngestError(ValueError):
    """Sources or a destination that cannot be ingested; the message names the path, expected and found."""


class EmptyError(IngestError):
    """Sources without a single good row."""


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
    with _working_folder(out, options) as folder:
        plan = plan_of(find_all(sources, options.training_only), options)
        _take_up(plan, folder)
        count = Count(plan.bytes, progress or (lambda read, total, rows: None))
        notes = _made(plan, folder / PIECES, run or threads(options.threads), count)
        if not any(note.rows for note in notes):
            raise EmptyError(f"{sources[0]}: expected at least one good row, found none: {_first_fault(folder)}")
        card = finish_store(plan, notes, folder / PIECES, folder / STORE)
        (folder / MOVING).touch()
        _move(folder / STORE, out)
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
    for path in sorted((folder / PIECES).glob("*.faults")):
        with path.open(encoding="utf-8") as file:
            for line in file:
                return line.strip()[:400]
    return "no rows at all"


@contextmanager
def _working_folder(out: Path, options: IngestOptions) -> Iterator[Path]:
    """The folder beside `out` to work in, ours alone while it is open, with what an earlier ingest left there.

    It goes when all went well, and where going on would end in the same error; by a rename first, so that what a kill
    leaves under its name is whole. Raises IngestError where another ingest is at work, or the store has no free place.
    """
    folder = out.with_name(f".{out.name}.part")
    with _locked(folder):
        try:
            _restore(out)
            if (folder / MOVING).exists() and not (folder / STORE).exists():  # killed when all was done but this
                _discard(folder)
                folder.mkdir()
            _check_out(out, options)
            yield folder
        except (FormatError, StoreError, EmptyError):
            _discard(folder)
            raise
        except BaseException:
            if not any(folder.iterdir()):
                folder.rmdir()
            raise
        _discard(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The folder, made where it is missing, locked until the end or this process's death."""
    while True:
        folder.mkdir(exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if folder.exists() and os.path.samestat(os.fstat(descriptor), folder.stat()):
                break
            os.close(descriptor)  # whoever had it has just ended, and the folder is gone
        except BlockingIOError:
            os.close(descriptor)
            raise IngestError(f"{folder}: expected no other ingest to write there, found one at work") from None
    try:
        yield
    finally:
        os.close(descriptor)


def _discard(folder: Path) -> None:
    gone = folder.with_suffix(".gone")
    shutil.rmtree(gone, ignore_errors=True)
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _take_up(plan: Plan, folder: Path) -> None:
    """Keeps the pieces that are there where they are of this plan, and clears them away where they are of another."""
    place = folder / "plan.json"
    if not same_plan(plan, place):
        place.unlink(missing_ok=True)
        shutil.rmtree(folder / PIECES, ignore_errors=True)
        (folder / PIECES).mkdir()
        fresh = place.with_suffix(".new")
        fresh.write_text(plan.text(), encoding="utf-8")
        fresh.replace(place)
    (folder / MOVING).unlink(missing_ok=True)
    shutil.rmtree(folder / STORE, ignore_errors=True)


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
