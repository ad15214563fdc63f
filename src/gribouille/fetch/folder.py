"""The folder that is fetched into: files on the way, and the record of those that are whole.

While it is on the way `cat.ndjson` is `.cat.ndjson.part`, always the first bytes of the remote file in order, so its
length says how far it is; `.cat.ndjson.part.json` says of which version. What is killed goes on from there.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from gribouille.sources import FETCH_RECORD, SourceFile, shown

RECORD_VERSION = 1


class FetchError(ValueError):
    """Something that cannot be fetched, or a folder that it cannot go to; the message says what was expected and found."""


@dataclass(frozen=True)
class Fetched:
    """What the record says of one file of the folder."""

    source: str  # its address, without a query
    version: str  # generation, ETag or date there
    bytes: int  # here
    source_bytes: int  # there
    rows: int | None  # how many were asked for; None: all
    checked: str  # md5 (the server's, of the whole file) or size
    fetched: str  # when, UTC


class Part:
    """A file on the way."""

    def __init__(self, out: Path, file: SourceFile, rows: int | None) -> None:
        self.file = file
        self.target = out / file.name
        self.path = out / f".{file.name}.part"
        self.sidecar = out / f".{file.name}.part.json"
        self.of = {"source": shown(file.url), "version": file.version, "bytes": file.bytes, "rows": rows}

    def size(self) -> int:
        """The bytes that are there of this version; 0 where there is none."""
        return self.path.stat().st_size if self._is_ours() else 0

    def begin(self) -> None:
        """Makes an empty part, unless there is one to go on with."""
        if not self._is_ours():
            self.path.write_bytes(b"")
            self.sidecar.write_text(json.dumps(self.of), encoding="utf-8")

    def check(self, size: int, md5: str) -> str:
        """Cuts it to its size and checks it where the server tells the digest; how ("md5" or "size"). Raises FetchError."""
        with self.path.open("r+b") as file:
            file.truncate(size)
            os.fsync(file.fileno())
        if size != self.file.bytes or not md5:
            return "size"
        found = _md5(self.path)
        if found != md5:
            self.sidecar.unlink()
            self.path.unlink()
            raise FetchError(
                f"{self.target}: expected bytes of md5 {md5}, found {found}: they are gone, fetch them again"
            )
        return "md5"

    def move(self) -> None:
        """Puts the whole file in its place."""
        self.path.replace(self.target)
        self.sidecar.unlink()

    def _is_ours(self) -> bool:
        """Whether there is a part of this version, for as many rows."""
        try:
            begun = json.loads(self.sidecar.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):  # none, or killed while it was written
            return False
        return begun == self.of and self.path.is_file() and self.path.stat().st_size <= self.file.bytes


def is_there(out: Path, file: SourceFile, rows: int | None, record: dict[str, Fetched]) -> bool:
    """Whether an earlier fetch brought the same file, whole. (One that was killed wrote it down before it moved it.)"""
    known, part = record.get(file.name), Part(out, file, rows)
    return (
        known is not None
        and (known.source, known.version, known.source_bytes) == (shown(file.url), file.version, file.bytes)
        and known.rows == rows
        and not part.path.exists()
        and part.target.is_file()
        and part.target.stat().st_size == known.bytes
    )


def read_record(out: Path) -> dict[str, Fetched]:
    """What was fetched into the folder, by file name. Raises FetchError where its record is something else."""
    path = out / FETCH_RECORD
    if not path.exists():
        return {}
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        return {name: Fetched(**fetched) for name, fetched in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise FetchError(f"{path}: expected the record of an earlier fetch, found something else") from None


def write_record(out: Path, record: dict[str, Fetched]) -> None:
    """Writes it whole or not at all."""
    written = {"version": RECORD_VERSION, "files": {name: asdict(record[name]) for name in sorted(record)}}
    new = out / f".{FETCH_RECORD}.new"
    new.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    new.replace(out / FETCH_RECORD)


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Makes the folder, and refuses a second fetch into it at the same time. The lock of one that is killed goes with it."""
    from filelock import FileLock, Timeout

    out.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out / ".fetch.lock", timeout=0):
            yield
    except Timeout:
        raise FetchError(f"{out}: expected a folder for this fetch alone, found another fetch at work in it") from None


def free_bytes(out: Path) -> int:
    """Bytes that are free where the folder is or will be."""
    place = out.absolute()
    return shutil.disk_usage(next(folder for folder in (place, *place.parents) if folder.exists())).free


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
