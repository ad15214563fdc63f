"""What a store is better trained without: empty drawings, duplicates, scribbles, and what others found; marked, not deleted.

In come a store's folder and what to look for; out go marks beside the store (`gribouille.store.marks`), which `undo` takes
back. A run replaces the marks of the reasons that it looks for and leaves the others. Words are searched one after the
other: memory grows with the longest word and with what is found (about 40 bytes a mark), not with the store.
"""

import json
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Int64

from gribouille.data import duplicates, ink
from gribouille.store import Store
from gribouille.store.marks import read_marks, write_marks

EMPTY, EXACT, NEAR, SCRIBBLE = "empty", "exact duplicate", "near duplicate", "scribble"
EVERYTHING = "all"  # to `undo`
NEAR_UNITS = 2.0  # what the command line suggests
FOUND = pa.schema([("row", pa.int64()), ("reason", pa.string()), ("detail", pa.string())])

Rows = Int64[np.ndarray, "_rows"]


class CleanError(ValueError):
    """A list or a wish that cannot be followed; the message names the place, what was expected and what was found."""


@dataclass(frozen=True)
class CleanOptions:
    """What to look for."""

    exact: bool = True  # the points of an earlier drawing of the same word
    near: float | None = None  # units: drawings of a word that are at most so far from an earlier one
    scribbles: bool = False
    empty: bool = False
    scribble_threshold: float = ink.SCRIBBLE  # robust standard deviations above what is usual for the word

    def __post_init__(self) -> None:
        if self.near is not None and not 0 < self.near <= 64:
            raise CleanError(f"near: expected a distance above 0 and up to 64 units, found {self.near:g}")
        if not self.scribble_threshold >= 1:
            raise CleanError(f"scribble threshold: expected at least 1 deviation, found {self.scribble_threshold:g}")

    def settings(self) -> dict[str, dict[str, Any]]:
        """Each reason that is looked for, with what decides about it."""
        wanted = {
            EMPTY: {"ink below units": ink.EMPTY_INK, "strokes up to": ink.EMPTY_STROKES} if self.empty else None,
            EXACT: {} if self.exact else None,
            NEAR: {"units": self.near, "points from": duplicates.LEAST_POINTS} if self.near is not None else None,
            SCRIBBLE: {"deviations": self.scribble_threshold} if self.scribbles else None,
        }
        return {reason: setting for reason, setting in wanted.items() if setting is not None}


