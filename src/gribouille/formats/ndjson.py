"""Quick, Draw!'s NDJSON, raw or simplified, plain or gzip: files of any size in, `Records` out, and back.

A line is `{"word", "countrycode", "timestamp", "recognized", "key_id", "drawing"}` in any order; word and drawing must
be there, the others may be null or missing, unknown keys are skipped. A drawing whose strokes are two lists of integers
0…255 is simplified and taken unchanged; any other is raw and goes through `canonical`, once. A file is read in blocks of
whole lines, so memory does not grow with it. Source of the format: github.com/googlecreativelab/quickdraw-dataset.
"""

import gzip
import json
import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import NoReturn

import numpy as np
from jaxtyping import Bool, Float64, Int64

from gribouille.bulk_kernel import canonical_batch
from gribouille.drawing import MAX_POINTS, SIDE, Drawings, StrokesError, checked_strokes, strokes_of
from gribouille.formats import block_kernel as kernel
from gribouille.formats.ndjson_kernel import parse_block
from gribouille.formats.records import NO_TIMESTAMP, FormatError, Records
from gribouille.formats.strokes_kernel import good_times, merge

BLOCK_BYTES = 4 << 20  # text parsed at once; small enough that its tables stay in the last cache
MAX_LINE_BYTES = 16 << 20  # far above any drawing of MAX_POINTS points
GZIP_MAGIC = b"\x1f\x8b"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

EXPECTED = {
    kernel.WANT_RECORD: "a JSON object",
    kernel.WANT_KEY: "a key in quotes",
    kernel.WANT_COLON: "':'",
    kernel.WANT_COMMA: "',' or '}'",
    kernel.WANT_NEWLINE: "the end of the line",
    kernel.WANT_STRING: "a string",
    kernel.WANT_KEY_ID: "key_id: an integer from 0 to 2**64 − 1, or null",
    kernel.WANT_RECOGNIZED: "recognized: true, false or null",
    kernel.WANT_TIMESTAMP: 'timestamp: "YYYY-MM-DD HH:MM:SS[.ffffff] UTC" or null',
    kernel.WANT_VALUE: "a JSON value",
    kernel.WANT_STROKES: "drawing: a list of strokes",
    kernel.WANT_STROKE: "a stroke [[x…], [y…]] or [[x…], [y…], [t…]]",
    kernel.WANT_LIST: "a list of numbers",
    kernel.WANT_NUMBER: "a number",
    kernel.WANT_NEXT: "',' or ']'",
    kernel.REPEATED: "each key once",
    kernel.NO_WORD: "the key 'word'",
    kernel.NO_DRAWING: "the key 'drawing'",
    kernel.NO_STROKES: "at least one stroke",
    kernel.NO_POINTS: "at least one point",
    kernel.UNEQUAL: "lists of equal length",
    kernel.FEW_LISTS: "x and y",
    kernel.MANY_LISTS: "at most x, y and t",
    kernel.SOME_TIMED: "times in every stroke or in none",
    kernel.TOO_LONG: f"at most {MAX_POINTS} points in a drawing",
}


@dataclass(frozen=True)
class Block:
    """Whole lines of a file, then one empty one, so that the kernel may look two bytes past a digit."""

    path: Path
    first_line: int  # 1-based
    text: bytes


def read(path: Path, block_bytes: int = BLOCK_BYTES) -> Iterator[Records]:
    """The records of a file, a block at a time. Raises FormatError naming file, line, expected and found."""
    with path.open("rb") as file:
        for block in blocks(file, path, block_bytes):
            yield parse(block)


def blocks(file: BufferedReader, path: Path, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """The lines of an open file, unzipped where it is gzip, in blocks of about `block_bytes`; `path` is for messages."""
    is_gzip = file.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC)
    first_line = 1
    rest = b""
    source = gzip.GzipFile(fileobj=file) if is_gzip else file
    while chunk := _read(source, path, block_bytes):
        cut = chunk.rfind(b"\n") + 1
        if cut:
            block = Block(path, first_line, b"".join([rest, memoryview(chunk)[:cut], b"\n"]))
            yield block
            first_line += block.text.count(b"\n") - 1
            rest = chunk[cut:]
        else:
            rest += chunk
        if len(rest) > MAX_LINE_BYTES:
            raise FormatError(f"{path}:{first_line}: expected a line of at most {MAX_LINE_BYTES} bytes, found more")
    if rest:
        yield Block(path, first_line, rest + b"\n\n")


