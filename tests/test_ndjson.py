"""NDJSON in and out: what is read, in blocks of any size, what is refused and how, and the way back."""

import gzip
import json
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import simplified

from gribouille.drawing import canonical_with_times, drawing_of
from gribouille.formats import blocks, ndjson, reading
from gribouille.formats.blocks import BLOCK_BYTES
from gribouille.formats.json_kernel import number_at
from gribouille.formats.records import EPOCH, NO_TIMESTAMP, FormatError, Records

SQUARE = [[[0, 255, 255, 0, 0], [0, 0, 255, 255, 0]], [[100], [120]]]
LINE = {
    "word": "square",
    "countrycode": "FR",
    "timestamp": "2017-03-28 11:50:17.00186 UTC",
    "recognized": True,
    "key_id": "5312114191237120",
    "drawing": SQUARE,
}

strokes = simplified()
moments = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(lambda moment: moment.replace(tzinfo=UTC))
records_ = st.fixed_dictionaries(
    {"word": st.text(), "drawing": strokes},
    optional={
        "countrycode": st.none() | st.text(max_size=3),
        "timestamp": st.none()
        | moments.map(lambda moment: ndjson.timestamp_text((moment - EPOCH) // timedelta(microseconds=1))),
        "recognized": st.none() | st.booleans(),
        "key_id": st.none() | st.integers(0, 2**64 - 1) | st.integers(0, 2**64 - 1).map(str),
        "unknown": st.recursive(
            st.none() | st.text() | st.floats(allow_nan=False),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
    },
)


def compact(record: object) -> str:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False)


def read(path: Path, text: str | bytes, block_bytes: int = BLOCK_BYTES) -> list[Records]:
    """The records of a file with this text; raises FormatError for the first bad one."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_file(path, block_bytes)


def read_file(path: Path, block_bytes: int = BLOCK_BYTES) -> list[Records]:
    return [parsed.strict(str(path)) for parsed in reading.read(path, None, block_bytes)]


def rows(batches: list[Records]) -> list[tuple]:
    """Every record as plain values, whatever its batch."""
    found = []
    for batch in batches:
        timed = iter(np.split(batch.times, np.cumsum(np.diff(batch.drawings.offsets)[batch.timed])))
        for row, drawing in enumerate(batch.drawings):
            country = batch.country[row]
            found.append(
                (
                    batch.labels[batch.label[row]],
                    None if country < 0 else batch.countries[country],
                    int(batch.timestamp[row]),
                    int(batch.recognized[row]),
                    int(batch.key_id[row]) if batch.keyed[row] else None,
                    drawing.tolist(),
                    next(timed).tolist() if batch.timed[row] else None,
                )
            )
    return found


def expected(record: dict) -> tuple:
    """What the reference implementation in plain Python makes of a simplified record."""
    moment = record.get("timestamp")
    timestamp = NO_TIMESTAMP
    if moment is not None:
        seconds, _, fraction = moment.removesuffix(" UTC").partition(".")
        since = datetime.fromisoformat(seconds).replace(tzinfo=UTC) - EPOCH
        timestamp = since // timedelta(microseconds=1) + int(fraction.ljust(6, "0") or 0)
    recognized = record.get("recognized")
    key_id = record.get("key_id")
    return (
        record["word"],
        record.get("countrycode"),
        timestamp,
        -1 if recognized is None else int(recognized),
        None if key_id is None else int(key_id),
        drawing_of(record["drawing"]).tolist(),
        None,
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ndjson") / "drawings.ndjson"


def test_reads_a_record_as_google_writes_it(path: Path) -> None:
    """A simplified record gives its drawing unchanged and every scalar field."""
    moment = datetime(2017, 3, 28, 11, 50, 17, 1860, UTC)
    microseconds = (moment - EPOCH) // timedelta(microseconds=1)
    assert rows(read(path, compact(LINE) + "\n")) == [
        ("square", "FR", microseconds, 1, 5312114191237120, drawing_of(SQUARE).tolist(), None)
    ]


@settings(deadline=None, max_examples=60)
@given(st.lists(records_, min_size=1, max_size=6), st.sampled_from([None, 0, 2]), st.integers(1, 400), st.booleans())
def test_reads_any_valid_records_like_plain_python(
    path: Path, records: list[dict], indent: int | None, block_bytes: int, ascii_only: bool
) -> None:
    """Any order of keys, any white space, any escapes, any block size: the same rows as json and drawing_of give."""
    separators = (",", ":") if indent is None else (" ," + " " * indent, "\t:" + " " * indent)
    lines = [json.dumps(record, separators=separators, ensure_ascii=ascii_only) for record in records]
    assert rows(read(path, "\n".join(lines), block_bytes)) == [expected(record) for record in records]


@settings(deadline=None, max_examples=40)
@given(st.lists(records_, min_size=1, max_size=6), st.integers(1, 400), st.sampled_from(["", ".gz"]))
def test_writing_and_reading_gives_the_same_records(
    path: Path, records: list[dict], block_bytes: int, suffix: str
) -> None:
    """Write → read is the identity on every field, plain and gzip."""
    before = read(path, "\n".join(map(compact, records)))
    copy = path.with_name("copy.ndjson" + suffix)
    assert ndjson.write(before, copy) == len(records)
    assert rows(read_file(copy, block_bytes)) == rows(before)


def test_gzip_is_found_by_its_bytes(path: Path) -> None:
    """A gzip file of several members reads like the plain one, whatever its name."""
    line = (compact(LINE) + "\n").encode()
    assert rows(read(path, gzip.compress(line) + gzip.compress(line))) == rows(read(path, line + line))


@pytest.mark.parametrize("fields", [{"key_id": 7}, {"key_id": "7"}])
def test_key_id_may_be_a_number_or_a_string(path: Path, fields: dict) -> None:
    """Both spellings are one key."""
    assert rows(read(path, compact(LINE | fields)))[0][4] == 7


def test_other_writers_timestamps_are_read(path: Path) -> None:
    """T for the space, Z or nothing for UTC, a leap day: all are the same moment."""
    for text in ("2016-02-29T23:59:59.5Z", "2016-02-29 23:59:59.500000", "2016-02-29 23:59:59.5 UTC"):
        assert rows(read(path, compact(LINE | {"timestamp": text})))[0][2] == 1456790399_500000


def test_blank_lines_and_carriage_returns_are_no_records(path: Path) -> None:
    """Empty lines are skipped, \\r\\n ends a line."""
    assert len(rows(read(path, "\n \r\n" + compact(LINE) + "\r\n\n"))) == 1


RAW = [[[10.5, 300.25, 300.0], [20, 20, 400], [0, 16, 33.5]], [[50.0], [60.0], [90]]]


@pytest.mark.parametrize(
    "drawing",
    [
        RAW,
        [stroke[:2] for stroke in RAW],
        [[[0, 10], [0, 255], [0, 5]]],
        [[[-1, 10], [0, 255]]],
        [[[0, 256], [0, 255]]],
        [
            [
                [0.1 + 0.2, 123.33333587646484, 1e-30],
                [5e22, 1.7976931348623157e300, 0],
                [1.0, 1234.5999999642372, 1234.59999996423722],
            ]
        ],
        [[[float("5e-324"), 9007199254740993.0], [3e-23, 12345678901234567890.0]]],
    ],
    ids=["floats and t", "floats", "t", "below 0", "above 255", "17 digits", "extremes"],
)
def test_raw_records_go_through_canonical_once(path: Path, drawing: list) -> None:
    """A third list, a fraction or a coordinate out of 0…255 makes a record raw: canonical's drawing, bit for bit."""
    simplified, times = canonical_with_times(drawing)
    found = rows(read(path, compact(LINE | {"drawing": drawing}) + "\n" + compact(LINE)))
    assert found[0][5:] == (simplified.tolist(), None if times is None else times.tolist())
    assert found[1][5] == drawing_of(SQUARE).tolist()


def test_integers_written_with_a_fraction_are_integers(path: Path) -> None:
    """5.0 and 1e2 are integers between 0 and 255: such a record is simplified."""
    text = compact(LINE | {"drawing": "@"}).replace('"@"', "[[[5.0,1e2],[0.0,25.5E1]]]")
    assert rows(read(path, text))[0][5] == drawing_of([[[5, 100], [0, 255]]]).tolist()


def test_real_raw_drawings_equal_canonical(path: Path, golden_raw: list[dict]) -> None:
    """The batch path gives canonical's drawings and times on real raw records."""
    found = rows(read(path, "\n".join(compact(LINE | {"drawing": raw["strokes"]}) for raw in golden_raw)))
    for row, raw in zip(found, golden_raw, strict=True):
        drawing, times = canonical_with_times(raw["strokes"])
        assert row[5:] == (drawing.tolist(), None if times is None else times.tolist())


def test_times_that_decrease_are_left_out_and_counted(path: Path) -> None:
    """Google's raw files have some: the drawing is kept without its times, its neighbours with theirs."""
    backwards = [[stroke[0], stroke[1], stroke[2][::-1]] for stroke in RAW]
    batch = read(path, "".join(compact(LINE | {"drawing": drawing}) + "\n" for drawing in (RAW, backwards, RAW)))[0]
    found = rows([batch])
    assert batch.refused_times == 1
    assert found[1] == (*found[0][:6], None)
    assert found[2] == found[0]
    assert found[0][6] is not None


BAD = [
    ("[1]", "a JSON object"),
    ('{"word":"a"', "',' or '}'"),
    ('{word:"a"}', "a key in quotes"),
    ('{"word" "a"}', "':'"),
    ('{"word":null,"drawing":[[[0],[0]]]}', "a string"),
    ('{"word":"a}', "a string"),
    ('{"drawing":[[[0],[0]]]}', "the key 'word'"),
    ('{"word":"a"}', "the key 'drawing'"),
    ("{}", "the key 'word'"),
    ('{"word":"a","word":"a","drawing":[[[0],[0]]]}', "each key once"),
    ('{"word":"\\ud800","drawing":[[[0],[0]]]}', "a JSON string in UTF-8"),
    ('{"word":"a","drawing":[[[0],[0]]]} x', "the end of the line"),
    ('{"word":"a","drawing":[[[0],[0]]],}', "a key in quotes"),
    ('{"word":"a","other":[1,2,"drawing":[[[0],[0]]]}', "a JSON value"),
    ('{"word":"a","key_id":"12a","drawing":[[[0],[0]]]}', "key_id: an integer"),
    ('{"word":"a","key_id":18446744073709551616,"drawing":[[[0],[0]]]}', "key_id: an integer"),
    ('{"word":"a","key_id":-1,"drawing":[[[0],[0]]]}', "key_id: an integer"),
    ('{"word":"a","key_id":1.5,"drawing":[[[0],[0]]]}', "key_id: an integer"),
    ('{"word":"a","recognized":"true","drawing":[[[0],[0]]]}', "recognized: true"),
    ('{"word":"a","timestamp":"yesterday","drawing":[[[0],[0]]]}', "timestamp:"),
    ('{"word":"a","timestamp":"2017-02-29 00:00:00 UTC","drawing":[[[0],[0]]]}', "timestamp:"),
    ('{"word":"a","timestamp":"2017-02-28 00:00:00.1234567 UTC","drawing":[[[0],[0]]]}', "timestamp:"),
    ('{"word":"a","drawing":null}', "a list of strokes"),
    ('{"word":"a","drawing":"[[[0],[0]]]"}', "a list of strokes"),
    ('{"word":"a","drawing":[]}', "at least one stroke"),
    ('{"word":"a","drawing":[0]}', "stroke 0: expected a stroke"),
    ('{"word":"a","drawing":[[]]}', "stroke 0: expected a list of numbers"),
    ('{"word":"a","drawing":[[[0],[0]],[[],[]]]}', "stroke 1: expected at least one point"),
    ('{"word":"a","drawing":[[[0],[0]],[[1,2],[1]]]}', "stroke 1: expected lists of equal length"),
    ('{"word":"a","drawing":[[[0],[0]],[[1],[1,2]]]}', "stroke 1: expected lists of equal length"),
    ('{"word":"a","drawing":[[[0],[0]],[[1]]]}', "stroke 1: expected x and y"),
    ('{"word":"a","drawing":[[[0],[0],[0],[0]]]}', "stroke 0: expected at most x, y and t"),
    ('{"word":"a","drawing":[[[0],[0],[0]],[[1],[1]]]}', "stroke 1: expected times in every stroke or in none"),
    ('{"word":"a","drawing":[[[0,NaN],[0,1]]]}', "stroke 0, point 1: expected a number"),
    ('{"word":"a","drawing":[[[0,-Infinity],[0,1]]]}', "stroke 0, point 1: expected a number"),
    ('{"word":"a","drawing":[[[0,1e999],[0,1]]]}', "stroke 0, point 1: expected finite numbers"),
    ('{"word":"a","drawing":[[[-1e308,1e308],[0,1]]]}', "finite extent"),
    ('{"word":"a","drawing":[[[0,5e-324],[0,1e-310]]]}', "finite extent"),
    ('{"word":"a","drawing":[[[0,01],[0,1]]]}', "stroke 0, point 1: expected a number"),
    ('{"word":"a","drawing":[[[0,1.],[0,1]]]}', "stroke 0, point 1"),
    ('{"word":"a","drawing":[[[0,null],[0,1]]]}', "stroke 0, point 1: expected a number"),
    ('{"word":"a","drawing":[[[0 1],[0,1]]]}', "stroke 0, point 0: expected ',' or ']'"),
    ('{"word":"a","drawing":[[[0,1],[0,', "stroke 0, point 1: expected a number"),
    ('{"word":"a","drawing":[[[' + "1," * 20_000 + "1],[0]]]}", "at most 20000 points"),
    ('{"word":"a","drawing":[[[', "expected a number"),
]


@pytest.mark.parametrize(
    ("line", "message"), BAD, ids=[message.replace(" ", "_") + str(n) for n, (_, message) in enumerate(BAD)]
)
def test_a_bad_record_is_refused_by_file_and_line(path: Path, line: str, message: str) -> None:
    """The error names the file, the line, what was expected and what was found, wherever the blocks are cut."""
    good = compact(LINE)
    for block_bytes in (BLOCK_BYTES, 1000):
        with pytest.raises(FormatError) as error:
            read(path, "\n".join([good] * 20 + ["", line, good]), block_bytes)
        assert str(error.value).startswith(f"{path}:22: ")
        assert message in str(error.value)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=60), st.integers(0, 300))
