"""What an ingest will do, before it does it: which files, what they are, and the pieces that are worked on independently.

A plan is a pure function of the sources and the options, and is written beside the pieces as they are made: an ingest
that goes on, on this machine or another, finds the same plan or starts anew.
"""

import json
import math
import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

from gribouille.formats.blocks import BLOCK_BYTES
from gribouille.formats.detect import HEAD_BYTES
from gribouille.formats.reading import Kind, kind_of
from gribouille.formats.records import UNKNOWN_WORD, FormatError
from gribouille.labels import vocabulary
from gribouille.sources import SourceFile, reader, shown
from gribouille.store.parts import PART_ROWS

PLAN_VERSION = 1
PIECES = 64  # wanted at least, so that every core has work and an ingest that is cut off loses little
PIECE_BYTES = (4 << 20, 160 << 20)  # of text in a piece: at least, at most
UNPACKED = 4  # how many times as large a compressed file is taken to be
NOTHING = Kind("ndjson", "", None)  # what an empty file is: no lines
OPENED_AT_ONCE = 16  # files whose first bytes are asked for at the same time


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


@dataclass(frozen=True)
class Planned:
    """A file and what it is."""

    file: SourceFile
    kind: Kind


@dataclass(frozen=True)
class Stretch:
    """Bytes start … stop − 1 of a file of the plan, given by its index."""

    file: int
    start: int
    stop: int


@dataclass(frozen=True)
class Plan:
    """Files in order, and pieces in order: stretches that follow one another."""

    files: tuple[Planned, ...]
    pieces: tuple[tuple[Stretch, ...], ...]
    words: tuple[str, ...] | None  # those that are known, sorted; None: any
    keep_duplicates: bool
    strict: bool
    part_rows: int
    block_bytes: int
    version: int = PLAN_VERSION

    @property
    def bytes(self) -> int:
        """The bytes of all files."""
        return sum(planned.file.bytes for planned in self.files)

    def text(self) -> str:
        """The plan as JSON: two ingests that would do the same have the same text."""
        fields = asdict(self)
        for planned in fields["files"]:
            planned["file"]["url"] = shown(planned["file"]["url"])  # a signature in it is nobody's business
        return json.dumps(fields, ensure_ascii=False, indent=1)


def plan_of(files: Sequence[SourceFile], options: IngestOptions) -> Plan:
    """The plan for these files, whose first bytes are read.

    Raises FormatError for a file that is no drawings, or is named after none of the known words where its name alone tells
    the word; SourceError where one cannot be read.
    """
    words = None if options.any_word else tuple(sorted(vocabulary()))
    with ThreadPoolExecutor(OPENED_AT_ONCE) as pool:
        planned = tuple(pool.map(lambda file: _planned(file, words), _told_apart(files)))
    weight = sum(_weight(each) for each in planned)
    size = options.piece_bytes or min(max(math.ceil(weight / PIECES), PIECE_BYTES[0]), PIECE_BYTES[1])
    return Plan(
        files=planned,
        pieces=_pieces(planned, size),
        words=words,
        keep_duplicates=options.keep_duplicates,
        strict=options.strict,
        part_rows=options.part_rows,
        block_bytes=options.block_bytes,
    )


def _told_apart(files: Sequence[SourceFile]) -> list[SourceFile]:
    """The files, those whose name others have before them numbered: a/x/cat.ndjson and b/x/cat.ndjson are both x/cat.ndjson."""
    seen: Counter[str] = Counter()
    told = []
    for file in files:
        seen[file.name] += 1
        told.append(replace(file, name=f"{file.name} ({seen[file.name]})") if seen[file.name] > 1 else file)
    return told


def _planned(file: SourceFile, words: tuple[str, ...] | None) -> Planned:
    if not file.bytes:
        return Planned(file, NOTHING)
    with closing(reader(file)) as opened:
        head = opened.read(0, min(file.bytes, HEAD_BYTES))
    kind = kind_of(head, file.name)
    if not kind.has_words:
        raise FormatError(
            f"{file.name}: expected a column 'word' to learn from, found none: it is the challenge's test file"
        )
    if words is not None and kind.word is not None and kind.word not in words:
        raise FormatError(f"{file.name}: expected a file named after {UNKNOWN_WORD}, found {kind.word!r}")
    return Planned(file, kind)


def _weight(planned: Planned) -> int:
    """About how much text a file holds."""
    return planned.file.bytes * (UNPACKED if planned.kind.compression else 1)


def _pieces(files: Sequence[Planned], size: int) -> tuple[tuple[Stretch, ...], ...]:
    """Stretches in order: large files are cut where they can be, small ones put together, into pieces of about `size`."""
    pieces: list[tuple[Stretch, ...]] = []
    piece: list[Stretch] = []
    filled = 0
    for index, planned in enumerate(files):
        total = planned.file.bytes
        cuts = max(1, round(total / size)) if planned.kind.splits else 1
        bounds = [total * cut // cuts for cut in range(cuts + 1)]
        for start, stop in pairwise(bounds):
            weight = _weight(planned) if cuts == 1 else stop - start
            if piece and filled + weight > size:
                pieces.append(tuple(piece))
                piece, filled = [], 0
            piece.append(Stretch(index, start, stop))
            filled += weight
    return (*pieces, tuple(piece))


def same_plan(plan: Plan, path: Path) -> bool:
    """Whether the file at `path` holds this plan."""
    return path.is_file() and path.read_text(encoding="utf-8") == plan.text()
