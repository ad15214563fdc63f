"""The store: what it gives back, what it refuses to open, what others read of it, and the split."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gribouille.drawing import Drawings, drawing_of
from gribouille.formats import ndjson, reading
from gribouille.formats.records import Records
from gribouille.ingest import IngestError, IngestOptions, ingest
from gribouille.packing_kernel import pack
from gribouille.store import Store, StoreError
from gribouille.store.kernel import fnv1a
from gribouille.store.split import FOLDS, SPLITS, TEST, TRAIN, VALIDATION, fold_of, split_of, splitmix64

ROWS = 300


def record(row: int) -> dict:
    """A drawing that depends on its row alone; one in five is raw, one in three has no key_id, and so on."""
    generator = np.random.default_rng(row)
    strokes = [
        generator.integers(0, 256, (2, generator.integers(1, 12))).tolist() for _ in range(generator.integers(1, 5))
    ]
    if row % 5 == 0:
        strokes = [[*stroke, sorted(generator.integers(0, 50, len(stroke[0])).tolist())] for stroke in strokes]
        for index, stroke in enumerate(strokes):
            stroke[2] = [time + 50 * index for time in stroke[2]]
    return {
        "word": ["dog", "cat", "axe"][row % 3],
        "countrycode": [None, "FR", "DE"][row % 7 % 3],
        "timestamp": None if row % 4 == 0 else f"2017-03-28 11:50:{row % 60:02}.00186 UTC",
        "recognized": [None, True, False][row % 11 % 3],
        "key_id": None if row % 3 == 0 else str(5_000_000_000_000_000 + row),
        "drawing": strokes,
    }


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "drawings.ndjson"
    path.write_text("".join(json.dumps(record(row), separators=(",", ":")) + "\n" for row in range(ROWS)))
    return path


@pytest.fixture(scope="module")
def folder(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of several parts."""
    out = tmp_path_factory.mktemp("stores") / "store"
    ingest([source], out, IngestOptions(part_rows=64))
    return out


@pytest.fixture(scope="module")
def records(source: Path) -> Records:
    """The same rows, straight from the file."""
    (parsed,) = reading.read(source)
    return parsed.strict(str(source))


