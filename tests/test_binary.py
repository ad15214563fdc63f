"""Google's .bin: the published layout byte by byte, in stretches of any size, what is refused, and the way back."""

import json
from pathlib import Path
from struct import pack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import simplified

from gribouille.drawing import MAX_POINTS, Drawings, drawing_of
from gribouille.formats import binary
from gribouille.formats.compression import decompressed
from gribouille.formats.records import NO_TIMESTAMP, FormatError, Parsed, Records

SECOND = 1_000_000


def encoded(
    strokes: list,
    key_id: int = 5201136883597312,
    country: bytes = b"FR",
    recognized: int = 1,
    seconds: int = 1490701817,
) -> bytes:
    """A record as Google's own example reads it, field by field."""
    fields = [pack("<Q", key_id), pack("<2s", country), pack("<B", recognized), pack("<I", seconds)]
    fields.append(pack("<H", len(strokes)))
    for x, y in strokes:
        fields += [pack("<H", len(x)), bytes(x), bytes(y)]
    return b"".join(fields)


SQUARE = [[[0, 255, 255, 0, 0], [0, 0, 255, 255, 0]], [[100], [120]]]
GOOD = encoded(SQUARE)

strokes_ = simplified(points=20, strokes=6)
rows_ = st.tuples(
    strokes_,
    st.integers(0, 2**64 - 1),
    st.sampled_from([b"FR", b"us", b"\0\0", b"  ", b"Zz"]),
    st.integers(0, 1),
    st.integers(0, 2**32 - 1),
)


def read(content: bytes, size: int = 1 << 20, word: str | None = "cat") -> list[Parsed]:
    return list(binary.read((content[begin : begin + size] for begin in range(0, len(content), size)), word))


def rows(batches: list[Records]) -> list[tuple]:
    """Every record as plain values, whatever its batch."""
    return [
        (
            None if batch.label[row] < 0 else batch.labels[batch.label[row]],
            None if batch.country[row] < 0 else batch.countries[batch.country[row]],
            int(batch.timestamp[row]),
            int(batch.recognized[row]),
            int(batch.key_id[row]) if batch.keyed[row] else None,
            drawing.tolist(),
        )
        for batch in batches
        for row, drawing in enumerate(batch.drawings)
    ]


def good_rows(parsed: list[Parsed]) -> list[tuple]:
    return rows([one.records for one in parsed])


def faults(parsed: list[Parsed]) -> list:
    return [fault for one in parsed for fault in one.faults]


def expected(strokes: list, key_id: int, country: bytes, recognized: int, seconds: int) -> tuple:
    """What plain Python makes of a record's fields."""
    return (
        "cat",
        None if country in (b"\0\0", b"  ") else country.decode(),
        seconds * SECOND if seconds else NO_TIMESTAMP,
        recognized,
        key_id or None,
        drawing_of(strokes).tolist(),
    )


def test_reads_the_published_layout() -> None:
    """A record written down by hand gives its drawing unchanged and every field, the word from outside."""
    by_hand = (
        b"\x00\x00\xf6\x0e\x9f\x7a\x12\x00" + b"DE" + b"\x01" + b"\xd9\x5d\xda\x58" + b"\x02\x00"
        b"\x03\x00\x00\x0c\x28\x07\x07\x5a" + b"\x01\x00\x64\x78"
    )
    key_id = int.from_bytes(by_hand[:8], "little")
    seconds = int.from_bytes(by_hand[11:15], "little")
    drawing = [[0, 7, 0], [12, 7, 1], [40, 90, 1], [100, 120, 0]]
    assert good_rows(read(by_hand)) == [("cat", "DE", seconds * SECOND, 1, key_id, drawing)]
    assert encoded([[[0, 12, 40], [7, 7, 90]], [[100], [120]]], key_id, b"DE", 1, seconds) == by_hand


@given(st.lists(rows_, max_size=6), st.integers(1, 300))
def test_reads_any_records_like_plain_python(records: list[tuple], size: int) -> None:
    """Any fields in stretches of any size: the same rows in the same order, and no fault."""
    parsed = read(b"".join(encoded(*record) for record in records), size)
    assert faults(parsed) == []
    assert good_rows(parsed) == [expected(*record) for record in records]


