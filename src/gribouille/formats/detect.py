"""What a file is, from its first bytes: head and name in, format, compression and word out.

The content decides; the name only where the content leaves it open, as .bin does, which has no mark of its own.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import unquote

from gribouille.formats.compression import Compression, compression_of, decompressed
from gribouille.formats.records import DamagedError, FormatError
from gribouille.sources.files import KINDS, PACKED

HEAD_BYTES = 64 << 10  # what `detect` wants to see of a file, and of what is inside
Format = Literal["ndjson", "csv", "binary", "stroke3", "bitmap", "svg"]

BOM = b"\xef\xbb\xbf"
CSV_COLUMNS = {"countrycode", "drawing", "key_id", "recognized", "timestamp", "word"}  # Kaggle's
SUFFIXES = (*KINDS, ".npy", ".svg")
FOLDERS = re.compile(r"^(full_)?(raw|simplified|binary|numpy_bitmap|sketchrnn)_")  # in names that browsers save
OBJECT = re.compile(rb'^[ \t]*\{[ \t]*"', re.MULTILINE)
# prolog, comments and a document type, then the first element
FIRST_ELEMENT = re.compile(
    rb"(?:\s|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)*<([A-Za-z_][\w.:-]*)", re.DOTALL | re.IGNORECASE
)
OTHERS = (  # what people hand over by mistake, by its first bytes
    (b"PAR1", "Parquet"),
    (b"ARROW1", "Arrow"),
    (b"SQLite format 3", "SQLite"),
    (b"\x89HDF", "HDF5"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "PDF"),
    (b"BZh", "bzip2 (only gzip and zstd are unpacked)"),
    (b"\xfd7zXZ", "xz (only gzip and zstd are unpacked)"),
    (b"7z\xbc\xaf", "7-Zip (only gzip and zstd are unpacked)"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xff\xfe", "text in UTF-16, not UTF-8"),
    (b"\xfe\xff", "text in UTF-16, not UTF-8"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself"),
)
WANTED = "NDJSON, Kaggle CSV, Google .bin, sketch-rnn .npz, .npy or SVG"


@dataclass(frozen=True)
class Detected:
    """What a file is. `word`: the category, where the format keeps it in the file's name alone."""

    format: Format
    compression: Compression
    word: str | None


def detect(head: bytes, name: str) -> Detected:
    """What the file of this name is that begins with `head` (HEAD_BYTES or all of it). Raises FormatError."""
    if not head:
        raise _refused(name, "an empty file")
    compression = compression_of(head)
    inside = head_inside(head, name)
    if not inside:
        raise _refused(name, f"{compression} with nothing inside")
    found = _format(inside, name)
    in_name_only = found in ("binary", "stroke3", "bitmap")
    return Detected(found, compression, word_of(name) if in_name_only else None)


def word_of(name: str) -> str | None:
    """The category that a file is named after: "cat" for "full%2Fbinary%2Fcat.bin.gz", "full_binary_cat.bin", "cat.full.npz"."""
    stem = PurePosixPath(unquote(name).replace("\\", "/")).name
    for suffixes in (PACKED, SUFFIXES, (".full",)):
        suffix = next((suffix for suffix in suffixes if stem.lower().endswith(suffix)), "")
        stem = stem[: len(stem) - len(suffix)]
    return FOLDERS.sub("", stem).strip() or None


def head_inside(head: bytes, name: str) -> bytes:
    """The first HEAD_BYTES of the content, unpacked; a head is cut off somewhere, so that is no damage."""
    inside = b""
    pieces = decompressed(iter([head]), name)
    while len(inside) < HEAD_BYTES:
        try:
            inside += next(pieces)
        except StopIteration:
            break
        except DamagedError:
            if not inside:
                raise
            break
    return inside[:HEAD_BYTES]


