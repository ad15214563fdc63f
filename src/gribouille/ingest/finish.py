"""Whole pieces → a whole store: rows whose key_id stands twice go to quarantine, files and card come to their places.

Nothing of the pieces is changed, so that an ingest that is cut off here is finished by doing it again.
"""

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt64

from gribouille.formats.records import FormatError
from gribouille.ingest.piece import Note, faults_path, row_start
from gribouille.ingest.plan import Plan
from gribouille.sources import shown
from gribouille.store.card import QUARANTINE_NAME, Card, Checksum, Source, write_card
from gribouille.store.parts import Written, contents_of
from gribouille.store.reader import mapped_keys
from gribouille.store.rewriting import written_without
from gribouille.store.split import splitmix64

SORTED_AT_ONCE = 1 << 24  # keys: 128 MiB, twice
DUPLICATE = "a key_id that no earlier row has"


def finish_store(plan: Plan, notes: Sequence[Note], pieces: Path, folder: Path) -> Card:
    """Makes the store of these pieces in `folder`, which does not exist; its card.

    Raises FormatError for a key_id that stands twice where the plan is strict.
    """
    made = [part for note in notes for part in note.written]
    dropped = {} if plan.keep_duplicates else duplicates(made, pieces)
    before = np.cumsum([0, *(part.drawings.rows for part in made)])
    lost = np.concatenate([np.zeros(0, np.int64), *(before[index] + rows for index, rows in dropped.items())])
    if plan.strict and len(lost):
        fault = next(_faults(plan, notes, pieces, lost))
        source = shown(plan.files[fault["file"]].file.url)
        raise FormatError(f"{source}, byte {fault['offset']}: expected {fault['expected']}, found {fault['found']}")
    (folder / "drawings").mkdir(parents=True)
    (folder / "times").mkdir()
    parts: list[Written] = []
    for index, part in enumerate(made):
        if index in dropped:
            parts += written_without(pieces, part.drawings, part.times, dropped[index], folder)
            continue
        for file in (part.drawings, part.times):
            if file is not None:
                _link(pieces / file.name, folder / file.name)
        parts.append(part)
    sources, quarantined = _account(plan, notes, pieces, folder, lost)
    card = Card(**contents_of(parts), sources=sources, quarantined=quarantined)
    write_card(card, folder)
    return card