@given(st.lists(rows_, min_size=1, max_size=6), st.sampled_from(["", ".gz", ".zst"]))
def test_writing_and_reading_gives_the_same_records(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple], suffix: str
) -> None:
    """Read → write is the identity on the bytes, but for blanks as no country; compressed by name."""
    content = b"".join(encoded(*record) for record in records)
    path = tmp_path_factory.getbasetemp() / f"cat.bin{suffix}"
    assert binary.write([one.records for one in read(content)], path) == len(records)
    written = b"".join(decompressed(iter([path.read_bytes()]), path.name))
    assert written == b"".join(
        encoded(strokes, key, b"\0\0" if country == b"  " else country, *rest)
        for strokes, key, country, *rest in records
    )


BAD = [
    (encoded([]), "at least one stroke", "0 strokes"),
    (encoded([[[1], [2]], [[], []]]), "at least one point in a stroke", "0 points in stroke 1"),
    (encoded([[[1] * 20_000, [2] * 20_000], [[1], [1]]]), "at most 20000 points in a drawing", "20001 points"),
    (encoded(SQUARE, country=b"F1"), "a country of two letters, or two zeros or blanks for none", "b'F1'"),
    (encoded(SQUARE, country=b"\0F"), "a country of two letters, or two zeros or blanks for none", "b'\\x00F'"),
    (encoded(SQUARE, recognized=2), "recognized: a byte 0 or 1", "2"),
    (encoded(SQUARE, recognized=255), "recognized: a byte 0 or 1", "255"),
    (bytes(1000), "at least one stroke", "0 strokes; 1000 bytes hold no record"),
    (
        GOOD[:30],
        "a record that ends where the next one starts",
        "one of 33 bytes; 30 bytes hold no record",
    ),
    (b"\xff" * 40, "a record that ends", "73 bytes without its end; 40 bytes hold no record"),
]


@pytest.mark.parametrize(("record", "wanted", "found"), BAD, ids=[found for _, _, found in BAD])
def test_a_bad_record_is_a_fault_between_its_neighbours(record: bytes, wanted: str, found: str) -> None:
    """Where the lengths are right, the records around it survive; the fault says where, what was expected and found."""
    parsed = read(GOOD + record + GOOD)
    assert len(good_rows(parsed)) == 2
    [fault] = faults(parsed)
    assert (fault.offset, fault.line, fault.expected, fault.found) == (len(GOOD), None, wanted, found)
    assert fault.text


@pytest.mark.parametrize("size", [1 << 20, 50])
def test_a_file_that_ends_early_is_one_fault(size: int) -> None:
    """Everything before the record that is cut off is read."""
    for cut in range(1, len(GOOD)):
        parsed = read(GOOD * 3 + GOOD[:cut], size)
        assert len(good_rows(parsed)) == 3
        [fault] = faults(parsed)
        assert (fault.offset, fault.expected) == (3 * len(GOOD), "a record that ends")
        assert fault.found == f"{cut} bytes without its end; {cut} bytes hold no record"


@pytest.mark.parametrize("place", [15, 16, 17, 18])
@pytest.mark.parametrize("size", [1 << 20, 1000, 64])
def test_a_damaged_length_costs_its_record_alone(place: int, size: int) -> None:
    """Too many or too few strokes or points: the records after it are found again, and the bytes between are one fault."""
    for value in (0, 1, 3, 90, 255):
        damaged = bytearray(GOOD)
        if damaged[place] == value:
            continue
        damaged[place] = value
        parsed = read(GOOD * 3 + bytes(damaged) + GOOD * 5, size)
        assert good_rows(parsed) == good_rows(read(GOOD)) * 8
        assert [fault.offset for fault in faults(parsed)] == [3 * len(GOOD)]


def test_memory_does_not_grow_with_the_damage() -> None:
    """Megabytes without a record are a fault a megabyte, and the records after them are read."""
    damage = b"\xff" * (5 << 20)
    content = GOOD * 2 + damage + GOOD * 4
    sizes = []
    rest, offset, found, bad = b"", 0, 0, 0
    for begin in range(0, len(content), 1 << 18):
        stretch = rest + content[begin : begin + (1 << 18)]
        parsed, taken = binary.parse(stretch, offset, "cat", is_last=begin + (1 << 18) >= len(content))
        rest, offset = stretch[taken:], offset + taken
        sizes.append(len(rest))
        found, bad = found + len(parsed.records), bad + len(parsed.faults)
    assert (found, rest) == (6, b"")
    assert 1 <= bad <= 8
    assert max(sizes) <= 5 << 18


