"""Marks: which rows of a store are left out and why, in one file beside its own, which never change.

In come rows with a reason and a detail each; out comes `STORE/marks.arrow`, and from it `Marks`. A marked row's split reads
`unused` (see `Store.split`), and the store's hash names the marks; without the file all is as it was. A row may be marked for
several reasons, so that each can be taken back alone. The layout is in docs/data.md.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int16, Int64, UInt8

from gribouille.store.card import Card, StoreError
from gribouille.store.split import SPLITS, UNUSED

MARKS_NAME = "marks.arrow"
FORMAT = "gribouille marks"
FORMAT_VERSION = 1
KEY = b"gribouille"  # of the file's own description, JSON, in the schema's metadata
SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("reason", pa.dictionary(pa.int16(), pa.string()), nullable=False),
        pa.field("detail", pa.string()),
    ]
)


@dataclass(frozen=True, eq=False)
class Marks:
    """The marks of a store, in the order of its rows; one row has one mark a reason at most."""

    batch: pa.RecordBatch  # of SCHEMA
    settings: Mapping[str, Any]  # how each reason's rows were found
    splits: Mapping[str, int]  # marked rows of each split, each once
    digest: str  # sha256 of the marked rows, in hex

    def __len__(self) -> int:
        return len(self.batch)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons that occur, sorted."""
        return tuple(self.batch.column("reason").dictionary.to_pylist())

    @cached_property
    def row(self) -> Int64[np.ndarray, "marks"]:
        """The marked row of each mark, never decreasing."""
        return np.asarray(self.batch.column("row"))

    @cached_property
    def reason(self) -> Int16[np.ndarray, "marks"]:
        """The reason of each mark, as index into `reasons`."""
        return np.asarray(self.batch.column("reason").indices)

    def counts(self) -> dict[str, int]:
        """The number of rows marked for each reason."""
        return dict(zip(self.reasons, np.bincount(self.reason, minlength=len(self.reasons)).tolist(), strict=True))

    def details(self, reason: str) -> Iterator[tuple[int, str | None]]:
        """Each row that is marked for this reason, and the mark's detail."""
        if reason in self.reasons:
            marks = self.batch.filter(pa.array(self.reason == self.reasons.index(reason)))
            yield from zip(marks.column("row").to_pylist(), marks.column("detail").to_pylist(), strict=True)


def read_marks(folder: Path, card: Card) -> Marks | None:
    """The marks of the store in this folder, None where it has none. Raises StoreError for a damaged file or another store's."""
    path = folder / MARKS_NAME
    if not path.is_file():
        return None
    try:
        file = pa.ipc.open_file(pa.memory_map(str(path)))
        batch = file.get_batch(0)
        batch.validate()
        about = json.loads((file.schema.metadata or {})[KEY])
        form, version, store, marks = about["format"], about["version"], about["store"], about["marks"]
        found = Marks(batch, about["settings"], about["splits"], about["digest"])
    except (pa.ArrowInvalid, pa.ArrowIndexError, OSError, KeyError, ValueError) as error:
        raise StoreError(f"{path}: expected the marks of a store, found something else ({error!r})") from error
    if (form, version) != (FORMAT, FORMAT_VERSION) or not batch.schema.equals(SCHEMA) or len(batch) != marks:
        raise StoreError(
            f"{path}: expected {FORMAT} version {FORMAT_VERSION} with {marks} rows, found {form} version {version} "
            f"with {len(batch)}"
        )
    if store != card.hash:
        raise StoreError(
            f"{path}: expected marks of this store ({card.hash[:12]}), found those of {store[:12]}: delete it"
        )
    return found


def write_marks(
    folder: Path, card: Card, marks: pa.Table, settings: Mapping[str, Any], split: UInt8[np.ndarray, "rows"]
) -> None:
    """Puts these marks in the place of what was there, all or nothing; no marks at all: no file.

    marks: row, reason (string) and detail in any order; split: that of the store's rows without marks. Raises StoreError
    for a row that the store does not have.
    """
    path = folder / MARKS_NAME
    if not len(marks):
        path.unlink(missing_ok=True)
        return
    marks = marks.sort_by([("row", "ascending"), ("reason", "ascending")])
    rows = np.asarray(marks["row"])
    if not 0 <= rows[0] <= rows[-1] < card.rows:
        raise StoreError(f"{path}: expected rows from 0 to {card.rows - 1}, found {rows[0]} to {rows[-1]}")
    reasons = sorted(pc.unique(marks["reason"]).to_pylist())
    codes = pc.index_in(marks["reason"], value_set=pa.array(reasons)).combine_chunks().cast(pa.int16())
    marked = np.unique(rows)
    counts = np.bincount(split[marked], minlength=len(SPLITS)).tolist()
    about = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "store": card.hash,
        "marks": len(marks),
        "rows": len(marked),
        "digest": sha256(marked.astype("<i8").tobytes()).hexdigest(),
        "splits": dict(zip(SPLITS, counts, strict=True)),
        "settings": {reason: settings[reason] for reason in reasons},
    }
    batch = pa.record_batch(
        [
            pa.array(rows, pa.int64()),
            pa.DictionaryArray.from_arrays(codes, pa.array(reasons, pa.string())),
            marks["detail"].combine_chunks(),
        ],
        schema=SCHEMA.with_metadata({KEY: json.dumps(about, ensure_ascii=False, sort_keys=True)}),
    )
    temporary = path.with_name(f".{MARKS_NAME}.part")
    try:
        with pa.OSFile(str(temporary), "wb") as target, pa.ipc.new_file(target, batch.schema) as writer:
            writer.write_batch(batch)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def marked_card(card: Card, marks: Marks | None) -> Card:
    """The card of the store as it reads with these marks: its splits, and a hash that names both."""
    if marks is None:
        return card
    splits = {name: count - marks.splits[name] for name, count in card.splits.items()}
    splits[SPLITS[UNUSED]] += sum(marks.splits.values())
    return replace(card, splits=splits, hash=sha256(f"{card.hash}\n{marks.digest}".encode()).hexdigest())