def _format(head: bytes, name: str) -> Format:
    if head.startswith(b"\x93NUMPY"):
        return "bitmap"
    if head.startswith(b"PK\x03\x04"):
        return _zip_format(head, name)
    for magic, what in OTHERS:
        if head.startswith(magic):
            raise _refused(name, what)
    plausible, implausible = _records(head)
    is_named_bin = _suffix(name) == ".bin"
    if plausible > (0 if is_named_bin else 1) and plausible > (implausible if is_named_bin else 8 * implausible):
        return "binary"
    return _text_format(head.removeprefix(BOM), name)


def _zip_format(head: bytes, name: str) -> Format:
    size = int.from_bytes(head[26:28], "little")
    member = head[30 : 30 + size].decode(errors="replace")
    if member.endswith(".npy"):
        return "stroke3"
    raise _refused(name, f"a zip archive of {member!r}: unpack it first")


def _text_format(head: bytes, name: str) -> Format:
    text = head.lstrip()
    if not text:
        raise _refused(name, "nothing but white space")
    if text.startswith(b"<"):
        return _markup_format(text, name)
    if text.startswith(b"["):
        raise _refused(name, "a JSON array: NDJSON has one object a line")
    columns = _columns(text)
    if "drawing" in columns and columns & (CSV_COLUMNS - {"drawing"}):
        return "csv"
    if text.startswith(b"{") or OBJECT.search(text):  # the first line may be damaged
        return "ndjson"
    if columns & CSV_COLUMNS:
        raise _refused(name, f"a table of the columns {', '.join(sorted(columns))}, without drawings")
    if _suffix(name) == ".csv":
        raise _refused(name, f"CSV without Kaggle's header line: it begins with {text[:40]!r}")
    if _suffix(name) == ".bin":
        raise _refused(name, f"bytes that are no records of Google's .bin: {head[:24]!r}")
    raise _refused(name, repr(text[:40]))


def _markup_format(text: bytes, name: str) -> Format:
    element = FIRST_ELEMENT.match(text)
    tag = element[1].decode().lower() if element else ""
    if tag.rpartition(":")[2] == "svg":
        return "svg"
    if tag == "html":
        raise _refused(name, "an HTML page, perhaps of an error or a sign-in")
    code = re.search(rb"<Code>([^<]{1,80})</Code>", text)
    if tag == "error" and code:
        raise _refused(name, f"a storage server's error page: {code[1].decode(errors='replace')}")
    raise _refused(name, f"XML or HTML that is no SVG: {text[:60]!r}")


def _columns(text: bytes) -> set[str]:
    """The columns that the first line names, where it is a header."""
    line = text.partition(b"\n")[0].decode(errors="replace").strip()
    try:
        return {column.strip().lower() for column in next(csv.reader([line], strict=True), [])}
    except csv.Error:
        return set()


def _records(head: bytes) -> tuple[int, int]:
    """How many of Google's binary records stand in the head, one after the other, and how many of those cannot be ones."""
    plausible, implausible = 0, 0
    for is_plausible in _walked(head):
        plausible += is_plausible
        implausible += not is_plausible
    return plausible, implausible


def _walked(head: bytes) -> Iterator[bool]:
    at = 0
    while at + 17 <= len(head):
        country, recognized = head[at + 8 : at + 10], head[at + 10]
        strokes = int.from_bytes(head[at + 15 : at + 17], "little")
        is_plausible = recognized <= 1 and strokes > 0 and (country.isalpha() or country in (b"\0\0", b"  "))
        at += 17
        for _ in range(strokes):
            points = int.from_bytes(head[at : at + 2], "little")
            is_plausible = is_plausible and points > 0
            at += 2 + 2 * points
            if at > len(head):
                return  # the head ends before the record
        yield is_plausible


def _suffix(name: str) -> str:
    """The suffix of a name, without the compression's."""
    path = PurePosixPath(name.lower())
    return PurePosixPath(path.stem).suffix if path.suffix in PACKED else path.suffix


def _refused(name: str, found: str) -> FormatError:
    return FormatError(f"{name}: expected {WANTED}, found {found}")
