"""Kaggle's CSV, written: `Records` in, a table out whose drawings are JSON in quotes.

Two variants, as in the contest: the training one with everything, the test one with key_id, countrycode and drawing.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gribouille.drawing import strokes_of
from gribouille.formats.compression import compressed_writer
from gribouille.formats.records import NO_TIMESTAMP, Records

TRAIN_COLUMNS = ("countrycode", "drawing", "key_id", "recognized", "timestamp", "word")
TEST_COLUMNS = ("key_id", "countrycode", "drawing")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