def pack_drawings(drawings: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Packed bytes and offsets."""
    joined = Drawings.of(drawings)
    return pack(joined.points, joined.offsets)


@pytest.fixture
def damaged(folder: Path, tmp_path: Path) -> Path:
    """A copy of the store, to be damaged."""
    copy = tmp_path / "store"
    for path in folder.rglob("*.*"):
        target = copy / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return copy


def test_columns_are_those_of_the_file(folder: Path, records: Records) -> None:
    """Every column of the store has the file's values, the labels in sorted order, nulls where the file has none."""
    store = Store.open(folder)
    assert len(store) == ROWS
    assert store.labels == ("axe", "cat", "dog")
    assert [store.labels[label] for label in store.label] == [records.labels[label] for label in records.label]
    np.testing.assert_array_equal(store.key_id, records.key_id)
    np.testing.assert_array_equal(store.keyed, records.keyed)
    np.testing.assert_array_equal(store.recognized, records.recognized)
    np.testing.assert_array_equal(store.split, split_of(records.key_id, records.keyed, records.packed, records.offsets))
    whole = store.records(np.arange(ROWS))
    np.testing.assert_array_equal(whole.timestamp, records.timestamp)
    country = [None if code < 0 else whole.countries[code] for code in whole.country]
    assert country == [record(row)["countrycode"] for row in range(ROWS)]


@settings(deadline=None)
@given(st.lists(st.integers(0, ROWS - 1), max_size=40))
def test_gather_gives_any_rows_in_any_order(folder: Path, records: Records, rows: list[int]) -> None:
    """Rows may repeat, cross parts, or be none."""
    drawings = Store.open(folder).gather(np.array(rows, np.int64))
    assert len(drawings) == len(rows)
    for row, drawing in zip(rows, drawings, strict=True):
        np.testing.assert_array_equal(drawing, records.drawings[row])


@settings(deadline=None)
@given(st.lists(st.integers(0, ROWS - 1), max_size=40))
def test_times_are_there_where_the_source_had_them(folder: Path, records: Records, rows: list[int]) -> None:
    """One time a point for raw rows with t, none for the others."""
    times, offsets = Store.open(folder).times(np.array(rows, np.int64))
    of_row = dict(
        zip(
            np.flatnonzero(records.timed).tolist(),
            np.split(records.times, np.cumsum(np.diff(records.drawings.offsets)[records.timed])),
            strict=False,
        )
    )
    for index, row in enumerate(rows):
        np.testing.assert_array_equal(times[offsets[index] : offsets[index + 1]], of_row.get(row, []))


def test_rows_out_of_range_are_refused(folder: Path) -> None:
    """A row that is not there raises IndexError, before any memory is read."""
    store = Store.open(folder)
    for row in (-1, ROWS):
        with pytest.raises(IndexError, match=f"expected rows from 0 to {ROWS - 1}"):
            store.gather(np.array([0, row]))


def test_sources_without_a_good_row_make_no_store(tmp_path: Path) -> None:
    """There is nothing to learn from: the message shows the first bad row."""
    (tmp_path / "none.ndjson").write_text('{"word":"cat"}\n')
    with pytest.raises(IngestError, match=r"expected at least one good row, found none.*the key 'drawing'"):
        ingest([tmp_path / "none.ndjson"], tmp_path / "store")
    assert [path.name for path in tmp_path.iterdir()] == ["none.ndjson"]


def test_a_store_writes_ndjson_that_makes_the_same_store(folder: Path, tmp_path: Path) -> None:
    """Store → simplified NDJSON → store keeps every column and drawing (times are not written)."""
    store = Store.open(folder)
    path = tmp_path / "copy.ndjson.gz"
    assert ndjson.write([store.records(np.arange(0, 200)), store.records(np.arange(200, ROWS))], path) == ROWS
    ingest([path], tmp_path / "copy")
    copy = Store.open(tmp_path / "copy")
    rows = np.arange(ROWS)
    assert ndjson.write([copy.records(rows)], tmp_path / "again.ndjson.gz") == ROWS
    assert (tmp_path / "again.ndjson.gz").read_bytes() == path.read_bytes()
    np.testing.assert_array_equal(copy.gather(rows).points, store.gather(rows).points)
    np.testing.assert_array_equal(copy.split, store.split)


def test_pyarrow_alone_reads_the_store(folder: Path, records: Records) -> None:
    """Label, split and key are plain Arrow columns; points decode as docs/formats.md says."""
    table = pa.dataset.dataset(folder / "drawings", format="ipc").to_table()
    assert table.num_rows == ROWS
    assert table["label"].to_pylist() == [record(row)["word"] for row in range(ROWS)]
    splits = split_of(records.key_id, records.keyed, records.packed, records.offsets)
    assert table["split"].to_pylist() == [SPLITS[split] for split in splits]
    keys = [record(row)["key_id"] for row in range(ROWS)]
    assert table["key_id"].to_pylist() == [None if key is None else int(key) for key in keys]
    assert table["recognized"].to_pylist() == [record(row)["recognized"] for row in range(ROWS)]
    for row, stored in enumerate(table["points"].to_pylist()):
        size = 8 * len(stored) // 17
        octets = np.frombuffer(stored, np.uint8)
        np.testing.assert_array_equal(octets[: 2 * size].reshape(size, 2), records.drawings[row][:, :2])
        pen = np.unpackbits(octets[2 * size :], bitorder="little")[:size]
        np.testing.assert_array_equal(pen, records.drawings[row][:, 2])


@settings(deadline=None)
@given(st.integers(1, 20_000))
def test_the_number_of_points_follows_from_the_length(points: int) -> None:
    """2·n + ⌈n/8⌉ bytes say n for every n."""
    drawing = np.zeros((points, 3), np.uint8)
    packed, _ = pack(drawing, np.array([0, points]))
    assert 8 * len(packed) // 17 == points


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    """A missing folder, a folder without a card, and a foreign card are named."""
    with pytest.raises(StoreError, match="expected a store"):
        Store.open(tmp_path / "missing")
    with pytest.raises(StoreError, match="expected a store"):
        Store.open(tmp_path)
    for text in ("{", "[]", "{}", '{"format": "other", "version": 1}'):
        (tmp_path / "card.json").write_text(text)
        with pytest.raises(StoreError, match=r"card\.json: expected"):
            Store.open(tmp_path)


def change_card(folder: Path, **fields: object) -> None:
    path = folder / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_another_format_version_is_refused(damaged: Path) -> None:
    """A store of another version says which was expected and to ingest again."""
    change_card(damaged, version=99)
    with pytest.raises(StoreError, match="version 2, found gribouille store version 99: ingest again"):
        Store.open(damaged)


def test_a_truncated_file_is_refused(damaged: Path) -> None:
    """A part cut short is named with both sizes."""
    part = damaged / "drawings" / "00000-001.arrow"
    part.write_bytes(part.read_bytes()[:-100])
    with pytest.raises(StoreError, match=r"00000-001\.arrow: expected \d+ bytes as the card says, found \d+"):
        Store.open(damaged)


def test_a_damaged_file_is_refused(damaged: Path) -> None:
    """A part of the right size that is no Arrow file, and one that is gone, are named."""
    part = damaged / "drawings" / "00000-001.arrow"
    part.write_bytes(b"\0" * part.stat().st_size)
    with pytest.raises(StoreError, match=r"00000-001\.arrow: expected an Arrow file"):
        Store.open(damaged)
    part.unlink()
    with pytest.raises(StoreError, match="found no such file"):
        Store.open(damaged)


def change_offset(part: Path, column: str, at: int, number: int) -> None:
    """Writes a number over one offset of a binary column, in place."""
    with pa.memory_map(str(part)) as file:
        before = pa.ipc.open_file(file).get_batch(0).column(column).buffers()[1].to_pybytes()
    offsets = np.frombuffer(before, np.int32).copy()
    offsets[at] = number
    octets = part.read_bytes()
    assert octets.count(before) == 1
    part.write_bytes(octets.replace(before, offsets.tobytes()))


@pytest.mark.parametrize("number", [-1, -(2**31), 1, 2**31 - 1], ids=["before", "far before", "backwards", "far after"])
@pytest.mark.parametrize("column", ["points", "times"])
def test_a_damaged_offset_is_refused_before_it_is_followed(damaged: Path, column: str, number: int) -> None:
    """In a file of the right size, an offset that leads out of it raises StoreError naming the file: no memory is read."""
    part = damaged / ("drawings" if column == "points" else "times") / "00000-001.arrow"
    change_offset(part, column, 5, number)
    store = Store.open(damaged)
    with pytest.raises(
        StoreError, match=rf"{part.parent.name}/00000-001\.arrow: expected the {column} of its row [45] inside"
    ):
        store.records(np.arange(ROWS))
    assert len(store.records(np.arange(64))) == 64  # the other parts are whole


def test_a_column_larger_than_its_file_is_refused(damaged: Path) -> None:
    """Where a binary column's last offset lies outside, opening says so."""
    change_offset(damaged / "drawings" / "00000-001.arrow", "points", 64, 1 << 20)
    with pytest.raises(StoreError, match=r"00000-001\.arrow: expected an Arrow file, found a damaged one"):
        Store.open(damaged)


def test_as_many_countries_as_the_index_can_say(tmp_path: Path) -> None:
    """256 countries fill the column's index type, and a row without one is still told apart."""
    countries = [*(f"{number:03}" for number in range(256)), None]
    lines = [json.dumps(record(1) | {"countrycode": country, "key_id": row}) for row, country in enumerate(countries)]
    (tmp_path / "drawings.ndjson").write_text("\n".join(lines))
    ingest([tmp_path / "drawings.ndjson"], tmp_path / "store")
    found = Store.open(tmp_path / "store").records(np.arange(257))
    assert [None if code < 0 else found.countries[code] for code in found.country] == countries


def test_a_card_that_disagrees_with_the_files_is_refused(damaged: Path) -> None:
    """Rows and labels of the card must be those of the files."""
    change_card(damaged, rows=ROWS + 1)
    with pytest.raises(StoreError, match=f"expected {ROWS + 1} rows as the card says, found {ROWS}"):
        Store.open(damaged)
    change_card(damaged, rows=ROWS, labels=["axe", "cat", "cow"])
    with pytest.raises(StoreError, match=r"found \['cow', 'dog'\] apart"):
        Store.open(damaged)


GOLDEN_KEYS = {
    5312114191237120: TRAIN,
    5009449779462144: TEST,
    5660152956977152: TRAIN,
    5839874491940864: TRAIN,
    5690451338199040: TRAIN,
    0: TRAIN,
    1: TRAIN,
    7: VALIDATION,
    42: TRAIN,
    18446744073709551615: TRAIN,
    5000000000000115: VALIDATION,
    5000000000000184: VALIDATION,
}


def test_the_split_of_golden_keys() -> None:
    """The same keys fall on the same side on every machine and in every version."""
    keys = np.array(list(GOLDEN_KEYS), np.uint64)
    nothing = (np.zeros(0, np.uint8), np.zeros(len(keys) + 1, np.int64))
    assert split_of(keys, np.ones(len(keys), bool), *nothing).tolist() == list(GOLDEN_KEYS.values())


def test_splitmix64_is_the_published_one() -> None:
    """Its first output for the seed 0 is the published one."""
    assert splitmix64(np.zeros(1, np.uint64))[0] == 0xE220A8397B1DCDAF


def test_the_hash_of_golden_points(house: list) -> None:
    """FNV-1a over the point bytes, as published: the empty input and a drawing."""
    drawings = Drawings.of([np.zeros((0, 3), np.uint8), drawing_of(house)])
    hashes = fnv1a(*pack(drawings.points, drawings.offsets), np.arange(2))
    number = 0xCBF29CE484222325
    for byte in drawing_of(house).tobytes():
        number = (number ^ byte) * 0x100000001B3 % 2**64
    assert hashes.tolist() == [0xCBF29CE484222325, number]


def test_the_split_has_the_promised_shares() -> None:
    """86, 4 and 10 % of many keys, within four standard deviations; consecutive keys are spread as well as any."""
    rows = 200_000
    nothing = (np.zeros(0, np.uint8), np.zeros(rows + 1, np.int64))
    split = split_of(np.arange(rows, dtype=np.uint64), np.ones(rows, bool), *nothing)
    for value, share in ((TRAIN, 0.86), (VALIDATION, 0.04), (TEST, 0.10)):
        assert abs((split == value).mean() - share) < 4 * np.sqrt(share * (1 - share) / rows)


@settings(deadline=None)
@given(st.permutations(range(60)), st.integers(1, 60))
def test_the_split_depends_on_nothing_but_the_drawing(records: Records, order: list[int], size: int) -> None:
    """Any order and any batching of the rows give each the same split."""
    whole = split_of(records.key_id, records.keyed, records.packed, records.offsets)
    for start in range(0, len(order), size):
        rows = np.array(order[start : start + size])
        packed = pack_drawings([records.drawings[int(row)] for row in rows])
        np.testing.assert_array_equal(split_of(records.key_id[rows], records.keyed[rows], *packed), whole[rows])


# ---------------------------------------------------------------- folds


def test_the_fold_of_golden_keys() -> None:
    """The same keys lie in the same fold on every machine and in every version."""
    keys = np.array(list(GOLDEN_KEYS), np.uint64)
    folds = fold_of(keys, np.ones(len(keys), bool), np.zeros(0, np.uint8), np.zeros(1, np.int64))
    assert folds.tolist() == [1, 2, 1, 9, 8, 0, 9, 4, 1, 9, 2, 0]


def test_a_fold_is_a_tenth_of_each_split() -> None:
    """Fold and split know nothing of each other: the counts of all pairs are as of independent ones, by Pearson's χ²."""
    rows = 200_000
    keys, keyed = np.arange(rows, dtype=np.uint64), np.ones(rows, bool)
    fold = fold_of(keys, keyed, np.zeros(0, np.uint8), np.zeros(1, np.int64))
    split = split_of(keys, keyed, np.zeros(0, np.uint8), np.zeros(rows + 1, np.int64))
    counts = np.bincount(FOLDS * split.astype(np.int64) + fold, minlength=3 * FOLDS).reshape(3, FOLDS)
    expected = rows * np.outer([0.86, 0.04, 0.10], np.full(FOLDS, 1 / FOLDS))
    assert (
        (counts - expected) ** 2 / expected
    ).sum() < 83  # 29 degrees of freedom: exceeded by chance once in 2 million


@settings(deadline=None)
@given(st.permutations(range(60)), st.integers(1, 60))
def test_the_fold_depends_on_nothing_but_the_drawing(records: Records, order: list[int], size: int) -> None:
    """Any order and any batching of the rows give each the same fold, also where their points decide."""

    def folds(rows: np.ndarray) -> np.ndarray:
        keyed = records.keyed[rows]
        packed = pack_drawings([records.drawings[int(row)] for row in rows[~keyed]])
        return fold_of(records.key_id[rows], keyed, *packed)

    whole = folds(np.arange(60))
    for start in range(0, len(order), size):
        rows = np.array(order[start : start + size])
        np.testing.assert_array_equal(folds(rows), whole[rows])
