"""One piece of a plan → parts of a store, the faults met, and a note that says that the piece is whole.

Pieces know nothing of one another: they are made in any order, by any thread, process or machine that sees the folder,
and made again from the start where one was cut off. The note is written last, by a rename: a piece with a note is whole.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gribouille.formats.records import Fault, FormatError, Records
from gribouille.ingest.plan import Plan
from gribouille.ingest.stretch import Read, parsed_of
from gribouille.store.card import Part
from gribouille.store.parts import PartWriter, Written
from gribouille.store.split import TRAIN, UNUSED, split_of

Step = Callable[[int, int], None]  # bytes read and rows made since the last call


@dataclass(frozen=True)
class Done:
    """What a stretch of a file gave."""

    bytes: int
    lines: int  # newlines in it
    sha256: str
    rows: int
    refused_times: int
    quarantined: int


@dataclass(frozen=True)
class Note:
    """What a piece gave, as its file says."""

    stretches: tuple[Done, ...]
    written: tuple[Written, ...]
    beside: tuple[int, int]  # bytes of its files of faults and of starts

    @property
    def rows(self) -> int:
        """Its rows."""
        return sum(done.rows for done in self.stretches)

    @property
    def bytes(self) -> int:
        """The bytes that were read."""
        return sum(done.bytes for done in self.stretches)


class StrictError(FormatError):
    """A bad row where none is allowed; `file` (index in the plan), `start` (of the stretch) and the fault tell where."""

    def __init__(self, file: int, start: int, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.file, self.start, self.fault = file, start, fault

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return type(self), (self.file, self.start, self.fault)


def make_piece(plan: Plan, number: int, folder: Path, step: Step = lambda read, rows: None) -> Note:
    """Makes a piece in the folder; its note. Raises OSError, StrictError (a bad row of a strict plan), StoreError."""
    name = f"{number:05}"
    writer = PartWriter(folder, name, plan.part_rows)
    words = None if plan.words is None else frozenset(plan.words)
    done = []
    beside = faults_path(folder, number), starts_path(folder, number)
    with beside[0].open("w", encoding="utf-8") as faults, beside[1].open("wb") as starts:
        for stretch in plan.pieces[number]:
            planned = plan.files[stretch.file]
            read = Read()
            rows = refused_times = quarantined = counted = 0
            batches = parsed_of(planned.file, planned.kind, stretch.start, stretch.stop, words, read, plan.block_bytes)
            for parsed in batches:
                if parsed.faults and plan.strict:
                    raise StrictError(stretch.file, stretch.start, parsed.faults[0])
                for fault in parsed.faults:
                    faults.write(json.dumps({"file": stretch.file, **vars(fault)}, ensure_ascii=False) + "\n")
                writer.add(parsed.records, _split(parsed.records, planned.file.training_only))
                starts.write(parsed.records.start.astype(np.uint32).tobytes())
                rows += len(parsed.records)
                refused_times += parsed.records.refused_times
                quarantined += len(parsed.faults)
                step(read.bytes - counted, len(parsed.records))
                counted = read.bytes
            step(read.bytes - counted, 0)
            done.append(Done(read.bytes, read.lines, read.hash.hexdigest(), rows, refused_times, quarantined))
    note = Note(tuple(done), tuple(writer.close()), (beside[0].stat().st_size, beside[1].stat().st_size))
    written = note_path(folder, number)
    fresh = written.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(note), indent=1), encoding="utf-8")
    fresh.replace(written)
    return note


def read_note(folder: Path, number: int) -> Note | None:
    """The note of a piece that is whole; None for any other, one whose note or files are damaged too."""
    try:
        fields = json.loads(note_path(folder, number).read_text(encoding="utf-8"))
        written = tuple(
            Written(
                drawings=Part(**part["drawings"]),
                times=None if part["times"] is None else Part(**part["times"]),
                counts=part["counts"],
                splits=tuple(part["splits"]),
                contents=tuple(part["contents"]),
            )
            for part in fields["written"]
        )
        note = Note(tuple(Done(**done) for done in fields["stretches"]), written, tuple(fields["beside"]))
        expected = {faults_path(folder, number): note.beside[0], starts_path(folder, number): note.beside[1]}
        for part in written:
            expected |= {folder / file.name: file.bytes for file in (part.drawings, part.times) if file is not None}
        whole = all(path.stat().st_size == size for path, size in expected.items())
    except (OSError, ValueError, TypeError, KeyError, IndexError):
        return None
    return note if whole else None


def note_path(folder: Path, number: int) -> Path:
    """The file that says that a piece is whole."""
    return folder / f"{number:05}.json"


def faults_path(folder: Path, number: int) -> Path:
    """The file of a piece's faults, one a line, with the index of the file in the plan; lines count from the stretch."""
    return folder / f"{number:05}.faults"


def starts_path(folder: Path, number: int) -> Path:
    """The file of where each row of a piece starts in its source: uint32, the offset modulo 2**32."""
    return folder / f"{number:05}.starts"


def row_start(folder: Path, number: int, row: int, stretch: int, start: int) -> int:
    """Where a row of a piece starts in its source: row `row` of the piece, in the stretch whose first row is `stretch` and
    whose first byte is `start`."""
    low = np.memmap(starts_path(folder, number), np.uint32, "r")[stretch : row + 1].astype(np.int64)
    turns = int((np.diff(low) < 0).sum()) + (int(low[0]) < start % (1 << 32))
    return int(((start >> 32) + turns << 32) + low[-1])


def _split(records: Records, training_only: bool) -> np.ndarray:
    split = split_of(records.key_id, records.keyed, records.packed, records.offsets)
    if training_only:
        split[split != TRAIN] = UNUSED
    return split
