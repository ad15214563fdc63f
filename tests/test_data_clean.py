"""Marks: what is found, that it changes nothing but the splits and the hash, and that all can be taken back."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from drawn_store import drawn, ordinary, scribble, store_of, wobbly
from hypothesis import given
from hypothesis import strategies as st

from gribouille.data import duplicates, kernel
from gribouille.data.clean import (
    EMPTY,
    EXACT,
    NEAR,
    SCRIBBLE,
    CleanError,
    CleanOptions,
    clean,
    kept_rows,
    undo,
)
from gribouille.data.dropping import drop
from gribouille.data.duplicates import LEAST_POINTS, near
from gribouille.drawing import Drawings, drawing_of
from gribouille.sampling import distinct_rows
from gribouille.store import Store, StoreError, select
from gribouille.store.marks import MARKS_NAME, read_marks
from gribouille.store.split import SPLITS, UNUSED

PER_WORD = 80
FAULTS = 3 * PER_WORD  # the first row that is one
ALL = CleanOptions(exact=True, near=2.0, scribbles=True, empty=True)
COLUMNS = ("label", "split", "key_id", "keyed", "recognized", "country", "timestamp")


def moved(drawing: list[list[list[int]]], by: int) -> list[list[list[int]]]:
    """The drawing, all of it a little to the right."""
    return [[[x + by for x in xs], ys] for xs, ys in drawing]


def faulty() -> list[dict]:
    """Ordinary drawings, then one fault after the other."""
    return [
        *ordinary(PER_WORD),
        drawn(FAULTS, "cat", wobbly(3)),  # row 3 again
        drawn(FAULTS + 1, "cat", wobbly(3)),  # and again: of row 3, not of the row before
        drawn(FAULTS + 2, "house", wobbly(3)),  # the same points under another word are another drawing
        drawn(FAULTS + 3, "cat", moved(wobbly(7), 1), key_id="5000000000000007"),  # near row 7, with its key
        drawn(FAULTS + 4, "cat", moved(wobbly(8), 9)),  # too far from row 8
        drawn(FAULTS + 5, "sword", scribble(1)),
        drawn(FAULTS + 6, "sword", [[[9, 9], [9, 9]]]),  # a dot
        drawn(FAULTS + 7, "sword", [[[9, 14], [9, 9]]]),  # a slip
        drawn(FAULTS + 8, "sword", [[[x, x], [9 * x % 50, 9 * x % 50]] for x in range(0, 250, 25)]),  # rain
    ]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with every fault, in several parts."""
    return store_of(tmp_path, faulty())


def everything(store: Store) -> dict[str, object]:
    """All that a store says, for comparing."""
    rows = np.arange(len(store))
    columns = {name: getattr(store, name).tolist() for name in COLUMNS}
    return columns | {"points": store.gather(rows).points.tolist(), "hash": store.hash, "card": store.card}


def found(path: Path, reason: str) -> dict[int, str | None]:
    """The rows that are marked so, with their details."""
    marks = Store.open(path).marks
    return dict(marks.details(reason)) if marks else {}


def test_every_fault_is_found_and_nothing_else(store):
    """Each reason marks its rows and says why; the first of several duplicates stays."""
    report = clean(store.path, ALL)
    assert report.found == {EMPTY: 2, EXACT: 2, NEAR: 1, SCRIBBLE: 1}
    assert found(store.path, EXACT) == {FAULTS: "row 3", FAULTS + 1: "row 3"}
    assert found(store.path, NEAR) == {FAULTS + 3: "row 7, 1.00 units away, same key_id"}
    assert list(found(store.path, SCRIBBLE)) == [FAULTS + 5]
    assert found(store.path, EMPTY) == {FAULTS + 6: "0 units of ink", FAULTS + 7: "5 units of ink"}
    assert report.marked == 6
    kept = kept_rows(Store.open(store.path))
    assert sorted(set(range(len(store))) - set(kept.tolist())) == [FAULTS + fault for fault in (0, 1, 3, 5, 6, 7)]


