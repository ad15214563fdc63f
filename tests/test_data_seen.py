"""Seeing a store: the summary's counts, contact sheets, the explorer's files, and the commands that make them."""

import base64
import datetime
import json
import re
from pathlib import Path

import numpy as np
import pytest
from drawn_store import COUNTRIES, drawn, ordinary, store_of, wobbly
from PIL import Image

from gribouille import cli
from gribouille.data.clean import CleanOptions, clean
from gribouille.data.explorer import PAGE, ExplorerError, ExplorerOptions, write_explorer
from gribouille.data.sheets import Choice, SheetError, SheetOptions, chosen, contact_sheet, pairs, write_sheet
from gribouille.data.summary import summary
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec
from gribouille.store import Store

PER_WORD = 50
SIZE = 3 * PER_WORD + 2


def records() -> list[dict]:
    """Ordinary drawings, one of a word of its own, and one that is there twice with one key."""
    again = drawn(SIZE - 1, "cat", wobbly(3), key_id="5000000000000003")
    return [*ordinary(PER_WORD), drawn(SIZE - 2, "zebra", wobbly(9, 40)), again]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A store of four words, one of them with a single drawing."""
    return store_of(tmp_path_factory.mktemp("seen"), records())


@pytest.fixture
def marked(tmp_path) -> Store:
    """The same, its duplicate marked."""
    path = store_of(tmp_path, records()).path
    clean(path, CleanOptions())
    return Store.open(path)


def test_the_summary_counts_what_the_records_say(store):
    """Counts of all and of each word are those of the file, read chunk by chunk."""
    rows = records()
    found = summary(store)
    assert (found.rows, found.words, found.sources) == (SIZE, 4, 1)
    assert found.splits == store.card.splits
    said = [row["recognized"] for row in rows]
    assert (found.recognized, found.not_recognized, found.recognized_unknown) == tuple(
        map(said.count, (True, False, None))
    )
    where = [row["countrycode"] for row in rows]
    assert (found.countries, found.country_unknown) == (3, where.count(None))
    assert found.top_countries == {name: where.count(name) for name in found.top_countries}
    assert list(found.top_countries.values()) == sorted(found.top_countries.values(), reverse=True)
    when = [row["timestamp"][:10] for row in rows if row["timestamp"]]
    assert (found.first_day, found.last_day, found.time_unknown) == (min(when), max(when), SIZE - len(when))
    assert found.months == {f"2017-{month:02}": sum(day[5:7] == f"{month:02}" for day in when) for month in (1, 2, 3)}
    assert found.with_key == sum(row["key_id"] is not None for row in rows)
    assert found.with_times == 0
    assert found.bytes == sum(path.stat().st_size for path in store.path.rglob("*.arrow"))
    assert found.bytes_per_drawing == found.bytes / SIZE
    assert (found.duplicates.same_points, found.duplicates.same_key) == (1, 1)
    cats = found.per_word[0]
    days = [row["timestamp"][:10] for row in rows if row["timestamp"] and row["word"] == "cat"]
    assert (cats.word, cats.rows, cats.countries, cats.median_points) == ("cat", PER_WORD + 1, 3, 14)
    assert (cats.first_day, cats.last_day) == (min(days), max(days))
    right, wrong = ([row["recognized"] for row in rows if row["word"] == "cat"].count(value) for value in (True, False))
    assert (cats.recognized, cats.not_recognized, cats.recognized_share) == (right, wrong, right / (right + wrong))


def test_sizes_are_those_of_the_drawings(store):
    """Mean, percentiles and largest of points, strokes and ink are numpy's own."""
    found = summary(store, look_for_duplicates=False)
    assert found.duplicates is None
    sizes = np.diff(store.gather(np.arange(SIZE)).offsets)
    assert found.points.mean == pytest.approx(sizes.mean())
    assert (found.points.p5, found.points.p50, found.points.p95, found.points.max) == (14, 14, 14, 40)
    assert (found.strokes.mean, found.strokes.max) == (2, 2)
    assert 400 < found.ink.p5 <= found.ink.p50 <= found.ink.p95 <= found.ink.max < 1300


