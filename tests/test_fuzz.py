"""No bytes crash or hang the parsers, and good rows around bad ones survive, whatever the bad ones are."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gribouille.formats import block_kernel as kernel
from gribouille.formats import csv, ndjson
from gribouille.formats.blocks import Block, Chunks, blocks
from gribouille.formats.records import Fault, Parsed
from gribouille.formats.swar_kernel import SLACK

RECORD = {
    "word": "cat",
    "countrycode": "FR",
    "timestamp": "2017-03-28 11:50:17.00186 UTC",
    "recognized": True,
    "key_id": "5312114191237120",
    "drawing": [[[0, 12, 255], [7, 70, 90]], [[100], [120]]],
}
GOOGLE = json.dumps(RECORD, separators=(",", ":")).encode()
RAW = json.dumps(RECORD | {"drawing": [[[0.5, 300.25], [7, 1e2], [0, 33]]]}).encode()
ROW = b'FR,"[[[0, 12, 255], [7, 70, 90]], [[100], [120]]]",5312114191237120,True,2017-03-28 11:50:17.001860,cat'
COLUMNS = csv.columns_of(",".join(csv.TRAIN_COLUMNS), "")
READERS = {"ndjson": (GOOGLE, ndjson.parse), "csv": (ROW, lambda block: csv.parse(block, COLUMNS))}

# What a line becomes: bytes replaced, inserted, deleted, doubled, cut.
edits = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from("rid2c"), st.binary(max_size=6)), min_size=1, max_size=4
)
LIVELY = b'[]{},:".-+eE0123456789\\u \t\r\xff\x00'


def edited(line: bytes, changes: list[tuple[int, str, bytes]]) -> bytes:
    """The line changed, without a newline: what stands on it is one row."""
    for place, kind, octets in changes:
        at = place % (len(line) + 1)
        part = bytes(LIVELY[octet % len(LIVELY)] if octet % 2 else octet for octet in octets)
        line = {
            "r": line[:at] + part + line[at + len(part) :],
            "i": line[:at] + part + line[at:],
            "d": line[:at] + line[at + 3 :],
            "2": line[:at] + line[max(0, at - 20) :],
            "c": line[:at],
        }[kind]
    return line.replace(b"\n", b" ")


def parsed(name: str, text: bytes, block_bytes: int) -> list[Parsed]:
    """All batches and faults of a text, from a stream that gives a few bytes at a time."""
    parse = READERS[name][1]
    pieces = [text[at : at + 37] for at in range(0, len(text), 37)]
    found = []
    for block in blocks(Chunks(pieces), block_bytes):
        batch = Parsed(ndjson.parse(EMPTY).records, [block]) if isinstance(block, Fault) else parse(block)
        found.append(batch)
    return found


EMPTY = Block(0, 1, np.full(1 + SLACK, 10, np.uint8), 1, 1)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=400)
@given(st.lists(edits, min_size=1, max_size=5), st.sampled_from([GOOGLE, RAW, ROW]), st.integers(1, 700))
def test_good_rows_around_bad_ones_survive(
    name: str, changes: list[list[tuple[int, str, bytes]]], victim: bytes, block_bytes: int
) -> None:
    """Between any two damaged lines the good one is read as it is alone; every line is a row, a fault or blank."""
    good = READERS[name][0]
    bad = [edited(victim, change) for change in changes]
    text = b"".join(line + b"\n" + good + b"\n" for line in bad)
    batches = parsed(name, text, block_bytes)
    faults = [fault for batch in batches for fault in batch.faults]
    starts = {int(start): batch for batch in batches for start in batch.records.start}
    at = 0
    for line in bad:
        assert at in starts or any(fault.offset >= at for fault in faults) or not line.strip(b" \t\r")
        at += len(line) + 1
        batch = starts[at]
        row = int(np.flatnonzero(batch.records.start == at)[0])
        record = batch.records.take(np.array([row]))
        assert record.drawings.points.tolist() == [[0, 7, 0], [12, 70, 1], [255, 90, 1], [100, 120, 0]]
        assert (record.labels[record.label[0]], int(record.key_id[0])) == ("cat", 5312114191237120)
        at += len(good) + 1
    assert sum(len(batch.records) for batch in batches) + len(faults) <= 2 * len(bad)
    assert [fault.offset for fault in faults] == sorted(fault.offset for fault in faults)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=200)
@given(st.binary(max_size=400), st.integers(1, 300))
def test_any_bytes_end_in_rows_and_faults(name: str, octets: bytes, block_bytes: int) -> None:
    """Every line that is not blank is one row or one fault, at its own offset."""
    batches = parsed(name, octets, block_bytes)
    places = [int(start) for batch in batches for start in batch.records.start]
    places += [fault.offset for batch in batches for fault in batch.faults]
    assert len(set(places)) == len(places)
    lines = [line for line in octets.split(b"\n") if line.strip(b" \t\r")]
    assert len(places) <= len(octets.split(b"\n"))
    assert len(places) >= len(lines)


@pytest.mark.parametrize("size", [1 << 16, 1 << 22])
@pytest.mark.parametrize("name", READERS)
def test_the_densest_drawings_fill_no_more_than_their_tables(name: str, size: int) -> None:
    """Drawings of one digit a coordinate and no more points than may be, a block full of them and a refused one: packed they
    take the most room that text of this size can ask for."""
    full = "[[[" + "1," * 19_999 + "1],[" + "1," * 19_999 + "1]]]"
    if name == "ndjson":
        row = (
            '{"word":"cat","countrycode":null,"timestamp":null,"recognized":null,"key_id":null,"drawing":' + full + "}"
        )
    else:
        row = f',"{full}",,,,cat'
    refused = row.replace("1]]]", "1,1]]]").encode()
    lines = [row.encode()] * max(1, size // len(row)) + [refused, READERS[name][0]]
    text = b"\n".join(lines) + b"\n"
    array = np.concatenate([np.frombuffer(text, np.uint8), np.full(SLACK, 10, np.uint8)])
    kernel.forget_tables()
    tables = kernel.tables_for(len(text), len(lines))
    guarded = np.full(len(tables.packed) + 4096, 171, np.uint8)
    kernel.keep_tables(tables._replace(packed=guarded[: len(tables.packed)]))
    batch = READERS[name][1](Block(0, 1, array, len(text), len(lines)))
    kernel.forget_tables()
    assert (guarded[len(tables.packed) :] == 171).all()
    assert len(batch.records) == len(lines) - 1
    assert len(batch.faults) == 1


def test_lines_without_end_and_without_number_need_little_memory() -> None:
    """Two million lines that are no rows come as faults a few thousand at a time, in order, with their numbers."""
    expected = 1
    for block in blocks(Chunks([b"x\n" * 100_000] * 20)):
        assert isinstance(block, Block)
        assert block.lines <= 1 << 14
        assert block.first_line == expected
        assert block.offset == 2 * (expected - 1)
        expected += block.lines
    assert expected == 2_000_001


def test_a_real_file_cut_anywhere_loses_one_row(shared_data: Path) -> None:
    """A file of real drawings, cut at 40 places: all rows but the one that was cut are there."""
    import gzip

    text = b"".join(
        gzip.decompress((shared_data / "raw" / "cat.ndjson.gz").read_bytes()).splitlines(keepends=True)[:12]
    )
    for cut in np.linspace(1, len(text) - 1, 40).astype(int).tolist():
        batches = parsed("ndjson", text[:cut], 5000)
        whole = text[:cut].count(b"\n")
        rows = sum(len(batch.records) for batch in batches)
        faults = [fault for batch in batches for fault in batch.faults]
        assert rows + len(faults) == whole + (text[cut - 1] != 10)
        assert rows >= whole