@given(st.lists(rows_, min_size=2, max_size=4), st.data())
def test_records_before_damage_survive(records: list[tuple], data: st.DataObject) -> None:
    """Whatever bytes are overwritten, in whatever stretches: the same rows, those before the damage among them."""
    pieces = [encoded(*record) for record in records]
    content = bytearray(b"".join(pieces))
    at = data.draw(st.integers(0, len(content) - 1))
    garbage = data.draw(st.binary(min_size=1, max_size=30))
    content[at : at + len(garbage)] = garbage
    found = good_rows(read(bytes(content), data.draw(st.integers(1, 200))))
    assert good_rows(read(bytes(content))) == found  # wherever the stretches end
    whole = int(np.searchsorted(np.cumsum([len(piece) for piece in pieces]), at, side="right"))
    assert found[:whole] == [expected(*record) for record in records[:whole]]


@given(st.binary(max_size=2000), st.integers(1, 500))
def test_any_bytes_are_rows_or_faults(content: bytes, size: int) -> None:
    """Random bytes never crash the reader, in any stretches, and every byte is accounted for."""
    parsed = read(content, size)
    assert content == b"" or faults(parsed) or good_rows(parsed)
    for batch in parsed:
        assert (batch.records.points > 0).all()
        assert (batch.records.points <= MAX_POINTS).all()


def test_without_a_word_the_label_is_null() -> None:
    """A file whose name tells no word gives rows without."""
    assert good_rows(read(GOOD, word=None))[0][0] is None


def records_of(words: list[str], **columns: object) -> Records:
    drawings = Drawings.of([drawing_of(SQUARE)] * len(words))
    labels = tuple(dict.fromkeys(words))
    label = np.array([labels.index(word) for word in words], np.int32)
    return Records.of(drawings, label=label, labels=labels, **columns)


def test_null_is_written_as_zero(tmp_path: Path) -> None:
    """What .bin has no null for comes back as null, but for recognized, which comes back as false."""
    binary.write([records_of(["cat"])], tmp_path / "cat.bin")
    assert good_rows(read((tmp_path / "cat.bin").read_bytes())) == [
        ("cat", None, NO_TIMESTAMP, 0, None, drawing_of(SQUARE).tolist())
    ]


@pytest.mark.parametrize(
    ("batches", "message"),
    [
        ([records_of(["cat", "dog"])], r"one word .* found \['cat', 'dog'\]"),
        ([records_of(["cat"]), records_of(["dog"])], r"one word .* found \['cat', 'dog'\]"),
        ([records_of(["cat"], country=np.zeros(1, np.int32), countries=("FRA",))], "two letters, .* found 'FRA'"),
        ([records_of(["cat"], timestamp=np.array([-1]))], "moments from 1970 to 2106, .* found -1 µs"),
        ([records_of(["cat"], timestamp=np.array([2**32 * SECOND]))], "moments from 1970 to 2106"),
    ],
)
def test_what_has_no_room_is_refused(tmp_path: Path, batches: list[Records], message: str) -> None:
    """Several words, other countries and other moments are an error that names the file."""
    with pytest.raises(FormatError, match=rf"cat.bin: expected .*{message}"):
        binary.write(batches, tmp_path / "cat.bin")


def test_real_drawings_come_back(shared_data: Path) -> None:
    """Google's own simplified drawings through .bin and back are the same points."""
    import gzip

    with gzip.open(shared_data / "simplified" / "dog.ndjson.gz", "rt") as lines:
        drawings = Drawings.of([drawing_of(json.loads(line)["drawing"]) for line in lines])
    content = binary.encoded(Records.of(drawings), Path("dog.bin"))
    parsed = read(content, 100_000)
    assert faults(parsed) == []
    assert np.concatenate([one.records.packed for one in parsed]).tobytes() == Records.of(drawings).packed.tobytes()