def test_marked_rows_are_unused_and_the_hash_tells(store):
    """Nothing learns from a marked row or is tested on it; every other column, and the files, stay as they are."""
    before = everything(store)
    files = {path: path.read_bytes() for path in store.path.rglob("*.*") if path.is_file()}
    clean(store.path, ALL)
    marked = Store.open(store.path)
    after = everything(marked)
    rows = sorted({*marked.marks.row.tolist()})
    assert set(marked.split[rows].tolist()) == {UNUSED}
    assert np.array_equal(np.delete(marked.split, rows), np.delete(store.split, rows))
    assert {name for name in before if before[name] != after[name]} == {"split", "hash", "card"}
    assert marked.card.splits == {name: int((marked.split == index).sum()) for index, name in enumerate(SPLITS)}
    for split in SPLITS[:UNUSED]:
        assert not set(distinct_rows(marked, split)) & set(rows)
    assert np.array_equal(select(marked).split, marked.split)
    assert select(marked).hash != select(store).hash
    assert {path: path.read_bytes() for path in files} == files


def test_a_store_can_be_opened_without_its_marks(store):
    """`marks=False` gives the store as it was written."""
    before = everything(store)
    clean(store.path, ALL)
    assert everything(Store.open(store.path, marks=False)) == before


@given(st.lists(st.lists(st.integers(0, 29), min_size=1, max_size=8), min_size=1, max_size=4))
def test_marks_taken_back_leave_no_trace(tmp_path_factory, listed):
    """Marks for any reasons on any rows, taken back one reason after the other, restore every column and the hash."""
    folder = tmp_path_factory.mktemp("undone")
    store = store_of(folder, ordinary(10))
    before, hashes = everything(store), set()
    lines = [{"row": row, "reason": f"reason {index}"} for index, rows in enumerate(listed) for row in rows]
    (folder / "list.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
    clean(store.path, CleanOptions(exact=False), folder / "list.ndjson")
    for index in range(len(listed)):
        rows = {row for later in listed[index:] for row in later}
        now = Store.open(store.path)
        hashes.add((frozenset(rows), now.hash))
        assert set(now.marks.row.tolist()) == rows
        undo(store.path, (f"reason {index}",))
    assert len({digest for _, digest in hashes}) == len({rows for rows, _ in hashes})
    assert everything(Store.open(store.path)) == before
    assert not (store.path / MARKS_NAME).exists()


def test_a_run_replaces_its_own_reasons_only(store):
    """What an earlier run found for other reasons stays; the same run twice is the same marks."""
    clean(store.path, CleanOptions(exact=True))
    once = (store.path / MARKS_NAME).read_bytes()
    clean(store.path, CleanOptions(exact=True))
    assert (store.path / MARKS_NAME).read_bytes() == once
    report = clean(store.path, CleanOptions(exact=False, empty=True))
    assert report.found == {EMPTY: 2}
    assert report.marks == {EMPTY: 2, EXACT: 2}
    settings = Store.open(store.path).marks.settings
    assert settings == {EMPTY: {"ink below units": 16.0, "strokes up to": 3}, EXACT: {}}


def test_a_dry_run_marks_nothing(store):
    """It says what it would find, and how the marks would stand."""
    report = clean(store.path, ALL, dry_run=True)
    assert report.marked == 6
    assert not (store.path / MARKS_NAME).exists()


def test_marks_are_a_plain_arrow_file(store):
    """pyarrow alone reads them: row in order, reason, detail."""
    clean(store.path, ALL)
    table = pa.ipc.open_file(store.path / MARKS_NAME).read_all()
    assert table.column_names == ["row", "reason", "detail"]
    rows = table["row"].to_pylist()
    assert rows == sorted(rows)
    assert set(table["reason"].to_pylist()) == {EMPTY, EXACT, NEAR, SCRIBBLE}


def test_a_list_marks_rows_and_keys(store, tmp_path):
    """Rows by number or key_id, in quotes or not; every row of a key; a key that is not there is counted."""
    lines = [
        {"row": 4, "reason": "wrong word"},
        {"key_id": "5000000000000007", "reason": "wrong word"},  # row 7 and the near duplicate that has its key
        {"key_id": 1, "reason": "wrong word"},
        {"row": "5", "reason": "ugly"},
    ]
    (tmp_path / "list.ndjson").write_text("\n".join(json.dumps(line) for line in lines) + "\n\n")
    report = clean(store.path, CleanOptions(exact=False), tmp_path / "list.ndjson")
    assert report.found == {"ugly": 1, "wrong word": 3}
    assert report.unknown_keys == 1
    assert list(found(store.path, "wrong word")) == [4, 7, FAULTS + 3]


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        '{"row": 1}',
        '{"reason": "x"}',
        '{"row": 1, "key_id": 2, "reason": "x"}',
        '{"row": 1.5, "reason": "x"}',
        '{"row": true, "reason": "x"}',
        '{"row": -1, "reason": "x"}',
        '{"row": 1000000, "reason": "x"}',
        '{"row": 1, "reason": ""}',
        '{"row": 1, "reason": "all"}',
    ],
)
def test_a_bad_list_is_refused_by_its_line(store, tmp_path, line):
    """The file, the line and what was found are named, and nothing is marked."""
    (tmp_path / "list.ndjson").write_text('{"row": 1, "reason": "x"}\n' + line + "\n")
    with pytest.raises(CleanError, match=r"list.ndjson:2: expected .*, found "):
        clean(store.path, CleanOptions(), tmp_path / "list.ndjson")
    assert not (store.path / MARKS_NAME).exists()