def test_damaged_bytes_are_read_or_refused_but_never_crash(path: Path, garbage: bytes, at: int) -> None:
    """Whatever stands in the file, reading ends with records or with FormatError."""
    line = compact(LINE | {"drawing": RAW}).encode()
    with suppress(FormatError):
        read(path, line[:at] + garbage + line[at:])


def test_a_damaged_gzip_is_refused_by_name(path: Path) -> None:
    """A gzip file cut short, or with a wrong byte, is named."""
    zipped = gzip.compress((compact(LINE) + "\n").encode() * 50)
    for damaged in (zipped[:-12], zipped[:40] + b"?" + zipped[41:]):
        with pytest.raises(FormatError, match="expected a whole gzip file"):
            read(path, damaged)


def test_an_endless_line_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded: a line longer than any drawing is refused before it is read whole."""
    monkeypatch.setattr(blocks, "MAX_LINE_BYTES", 1000)
    with pytest.raises(FormatError, match=r":2: expected a line of at most 1000 bytes"):
        read(path, compact(LINE) + "\n" + "x" * 5000, 500)


@settings(deadline=None, max_examples=300)
@given(
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(10**20), 10**20)
    | st.decimals(-1000, 1000, places=3)
)
def test_numbers_called_exact_are_pythons(number: object) -> None:
    """Where the kernel calls a number exact, it is the double that Python reads."""
    text = str(number)
    after, value, exact = number_at(np.frombuffer(text.encode() + b"\n", np.uint8), 0)
    assert after == len(text)
    if exact:
        assert value == float(text)


def test_numbers_of_up_to_18_digits_are_exact() -> None:
    """Widened float32 as raw files have them, random digits and powers, and halves between two doubles: all are exact, and
    Python's."""
    draw = random.Random(6)
    texts = [repr(float(np.float32(draw.uniform(0, 2000)))) for _ in range(5000)]
    texts += [f"{draw.randint(1, 10**18 - 1)}e{draw.randint(-27, 55)}" for _ in range(5000)]
    texts += [f"{draw.randint(0, 999)}.{draw.randint(0, 10**15 - 1):015}" for _ in range(5000)]
    for _ in range(5000):
        half = 2 * (draw.getrandbits(53) | 1 << 52) + 1
        texts += [str(half << draw.randint(0, 5)), f"{half * 5 ** draw.randint(1, 3)}e-{draw.randint(1, 3)}"]
    texts = [text for text in texts if len(text.partition("e")[0].replace(".", "")) <= 18]
    assert len(texts) > 20_000
    for text in texts:
        after, value, exact = number_at(np.frombuffer(text.encode() + b"\n", np.uint8), 0)
        assert (after, value, exact) == (len(text), float(text), True), text


def test_every_real_record_reads_like_plain_python(shared_data: Path) -> None:
    """A file of each folder: simplified and extra unchanged, raw through canonical."""
    for name in ("simplified/dog.ndjson.gz", "extra/airplane.ndjson.gz"):
        assert rows(read_file(shared_data / name)) == [expected(record) for record in real(shared_data / name)]
    name = "raw/dog.ndjson.gz"
    for row, record in zip(rows(read_file(shared_data / name)), real(shared_data / name), strict=True):
        simplified, times = canonical_with_times(record["drawing"])
        assert row[5:] == (simplified.tolist(), times.tolist())


def real(path: Path) -> list[dict]:
    """The records of a real file, read by the standard library."""
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