def test_a_summary_is_json_and_counts_marks(marked):
    """Every field is JSON; marks are counted by reason and by word, and the splits are those that they leave."""
    found = summary(marked)
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["rows"] == SIZE
    assert found.marks == {"exact duplicate": 1}
    assert [word.marked for word in found.per_word] == [1, 0, 0, 0]
    assert found.splits["unused"] == 1


def test_a_choice_is_all_of_its_conditions(store):
    """Word, recognized and country narrow the rows together."""
    rows = chosen(store, Choice("cat", True, "FR"))
    expected = [
        index
        for index, row in enumerate(records())
        if (row["word"], row["recognized"], row["countrycode"]) == ("cat", True, "FR")
    ]
    assert rows.tolist() == expected


def test_a_sheet_is_what_the_rasteriser_draws(store, tmp_path):
    """Each tile holds a drawing's ink, dark on white, in rows and columns."""
    made = contact_sheet(store, Choice("zebra"), SheetOptions(side=64, captions=False))
    write_sheet(made.picture, tmp_path / "deep" / "zebra.png")
    with Image.open(tmp_path / "deep" / "zebra.png") as picture:
        assert picture.format == "PNG"
        tile = np.asarray(picture)[6:70, 6:70]
    rows = chosen(store, Choice("zebra"))
    ink = rasterise(store.gather(rows), RasterSpec.of_side(64, ("ink",)))[0, 0]
    assert np.array_equal(tile[:, :, 0], np.rint((1 - ink) * 255 + ink * 24).astype(np.uint8))
    assert (made.shown, made.found) == (1, 1)


def test_a_sheet_of_all_words_has_one_drawing_of_each(store):
    """Without a word: one of each, in a square."""
    made = contact_sheet(store, Choice(), SheetOptions(side=28))
    assert (made.shown, made.found) == (4, SIZE)
    assert made.picture.width == 6 + 2 * 34


def test_a_sheet_shows_so_many_and_the_same_ones_again(store):
    """Rows × columns of a word, by the seed; time colours differ from ink."""
    options = SheetOptions(2, 3, 28)
    made = contact_sheet(store, Choice("cat"), options)
    assert (made.shown, made.found) == (6, PER_WORD + 1)
    assert np.array_equal(made.picture, contact_sheet(store, Choice("cat"), options).picture)
    assert not np.array_equal(made.picture, contact_sheet(store, Choice("cat"), SheetOptions(2, 3, 28, seed=1)).picture)
    coloured = np.asarray(contact_sheet(store, Choice("cat"), SheetOptions(2, 3, 28, "time")).picture).astype(int)
    assert np.ptp(coloured, axis=2).max() > 100


def test_marked_drawings_stand_after_those_they_duplicate(marked):
    """A sheet of marks shows pairs, so that eyes can judge them."""
    reason = "exact duplicate"
    rows = chosen(marked, Choice(marked=reason))
    assert rows.tolist() == [SIZE - 1]
    assert pairs(marked, rows, reason).tolist() == [3, SIZE - 1]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice("unicorn"), r"expected a word of the store \(cat, house, sword, zebra\), found 'unicorn'"),
        (Choice(country="XX"), "expected a country of the store"),
        (Choice(marked="ugly"), r"expected a reason of marks of the store \(there is none\), found 'ugly'"),
        (Choice("zebra", country="US"), "expected drawings for the sheet, found none like that"),
    ],
)
def test_what_is_not_there_cannot_be_drawn(store, choice, message):
    """Unknown words, countries and reasons are named, and so is an empty choice."""
    with pytest.raises(SheetError, match=message):
        contact_sheet(store, choice, SheetOptions())


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"columns": 101}, {"side": 27}, {"side": 257}])
def test_sheets_out_of_range_are_refused(wrong):
    """Sizes that cannot be drawn are errors."""
    with pytest.raises(SheetError, match="expected"):
        SheetOptions(**wrong)