def _read(source: BufferedReader | gzip.GzipFile, path: Path, size: int) -> bytes:
    try:
        return source.read(size)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FormatError(f"{path}: expected a whole gzip file, found a damaged one ({error})") from error


def parse(block: Block) -> Records:
    """The records of a block. Raises FormatError naming file, line, expected and found."""
    tables = kernel.tables_for(len(block.text), block.text.count(b"\n"))
    parse_block(np.frombuffer(block.text, np.uint8), tables)
    if tables.fault[0]:
        _raise_fault(block, tables.fault)
    counts = tables.counts
    rows = tables.rows[: counts[kernel.ROWS]]
    drawings, timed, times, refused = _drawings(block, rows, tables)
    labels, label = _strings(block, tables.labels[: counts[kernel.LABELS]], rows["label"])
    countries, country = _strings(block, tables.countries[: counts[kernel.COUNTRIES]], rows["country"])
    return Records(
        drawings=drawings,
        times=times,
        timed=timed,
        label=label,
        labels=labels,
        country=country,
        countries=countries,
        recognized=rows["recognized"].copy(),
        timestamp=rows["timestamp"].copy(),
        key_id=rows["key_id"].copy(),
        keyed=rows["keyed"].copy(),
        refused_times=refused,
    )


def _raise_fault(block: Block, fault: Int64[np.ndarray, "4"]) -> NoReturn:
    code, at, stroke, point = fault.tolist()
    line = block.first_line + block.text.count(b"\n", 0, at)
    column = at - block.text.rfind(b"\n", 0, at)
    found = block.text[at : at + 24].split(b"\n")[0].decode(errors="replace")
    place = "" if stroke < 0 else f"stroke {stroke}" + ("" if point < 0 else f", point {point}") + ": "
    raise FormatError(
        f"{block.path}:{line}: {place}expected {EXPECTED[code]}, "
        f"found {found!r} at column {column}" + ("" if found else " (the line ends)")
    )


def _strings(
    block: Block, spans: Int64[np.ndarray, "strings 2"], codes: np.ndarray
) -> tuple[tuple[str, ...], np.ndarray]:
    """The distinct strings at these places in the block, unescaped, and each row's index into them."""
    texts = [_string(block, start, stop) for start, stop in spans.tolist()]
    index = {text: position for position, text in enumerate(dict.fromkeys(texts))}  # two spellings may be one string
    positions = np.array([index[text] for text in texts] + [-1], np.int32)  # code −1 (null) finds the last
    return tuple(index), positions[codes]


def _string(block: Block, start: int, stop: int) -> str:
    try:
        text = str(json.loads(block.text[start - 1 : stop + 1]))
        text.encode()  # half a surrogate pair is a JSON string and no text
        return text
    except ValueError as error:
        line = block.first_line + block.text.count(b"\n", 0, start)
        found = block.text[start:stop].decode(errors="replace")
        raise FormatError(f"{block.path}:{line}: expected a JSON string in UTF-8, found {found!r} ({error})") from error


def _drawings(
    block: Block, rows: np.ndarray, tables: kernel.Tables
) -> tuple[Drawings, Bool[np.ndarray, "rows"], np.ndarray, int]:
    """The drawings of the rows, which rows have times, the times of those end to end, and how many were refused."""
    raw = rows["kind"] != kernel.SIMPLIFIED
    points = tables.points[: tables.counts[kernel.POINTS]]
    offsets = _offsets(rows["points_end"][~raw])
    if not raw.any():
        return Drawings(points.copy(), offsets), np.zeros(len(rows), bool), np.zeros(0, np.uint32), 0
    ends = rows["points_end"][raw]
    xy, t = tables.xy[: ends[-1]], tables.t[: ends[-1]]
    _reread_hard_numbers(block, rows[raw], xy, t)
    had_times = rows["kind"][raw] == kernel.RAW_TIMED
    good = good_times(t, ends)
    stroke_offsets = _offsets(tables.stroke_ends[: tables.counts[kernel.RAW_STROKES]])
    t[np.repeat(~good, np.diff(ends, prepend=0))] = 0  # times that are not kept must still be numbers to carry along
    simplified, times = canonical_batch(xy, t, stroke_offsets, _offsets(rows["strokes_end"][raw]))
    assert times is not None
    timed = np.zeros(len(rows), bool)
    timed[raw] = had_times & good
    times = times[np.repeat(timed[raw], np.diff(simplified.offsets))]
    merged = merge(raw, simplified.points, simplified.offsets, points, offsets)
    return Drawings(*merged), timed, times, int((had_times & ~good).sum())


