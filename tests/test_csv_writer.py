"""Kaggle's CSV, written: the bytes of the contest's files, what null is, and that any CSV reader gives the rows back."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gribouille.drawing import Drawings, drawing_of
from gribouille.formats import csv as kaggle
from gribouille.formats.compression import decompressed
from gribouille.formats.records import NO_TIMESTAMP, Records

STROKES = [[[0, 12, 40], [7, 7, 90]], [[100, 100], [120, 120]]]


def records(word: str | None, country: str | None, recognized: int, timestamp: int, key_id: int | None) -> Records:
    """One record."""
    return Records.of(
        Drawings.of([drawing_of(STROKES)]),
        label=np.array([-1 if word is None else 0], np.int32),
        labels=() if word is None else (word,),
        country=np.array([-1 if country is None else 0], np.int32),
        countries=() if country is None else (country,),
        recognized=np.array([recognized], np.int8),
        timestamp=np.array([timestamp]),
        key_id=np.array([key_id or 0], np.uint64),
        keyed=np.array([key_id is not None]),
    )


CAT = records("cat", "FR", 1, 1490701817001860, 5312114191237120)


def written(path: Path, *batches: Records, **options: object) -> str:
    assert kaggle.write(batches, path, **options) == sum(map(len, batches))  # type: ignore[arg-type]
    return b"".join(decompressed(iter([path.read_bytes()]), path.name)).decode()


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_writes_kaggles_training_form(tmp_path: Path, suffix: str) -> None:
    """Header, order, quotes, separators, True, six digits of a second: as in the contest's files."""
    assert written(tmp_path / f"cat.csv{suffix}", CAT) == (
        "countrycode,drawing,key_id,recognized,timestamp,word\n"
        'FR,"[[[0, 12, 40], [7, 7, 90]], [[100, 100], [120, 120]]]",5312114191237120,True,'
        "2017-03-28 11:50:17.001860,cat\n"
    )


def test_writes_kaggles_test_form(tmp_path: Path) -> None:
    """The test variant has neither recognized nor word."""
    assert written(tmp_path / "test.csv", CAT, columns=kaggle.TEST_COLUMNS) == (
        'key_id,countrycode,drawing\n5312114191237120,FR,"[[[0, 12, 40], [7, 7, 90]], [[100, 100], [120, 120]]]"\n'
    )


def test_null_is_an_empty_field(tmp_path: Path) -> None:
    """Every field but the drawing may be empty."""
    text = written(tmp_path / "cat.csv", records(None, None, -1, NO_TIMESTAMP, None))
    assert text.splitlines()[1] == ',"[[[0, 12, 40], [7, 7, 90]], [[100, 100], [120, 120]]]",,,,'


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
    st.sampled_from([0, 1]),
    st.integers(-(10**16), 10**17),
    st.integers(0, 2**64 - 1),
)
def test_any_csv_reader_gives_the_fields_back(
    tmp_path_factory: pytest.TempPathFactory, word: str, recognized: int, timestamp: int, key_id: int
) -> None:
    """Commas, quotes and line ends in a word are quoted; numbers keep every digit."""
    path = tmp_path_factory.getbasetemp() / "any.csv"
    text = written(path, records(word, "FR", recognized, timestamp, key_id))
    header, row = csv.reader(io.StringIO(text, newline=""))
    fields = dict(zip(header, row, strict=True))
    assert (fields["word"], fields["recognized"], fields["key_id"]) == (word, str(recognized == 1), str(key_id))
    assert np.datetime64(fields["timestamp"], "us").astype(int) == timestamp
    assert json.loads(fields["drawing"]) == STROKES


def test_without_records_there_is_the_header(tmp_path: Path) -> None:
    """No rows make a table without rows."""
    assert written(tmp_path / "none.csv") == "countrycode,drawing,key_id,recognized,timestamp,word\n"