def test_a_list_may_not_use_a_reason_of_the_run(store, tmp_path):
    """One run cannot find a reason itself and take it from a list."""
    (tmp_path / "list.ndjson").write_text(json.dumps({"row": 1, "reason": EXACT}))
    with pytest.raises(CleanError, match="which this run looks for itself"):
        clean(store.path, CleanOptions(), tmp_path / "list.ndjson")


def test_only_what_is_marked_can_be_taken_back(store):
    """An unknown reason is refused, and so is everything where there is nothing."""
    with pytest.raises(CleanError, match=r"\(none\), found 'all'"):
        undo(store.path, ("all",))
    clean(store.path, ALL)
    with pytest.raises(CleanError, match=r"\(empty, exact duplicate, near duplicate, scribble\), found 'ugly'"):
        undo(store.path, ("ugly",))
    assert undo(store.path, ("all",)).found == {EMPTY: 2, EXACT: 2, NEAR: 1, SCRIBBLE: 1}
    assert Store.open(store.path).marks is None


@pytest.mark.parametrize("wrong", [{"near": 0.0}, {"near": 65.0}, {"scribble_threshold": 0.5}])
def test_settings_out_of_range_are_refused(wrong):
    """Distances and thresholds that mean nothing are errors."""
    with pytest.raises(CleanError, match="expected"):
        CleanOptions(**wrong)


def test_marks_of_another_store_are_refused(store, tmp_path):
    """Marks name their store: elsewhere their rows would be others."""
    clean(store.path, ALL)
    (tmp_path / "other").mkdir()
    other = store_of(tmp_path / "other", ordinary(4))
    (other.path / MARKS_NAME).write_bytes((store.path / MARKS_NAME).read_bytes())
    with pytest.raises(StoreError, match="expected marks of this store"):
        Store.open(other.path)


def test_damaged_marks_are_refused(store):
    """A cut file, and one that is something else, are named."""
    clean(store.path, ALL)
    path = store.path / MARKS_NAME
    whole = path.read_bytes()
    for damaged in (whole[:200], b"", b"something else"):
        path.write_bytes(damaged)
        with pytest.raises(StoreError, match=r"marks.arrow: expected the marks of a store"):
            Store.open(store.path)
    path.unlink()
    assert read_marks(store.path, store.card) is None