def called(path: Path) -> dict:
    """The value that a script of the explorer passes on."""
    return json.loads(re.fullmatch(r"gribouille\.\w+\((.*)\)\n", path.read_text(encoding="utf-8"))[1])


def test_the_explorer_holds_the_store(marked, tmp_path):
    """Every word with its French name and counts; of each a sample whose points and fields are the store's."""
    written = write_explorer(marked, tmp_path / "site", ExplorerOptions(per_word=20))
    about = called(tmp_path / "site" / "words.js")
    assert [entry[:4] for entry in about["words"]] == [
        ["cat", "chat", PER_WORD + 1, 20],
        ["house", "maison", PER_WORD, 20],
        ["sword", "épée", PER_WORD, 20],
        ["zebra", "zèbre", 1, 1],
    ]
    assert (about["rows"], about["seed"], written.drawings) == (SIZE, 0, 61)
    word = called(tmp_path / "site" / "words" / "0.js")
    rows = np.array(word["row"])
    drawings = marked.gather(rows)
    assert word["size"] == np.diff(drawings.offsets).tolist()
    assert np.array_equal(np.frombuffer(base64.b64decode(word["xy"]), np.uint8), drawings.points[:, :2].ravel())
    pens = np.unpackbits(np.frombuffer(base64.b64decode(word["pen"]), np.uint8), bitorder="little")
    assert np.array_equal(pens[: len(drawings.points)], drawings.points[:, 2])
    original = [records()[row] for row in rows]
    assert word["key"] == [row["key_id"] or "" for row in original]
    assert [word["countries"][code] for code in word["country"]] == [row["countrycode"] or "" for row in original]
    assert word["recognized"] == "".join({True: "1", False: "0", None: "?"}[row["recognized"]] for row in original)
    for day, row in zip(word["day"], original, strict=True):
        date = row["timestamp"] and str(datetime.date(1970, 1, 1) + datetime.timedelta(day))
        assert date == (row["timestamp"] and row["timestamp"][:10])


def test_the_explorer_says_what_is_marked(marked, tmp_path):
    """A marked drawing carries its reason, and its place in the sample."""
    write_explorer(marked, tmp_path / "site", ExplorerOptions(per_word=100))
    word = called(tmp_path / "site" / "words" / "0.js")
    assert word["marked"] == {str(word["row"].index(SIZE - 1)): "exact duplicate"}


def test_the_explorer_needs_nothing_from_elsewhere(store, tmp_path):
    """No address of another host, no fetch, nothing inline but its icon; the language asked for is the page's."""
    write_explorer(store, tmp_path / "site", ExplorerOptions(language="fr"))
    for name in PAGE:
        text = (tmp_path / "site" / name).read_text(encoding="utf-8")
        assert "fetch(" not in text
        assert re.findall(r"https?://(?!www\.w3\.org/)", text) == []
    assert '<html lang="fr">' in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")


def test_the_explorers_languages_say_the_same():
    """Every text of the page is there in English and in French, and every text that the page asks for."""
    page = Path(cli.__file__).parent / "data" / "page"
    script = (page / "explorer.js").read_text(encoding="utf-8")
    english, french = (
        set(re.findall(r"^    (\w+):", re.search(rf"^  {language}: {{\n(.*?)^  }},", script, re.M | re.S)[1], re.M))
        for language in ("en", "fr")
    )
    assert english == french
    asked = set(re.findall(r'data-text="(\w+)"', (page / "index.html").read_text(encoding="utf-8")))
    assert asked | set(re.findall(r"text\('(\w+)'", script)) <= english