@dataclass(frozen=True)
class CleanReport:
    """What a run found, and how the store stands after it."""

    rows: int  # of the store
    found: dict[str, int]  # rows for each reason that was looked for
    marks: dict[str, int] = field(default_factory=dict)  # rows for each reason, all runs together
    marked: int = 0  # rows that are marked, each once
    unknown_keys: int = 0  # key_ids of the list that the store does not have

    def to_dict(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Listed:
    """Rows that others found: those of a list, by reason."""

    tables: dict[str, pa.Table]
    unknown_keys: int = 0


def clean(
    path: Path,
    options: CleanOptions,
    listed: Path | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> CleanReport:
    """Marks what the options look for and what the list names; a dry run only counts.

    progress: called with numbers of rows looked at. Raises StoreError for what is no store, CleanError for a bad list.
    """
    store = Store.open(path, marks=False)
    others = _read_list(listed, store) if listed else Listed({})
    settings: dict[str, Any] = options.settings()
    clash = sorted(settings.keys() & others.tables.keys())
    if clash:
        raise CleanError(f"{listed}: expected reasons of its own, found {clash[0]!r}, which this run looks for itself")
    settings |= {reason: {"list": listed.name if listed else ""} for reason in others.tables}
    found = pa.concat_tables([FOUND.empty_table(), *_found(store, options, progress), *others.tables.values()])
    before = read_marks(path, store.card)
    kept = _without(before.batch, settings.keys()) if before else FOUND.empty_table()
    whole = pa.concat_tables([kept, found])
    if not dry_run:
        write_marks(path, store.card, whole, (dict(before.settings) if before else {}) | settings, store.split)
    return CleanReport(
        rows=len(store),
        found=dict.fromkeys(settings, 0) | _counts(found),
        marks=_counts(whole),
        marked=pc.count_distinct(whole["row"]).as_py(),
        unknown_keys=others.unknown_keys,
    )


def undo(path: Path, reasons: tuple[str, ...]) -> CleanReport:
    """Takes back the marks of these reasons (EVERYTHING: all); what was found is what is taken back.

    Raises CleanError for a reason that marks nothing.
    """
    store = Store.open(path, marks=False)
    before = read_marks(path, store.card)
    known = before.reasons if before else ()
    gone = known if EVERYTHING in reasons else reasons
    unknown = sorted(set(gone) - set(known))
    if before is None or unknown:
        has = ", ".join(known) or "none"
        raise CleanError(f"{path}: expected a reason of its marks ({has}), found {(unknown or [EVERYTHING])[0]!r}")
    kept = _without(before.batch, gone)
    write_marks(path, store.card, kept, before.settings, store.split)
    counts = before.counts()
    return CleanReport(
        rows=len(store),
        found={reason: counts[reason] for reason in gone},
        marks=_counts(kept),
        marked=pc.count_distinct(kept["row"]).as_py(),
    )


def kept_rows(store: Store) -> Rows:
    """The rows without a mark, ascending."""
    kept: Bool[np.ndarray, "rows"] = np.ones(len(store), bool)
    if store.marks is not None:
        kept[store.marks.row] = False
    return np.flatnonzero(kept)


def words(store: Store) -> Iterator[Rows]:
    """The rows of each word, ascending."""
    for place in range(len(store.labels)):
        yield np.flatnonzero(store.label == place)


def _found(store: Store, options: CleanOptions, progress: Callable[[int], None] | None) -> list[pa.Table]:
    """Tables of FOUND: for each word and reason, one. What is empty or an exact duplicate is not looked at again."""
    found: list[pa.Table] = []
    if not options.settings():
        return found
    pairs: dict[str, list[tuple[Rows, Rows, np.ndarray]]] = {EXACT: [], NEAR: []}
    for rows in words(store):
        size = len(rows)
        if options.empty:
            empty, lengths = ink.empty(store, rows)
            found.append(_table(empty, EMPTY, _texts(lengths, 0, " units of ink")))
            rows = np.setdiff1d(rows, empty, assume_unique=True)
        if options.exact:
            row, first = duplicates.exact(store, rows)
            pairs[EXACT].append((row, first, np.zeros(len(row))))
            rows = np.setdiff1d(rows, row, assume_unique=True)
        if options.near is not None:
            pairs[NEAR].append(duplicates.near(store, rows, options.near))
        if options.scribbles:
            row, score = ink.scribbles(store, rows, options.scribble_threshold)
            found.append(_table(row, SCRIBBLE, _texts(score, 1, " deviations above its word")))
        if progress:
            progress(size)
    return found + [_pair_table(store, reason, columns) for reason, columns in pairs.items() if columns]


def _pair_table(store: Store, reason: str, columns: list[tuple[Rows, Rows, np.ndarray]]) -> pa.Table:
    """Marks whose detail names the other row, how far it is, and whether it has the same key_id."""
    row, other, distance = (np.concatenate(column) for column in zip(*columns, strict=True))
    keys = duplicates.keys_of(store, row)
    same = (keys == duplicates.keys_of(store, other)) & (keys != 0)
    detail = pc.binary_join_element_wise("row ", pa.array(other).cast(pa.string()), "")
    if reason == NEAR:
        detail = pc.binary_join_element_wise(detail, ", ", _texts(distance, 2, " units away"), "")
    known = pc.if_else(pa.array(same), ", same key_id", "")
    return _table(row, reason, pc.binary_join_element_wise(detail, known, ""))


def _table(rows: Rows, reason: str, detail: pa.Array) -> pa.Table:
    return pa.table([pa.array(rows, pa.int64()), pa.repeat(pa.scalar(reason), len(rows)), detail], schema=FOUND)


def _texts(values: np.ndarray, digits: int, unit: str) -> pa.Array:
    """Numbers with so many digits, before a unit."""
    return pa.array([f"{value:.{digits}f}{unit}" for value in values.tolist()], pa.string())


def _without(batch: pa.RecordBatch, reasons: Any) -> pa.Table:
    """The marks of other reasons."""
    plain = pa.table(
        [batch.column("row"), batch.column("reason").cast(pa.string()), batch.column("detail")], schema=FOUND
    )
    return plain.filter(pc.invert(pc.is_in(plain["reason"], value_set=pa.array(list(reasons), pa.string()))))


def _counts(table: pa.Table) -> dict[str, int]:
    counted = pc.value_counts(table["reason"])
    return dict(sorted((one["values"].as_py(), one["counts"].as_py()) for one in counted))


def _read_list(path: Path, store: Store) -> Listed:
    """The rows of an NDJSON list of {"key_id" or "row", "reason"}; each row once a reason. Raises CleanError by line."""
    rows: dict[str, array[int]] = {}
    keys: dict[str, array[int]] = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                reason, kind, value = _entry(line, f"{path}:{number}", len(store))
                (rows if kind == "row" else keys).setdefault(reason, array("Q")).append(value)
    tables, unknown = {}, 0
    for reason in sorted(rows.keys() | keys.keys()):
        by_key, missing = _rows_of_keys(store, np.array(keys.get(reason, []), np.uint64))
        unknown += missing
        chosen = np.union1d(by_key, np.array(rows.get(reason, []), np.int64))
        tables[reason] = _table(chosen, reason, pa.nulls(len(chosen), pa.string()))
    return Listed(tables, unknown)


def _entry(line: str, place: str, size: int) -> tuple[str, str, int]:
    """Reason, "row" or "key_id", and its number."""
    expected = 'expected {"key_id" or "row": number, "reason": text}'
    try:
        fields: Mapping[str, Any] = json.loads(line)
        reason, kinds = fields["reason"], [kind for kind in ("row", "key_id") if kind in fields]
        (kind,) = kinds
        value = int(fields[kind])
    except (ValueError, KeyError, TypeError) as error:
        raise CleanError(f"{place}: {expected}, found {line.strip()[:80]}") from error
    if (
        not isinstance(reason, str)
        or not reason.strip()
        or reason == EVERYTHING
        or isinstance(fields[kind], bool | float)
    ):
        raise CleanError(f"{place}: {expected}, found {line.strip()[:80]}")
    if not 0 <= value < (size if kind == "row" else 1 << 64):
        raise CleanError(f"{place}: expected a {kind} of the store, found {value}")
    return reason, kind, value


def _rows_of_keys(store: Store, keys: np.ndarray) -> tuple[Rows, int]:
    """Every row with one of these key_ids, and how many of them no row has."""
    wanted = np.unique(keys)
    if not len(wanted):
        return np.zeros(0, np.int64), 0
    seen, rows = np.zeros(len(wanted), bool), [np.zeros(0, np.int64)]
    for start, column in store.column_parts("key_id"):
        there = np.asarray(column.fill_null(0))
        place = np.minimum(np.searchsorted(wanted, there), len(wanted) - 1)
        hit = (wanted[place] == there) & np.asarray(column.is_valid())
        seen[place[hit]] = True
        rows.append(start + np.flatnonzero(hit))
    return np.concatenate(rows), int(np.count_nonzero(~seen))