def test_near_pairs_are_those_of_all_pairs(tmp_path):
    """Hashing finds nothing that comparing all with all does not, and nearly all of that, at the same distances."""
    records = []
    for row in range(120):
        drawing = moved(wobbly(row // 3), row % 3 * (row % 4))
        records.append(drawn(row, "cat", drawing))
    store = store_of(tmp_path, records)
    drawings = store.gather(np.arange(120))
    signatures = kernel.signatures(drawings.points, drawings.offsets)
    expected, kept = {}, []
    for row in range(120):
        distances = {other: kernel.mean_distance(signatures[row], signatures[other], 4.0) for other in kept}
        near_ones = {other: distance for other, distance in distances.items() if np.isfinite(distance)}
        if near_ones:
            expected[row] = min(near_ones.values())
        else:
            kept.append(row)
    rows, _, distance = near(store, np.arange(120), 4.0)
    assert set(rows.tolist()) <= expected.keys()
    assert len(rows) >= 0.95 * len(expected) > 50
    np.testing.assert_allclose(distance, [expected[row] for row in rows.tolist()], rtol=1e-6)


def test_near_ones_are_looked_for_in_blocks(tmp_path, monkeypatch):
    """A word of more rows than a block is searched block by block: memory does not grow with it."""
    records = [drawn(row, "cat", wobbly(row % 10)) for row in range(40)]
    store = store_of(tmp_path, records)
    assert near(store, np.arange(40), 1.0)[0].tolist() == list(range(10, 40))
    monkeypatch.setattr(duplicates, "BLOCK_ROWS", 20)
    rows, others, _ = near(store, np.arange(40), 1.0)
    assert rows.tolist() == [*range(10, 20), *range(30, 40)]
    assert others.tolist() == [*range(10), *range(20, 30)]


def test_hashes_are_sorted_in_partitions(tmp_path, monkeypatch):
    """Exact duplicates are the same however many partitions the hashes fall into."""
    store = store_of(tmp_path, [drawn(row, "cat", wobbly(row % 7)) for row in range(60)])
    whole = duplicates.exact(store, np.arange(60))
    monkeypatch.setattr(duplicates, "PARTITION_ROWS", 5)
    parts = duplicates.exact(store, np.arange(60))
    assert [column.tolist() for column in parts] == [column.tolist() for column in whole]
    assert whole[0].tolist() == list(range(7, 60))
    assert whole[1].tolist() == [row % 7 for row in range(7, 60)]


def test_equal_hashes_alone_make_no_duplicate(tmp_path, monkeypatch):
    """Points are compared: a collision of hashes marks nothing."""
    store = store_of(tmp_path, ordinary(5))
    monkeypatch.setattr(kernel, "hashes", lambda points, offsets: np.zeros(len(offsets) - 1, np.uint64))
    assert len(duplicates.exact(store, np.arange(15))[0]) == 0


def test_straight_lines_have_no_near_ones(tmp_path):
    """A drawing of fewer points than LEAST_POINTS takes no part."""
    line = [[list(range(0, 50 * (LEAST_POINTS - 1), 50)), [0, 1] * (LEAST_POINTS // 2)]]
    line[0][1] = line[0][1][: len(line[0][0])]
    store = store_of(tmp_path, [drawn(row, "cat", moved(line, row % 2)) for row in range(10)])
    assert len(near(store, np.arange(10), 4.0)[0]) == 0


def batch(*drawings: list) -> tuple[np.ndarray, np.ndarray]:
    """Points and offsets of simplified strokes."""
    drawn_ones = Drawings.of([drawing_of(strokes) for strokes in drawings])
    return drawn_ones.points, drawn_ones.offsets


def test_lines_counts_strokes_and_ink():
    """Jumps between strokes are no ink."""
    strokes, ink = kernel.lines(*batch([[[0, 3], [0, 4]], [[9, 9], [0, 10]]], [[[5, 5], [5, 5]]]))
    assert strokes.tolist() == [2, 1]
    assert ink.tolist() == [15.0, 0.0]


def test_crossings_are_counted_over_all_strokes():
    """A cross crosses once, a bow tie once, a square and a corner never."""
    cross = [[[0, 100], [0, 100]], [[0, 100], [100, 0]]]
    bow_tie = [[[0, 100, 100, 0, 0], [0, 100, 0, 100, 0]]]
    square = [[[0, 100, 100, 0, 0], [0, 0, 100, 100, 0]]]
    assert kernel.crossings(*batch(cross, bow_tie, square)).tolist() == [1, 1, 0]


def test_crowding_is_the_share_of_crowded_squares():
    """Nothing is crowded along one line; all of a box is that is filled; a thin filled box counts as `least` squares."""
    filled = [[[0, 255] * 64, np.repeat(np.arange(64) * 4, 2).tolist()]]
    thin = [[[0, 255] * 5, np.repeat(np.arange(5) * 4, 2).tolist()]]
    crowding = kernel.crowding(*batch([[[0, 255], [0, 255]]], filled, thin), 24.0, 2.0, 40)
    assert crowding[0] == 0
    assert crowding[1] > 0.9
    assert crowding[2] == pytest.approx(11 / 40)


@given(st.lists(st.integers(0, 255), min_size=4, max_size=30), st.integers(1, 3))
def test_a_signature_does_not_depend_on_the_sampling(numbers, times):
    """Points added in the middle of segments leave the signature where it is."""
    xs, ys = numbers[::2], numbers[1::2]
    size = min(len(xs), len(ys))
    xs, ys = [2**times * (x // 8) for x in xs[:size]], [2**times * (y // 8) for y in ys[:size]]
    fine = [[], []]
    for column, values in zip(fine, (xs, ys), strict=True):
        for a, b in pairwise(values):
            column += [a, (a + b) // 2]
        column.append(values[-1])
    one, other = (kernel.signatures(*batch([stroke]))[0] for stroke in ([xs, ys], fine))
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_dropping_gives_the_store_of_the_others(store, tmp_path):
    """Without its marked rows a store is the one that was never given them, times and all; the first stays as it is."""
    clean(store.path, ALL)
    marked = Store.open(store.path)
    before = {path: path.read_bytes() for path in store.path.rglob("*") if path.is_file()}
    counted: list[int] = []
    card = drop(store.path, tmp_path / "rest", counted.append)
    assert {path: path.read_bytes() for path in store.path.rglob("*") if path.is_file()} == before
    (tmp_path / "other").mkdir()
    kept = kept_rows(marked)
    other = store_of(tmp_path / "other", [record for row, record in enumerate(faulty()) if row in set(kept.tolist())])
    rest = Store.open(tmp_path / "rest")
    assert (rest.hash, rest.card, rest.marks) == (other.hash, card, None)
    assert sum(counted) == len(store)
    assert card.dropped == {EMPTY: 2, EXACT: 2, NEAR: 1, SCRIBBLE: 1}
    assert [(source.start, source.stop) for source in card.sources] == [(0, len(kept))]
    rows = np.arange(len(kept))
    assert np.array_equal(rest.times(rows)[0], store.times(kept)[0])
    assert np.array_equal(rest.gather(rows).points, store.gather(kept).points)


def test_what_cannot_be_dropped_is_said(store, tmp_path):
    """A store without marks, and a place that is taken; nothing is left of the attempt."""
    with pytest.raises(StoreError, match="expected some rows with a mark"):
        drop(store.path, tmp_path / "rest")
    clean(store.path, ALL)
    (tmp_path / "rest").mkdir()
    with pytest.raises(StoreError, match="expected a free place"):
        drop(store.path, tmp_path / "rest")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drawn.ndjson", "rest", "store"]


def test_the_command_drops_what_is_marked(store, tmp_path, gribouille):
    """`--drop NEW` says what the new store holds, and takes no part in a search."""
    gribouille("data", "clean", store.path, "--near", "2", "--scribbles", "--empty")
    code, out, _ = gribouille("data", "clean", store.path, "--drop", tmp_path / "rest")
    assert (code, out.partition(" drawings of ")[0]) == (0, f"{tmp_path / 'rest'}: {len(store) - 6}")
    assert "without empty 2, exact duplicate 2, near duplicate 1, scribble 1; hash" in out
    code, _, err = gribouille("data", "clean", store.path, "--drop", tmp_path / "more", "--empty")
    assert code == 2
    assert "--drop goes with no other option" in err
