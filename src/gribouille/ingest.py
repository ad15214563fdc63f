"""Files of drawings in, a store out: read in order, parsed on several threads, written once, seen only when whole.

The store is made in a folder beside its place (.STORE.part) and renamed at the end, so an ingest that is interrupted
leaves nothing behind, and one that is killed no half store: the next one says or mends what it left (docs/formats.md).
Files of a folder are taken in the order of their names: the same sources give the same
store, byte for byte. Memory does not grow with the input: a few blocks and one part at a time.
"""

import hashlib
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from itertools import accumulate
from pathlib import Path
from typing import IO, Any

import numpy as np
from jaxtyping import UInt8

from gribouille.formats import ndjson
from gribouille.formats.records import Records
from gribouille.store.card import CARD_NAME, Card, Source, write_card
from gribouille.store.parts import PART_ROWS, PartWriter
from gribouille.store.split import SPLITS, TRAIN, UNUSED, split_of

SUFFIXES = (".ndjson", ".ndjson.gz")
READ_BYTES = 1 << 20

Progress = Callable[[int, int, int], None]  # bytes read, bytes in all, rows written


class IngestError(ValueError):
    """Sources or a destination that cannot be ingested; the message names the path, expected and found."""


@dataclass(frozen=True)
class IngestOptions:
    """How to ingest; the defaults suit everything but tests."""

    training_only: tuple[Path, ...] = ()  # more sources, whose drawings no validation or test may see
    overwrite: bool = False  # replace the store that is there
    threads: int = max(1, min(8, os.cpu_count() or 1))
    block_bytes: int = ndjson.BLOCK_BYTES
    part_rows: int = PART_ROWS


@dataclass(frozen=True)
class SourceFile:
    """A file to ingest and the name that the card gives it."""

    path: Path
    name: str
    training_only: bool


@dataclass
class FileRead:
    """What reading a file has shown so far."""

    bytes: int = 0
    sha256: str = ""
    rows: int = 0
    refused_times: int = 0


@dataclass(frozen=True, eq=False)
class ParsedBlock:
    """The records of a block and their splits."""

    file: int  # index of the file that they come from
    read_bytes: int  # of all files, when the block had been read
    records: Records
    split: UInt8[np.ndarray, "rows"]


def ingest(
    sources: Sequence[Path], out: Path, options: IngestOptions | None = None, progress: Progress | None = None
) -> Card:
    """Writes the store of these files and folders to `out`; its card.

    Raises IngestError for sources or an `out` that will not do, FormatError for a bad record (naming file and line);
    then nothing is written.
    """
    options = options or IngestOptions()
    files = source_files(sources, options.training_only)
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = _free_folder(out)
    try:
        _restore(out)
        _check_out(out, options)
        card = _write_store(files, folder, options, progress or (lambda read, total, rows: None))
        _move(folder, out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return card


def source_files(sources: Sequence[Path], training_only: Sequence[Path] = ()) -> list[SourceFile]:
    """The files of all sources, in order, those of a folder by name; training-only ones last. Raises IngestError."""
    files = [file for source in sources for file in _files(source, False)]
    files += [file for source in training_only for file in _files(source, True)]
    if not files:
        raise IngestError("expected at least one source, found none")
    seen: set[Path] = set()
    for file in files:
        if file.path.resolve() in seen:
            raise IngestError(f"{file.path}: expected each file once, found it twice among the sources")
        seen.add(file.path.resolve())
    return files


def _files(source: Path, training_only: bool) -> Iterator[SourceFile]:
    if source.is_file():
        yield SourceFile(source, source.name, training_only)
        return
    if not source.is_dir():
        raise IngestError(f"{source}: expected a file or a folder, found neither")
    paths = sorted(path for path in source.iterdir() if path.name.endswith(SUFFIXES))
    if not paths:
        raise IngestError(f"{source}: expected a folder with files {' or '.join(SUFFIXES)}, found none")
    for path in paths:
        yield SourceFile(path, f"{source.resolve().name}/{path.name}", training_only)


def _free_folder(out: Path) -> Path:
    """A new folder beside `out` to write in. Its name is always the same, so there is one ingest at a time."""
    folder = out.with_name(f".{out.name}.part")
    try:
        folder.mkdir()
    except FileExistsError:
        raise IngestError(
            f"{folder}: expected a free place to write in, found what another ingest is writing or a killed one left: "
            "delete it if none is running"
        ) from None
    return folder


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


def _write_store(files: list[SourceFile], folder: Path, options: IngestOptions, progress: Progress) -> Card:
    writer = PartWriter(folder, options.part_rows)
    total = sum(file.path.stat().st_size for file in files)
    reads = [FileRead() for _ in files]
    for block in _parsed(files, reads, options):
        reads[block.file].rows += len(block.records)
        reads[block.file].refused_times += block.records.refused_times
        writer.add(block.records, block.split)
        progress(block.read_bytes, total, writer.rows)
    progress(total, total, writer.rows)
    digest = writer.close()
    card = Card(
        rows=writer.rows,
        labels=tuple(sorted(writer.counts)),
        counts=dict(sorted(writer.counts.items())),
        splits={name: writer.splits[name] for name in SPLITS},
        hash=digest,
        sources=_sources(files, reads),
        drawings=tuple(writer.drawings),
        times=tuple(writer.times),
    )
    write_card(card, folder)
    return card


def _sources(files: list[SourceFile], reads: list[FileRead]) -> tuple[Source, ...]:
    stops = list(accumulate(read.rows for read in reads))
    return tuple(
        Source(file.name, read.sha256, read.bytes, stop - read.rows, stop, file.training_only, read.refused_times)
        for file, read, stop in zip(files, reads, stops, strict=True)
    )


class HashedFile(RawIOBase):
    """A file read from start to end, hashed and counted on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.bytes = 0
        self.hash = hashlib.sha256()

    def readable(self) -> bool:
        """True: that is what it is for."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer from the file; the number of bytes."""
        view = memoryview(buffer)
        size: int = self.file.readinto(view)  # type: ignore[attr-defined]
        self.hash.update(view[:size])
        self.bytes += size
        return size


def _parsed(files: list[SourceFile], reads: list[FileRead], options: IngestOptions) -> Iterator[ParsedBlock]:
    """The blocks of all files, parsed on several threads, in order; at most two blocks a thread are under way."""
    waiting: deque[Future[ParsedBlock]] = deque()
    with ThreadPoolExecutor(options.threads) as pool:
        try:
            for index, read_bytes, block in _blocks(files, reads, options.block_bytes):
                waiting.append(pool.submit(_parse, index, read_bytes, block, files[index].training_only))
                if len(waiting) >= 2 * options.threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _blocks(
    files: list[SourceFile], reads: list[FileRead], block_bytes: int
) -> Iterator[tuple[int, int, ndjson.Block]]:
    """Each block with the index of its file and the bytes read of all files until then."""
    before = 0
    for index, file in enumerate(files):
        with file.path.open("rb", buffering=0) as raw:
            hashed = HashedFile(raw)
            for block in ndjson.blocks(BufferedReader(hashed, READ_BYTES), file.path, block_bytes):
                yield index, before + hashed.bytes, block
            reads[index].bytes, reads[index].sha256 = hashed.bytes, hashed.hash.hexdigest()
            before += hashed.bytes


def _parse(index: int, read_bytes: int, block: ndjson.Block, training_only: bool) -> ParsedBlock:
    records = ndjson.parse(block)
    split = split_of(records.key_id, records.keyed, records.drawings)
    if training_only:
        split[split != TRAIN] = UNUSED
    return ParsedBlock(index, read_bytes, records, split)
