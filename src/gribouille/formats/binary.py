"""Google's .bin, one word a file: stretches of bytes in, `Parsed` out, and back.

The layout stands in `binary_kernel`. Nothing in it marks where a record starts: where none follows on a bad one, the next is
searched for. It is where three good ones follow on each other, or some to the end of the file. Source:
github.com/googlecreativelab/quickdraw-dataset, examples/binary_file_parser.py.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt32

from gribouille.drawing import MAX_POINTS
from gribouille.formats import binary_kernel as kernel
from gribouille.formats.compression import compressed_writer
from gribouille.formats.records import NO_TIMESTAMP, Fault, FormatError, Parsed, Records, shown

SECOND = 1_000_000  # µs

EXPECTED = {
    kernel.NO_STROKES: "at least one stroke",
    kernel.NO_POINTS: "at least one point in a stroke",
    kernel.TOO_LONG: f"at most {MAX_POINTS} points in a drawing",
    kernel.WANT_COUNTRY: "a country of two letters, or two zeros or blanks for none",
    kernel.WANT_RECOGNIZED: "recognized: a byte 0 or 1",
    kernel.ENDLESS: "a record that ends",
    kernel.ASTRAY: "a record that ends where the next one starts",
}
LOST = "fractions of a second; null in recognized reads as false"


def read(chunks: Iterable[bytes], word: str | None) -> Iterator[Parsed]:
    """The records of a file that comes in chunks of any size; `word` is the category that it is named after."""
    rest, offset = b"", 0
    for chunk in chunks:
        stretch = rest + chunk
        parsed, taken = parse(stretch, offset, word)
        yield parsed
        rest, offset = stretch[taken:], offset + taken
    yield parse(rest, offset, word, is_last=True)[0]


def parse(stretch: bytes | memoryview, base_offset: int, word: str | None, is_last: bool = False) -> tuple[Parsed, int]:
    """The records of a stretch of a file, which starts at `base_offset`, and how many bytes they took.

    The bytes that are left, at most about 1 MiB, belong before the next stretch. Of the last one, all are taken.
    """
    source = np.frombuffer(stretch, np.uint8)
    tables = kernel.tables_for(len(source))
    taken, rows, faults, countries = kernel.parse_records(source, is_last, tables)
    seconds = tables.seconds[:rows].astype(np.int64)
    key_id = tables.key_id[:rows].copy()
    offsets = tables.offsets[: rows + 1].copy()
    records = Records(
        packed=tables.packed[: offsets[-1]],  # hardly more than what is filled: a copy would cost a tenth of the time
        offsets=offsets,
        times=np.zeros(0, np.uint32),
        timed=np.zeros(rows, bool),
        label=np.full(rows, -1 if word is None else 0, np.int32),
        labels=() if word is None else (word,),
        country=tables.country[:rows].copy(),
        countries=tuple(pair.tobytes().decode("ascii") for pair in tables.countries[:countries].astype("<u2")),
        recognized=tables.recognized[:rows].copy(),
        timestamp=np.where(seconds > 0, seconds * SECOND, NO_TIMESTAMP),
        key_id=key_id,
        keyed=key_id > 0,
        start=tables.begins[:rows] + base_offset,
    )
    return Parsed(records, [_fault(stretch, base_offset, *fault) for fault in tables.faults[:faults].tolist()]), int(
        taken
    )


def _fault(
    stretch: bytes | memoryview, base_offset: int, code: int, begin: int, end: int, value: int, is_searched: int
) -> Fault:
    found = {
        kernel.NO_STROKES: "0 strokes",
        kernel.NO_POINTS: f"0 points in stroke {value}",
        kernel.TOO_LONG: f"{value} points",
        kernel.WANT_COUNTRY: repr(bytes([value & 255, value >> 8 & 255])),
        kernel.WANT_RECOGNIZED: str(value),
        kernel.ENDLESS: f"{value} bytes without its end",
        kernel.ASTRAY: f"one of {value} bytes",
    }[code]
    if is_searched:
        found += f"; {end - begin} bytes hold no record"
    return Fault(base_offset + begin, None, EXPECTED[code], found, shown(bytes(stretch[begin : min(end, begin + 200)])))


def write(batches: Iterable[Records], path: Path) -> int:
    """Writes records of one word (compressed where the name ends in .gz or .zst); how many there were.

    What the form has no room for is lost: the word (name the file after it), times, fractions of a second, and null,
    which is written as key_id 0, timestamp 0, country two zeros (all read back as null) and recognized 0 (read back as
    false). Raises FormatError for several words, a country that is not two letters, a moment out of 1970…2106.
    """
    count = 0
    word: str | None = None
    with compressed_writer(path) as file:
        for records in batches:
            words = sorted({records.labels[label] for label in np.unique(records.label[records.label >= 0])})
            words = sorted({*words, *([] if word is None else [word])})
            if len(words) > 1:
                raise FormatError(f"{path}: expected drawings of one word (a .bin is named after it), found {words}")
            word = words[0] if words else None
            file.write(encoded(records, path))
            count += len(records)
    return count


def encoded(records: Records, path: Path) -> bytes:
    """Records as bytes; `path` is for messages. Raises FormatError as `write` does."""
    codes = [_country_code(country, path) for country in records.countries]
    countries = np.array([*codes, 0], np.uint16)[records.country]
    recognized = np.maximum(records.recognized, 0)
    seconds = _seconds(records.timestamp, path)
    found = kernel.encode_records(
        records.packed, records.offsets, records.key_id, countries, recognized.astype(np.uint8), seconds
    )
    return bytes(found.data)


def _country_code(country: str, path: Path) -> int:
    if not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise FormatError(f"{path}: expected countries of two letters, which .bin has room for, found {country!r}")
    return int.from_bytes(country.encode(), "little")


def _seconds(timestamp: Int64[np.ndarray, "rows"], path: Path) -> UInt32[np.ndarray, "rows"]:
    seconds = np.where(timestamp == NO_TIMESTAMP, 0, timestamp // SECOND)
    bad = (seconds < 0) | (seconds > np.iinfo(np.uint32).max)
    if bad.any():
        raise FormatError(
            f"{path}: expected moments from 1970 to 2106, which .bin has room for, "
            f"found {timestamp[int(bad.argmax())]} µs since 1970"
        )
    return seconds.astype(np.uint32)
