"""Kaggle's CSV read: every field as in NDJSON, any order of columns, bad lines put aside alone."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import simplified

from gribouille.drawing import canonical, strokes_of
from gribouille.formats import csv, reading
from gribouille.formats.blocks import BLOCK_BYTES
from gribouille.formats.records import FormatError, Parsed, Records

HEADER = "countrycode,drawing,key_id,recognized,timestamp,word"
GOOD = 'US,"[[[17, 18, 20], [1, 2, 255]], [[0], [3]]]",9000003627287624,True,2017-03-09 00:28:36.537280,owl'
STROKES = [[[17, 18, 20], [1, 2, 255]], [[0], [3]]]

strokes = simplified()
rows_ = st.fixed_dictionaries(
    {
        "word": st.sampled_from(["owl", "The Eiffel Tower", "t-shirt"]),
        "drawing": strokes,
        "countrycode": st.sampled_from([None, "US", "FR"]),
        "timestamp": st.sampled_from([None, "2017-03-09 00:28:36.53728 UTC"]),
        "recognized": st.none() | st.booleans(),
        "key_id": st.none() | st.integers(0, 2**64 - 1).map(str),
    }
)


def read(path: Path, text: str | bytes, block_bytes: int = BLOCK_BYTES) -> list[Parsed]:
    """What is read of a file with this text."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(reading.read(path, None, block_bytes))


def values(batches: list[Records]) -> list[tuple]:
    """Every record as plain values."""
    return [
        (
            None if batch.label[row] < 0 else batch.labels[batch.label[row]],
            None if batch.country[row] < 0 else batch.countries[batch.country[row]],
            int(batch.timestamp[row]),
            int(batch.recognized[row]),
            int(batch.key_id[row]) if batch.keyed[row] else None,
            strokes_of(drawing),
        )
        for batch in batches
        for row, drawing in enumerate(batch.drawings)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("csv")


def test_reads_a_row_as_kaggle_has_it(folder: Path) -> None:
    """Every field of the published example form."""
    (parsed,) = read(folder / "owl.csv", f"{HEADER}\n{GOOD}\n")
    moment = np.datetime64("2017-03-09T00:28:36.537280", "us").astype(np.int64)
    assert parsed.faults == []
    assert values([parsed.records]) == [("owl", "US", moment, 1, 9000003627287624, STROKES)]


@settings(max_examples=60)
@given(st.lists(rows_, min_size=1, max_size=6), st.permutations(csv.TRAIN_COLUMNS), st.integers(1, 400), st.booleans())
def test_reads_what_ndjson_reads(folder: Path, rows: list, columns: list, block_bytes: int, windows: bool) -> None:
    """Any order of columns, any block size, either line end: the records of the same rows as NDJSON."""
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    expected = [parsed.strict("") for parsed in read(folder / "rows.ndjson", lines)]
    csv.write(expected, folder / "rows.csv", tuple(columns))
    text = (folder / "rows.csv").read_bytes()
    found = read(folder / "again.csv", text.replace(b"\n", b"\r\n") if windows else text, block_bytes)
    assert values([parsed.strict("") for parsed in found]) == values(expected)


def test_the_challenges_test_file_has_no_words(folder: Path) -> None:
    """Rows without word and recognized are read; their label is null."""
    text = 'key_id,countrycode,drawing\n9000003627287624,DE,"[[[17, 18], [1, 2]]]"\n'
    ((word, country, _, recognized, key, _),) = values(
        [parsed.strict("") for parsed in read(folder / "test.csv", text)]
    )
    assert (word, country, recognized, key) == (None, "DE", -1, 9000003627287624)


def test_raw_drawings_go_through_canonical(folder: Path) -> None:
    """A third list or a coordinate out of 0…255 makes a row raw, as in NDJSON."""
    raw = [[[10.5, 300.25, 300.0], [20, 20, 400], [0, 16, 33.5]]]
    text = f'{HEADER}\nUS,"{json.dumps(raw)}",1,True,,owl\n{GOOD}\n'
    (parsed,) = read(folder / "raw.csv", text)
    assert parsed.records.drawings[0].tolist() == canonical(raw).tolist()
    assert parsed.records.timed.tolist() == [True, False]


BAD = [
    ("US", "as many fields as the header has"),
    (GOOD + ",more", "the end of the line"),
    ("US,[[[1],[2]]],1,True,,owl", "a drawing in quotes"),
    ('US,"[[[1],[2]]",1,True,,owl', "',' or ']'"),
    ('US,"[[[1],[2, 3]]]",1,True,,owl', "lists of equal length"),
    ('US,"[[[1],[2]]]",one,True,,owl', "key_id"),
    ('US,"[[[1],[2]]]",1,yes,,owl', "recognized"),
    ('US,"[[[1],[2]]]",1,True,today,owl', "timestamp"),
    ('US,"[[[1],[2]]]",1,True,,', "the key 'word'"),
    ('US,"[[[1],[2]]]",1,True,,"owl', "a string"),
    ('US,"[[[1],\n[2]]]",1,True,,owl', "a list of numbers"),
    ('US,"[[[1e999],[2]]]",1,True,,owl', "finite numbers"),
    (b'US,"[[[1],[2]]]",1,True,,ow\xff', "UTF-8"),
]


@pytest.mark.parametrize(("line", "message"), BAD, ids=[message.replace(" ", "_") for _, message in BAD])
def test_a_bad_line_is_put_aside_alone(folder: Path, line: str | bytes, message: str) -> None:
    """Its neighbours are read; the fault has line, offset and text; a line break in quotes makes two bad lines."""
    octets = line if isinstance(line, bytes) else line.encode()
    text = b"\n".join([HEADER.encode(), GOOD.encode(), octets, GOOD.encode(), b""])
    for block_bytes in (BLOCK_BYTES, 100):
        batches = read(folder / "bad.csv", text, block_bytes)
        faults = [fault for batch in batches for fault in batch.faults]
        assert sum(len(batch.records) for batch in batches) == 2
        assert len(faults) == 1 + octets.count(b"\n")
        assert message in faults[0].reason
        assert (faults[0].line, faults[0].offset) == (3, len(HEADER) + len(GOOD) + 2)
        assert octets.startswith(faults[0].text.encode()[:10])


@pytest.mark.parametrize("header", ["countrycode,drawing,drawing", "a,b,c", "drawing,word,word"])
def test_a_header_that_cannot_be_is_refused(folder: Path, header: str) -> None:
    """Without a column of drawings, or with two of one name, nothing can be read."""
    with pytest.raises(FormatError, match=r"columns|header"):
        read(folder / "header.csv", f"{header}\n{GOOD}\n")


def test_white_space_in_a_drawing_changes_nothing(folder: Path) -> None:
    """A blank after every comma, and none: both are the short path's, and agree with the general one."""
    for text in (
        json.dumps(STROKES),
        json.dumps(STROKES, separators=(",", ":")),
        json.dumps(STROKES, indent=None)[:-1] + " ]",
    ):
        (parsed,) = read(folder / "one.csv", f'{HEADER}\nUS,"{text}",1,True,,owl\n')
        assert strokes_of(parsed.strict("").drawings[0]) == STROKES