def _offsets(ends: Int64[np.ndarray, "rows"]) -> Int64[np.ndarray, "rows_and_one"]:
    return np.concatenate([np.zeros(1, np.int64), ends])


def _reread_hard_numbers(
    block: Block, raw: np.ndarray, xy: Float64[np.ndarray, "points 2"], t: Float64[np.ndarray, "points"]
) -> None:
    """Reads the drawings whose numbers one operation does not make exact again, with Python's own number parser."""
    for index in np.flatnonzero(raw["hard"]).tolist():
        begin, end = (int(raw["points_end"][index - 1]) if index else 0), int(raw["points_end"][index])
        start = int(raw["start"][index])
        line = block.text[start : block.text.index(b"\n", start)]
        try:
            strokes = json.loads(line)["drawing"]
            xy[begin:end] = np.concatenate(checked_strokes([stroke[:2] for stroke in strokes]))
            if raw["kind"][index] == kernel.RAW_TIMED:
                t[begin:end] = np.concatenate([np.asarray(stroke[2], np.float64) for stroke in strokes])
            if not (_has_scale(xy[begin:end]) and np.isfinite(t[begin:end]).all()):
                raise StrokesError("expected finite times and a drawing of finite extent")
        except ValueError as error:
            place = block.first_line + int(raw["line"][index])
            raise FormatError(f"{block.path}:{place}: {error}") from error


def _has_scale(xy: Float64[np.ndarray, "points 2"]) -> bool:
    """Whether a drawing's extent and the factor that makes it 255 are finite; both are where no number is hard."""
    with np.errstate(over="ignore"):
        extent = float(np.ptp(xy, axis=0).max())
    return math.isfinite(extent) and (extent == 0 or math.isfinite(SIDE / extent))


def write(batches: Iterable[Records], path: Path) -> int:
    """Writes simplified NDJSON as Google does (gzip where the name ends in .gz); the number of lines written.

    Times are not written: a record with t is raw by definition, and would be simplified a second time when read.
    """
    count = 0
    with path.open("wb") as plain, zipped(plain) if path.suffix == ".gz" else plain as file:
        for records in batches:
            file.writelines(lines(records))
            count += len(records)
    return count


def zipped(file: BufferedWriter) -> gzip.GzipFile:
    """A gzip stream into the file, with neither name nor time inside: the same lines give the same bytes."""
    return gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0)


def lines(records: Records) -> Iterator[bytes]:
    """Each record as a line of simplified NDJSON, compact, the newline included."""
    for row, drawing in enumerate(records.drawings):
        country = int(records.country[row])
        recognized = int(records.recognized[row])
        record = {
            "word": records.labels[records.label[row]],
            "countrycode": None if country < 0 else records.countries[country],
            "timestamp": timestamp_text(int(records.timestamp[row])),
            "recognized": None if recognized < 0 else bool(recognized),
            "key_id": str(records.key_id[row]) if records.keyed[row] else None,
            "drawing": strokes_of(drawing),
        }
        yield json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def timestamp_text(microseconds: int) -> str | None:
    """µs since 1970 as "2017-03-28 11:50:17.00186 UTC", Google's form: no trailing zeros. None for NO_TIMESTAMP."""
    if microseconds == NO_TIMESTAMP:
        return None
    moment = EPOCH + timedelta(microseconds=microseconds)
    seconds, _, fraction = moment.strftime("%Y-%m-%d %H:%M:%S.%f").partition(".")
    fraction = fraction.rstrip("0")
    return f"{seconds.rjust(19, '0')}{'.' + fraction if fraction else ''} UTC"
