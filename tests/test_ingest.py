"""Ingest: many sources into one store, the same whatever the threads and blocks, whole or not at all."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from gribouille.formats.records import FormatError
from gribouille.ingest import IngestError, IngestOptions, ingest, source_files
from gribouille.store import Store
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


def test_the_card_says_what_is_in_the_store(sources: Path, tmp_path: Path) -> None:
    """Rows, counts, sorted labels, splits, and for every file its name, sha256, size and rows, in the files' order."""
    card = ingest([sources], tmp_path / "store")
    assert Store.open(tmp_path / "store").card == card
    assert (card.rows, card.labels, card.counts) == (150, ("ant", "bee", "cat"), {"ant": 50, "bee": 50, "cat": 50})
    assert sum(card.splits.values()) == 150
    assert [source.name for source in card.sources] == [f"sources/{word}.ndjson" for word in ("ant", "bee", "cat")]
    assert [(source.start, source.stop) for source in card.sources] == [(0, 50), (50, 100), (100, 150)]
    for source in card.sources:
        octets = (tmp_path / source.name).read_bytes()
        assert (source.sha256, source.bytes) == (hashlib.sha256(octets).hexdigest(), len(octets))


def test_threads_and_blocks_change_no_byte(sources: Path, tmp_path: Path) -> None:
    """The store is the same, byte for byte, for any number of threads and any size of block."""
    stores = []
    for threads, block_bytes in ((1, 1 << 20), (4, 100), (2, 777)):
        out = tmp_path / f"store{threads}"
        ingest([sources], out, IngestOptions(threads=threads, block_bytes=block_bytes, part_rows=37))
        stores.append(contents(out))
    assert stores[0] == stores[1] == stores[2]
    assert sum(name.startswith("drawings/") for name in stores[0]) == 5


def test_the_hash_is_of_the_contents(sources: Path, tmp_path: Path) -> None:
    """The cutting into parts does not change the hash; a drawing, a label or a key does."""
    hashes = [
        ingest([sources], tmp_path / f"store{rows}", IngestOptions(part_rows=rows)).hash for rows in (10, 64, 1000)
    ]
    assert len(set(hashes)) == 1
    text = (sources / "ant.ndjson").read_text()
    for number, (before, after) in enumerate([("255", "254"), ("ant", "asp"), ('"1000"', '"999"')]):
        (sources / "ant.ndjson").write_text(text.replace(before, after, 1))
        hashes.append(ingest([sources], tmp_path / f"changed{number}").hash)
    assert len(set(hashes)) == 4


def test_training_only_rows_are_in_no_validation_or_test(sources: Path, tmp_path: Path) -> None:
    """A training-only row is in train, or in no split where its key would put it elsewhere: its twin may be there."""
    twin = tmp_path / "twin.ndjson"
    twin.write_text(lines("cat", 0, 1000))
    card = ingest([sources], tmp_path / "store", IngestOptions(training_only=(twin,)))
    store = Store.open(tmp_path / "store")
    rows = np.arange(150, 1150)
    own = split_of(store.key_id[rows], store.keyed[rows], store.gather(rows))
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


def test_a_bad_record_leaves_everything_as_it_was(sources: Path, tmp_path: Path) -> None:
    """The error names file and line; no new store, no temporary folder, and the old store untouched."""
    out = tmp_path / "store"
    ingest([sources], out)
    before = contents(tmp_path)
    (sources / "cat.ndjson").write_text(lines("cat", 0) + '{"word":"cat","drawing":[]}\n')
    before["sources/cat.ndjson"] = (sources / "cat.ndjson").read_bytes()
    with pytest.raises(FormatError, match=r"cat\.ndjson:51: expected at least one stroke"):
        ingest([sources], out, IngestOptions(overwrite=True))
    assert contents(tmp_path) == before


def test_an_interrupted_ingest_leaves_nothing(sources: Path, tmp_path: Path) -> None:
    """Ctrl-C on the way leaves neither a store nor a temporary folder."""

    def interrupt(read: int, total: int, rows: int) -> None:
        if rows >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest([sources], tmp_path / "store", progress=interrupt)
    assert list(tmp_path.iterdir()) == [sources]


def test_a_store_comes_back_when_its_replacement_cannot_take_its_place(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the last rename fails, the old store is where it was, and nothing lies beside it."""
    out = tmp_path / "store"
    ingest([sources / "ant.ndjson"], out)
    before = contents(tmp_path)
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.suffix == ".part":
            raise OSError("no more of this")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="no more of this"):
        ingest([sources], out, IngestOptions(overwrite=True))
    assert contents(tmp_path) == before
    assert sorted(tmp_path.iterdir()) == [sources, out]


def test_what_a_killed_ingest_left_is_named(sources: Path, tmp_path: Path) -> None:
    """What may be another ingest's work is not touched; the message says what to delete."""
    left = tmp_path / ".store.part"
    left.mkdir()
    with pytest.raises(IngestError, match=r"\.store\.part: expected a free place to write in.* delete it"):
        ingest([sources], tmp_path / "store")
    assert left.is_dir()
    left.rmdir()
    assert ingest([sources], tmp_path / "store").rows == 150


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
    """A missing source, a folder without drawings, and a file given twice are refused before anything is read."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(IngestError, match="missing: expected a file or a folder"):
        source_files([tmp_path / "missing"])
    with pytest.raises(IngestError, match=r"empty: expected a folder with files \.ndjson"):
        source_files([tmp_path / "empty"])
    with pytest.raises(IngestError, match=r"ant\.ndjson: expected each file once"):
        source_files([sources], [sources / "ant.ndjson"])
    with pytest.raises(IngestError, match="expected at least one source"):
        source_files([])
