"""Quick, Draw!'s NDJSON, raw or simplified: a file of any size in, `Records` out, and back.

A line is `{"word", "countrycode", "timestamp", "recognized", "key_id", "drawing"}` in any order; word and drawing must
be there, the others may be null or missing, unknown keys are skipped. A drawing whose strokes are two lists of integers
0…255 is simplified and taken unchanged; any other is raw and goes through `canonical`, once. Source of the format:
github.com/googlecreativelab/quickdraw-dataset.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

from gribouille.drawing import strokes_of
from gribouille.formats import block_kernel as kernel
from gribouille.formats.blocks import Block
from gribouille.formats.compression import compressed_writer
from gribouille.formats.ndjson_kernel import parse_block
from gribouille.formats.records import EPOCH, NO_TIMESTAMP, Parsed, Records
from gribouille.formats.rows import Words, parsed


def parse(block: Block, words: Words = None) -> Parsed:
    """The records of a block, and the faults of its bad lines."""
    tables = kernel.tables_for(block.size, block.lines)
    parse_block(block.text, block.size, tables)
    return parsed(block, tables, words, lambda line: json.loads(line)["drawing"])


def write(batches: Iterable[Records], path: Path) -> int:
    """Writes simplified NDJSON as Google does (gzip or zstd where the name ends in .gz or .zst); the number of lines written.

    Times are not written: a record with t is raw by definition, and would be simplified a second time when read.
    """
    count = 0
    with compressed_writer(path) as file:
        for records in batches:
            file.writelines(lines(records))
            count += len(records)
    return count


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