def test_an_explorer_replaces_an_explorer_only(store, tmp_path):
    """A folder with anything else in it is left alone."""
    site = tmp_path / "site"
    write_explorer(store, site, ExplorerOptions(per_word=1))
    (site / "words" / "99.js").write_text("old")
    write_explorer(store, site, ExplorerOptions(per_word=1))
    assert not (site / "words" / "99.js").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(ExplorerError, match="expected a free place or an explorer to replace"):
        write_explorer(store, tmp_path / "mine", ExplorerOptions())
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def run(capsys, *arguments: object) -> str:
    """What `gribouille data …` prints."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["data", *map(str, arguments)])
    assert ended.value.code in (0, None)
    return capsys.readouterr().out


def test_the_bare_command_prints_the_summary(store, capsys, monkeypatch):
    """`data STORE` and `data summary STORE` are the same, options before or after; few words unless all are asked for."""
    monkeypatch.setenv("COLUMNS", "100")
    shown = run(capsys, store.path)
    assert shown == run(capsys, "summary", store.path)
    assert "152 of 4 words" in shown
    assert "zebra" in shown
    few = run(capsys, store.path, "--words", 1)
    assert "2 words between are left out" in few
    assert "house" not in few
    assert "house" in run(capsys, "--words", 1, "--all", store.path)
    assert json.loads(run(capsys, "--json", store.path)) == json.loads(json.dumps(summary(store).to_dict()))


def test_the_commands_are_listed(capsys):
    """`data` alone and `data --help` say what there is."""
    assert all(name in run(capsys, "--help") for name in ("summary", "sheet", "explore", "clean"))


def test_the_sheet_command_writes_a_picture(store, tmp_path, capsys):
    """It says how many drawings the sheet shows, of how many."""
    arguments = ("--word", "cat", "--rows", 2, "--columns", 2, "--country", COUNTRIES[0], "--recognized")
    shown = run(capsys, "sheet", store.path, "--out", tmp_path / "cat.png", *arguments)
    found = len(chosen(store, Choice("cat", True, "FR")))
    assert f"4 of {found} drawings" in shown
    with Image.open(tmp_path / "cat.png") as picture:
        assert picture.size == (6 + 2 * 102, 6 + 2 * 116)


def test_the_explore_command_names_the_page(store, tmp_path, capsys):
    """It says what to open."""
    shown = run(capsys, "explore", store.path, "--out", tmp_path / "site", "--per-word", 3, "--language", "fr")
    assert "10 drawings of 4 words" in shown
    assert str(tmp_path / "site" / "index.html") in shown.replace("\n", "")


def test_the_clean_command_marks_and_takes_back(tmp_path, capsys):
    """Found, marked and left-out counts are printed; --undo restores; --dry-run marks nothing."""
    path = store_of(tmp_path, records()).path
    assert "1 to mark; marks: exact duplicate 1" in run(capsys, "clean", path, "--dry-run")
    assert Store.open(path).marks is None
    assert "1 marked; marks: exact duplicate 1" in run(capsys, "clean", path, "--near", 2, "--scribbles", "--empty")
    assert json.loads(run(capsys, "clean", path, "--json"))["found"] == {"exact duplicate": 1}
    assert "1 taken back; marks: none" in run(capsys, "clean", path, "--undo", "all")
    (tmp_path / "list.ndjson").write_text('{"key_id": 1, "reason": "ugly"}\n{"row": 1, "reason": "ugly"}\n')
    shown = run(capsys, "clean", path, "--no-exact", "--list", tmp_path / "list.ndjson")
    assert "1 marked; marks: ugly 1" in shown
    assert "1 key_ids of the list are not in this store" in shown


@pytest.mark.parametrize("more", [["--undo", "all", "--near", "2"], ["--near", "nine"], ["--near", "99"]])
def test_wishes_that_contradict_are_refused(store, capsys, more):
    """One line on standard error and exit code 2."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["data", "clean", str(store.path), *more])
    assert ended.value.code == 2
    assert capsys.readouterr().out == ""
    assert store.marks is None