def duplicates(parts: Sequence[Written], folder: Path) -> dict[int, Int64[np.ndarray, "_"]]:
    """Per part (by its index), the rows whose key_id stands in an earlier row, of the part or of one before."""
    total = sum(part.drawings.rows for part in parts)
    lots = max(1, -(-total // SORTED_AT_ONCE))
    repeated = np.concatenate([_repeated(parts, folder, lot, lots) for lot in range(lots)])
    found: dict[int, Int64[np.ndarray, "_"]] = {}
    if not len(repeated):
        return found
    repeated.sort()
    seen = np.zeros(len(repeated), bool)
    for index, part in enumerate(parts):
        key_id, keyed = mapped_keys(folder, part.drawings)
        place = np.minimum(np.searchsorted(repeated, key_id), len(repeated) - 1)
        candidates = np.flatnonzero((repeated[place] == key_id) & keyed)
        first = np.zeros(len(candidates), bool)
        first[np.unique(place[candidates], return_index=True)[1]] = True
        drop = candidates[~first | seen[place[candidates]]]
        seen[place[candidates]] = True
        if len(drop):
            found[index] = drop
    return found


def _repeated(parts: Sequence[Written], folder: Path, lot: int, lots: int) -> UInt64[np.ndarray, "_"]:
    """The key_ids that stand more than once, of one of the lots that the keys are divided into by their hash."""
    keys = []
    for part in parts:
        key_id, keyed = mapped_keys(folder, part.drawings)
        if not keyed.all():
            key_id = key_id[keyed]
        keys.append(key_id if lots == 1 else key_id[splitmix64(key_id) % np.uint64(lots) == lot])
    joined = np.concatenate([np.zeros(0, np.uint64), *keys])
    del keys
    joined.sort()
    return np.unique(joined[1:][joined[1:] == joined[:-1]])


def _link(source: Path, target: Path) -> None:
    """The same file under a second name, or a copy where the file system knows no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _account(
    plan: Plan, notes: Sequence[Note], pieces: Path, folder: Path, lost: Int64[np.ndarray, "_"]
) -> tuple[tuple[Source, ...], dict[str, int]]:
    """What each source gave, and the quarantine file, whose rows are counted by what was expected of them."""
    rows, refused, bad = ([0] * len(plan.files) for _ in range(3))
    checksums: list[list[Checksum]] = [[] for _ in plan.files]
    quarantined: Counter[str] = Counter()
    path = folder / QUARANTINE_NAME
    with path.open("w", encoding="utf-8") as file:
        for fault in _faults(plan, notes, pieces, lost):
            quarantined[fault["expected"]] += 1
            bad[fault["file"]] += 1
            rows[fault["file"]] -= fault["expected"] == DUPLICATE
            file.write(json.dumps(_shown(plan, fault), ensure_ascii=False) + "\n")
    if not quarantined:
        path.unlink()
    for piece, note in zip(plan.pieces, notes, strict=True):
        for stretch, done in zip(piece, note.stretches, strict=True):
            rows[stretch.file] += done.rows
            refused[stretch.file] += done.refused_times
            checksums[stretch.file].append(Checksum(stretch.start, stretch.stop, done.sha256))
    stops = list(accumulate(rows))
    sources = tuple(
        Source(
            name=planned.file.name,
            format=planned.kind.format,
            compression=planned.kind.compression,
            version="" if "://" not in planned.file.url else planned.file.version,
            checksums=tuple(checksums[index]),
            bytes=planned.file.bytes,
            start=stops[index] - rows[index],
            stop=stops[index],
            training_only=planned.file.training_only,
            refused_times=refused[index],
            quarantined=bad[index],
            lost=planned.kind.lost,
        )
        for index, planned in enumerate(plan.files)
    )
    return sources, dict(sorted(quarantined.items()))


def _faults(plan: Plan, notes: Sequence[Note], pieces: Path, lost: Int64[np.ndarray, "_"]) -> Iterator[dict[str, Any]]:
    """The faults of all pieces in order, lines counted from the start of the file, then the rows that are lost as
    duplicates."""
    lines = [0] * len(plan.files)
    for number, (piece, note) in enumerate(zip(plan.pieces, notes, strict=True)):
        with faults_path(pieces, number).open(encoding="utf-8") as file:
            for line in file:
                fault = json.loads(line)
                if fault["line"] is not None:
                    fault["line"] += lines[fault["file"]]
                yield fault
        for each, done in zip(piece, note.stretches, strict=True):
            lines[each.file] += done.lines
    before = 0
    for number, (piece, note) in enumerate(zip(plan.pieces, notes, strict=True)):
        ours = lost[(lost >= before) & (lost < before + note.rows)] - before
        bounds = [0, *accumulate(done.rows for done in note.stretches)]
        for row in ours.tolist():
            place = int(np.searchsorted(bounds, row, side="right")) - 1
            stretch = piece[place]
            placed = plan.files[stretch.file].kind.format != "stroke3"  # rows of an archive have no place of their own
            yield {
                "file": stretch.file,
                "line": None,
                "offset": row_start(pieces, number, row, bounds[place], stretch.start) if placed else None,
                "expected": DUPLICATE,
                "found": "one that stands before",
                "place": "",
                "text": "",
            }
        before += note.rows


def _shown(plan: Plan, fault: dict[str, Any]) -> dict[str, Any]:
    """A fault as the quarantine file has it."""
    reason = f"{fault['place']}expected {fault['expected']}, found {fault['found']}"
    source = plan.files[fault["file"]].file.name
    return {"source": source, "line": fault["line"], "offset": fault["offset"], "reason": reason, "text": fault["text"]}
