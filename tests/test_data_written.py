"""`gribouille data export`: a store's drawings in the forms of others, which ingest takes back."""

from pathlib import Path

import numpy as np
import pytest
from drawn_store import ordinary, store_of

from gribouille import cli
from gribouille.data.writing import write_drawings
from gribouille.formats.records import FormatError
from gribouille.ingest import IngestOptions, ingest
from gribouille.store import Store
from gribouille.svg import read_svg

OWN = IngestOptions(any_word=True, keep_duplicates=True)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_of(tmp_path, ordinary(8))


@pytest.mark.parametrize("name", ["all.ndjson", "all.ndjson.gz", "all.csv.zst"])
def test_lines_hold_everything(store: Store, tmp_path: Path, name: str) -> None:
    """Ingested again, one file of NDJSON or CSV gives the same contents, times of raw drawings apart."""
    assert write_drawings(store, tmp_path / name) == 1
    card = ingest([tmp_path / name], tmp_path / "again", OWN)
    assert (card.hash == store.hash) or store.timed.any()
    again, rows = Store.open(tmp_path / "again").records(np.arange(len(store))), store.records(np.arange(len(store)))
    for column in ("packed", "offsets", "recognized", "timestamp", "key_id", "keyed"):
        np.testing.assert_array_equal(getattr(again, column), getattr(rows, column))
    assert [again.labels[label] for label in again.label] == [rows.labels[label] for label in rows.label]


@pytest.mark.parametrize(
    ("form", "suffix"), [("ndjson", ".ndjson"), ("csv", ".csv"), ("binary", ".bin"), ("sketchrnn", ".npz")]
)
def test_a_folder_has_a_file_a_word(store: Store, tmp_path: Path, form: str, suffix: str) -> None:
    """Named after the word, which .bin and .npz keep nowhere else; their drawings come back."""
    assert write_drawings(store, tmp_path / "out", form) == len(store.labels)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        f"{word}{suffix}" for word in store.labels
    )
    card = ingest([tmp_path / "out"], tmp_path / "again", OWN)
    assert card.counts == store.card.counts
    if form == "binary":
        order = np.argsort(store.label, kind="stable")
        again = Store.open(tmp_path / "again")
        np.testing.assert_array_equal(again.gather(np.arange(len(again))).points, store.gather(order).points)
    assert bool(card.sources[0].lost) == (form in ("binary", "sketchrnn"))


def test_svg_is_a_file_a_drawing(store: Store, tmp_path: Path) -> None:
    """In a folder a word; the strokes are the drawing's."""
    assert write_drawings(store, tmp_path / "out", "svg") == len(store)
    word = store.labels[0]
    first = store.gather(np.flatnonzero(store.label == 0)[:1])[0]
    strokes = read_svg(tmp_path / "out" / word / "000000.svg").strokes
    assert sum(len(stroke[0]) for stroke in strokes) == len(first)


def test_names_that_tell_no_form_are_refused(store: Store, tmp_path: Path) -> None:
    """So are several words in one .bin, and SVG as one file; nothing is left of it."""
    for name, message in (("all.txt", "expected a name"), ("all.svg", "expected a folder"), ("all.bin", "word")):
        with pytest.raises(FormatError, match=message):
            write_drawings(store, tmp_path / name)
        assert not (tmp_path / name).exists()


def test_the_command_writes_what_is_selected(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--where narrows; the last line says how many drawings and files there are."""
    with pytest.raises(SystemExit):
        cli.main(
            [
                "data",
                "export",
                str(store.path),
                "--out",
                str(tmp_path / "o.csv"),
                "--where",
                f"word == '{store.labels[0]}'",
            ]
        )
    assert capsys.readouterr().out == f"{tmp_path / 'o.csv'}: 8 drawings in 1 file\n"
    assert len((tmp_path / "o.csv").read_text().splitlines()) == 9
