"""Ingest: many sources into one store, the same whatever the threads, blocks, pieces and kills, whole or not at all."""

import gzip
import hashlib
import json
import multiprocessing
import random
import shutil
import time
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gribouille.data.writing import write_drawings
from gribouille.formats import blocks
from gribouille.formats.records import FormatError
from gribouille.ingest import IngestError, IngestOptions, finish, ingest
from gribouille.sources import SourceError
from gribouille.store import Store
from gribouille.store.card import QUARANTINE_NAME
from gribouille.store.split import TRAIN, UNUSED, split_of


def lines(word: str, first_key: int, count: int = 50) -> str:
    """Records of one word with consecutive keys; every drawing different."""
    return "".join(
        json.dumps({"word": word, "key_id": str(key), "drawing": [[[0, 255, key % 256], [key // 256 % 256, 7, 255]]]})
        + "\n"
        for key in range(first_key, first_key + count)
    )


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder of three files."""
    folder = tmp_path / "sources"
    folder.mkdir()
    for number, word in enumerate(["cat", "ant", "bee"]):
        (folder / f"{word}.ndjson").write_text(lines(word, 1000 * number))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its relative name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def quarantined(store: Path) -> list[dict]:
    """The rows of a store's quarantine file."""
    return [json.loads(line) for line in (store / QUARANTINE_NAME).read_text().splitlines()]


def test_the_card_says_what_is_in_the_store(sources: Path, tmp_path: Path) -> None:
    """Rows, counts, sorted labels, splits, and for every file its name, sha256, size and rows, in the files' order."""
    card = ingest([sources], tmp_path / "store")
    assert Store.open(tmp_path / "store").card == card
    assert (card.rows, card.labels, card.counts) == (150, ("ant", "bee", "cat"), {"ant": 50, "bee": 50, "cat": 50})
    assert sum(card.splits.values()) == 150
    assert card.quarantined == {}
    assert [source.name for source in card.sources] == [f"sources/{word}.ndjson" for word in ("ant", "bee", "cat")]
    assert [(source.start, source.stop) for source in card.sources] == [(0, 50), (50, 100), (100, 150)]
    for source in card.sources:
        octets = (tmp_path / source.name).read_bytes()
        (checksum,) = source.checksums
        assert (checksum.start, checksum.stop, source.bytes) == (0, len(octets), len(octets))
        assert checksum.sha256 == hashlib.sha256(octets).hexdigest()
        assert (source.format, source.compression, source.version, source.lost) == ("ndjson", "", "", "")


def test_threads_and_blocks_change_no_byte(sources: Path, tmp_path: Path) -> None:
    """The store is the same, byte for byte, for any number of threads and any size of block."""
    stores = []
    for threads, block_bytes in ((1, 1 << 20), (4, 100), (2, 777)):
        out = tmp_path / f"store{threads}"
        ingest([sources], out, IngestOptions(threads=threads, block_bytes=block_bytes, part_rows=37))
        stores.append(contents(out))
    assert stores[0] == stores[1] == stores[2]
    assert sum(name.startswith("drawings/") for name in stores[0]) == 5


@settings(max_examples=25)
@given(st.integers(40, 20_000), st.integers(100, 3000), st.sampled_from(["\n", "\r\n", "\n\n"]), st.booleans())
def test_pieces_lose_no_row_and_give_none_twice(
    tmp_path_factory: pytest.TempPathFactory, piece_bytes: int, block_bytes: int, ending: str, ended: bool
) -> None:
    """Wherever files are cut, the rows and the contents' hash are those of the whole file, in order, and lines are numbered
    from its start."""
    folder = tmp_path_factory.mktemp("pieces")
    text = lines("cat", 0, 30) + "no record\n" + lines("ant", 500, 40)
    text = text.replace("\n", ending)
    (folder / "one.ndjson").write_text(text if ended else text.rstrip())
    whole = ingest([folder / "one.ndjson"], folder / "whole", IngestOptions(piece_bytes=1 << 20))
    cut = ingest(
        [folder / "one.ndjson"], folder / "cut", IngestOptions(piece_bytes=piece_bytes, block_bytes=block_bytes)
    )
    assert (cut.hash, cut.rows, cut.counts) == (whole.hash, whole.rows, whole.counts) == (whole.hash, 70, cut.counts)
    assert quarantined(folder / "cut") == quarantined(folder / "whole")
    assert quarantined(folder / "cut")[0]["line"] == (61 if ending == "\n\n" else 31)
    (source,) = cut.sources
    octets = (folder / "one.ndjson").read_bytes()
    assert [hashlib.sha256(octets[each.start : each.stop]).hexdigest() for each in source.checksums] == [
        each.sha256 for each in source.checksums
    ]
    assert sum(each.stop - each.start for each in source.checksums) == len(octets)


def test_the_hash_is_of_the_contents(sources: Path, tmp_path: Path) -> None:
    """The cutting into parts does not change the hash; a drawing, a label or a key does."""
    hashes = [
        ingest([sources], tmp_path / f"store{rows}", IngestOptions(part_rows=rows)).hash for rows in (10, 64, 1000)
    ]
    assert len(set(hashes)) == 1
    text = (sources / "ant.ndjson").read_text()
    for number, (before, after) in enumerate([("255", "254"), ("ant", "bat"), ('"1000"', '"999"')]):
        (sources / "ant.ndjson").write_text(text.replace(before, after, 1))
        hashes.append(ingest([sources], tmp_path / f"changed{number}").hash)
    assert len(set(hashes)) == 4


def test_training_only_rows_are_in_no_validation_or_test(sources: Path, tmp_path: Path) -> None:
    """A training-only row is in train, or in no split where its key would put it elsewhere: its twin may be there."""
    twin = tmp_path / "twin.ndjson"
    twin.write_text(lines("cat", 0, 1000))
    card = ingest([sources], tmp_path / "store", IngestOptions(training_only=(twin,), keep_duplicates=True))
    store = Store.open(tmp_path / "store")
    rows = np.arange(150, 1150)
    own = split_of(store.key_id[rows], store.keyed[rows], *store.packed(rows))
    np.testing.assert_array_equal(store.split[rows], np.where(own == TRAIN, TRAIN, UNUSED))
    assert card.splits["unused"] == (own != TRAIN).sum() > 0
    assert [source.training_only for source in card.sources] == [False, False, False, True]
    assert (store.split[:150] != UNUSED).all()


def test_an_existing_store_is_replaced_only_when_asked(sources: Path, tmp_path: Path) -> None:
    """Without overwrite nothing is touched; with it the new store takes the old one's place."""
    out = tmp_path / "store"
    ingest([sources / "ant.ndjson"], out)
    before = contents(out)
    with pytest.raises(IngestError, match="expected a free place"):
        ingest([sources], out)
    assert contents(out) == before
    assert ingest([sources], out, IngestOptions(overwrite=True)).rows == len(Store.open(out)) == 150


def test_what_is_no_store_is_never_overwritten(sources: Path, tmp_path: Path) -> None:
    """Overwrite replaces stores only."""
    with pytest.raises(IngestError, match="expected a store to overwrite"):
        ingest([sources], sources, IngestOptions(overwrite=True))
    assert len(contents(sources)) == 3


def test_a_strict_ingest_stops_at_the_first_bad_row(sources: Path, tmp_path: Path) -> None:
    """The error names file and line wherever pieces are cut; no new store, no working folder, the old store untouched."""
    out = tmp_path / "store"
    ingest([sources], out)
    before = contents(tmp_path)
    (sources / "cat.ndjson").write_text(lines("cat", 0) + '{"word":"cat","drawing":[]}\n' + lines("cat", 60) + "x\n")
    before["sources/cat.ndjson"] = (sources / "cat.ndjson").read_bytes()
    for piece_bytes in (0, 700):
        with pytest.raises(FormatError, match=r"cat\.ndjson:51: expected at least one stroke"):
            ingest([sources], out, IngestOptions(overwrite=True, strict=True, piece_bytes=piece_bytes))
        assert contents(tmp_path) == before


BAD = [
    ('{"word":"ant","drawing":[[[0,', "a number"),
    ('{"word":"ant","drawing":[[["a"],[0]]]}', "a number"),
    ('{"word":"ant","drawing":[[[1e999],[0]]]}', "a drawing of finite numbers and extent"),
    ('{"word":"qwzk","drawing":[[[0],[0]]]}', "one of the known words"),
    ('{"word":"a\xff","drawing":[[[0],[0]]]}', "a JSON string in UTF-8"),
    ('{"word":"ant","countrycode":"\xff","drawing":[[[0],[0]]]}', "a JSON string in UTF-8"),
    ("garbage", "a JSON object"),
]


def test_bad_rows_go_to_quarantine_with_their_place(sources: Path, tmp_path: Path) -> None:
    """Each with source, line, offset, reason and text; the good ones around them are in the store; the card counts."""
    good = lines("cat", 0, len(BAD) + 1).splitlines()
    text = "\n".join(line for pair in zip(good, [bad for bad, _ in BAD] + [""], strict=True) for line in pair)
    octets = text.encode("latin-1")
    (sources / "cat.ndjson").write_bytes(octets)
    card = ingest([sources], tmp_path / "store", IngestOptions(block_bytes=200))
    assert card.counts == {"ant": 50, "bee": 50, "cat": len(BAD) + 1}
    rows = quarantined(tmp_path / "store")
    expected = sorted((reason for _, reason in BAD))
    assert sorted(card.quarantined.items()) == sorted({reason: expected.count(reason) for reason in expected}.items())
    assert [source.quarantined for source in card.sources] == [0, 0, len(BAD)]
    for number, ((bad, reason), row) in enumerate(zip(BAD, rows, strict=True)):
        assert (row["source"], row["line"]) == ("sources/cat.ndjson", 2 * number + 2)
        assert reason in row["reason"]
        start = row["offset"]
        assert octets[start : start + len(bad)] == bad.encode("latin-1")
        assert row["text"] == bad.encode("latin-1").decode(errors="backslashreplace")


def test_a_key_that_stands_twice_goes_to_quarantine(sources: Path, tmp_path: Path) -> None:
    """The first row in the sources' order is kept, wherever the others stand; rows without a key are no duplicates."""
    again = lines("cat", 10, 3)
    keyless = "".join(json.dumps({"word": "cat", "drawing": [[[1], [2]]]}) + "\n" for _ in range(2))
    (tmp_path / "again.ndjson").write_text(again + keyless + lines("cat", 5000, 2) + lines("cat", 5001, 2))
    card = ingest([sources, tmp_path / "again.ndjson"], tmp_path / "store", IngestOptions(piece_bytes=600, part_rows=7))
    assert card.rows == 150 + 2 + 3
    assert card.quarantined == {"a key_id that no earlier row has": 4}
    store = Store.open(tmp_path / "store")
    assert len(np.unique(store.key_id[store.keyed])) == 153
    assert (card.sources[-1].start, card.sources[-1].stop, card.sources[-1].quarantined) == (150, 155, 4)
    text = (tmp_path / "again.ndjson").read_bytes()
    for row, key in zip(quarantined(tmp_path / "store"), (10, 11, 12, 5001), strict=True):
        assert json.loads(text[row["offset"] :].partition(b"\n")[0])["key_id"] == str(key)
    kept = ingest([sources, tmp_path / "again.ndjson"], tmp_path / "kept", IngestOptions(keep_duplicates=True))
    assert (kept.rows, kept.quarantined) == (159, {})


def test_the_rows_that_are_kept_are_those_of_a_source_without_the_duplicates(sources: Path, tmp_path: Path) -> None:
    """What quarantine leaves is the store of the same files without these rows."""
    whole = lines("dog", 9000, 40)
    (tmp_path / "dog.ndjson").write_text(whole + lines("dog", 9010, 5))
    with_twins = ingest([sources, tmp_path / "dog.ndjson"], tmp_path / "store")
    (tmp_path / "dog.ndjson").write_text(whole)
    assert with_twins.hash == ingest([sources, tmp_path / "dog.ndjson"], tmp_path / "plain").hash


def test_half_a_gzip_member_gives_what_came_before(sources: Path, tmp_path: Path) -> None:
    """The rows before the damage are in the store, the damage in quarantine; the checksum is of the whole file."""
    text = "".join(lines("cat", 0, 400))
    zipped = gzip.compress(text.encode(), 1)
    (sources / "cat.ndjson").unlink()
    (sources / "cat.ndjson.gz").write_bytes(zipped[: len(zipped) // 2])
    card = ingest([sources], tmp_path / "store")
    (row,) = quarantined(tmp_path / "store")
    assert 50 < card.counts["cat"] < 400
    assert row["line"] == card.counts["cat"] + 1
    assert text.encode()[row["offset"] :].startswith(row["text"].encode())
    assert "expected a whole file, found a damaged one" in row["reason"]
    assert card.sources[2].checksums[0].sha256 == hashlib.sha256(zipped[: len(zipped) // 2]).hexdigest()
    with pytest.raises(FormatError, match="damaged"):
        ingest([sources], tmp_path / "strict", IngestOptions(strict=True))


def test_any_word_is_taken_when_asked(sources: Path, tmp_path: Path) -> None:
    """Own categories are nothing bad."""
    (sources / "own.ndjson").write_text(lines("qwzk", 8000, 3))
    assert ingest([sources], tmp_path / "store").quarantined == {"one of the known words": 3}
    assert ingest([sources], tmp_path / "any", IngestOptions(any_word=True)).counts["qwzk"] == 3


def interrupted_at(rows_wanted: int):
    """A progress callback that interrupts once so many rows are made."""

    def interrupt(read: int, total: int, rows: int) -> None:
        if rows >= rows_wanted:
            raise KeyboardInterrupt

    return interrupt


def test_an_interrupted_ingest_goes_on(sources: Path, tmp_path: Path) -> None:
    """What was whole is not read again, and the store is the one of an ingest that was never interrupted."""
    options = IngestOptions(piece_bytes=1500, threads=1)
    whole = ingest([sources], tmp_path / "whole", options)
    with pytest.raises(KeyboardInterrupt):
        ingest([sources], tmp_path / "store", options, interrupted_at(100))
    assert not (tmp_path / "store").exists()
    left = tmp_path / ".store.part" / "pieces"
    notes = {path.name: path.stat().st_mtime_ns for path in left.glob("*.json")}
    assert notes
    first: list[int] = []
    assert ingest([sources], tmp_path / "store", options, lambda read, total, rows: first.append(rows)) == whole
    assert max(first[: len(notes)]) >= 20
    assert contents(tmp_path / "store") == contents(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sources", "store", "whole"]


def test_what_was_left_of_other_sources_is_not_gone_on_with(sources: Path, tmp_path: Path) -> None:
    """A source that has changed, or other options, start anew."""
    options = IngestOptions(piece_bytes=1500, threads=1)
    with pytest.raises(KeyboardInterrupt):
        ingest([sources], tmp_path / "store", options, interrupted_at(100))
    (sources / "ant.ndjson").write_text(lines("ant", 1000, 20))
    assert ingest([sources], tmp_path / "store", options).counts["ant"] == 20


def test_what_a_kill_left_half_cleared_is_no_obstacle(sources: Path, tmp_path: Path) -> None:
    """Files of a piece that are missing or damaged, and a note that is empty: the piece is made again."""
    options = IngestOptions(piece_bytes=1500, threads=1)
    whole = ingest([sources], tmp_path / "whole", options)
    for number, damage in enumerate(("*.faults", "*.starts", "*.json", "drawings/*.arrow")):
        out = tmp_path / f"store{number}"
        with pytest.raises(KeyboardInterrupt):
            ingest([sources], out, options, interrupted_at(140))
        pieces = tmp_path / f".{out.name}.part" / "pieces"
        paths = sorted(pieces.glob(damage))
        paths[0].unlink()
        paths[1].write_bytes(b"")
        assert ingest([sources], out, options) == whole
        assert contents(out) == contents(tmp_path / "whole")


def test_a_store_in_use_is_never_written_into(sources: Path, tmp_path: Path) -> None:
    """Parts are linked from where they were made: whatever a kill left of that is not opened for writing again."""
    out = tmp_path / "store"
    ingest([sources], out)
    before = contents(out)
    left = tmp_path / ".store.part"
    (left / "pieces" / "drawings").mkdir(parents=True)
    (left / "moving").touch()
    for path in out.rglob("*.arrow"):
        (left / "pieces" / "drawings" / path.name).hardlink_to(path)
    with pytest.raises(IngestError, match="expected a free place for the store"):
        ingest([sources], out)
    assert not left.exists()
    (left / "pieces" / "drawings").mkdir(parents=True)
    for path in out.rglob("*.arrow"):
        (left / "pieces" / "drawings" / path.name).hardlink_to(path)
    opened = Store.open(out)

    def unharmed(read: int, total: int, rows: int) -> None:
        assert contents(out) == before

    ingest([sources], out, IngestOptions(overwrite=True), unharmed)
    assert len(opened.gather(np.arange(150))) == 150


def test_a_strict_ingest_takes_no_key_twice(sources: Path, tmp_path: Path) -> None:
    """A key_id that stands twice is a bad row: the error has its source and offset, and nothing is left."""
    text = lines("dog", 70, 3) + lines("dog", 71, 1)
    (sources / "dog.ndjson").write_text(text)
    with pytest.raises(FormatError, match=rf"sources/dog\.ndjson, byte {len(lines('dog', 70, 3))}: expected a key_id"):
        ingest([sources], tmp_path / "store", IngestOptions(strict=True))
    assert [path.name for path in tmp_path.iterdir()] == ["sources"]


def test_keys_are_looked_through_lot_by_lot(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few keys are sorted at once, the same rows are found twice."""
    (sources / "dog.ndjson").write_text(lines("dog", 20, 60) + lines("dog", 1040, 30))
    whole = ingest([sources], tmp_path / "whole")
    monkeypatch.setattr(finish, "SORTED_AT_ONCE", 13)
    assert ingest([sources], tmp_path / "lots", IngestOptions(piece_bytes=900)).hash == whole.hash
    assert whole.quarantined == {"a key_id that no earlier row has": 40}


def test_a_line_beyond_all_measure_is_one_bad_row(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What follows it keeps its line number, wherever pieces are cut."""
    monkeypatch.setattr(blocks, "MAX_LINE_BYTES", 1500)
    text = lines("cat", 0, 30) + "y" * 6000 + "\n" + lines("cat", 40, 5) + "bad\n" + "z" * 4000
    (sources / "cat.ndjson").write_text(text)
    found = []
    for piece_bytes in (1 << 20, 700, 2500, 3001):
        out = tmp_path / f"store{piece_bytes}"
        assert ingest([sources], out, IngestOptions(piece_bytes=piece_bytes, block_bytes=400)).counts["cat"] == 35
        found.append([(row["line"], row["offset"]) for row in quarantined(out)])
    starts = [len(lines("cat", 0, 30)), text.index("bad"), text.index("zz")]
    assert found == [list(zip((31, 37, 38), starts, strict=True))] * 4


def test_odd_files_among_the_others_are_taken(sources: Path, tmp_path: Path) -> None:
    """An empty file has no rows, a byte order mark is none of the first row, more countries than a part can tell make more
    parts."""
    (sources / "ant.ndjson").write_text("")
    (sources / "bee.ndjson").write_bytes(b"\xef\xbb\xbf" + lines("bee", 2000, 3).encode())
    odd = [
        json.dumps({"word": "cat", "countrycode": f"c{row % 300}", "drawing": [[[1], [row % 256]]]})
        for row in range(900)
    ]
    (sources / "cat.ndjson").write_text("\n".join(odd))
    card = ingest([sources], tmp_path / "store", IngestOptions(block_bytes=5000))
    assert card.quarantined == {}
    assert card.counts == {"bee": 3, "cat": 900}
    assert [(source.start, source.stop) for source in card.sources] == [(0, 0), (0, 3), (3, 903)]
    assert len(card.drawings) > 1
    store = Store.open(tmp_path / "store")
    assert [store.countries[code] for code in store.country[3:]] == [f"c{row % 300}" for row in range(900)]


def test_a_file_named_after_no_known_word_is_refused(sources: Path, tmp_path: Path) -> None:
    """Where the name alone tells the word it must be one of the 345, or any word must have been asked for."""
    ingest([sources], tmp_path / "all")
    write_drawings(Store.open(tmp_path / "all"), tmp_path / "bin", "binary")
    (tmp_path / "bin" / "ant.bin").rename(tmp_path / "bin" / "qwzk.bin")
    with pytest.raises(FormatError, match=r"bin/qwzk\.bin: expected a file named after one of the known words"):
        ingest([tmp_path / "bin"], tmp_path / "store")
    card = ingest([tmp_path / "bin"], tmp_path / "store", IngestOptions(any_word=True))
    assert card.counts == {"bee": 50, "cat": 50, "qwzk": 50}


def test_files_of_one_name_are_told_apart(sources: Path, tmp_path: Path) -> None:
    """Two folders may be called alike; the card and the quarantine number the second file."""
    other = tmp_path / "other" / "sources"
    other.mkdir(parents=True)
    (other / "cat.ndjson").write_text(lines("cat", 9000, 2) + "bad\n")
    card = ingest([sources, other], tmp_path / "store")
    assert [source.name for source in card.sources][-2:] == ["sources/cat.ndjson", "sources/cat.ndjson (2)"]
    assert quarantined(tmp_path / "store")[0]["source"] == "sources/cat.ndjson (2)"


def test_two_ingests_to_one_place_do_not_meet(sources: Path, tmp_path: Path) -> None:
    """The second one says so and touches nothing."""
    found: list[str] = []

    def second(read: int, total: int, rows: int) -> None:
        if not found:
            with pytest.raises(IngestError, match="expected no other ingest to write there") as error:
                ingest([sources], tmp_path / "store")
            found.append(str(error.value))

    assert ingest([sources], tmp_path / "store", progress=second).rows == 150
    assert found


def ingest_slowly(sources: Path, out: Path, steps: "Synchronized[int]") -> None:
    """An ingest in small pieces that counts its steps and takes its time over each, so that it can be met anywhere."""

    def step(read: int, total: int, rows: int) -> None:
        steps.value += 1
        time.sleep(0.001)

    ingest([sources], out, IN_SMALL_PIECES, step)


IN_SMALL_PIECES = IngestOptions(piece_bytes=4000, block_bytes=500, threads=2)


def test_a_killed_ingest_ends_as_if_it_had_not_been(sources: Path, tmp_path: Path) -> None:
    """Killed with SIGKILL at 20 random moments, one after the other, the store is the same byte for byte."""
    (sources / "dog.ndjson").write_text(lines("dog", 10_000, 2000) + "bad\n" + lines("dog", 10_100, 5))
    ingest([sources], tmp_path / "whole", IN_SMALL_PIECES)
    out = tmp_path / "store"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gribouille.ingest"])
    draw = random.Random(6)
    met = 0
    for _ in range(20):
        steps = context.Value("q", 0)
        process = context.Process(target=ingest_slowly, args=(sources, out, steps))
        process.start()
        moment = draw.randint(1, 40)
        while process.is_alive() and steps.value < moment:
            time.sleep(0.0002)
        process.kill()
        process.join()
        process.close()
        met += not out.exists()
        shutil.rmtree(out, ignore_errors=True)  # it may have come to its end: then another one is begun
    assert met >= 15
    ingest([sources], out, IN_SMALL_PIECES)
    assert contents(out) == contents(tmp_path / "whole")


def test_a_store_comes_back_when_its_replacement_cannot_take_its_place(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the last rename fails, the old store is where it was, and nothing lies beside it."""
    out = tmp_path / "store"
    ingest([sources / "ant.ndjson"], out)
    before = contents(tmp_path)
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.parent.suffix == ".part" and target == out:
            raise OSError("no more of this")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="no more of this"):
        ingest([sources], out, IngestOptions(overwrite=True))
    assert contents(out) == {name.removeprefix("store/"): file for name, file in before.items() if "store/" in name}
    monkeypatch.undo()
    assert ingest([sources], out, IngestOptions(overwrite=True)).rows == 150
    assert sorted(tmp_path.iterdir()) == [sources, out]


def test_a_store_moved_aside_by_a_killed_ingest_comes_back(sources: Path, tmp_path: Path) -> None:
    """Killed between the two renames: the next ingest finds the old store and treats it as if nothing had been."""
    out = tmp_path / "store"
    ingest([sources / "ant.ndjson"], out)
    before = contents(out)
    out.rename(tmp_path / ".store.old")
    with pytest.raises(IngestError, match="expected a free place for the store"):
        ingest([sources], out)
    assert contents(out) == before
    out.rename(tmp_path / ".store.old")
    assert ingest([sources], out, IngestOptions(overwrite=True)).rows == 150
    assert sorted(tmp_path.iterdir()) == [sources, out]


def test_progress_runs_to_the_end(sources: Path, tmp_path: Path) -> None:
    """Bytes read and rows written never fall, and end at all of them."""
    calls: list[tuple[int, int, int]] = []
    ingest([sources], tmp_path / "store", progress=lambda *call: calls.append(call))
    total = sum(path.stat().st_size for path in sources.iterdir())
    assert calls == sorted(calls)
    assert calls[-1] == (total, total, 150)


def test_sources_that_will_not_do_are_named(sources: Path, tmp_path: Path) -> None:
    """A missing source, and a file that is no drawings, are refused before anything is written."""
    with pytest.raises(SourceError, match="missing"):
        ingest([tmp_path / "missing"], tmp_path / "store")
    (sources / "test.csv").write_text('key_id,countrycode,drawing\n1,US,"[[[1],[2]]]"\n')
    with pytest.raises(FormatError, match=r"sources/test\.csv: expected a column 'word' to learn from"):
        ingest([sources], tmp_path / "store")
    (sources / "page.ndjson").write_text("<html><body>Sign in</body></html>")
    with pytest.raises(FormatError, match=r"sources/page\.ndjson: expected .* found an HTML page"):
        ingest([sources], tmp_path / "store")
    assert [path.name for path in tmp_path.iterdir()] == ["sources"]
