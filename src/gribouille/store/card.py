"""A store's card: what is in it, where it came from, and in which form; `card.json` ↔ `Card`.

The card is written last, so a folder with a card is a whole store; its sizes and counts are checked against the files
when the store is opened.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

CARD_NAME = "card.json"
QUARANTINE_NAME = "quarantine.ndjson"
FORMAT = "gribouille store"
FORMAT_VERSION = 2


class StoreError(ValueError):
    """A folder that is no store, or a damaged one; the message names the place, what was expected and what was found."""


@dataclass(frozen=True)
class Checksum:
    """The sha256 of the bytes start to stop (without the last) of a file: most files have one, `sha256sum`'s."""

    start: int
    stop: int
    sha256: str


@dataclass(frozen=True)
class Source:
    """One ingested file; its rows are start to stop (without the last) of the store."""

    name: str  # folder and file name, with no trace of the machine
    format: str  # ndjson, csv, binary, stroke3
    compression: str  # gzip, zstd, or "" where it is plain
    version: str  # of a remote file: its ETag; "" for a local one
    checksums: tuple[Checksum, ...]  # of the file as it lies, end to end
    bytes: int
    start: int
    stop: int
    training_only: bool
    refused_times: int  # rows whose t decreased: kept without times
    quarantined: int  # rows that are not in the store but in QUARANTINE_NAME
    lost: str = ""  # what the format does not tell of a drawing


@dataclass(frozen=True)
class Part:
    """One Arrow file of the store, relative to its folder."""

    name: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class Card:
    """The contents of `card.json`."""

    rows: int
    labels: tuple[str, ...]  # sorted: the class order
    counts: dict[str, int]  # rows of each label
    splits: dict[str, int]  # rows of each split
    hash: str  # sha256 of the columns' values, whatever their cutting into parts
    sources: tuple[Source, ...]
    drawings: tuple[Part, ...]
    times: tuple[Part, ...]  # only parts with times have one, of the same name
    quarantined: dict[str, int]  # how many rows of the sources are not in the store, by what was expected of them
    dropped: dict[str, int] = field(default_factory=dict)  # how many marks of each reason this is a copy without
    format: str = FORMAT
    version: int = FORMAT_VERSION


def write_card(card: Card, folder: Path) -> None:
    """Writes `card.json` into the folder."""
    (folder / CARD_NAME).write_text(json.dumps(asdict(card), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_card(folder: Path) -> Card:
    """The card of the store in this folder. Raises StoreError where there is none, or one of another version."""
    path = folder / CARD_NAME
    if not path.is_file():
        raise StoreError(f"{folder}: expected a store (a folder with {CARD_NAME}), found none")
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        form, version = fields["format"], fields["version"]
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path}: expected the card of a store, found something else ({error!r})") from error
    if form != FORMAT or version != FORMAT_VERSION:
        raise StoreError(
            f"{path}: expected {FORMAT} version {FORMAT_VERSION}, found {form} version {version}: ingest again"
        )
    try:
        return Card(
            **fields
            | {
                "labels": tuple(fields["labels"]),
                "sources": tuple(
                    Source(**source | {"checksums": tuple(Checksum(**each) for each in source["checksums"])})
                    for source in fields["sources"]
                ),
                "drawings": tuple(Part(**part) for part in fields["drawings"]),
                "times": tuple(Part(**part) for part in fields["times"]),
            }
        )
    except (KeyError, TypeError) as error:
        raise StoreError(f"{path}: expected the fields of version {FORMAT_VERSION}, found others ({error})") from error
