"""Kaggle's CSV of Quick, Draw!: a header, then a drawing a line, as JSON in quotes; read and written.

The columns are `countrycode,drawing,key_id,recognized,timestamp,word` in any order, others are skipped; drawing must be
there. The challenge's test file lacks recognized and word. An empty field is null. Drawings are simplified or raw, as in
NDJSON. Source of the format: kaggle.com/c/quickdraw-doodle-recognition.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from gribouille.drawing import strokes_of
from gribouille.formats import block_kernel as kernel
from gribouille.formats.blocks import Block
from gribouille.formats.compression import compressed_writer
from gribouille.formats.csv_kernel import parse_block
from gribouille.formats.ndjson_kernel import COUNTRYCODE, DRAWING, KEY_ID, RECOGNIZED, TIMESTAMP, WORD
from gribouille.formats.records import EPOCH, NO_TIMESTAMP, FormatError, Parsed, Records
from gribouille.formats.rows import Words, parsed

TRAIN_COLUMNS = ("countrycode", "drawing", "key_id", "recognized", "timestamp", "word")
TEST_COLUMNS = ("key_id", "countrycode", "drawing")
COLUMNS = {
    "countrycode": COUNTRYCODE,
    "drawing": DRAWING,
    "key_id": KEY_ID,
    "recognized": RECOGNIZED,
    "timestamp": TIMESTAMP,
    "word": WORD,
}


def columns_of(header: str, name: str) -> UInt8[np.ndarray, "columns"]:
    """Which field each column is, by a file's first line. Raises FormatError naming the file."""
    names = next(csv.reader([header]), [])
    columns = np.array([COLUMNS.get(column.strip(), 0) for column in names], np.uint8)
    if DRAWING not in columns or any(np.count_nonzero(columns == code) > 1 for code in COLUMNS.values()):
        raise FormatError(
            f"{name}:1: expected a header of {', '.join(COLUMNS)}, each once, found {header.strip()[:200]!r}"
        )
    return columns


def parse(block: Block, columns: UInt8[np.ndarray, "columns"], words: Words = None) -> Parsed:
    """The records of a block (without the header), and the faults of its bad lines."""
    tables = kernel.tables_for(block.size, block.lines)
    parse_block(block.text, block.size, columns, tables)
    drawing = int(np.flatnonzero(columns == DRAWING)[0])
    return parsed(block, tables, words, lambda line: json.loads(next(csv.reader([line.decode()]))[drawing]))


def write(batches: Iterable[Records], path: Path, columns: tuple[str, ...] = TRAIN_COLUMNS) -> int:
    """Writes Kaggle's CSV with these columns (compressed where the name ends in .gz or .zst); the number of rows.

    Null is an empty field. Times are not written.
    """
    count = 0
    with compressed_writer(path) as file, io.TextIOWrapper(file, "utf-8", newline="", write_through=True) as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        for records in batches:
            writer.writerows([row[column] for column in columns] for row in _rows(records))
            count += len(records)
    return count


def _rows(records: Records) -> Iterator[dict[str, str]]:
    for row, drawing in enumerate(records.drawings):
        label, country, recognized = (
            int(column[row]) for column in (records.label, records.country, records.recognized)
        )
        yield {
            "countrycode": "" if country < 0 else records.countries[country],
            "drawing": json.dumps(strokes_of(drawing)),
            "key_id": str(records.key_id[row]) if records.keyed[row] else "",
            "recognized": "" if recognized < 0 else str(bool(recognized)),
            "timestamp": _timestamp(int(records.timestamp[row])),
            "word": "" if label < 0 else records.labels[label],
        }


def _timestamp(microseconds: int) -> str:
    """µs since 1970 as "2017-03-28 11:50:17.001860", with all six digits. Empty for NO_TIMESTAMP."""
    if microseconds == NO_TIMESTAMP:
        return ""
    moment = EPOCH + timedelta(microseconds=microseconds)
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")
