"""Conditions on a store's columns choose the rows that they would choose one by one, and whatever is wrong is told where."""

import gzip
import json
import operator
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from shapes import records

from gribouille.formats.records import NO_TIMESTAMP
from gribouille.ingest import IngestOptions, ingest
from gribouille.store import Selection, SelectionError, Store, StoreError, open_selected, select
from gribouille.store.split import FOLDS, SPLITS, fold_of

Row = dict[str, Any]
Slow = Callable[[Row], bool | None]  # a condition, row by row: true, false, or neither
ABSENT = {"countrycode": 3, "recognized": 4, "timestamp": 5, "key_id": 7}  # every so many records do not know it
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """Some 120 drawings of 4 shapes from three files, raw and simplified, in five parts, in which nothing is always known."""
    folder = tmp_path_factory.mktemp("select")
    for number, name in enumerate(("raw", "simplified", "extra")):
        lines = []
        for index, record in enumerate(records(10, number)):
            record["countrycode"] = ("FR", "US", "CA")[index % 3]
            record["timestamp"] = f"2017-03-{1 + index % 28:02} {index % 24:02}:03:18.04521 UTC"
            absent = {key for key, every in ABSENT.items() if (index + number) % every == 0}
            known = {key: value for key, value in record.items() if key not in absent}
            if name != "raw":
                strokes = np.concatenate([np.array(stroke[:2]) for stroke in record["drawing"]], axis=1)
                low, high = strokes.min(axis=1, keepdims=True), strokes.max()
                known["drawing"] = [
                    ((np.array(stroke[:2]) - low) * 255 / high).astype(int).tolist() for stroke in record["drawing"]
                ]
            lines.append(json.dumps(known))
        (folder / f"{name}.ndjson").write_text("\n".join(lines) + "\n")
    options = IngestOptions(training_only=(folder / "extra.ndjson",), part_rows=25, any_word=True, keep_duplicates=True)
    ingest([folder / "raw.ndjson", folder / "simplified.ndjson"], folder / "store", options)
    return Store.open(folder / "store")


@pytest.fixture(scope="module")
def rows(store) -> list[Row]:
    """Every row as a dictionary of what conditions can name, None where it is not known, read from its records."""
    everything = store.records(np.arange(len(store)))
    keyed = everything.keyed
    folds = fold_of(everything.key_id, keyed, *store.packed(np.flatnonzero(~keyed)))
    listed = []
    for index in range(len(store)):
        timestamp = int(everything.timestamp[index])
        when = None if timestamp == NO_TIMESTAMP else EPOCH + timedelta(microseconds=timestamp)
        country, recognized = int(everything.country[index]), int(everything.recognized[index])
        drawing = everything.drawings[index]
        listed.append(
            {
                "word": everything.labels[everything.label[index]],
                "country": None if country < 0 else everything.countries[country],
                "recognized": None if recognized < 0 else bool(recognized),
                "timestamp": when,
                "date": None if when is None else when.date(),
                "key_id": int(everything.key_id[index]) if everything.keyed[index] else None,
                "split": SPLITS[store.split[index]],
                "fold": int(folds[index]),
                "points": len(drawing),
                "strokes": int(np.count_nonzero(drawing[:, 2] == 0)),
                "timed": bool(everything.timed[index]),
                "source": next(s.name for s in store.card.sources if s.start <= index < s.stop),
            }
        )
    return listed


# ---------------------------------------------------------------- any condition, against a slow evaluation

NUMBERS = ("points", "strokes", "fold")
TEXTS = {
    "word": ["circle", "cross", "square", "zigzag"],
    "country": ["FR", "US", "CA", "QQ"],
    "split": list(SPLITS),
}
COMPARISONS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": operator.mod}
DAYS = st.dates(date(2017, 2, 25), date(2017, 4, 2))
MOMENTS = st.datetimes(datetime(2017, 2, 25), datetime(2017, 4, 2))
KEYS = st.one_of(st.integers(0, 50), st.integers(10**6, 10**6 + 50), st.just(2**64 - 1))


def compared(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else compare(left, right)


@st.composite
def numbers(draw: st.DrawFn, depth: int = 2) -> tuple[str, Callable[[Row], float | None]]:
    """An expression of numbers: its text, and what it is worth in a row."""
    how = draw(st.sampled_from(["column", "constant", "negative", "reckoned"] if depth else ["column", "constant"]))
    if how == "column":
        name = draw(st.sampled_from(NUMBERS))
        return name, lambda row: float(row[name])
    if how == "constant":
        value = draw(st.one_of(st.integers(0, 40), st.floats(0, 40).map(lambda number: round(number, 2))))
        return repr(value), lambda row: float(value)
    text, of = draw(numbers(depth - 1))
    if how == "negative":
        return f"-({text})", lambda row: None if (value := of(row)) is None else -value
    (other, other_of), sign = draw(numbers(depth - 1)), draw(st.sampled_from(sorted(ARITHMETIC)))

    def reckoned(row: Row) -> float | None:
        one, two = of(row), other_of(row)
        if one is None or two is None or (two == 0 and sign in "/%"):
            return None
        return ARITHMETIC[sign](one, two)

    text = f"({text}) {sign} ({other})"
    assume(any(name in text for name in NUMBERS) or reckoned({}) is not None)  # 1 / 0 is refused as it is read
    return text, reckoned


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[str, Slow]:
    """A comparison, of a column with a constant or of numbers with each other."""
    kind = draw(st.sampled_from(["number", "chain", "text", "day", "moment", "key", "truth", "none", "list", "part"]))
    sign = draw(st.sampled_from(sorted(COMPARISONS)))
    compare = COMPARISONS[sign]
    match kind:
        case "number":
            (text, of), name = draw(numbers()), draw(st.sampled_from(NUMBERS))
            return f"{text} {sign} {name}", lambda row: compared(compare, of(row), row[name])
        case "chain":
            low, high = draw(st.integers(0, 20)), draw(st.integers(0, 40))
            name = draw(st.sampled_from(NUMBERS))
            return f"{low} {sign} {name} < {high}", lambda row: compare(low, row[name]) and row[name] < high
        case "text":
            name = draw(st.sampled_from(sorted(TEXTS)))
            text = draw(st.sampled_from(TEXTS[name]))
            return f"{name} {sign} {text!r}", lambda row: compared(compare, row[name], text)
        case "day":
            day = draw(DAYS)
            return f"'{day}' {sign} date", lambda row: compared(compare, day, row["date"])
        case "moment":
            moment = draw(MOMENTS)
            return (
                f"timestamp {sign} '{moment}'",
                lambda row: compared(compare, row["timestamp"], moment.replace(tzinfo=UTC)),
            )
        case "key":
            key = draw(KEYS)
            return f"key_id {sign} {key}", lambda row: compared(compare, row["key_id"], key)
        case "truth":
            name, value = draw(st.sampled_from(["recognized", "timed"])), draw(st.sampled_from([True, False, None]))
            if value is None:
                return name, lambda row: row[name]
            return f"{name} == {value}", lambda row: compared(operator.eq, row[name], value)
        case "none":
            name = draw(st.sampled_from(["country", "recognized", "date", "timestamp", "key_id", "word", "points"]))
            negated = draw(st.booleans())
            return f"{name} is {'not ' * negated}None", lambda row: (row[name] is None) != negated
        case "list":
            name, values = draw(
                st.one_of(
                    *(
                        st.tuples(st.just(name), st.lists(st.sampled_from(TEXTS[name]), max_size=3))
                        for name in sorted(TEXTS)
                    ),
                    st.tuples(st.just("points"), st.lists(st.integers(0, 30), max_size=9)),
                    st.tuples(st.just("key_id"), st.lists(KEYS, max_size=9)),
                )
            )
            negated = draw(st.booleans())
            return (
                f"{name} {'not ' * negated}in {values!r}",
                lambda row: None if row[name] is None else (row[name] in values) != negated,
            )
    name, part = draw(st.sampled_from([("source", "raw"), ("source", "/extra."), ("word", "c"), ("country", "R")]))
    return f"{part!r} in {name}", lambda row: None if row[name] is None else part in row[name]


def together(pairs: list[tuple[str, Slow]], word: str) -> tuple[str, Slow]:
    """Conditions joined by and, or: one that decides is enough, else one that is not known leaves it so."""

    def of(row: Row) -> bool | None:
        values = [one(row) for _, one in pairs]
        decides = word == "or"
        return decides if decides in values else None if None in values else not decides

    return f" {word} ".join(f"({text})" for text, _ in pairs), of


def opposite(pair: tuple[str, Slow]) -> tuple[str, Slow]:
    text, of = pair
    return f"not ({text})", lambda row: None if (value := of(row)) is None else not value


CONDITIONS = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.builds(together, st.lists(inner, min_size=2, max_size=3), st.sampled_from(["and", "or"])),
        st.builds(opposite, inner),
    ),
    max_leaves=6,
)


@given(CONDITIONS)
def test_any_condition_chooses_what_it_would_row_by_row(store, rows, condition):
    """Over whole columns a condition finds the rows of which it is true one by one; unknown is neither true nor false."""
    text, of = condition
    expected = [index for index, row in enumerate(rows) if of(row) is True]
    view = select(store, text)
    assert view.rows.tolist() == expected
    assert view.labels == tuple(sorted({rows[index]["word"] for index in expected}))


@given(CONDITIONS, CONDITIONS)
def test_selecting_twice_is_selecting_both(store, first, second):
    """A selection of a selection is the selection by both conditions, where the second makes sense to the first."""
    one = select(store, first[0])
    try:
        two = select(one, second[0])
    except SelectionError as error:
        assert "that the store has" in str(error)  # noqa: PT017 - a word or a country that the first has left out
    else:
        assert two.rows.tolist() == select(store, two.selection[0].where).rows.tolist()
        assert two.rows.tolist() == select(store, f"({first[0]}) and ({second[0]})").rows.tolist()


FRAGMENTS = st.sampled_from(
    [
        *(
            "word",
            "points",
            "recognized",
            "date",
            "key_id",
            "strokes",
            "source",
            "None",
            "True",
            "é",
            "\ud800",
            "\0",
            "\n",
        ),
        *(
            "'cat'",
            "'cross'",
            "'2017-03-01'",
            "3",
            "1e999",
            "-",
            "9" * 30,
            "==",
            "<",
            "=",
            "in",
            "not",
            "is",
            "and",
            "or",
        ),
        *(
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ",",
            "+",
            "/",
            "%",
            "**",
            "@",
            "~",
            "if",
            "else",
            "lambda",
            ":",
            ":=",
            "*",
            "#",
            "\\",
        ),
        *("f'{word}'", "b'x'", "'\\d'", "1j", "...", ".", "()", "for", "await", "yield", "'", '"', "`", "$", ";"),
    ]
)


@given(
    st.one_of(st.text(), st.lists(FRAGMENTS, max_size=12).map(" ".join), st.lists(FRAGMENTS, max_size=8).map("".join))
)
@example("not " * 100_000 + "recognized")
@example("(" * 100_000)
@example("-" * 1_000 + "points < 1")
@example("points < 1" + " or points < 1" * 2_000)
@example("points " + "+ points " * 500 + "< 1")
def test_nothing_but_selection_errors(store, text):
    """Whatever text is given, it selects or is refused by the module's own error, with place, expected and found."""
    try:
        select(store, text)
    except SelectionError as error:
        message = str(error)
        assert message.startswith("where, character ")
        assert ": expected " in message
        assert ", found " in message
        assert message.splitlines()[-1].endswith("^")


# ---------------------------------------------------------------- single conditions


def test_nothing_is_run(store, monkeypatch):
    """A condition is data: calls, attributes and comprehensions are refused before anything happens."""
    monkeypatch.setattr("os.system", lambda command: pytest.fail(command))
    for text in ("__import__('os').system('true')", "[x for x in word]", "(lambda: recognized)()", "word.__class__"):
        with pytest.raises(SelectionError, match="character 1: expected a column, a number or a text in quotes"):
            select(store, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wrod == 'cat'", "character 1: expected one of the columns word, country, .*, found wrod .did you mean word"),
        ("recognized and label == 'x'", "character 16: .* found label .did you mean word"),
        ("true", "found true .did you mean True"),
        (
            "word == 'circel'",
            "character 9: expected a word that the store has: .*, found 'circel' .did you mean 'circle'",
        ),
        ("word == 'cercle'", "found 'cercle' .French for 'circle'"),
        ("word in ('cross', 'Square')", "character 19: .* found 'Square' .did you mean 'square'"),
        ("word in ('cross')", "character 10: expected a list, such as .'cat', 'dog'. or .'cat',., found 'cross'"),
        ("country == 'fr'", "character 12: expected a country .*, found 'fr' .did you mean 'FR'"),
        ("country == None", r"found None|is None asks"),
        ("country in ('FR', None)", "character 19: expected a text in quotes .is None asks"),
        ("split == 'tset'", "'train', 'validation', 'test', 'unused', found 'tset' .did you mean 'test'"),
        ("country = 'FR'", "character 9: .* found something else .== compares"),
        ("recognized & timed", "character 1: .*.and is written as a word., found recognized & timed"),
        ("recognized && timed", "character 13: .*and, or, not are written as words"),
        ("points < '5'", r"character 10: expected a number below 2\*\*53, found '5'"),
        ("points < 9007199254740992", r"character 10: expected a number below 2\*\*53"),
        ("points / 0 == 1 / 0", r"character 15: expected a number below 2\*\*53, found 1 / 0"),
        ("points", "character 1: expected a condition, such as points < 100, found points"),
        ("recognized and 5", "character 16: expected a condition"),
        ("recognized > True", "expected a number, a text, a day or a time to compare by size"),
        ("recognized is True", "character 15: expected None after is"),
        ("recognized == 1", "character 15: expected True or False, found 1"),
        ("recognized + 1 > 0", "character 1: expected a number to reckon with, found recognized"),
        ("date > '2017'", "character 8: expected a day in quotes, '2017-03-01', found '2017'"),
        ("date > '2017-02-30'", "character 8: expected a day in quotes"),
        ("date == timestamp", "character 9: expected a day"),
        ("timestamp > 'noon'", "character 13: expected a time in quotes"),
        ("key_id == '123'", "character 11: expected a whole number from 0 .*, without quotes, found '123'"),
        ("key_id == -1", "expected a whole number from 0"),
        ("word == country", "character 9: expected a text in quotes beside it, found country"),
        ("1 < 2", "character 1: expected one of the columns .* on one side, found 1"),
        ("word == 'cross' # or not", "character 17: expected the end of the condition, found a comment"),
        ("word ==", "character 8: expected a condition such as"),
        ("(recognized", "character 1: expected a condition such as .*never closed"),
        ("word == 'été' and wrod == 'x'", "character 9: .* found 'été'"),
        ("'été' in word and wrod == 'x'", "character 19: .* found wrod"),
        ("not " * 200 + "recognized", "expected a simpler expression, found one too deep"),
    ],
)
def test_mistakes_are_told_where_they_are(store, text, message):
    """The place, what was expected, what was found, and what was probably meant."""
    with pytest.raises(SelectionError, match=message):
        select(store, text)


def test_a_caret_stands_under_the_place(store):
    """The condition is shown, a long one around the place, lines as one, and a caret below it."""
    with pytest.raises(SelectionError) as raised:
        select(store, "\n  word == 'cross'\n  or wrod == 'x'".strip())
    _, line, caret = str(raised.value).splitlines()
    assert line[caret.index("^") :].startswith("wrod")
    with pytest.raises(SelectionError) as raised:
        select(store, "points > 1 and " * 40 + "wrod == 'x'")
    _, line, caret = str(raised.value).splitlines()
    assert len(line) < 120
    assert line[caret.index("^") :].startswith("wrod")


def test_unknown_is_neither(store, rows):
    """`recognized` is where it is known to be true, `not recognized` where it is known to be false, the rest is None."""
    counts = [len(select(store, text)) for text in ("recognized", "not recognized", "recognized is None")]
    assert min(counts) > 0
    assert sum(counts) == len(rows)
    known = len(select(store, "country is not None"))
    assert len(select(store, "country != 'FR'")) == len(select(store, "not country == 'FR'"))
    assert len(select(store, "country == 'FR'")) + len(select(store, "country != 'FR'")) == known
    assert len(select(store, "country not in ('FR', 'US')")) < known


def test_a_division_by_zero_is_not_known(store, rows):
    """What has no result makes a condition neither true nor false, whichever way it is asked."""
    one = sum(row["strokes"] == 1 for row in rows)
    assert 0 < one < len(rows)
    assert len(select(store, "points / (strokes - 1) is None")) == one
    assert len(select(store, "points / (strokes - 1) > 0 or not points / (strokes - 1) > 0")) == len(rows) - one


def test_strokes_are_counted_only_where_they_decide(store, monkeypatch):
    """Counting strokes reads drawings: of rows that the rest of a condition leaves open, wherever it stands in it."""
    asked: list[int] = []
    gather = Store.gather
    monkeypatch.setattr(Store, "gather", lambda self, rows: asked.append(len(rows)) or gather(self, rows))
    crosses = len(select(store, "word == 'cross'"))
    assert asked == []
    assert len(select(store, "strokes == 2 and word == 'cross'")) == crosses
    assert sum(asked) == crosses
    asked.clear()
    assert len(select(store, "strokes == 2 or word != 'cross'")) == len(store)
    assert sum(asked) == crosses


def test_folds_part_the_drawings(store):
    """Each drawing is in one fold, the same one in a view; raw and simplified forms of one drawing share theirs."""
    parts = [select(store, f"fold == {fold}").rows for fold in range(FOLDS)]
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(store)))
    some = select(store, "recognized")
    assert select(some, "fold < 5").rows.tolist() == sorted(set(some.rows) & set(select(store, "fold < 5").rows))
    fold = np.empty(len(store), np.int64)
    for number, rows in enumerate(parts):
        fold[rows] = number
    for key in np.unique(store.key_id[store.keyed]):
        assert len(set(fold[store.keyed & (store.key_id == key)])) == 1


def test_columns_that_no_condition_names_are_not_read(store):
    """A condition on words leaves the other columns on disk."""
    fresh = Store.open(store.path)
    select(fresh, "word == 'cross'")
    assert {"timestamp", "country", "key_id", "points", "timed"} & set(vars(fresh)) == set()


def test_a_date_is_a_day_in_utc_and_a_time_may_have_a_zone(store):
    """Days end at midnight UTC; a time without a zone is in UTC, as Google writes them or as ISO 8601 does."""
    day = select(store, "date == '2017-03-05'").rows.tolist()
    assert len(day) > 0
    for low, high in (
        ("2017-03-05", "2017-03-06"),
        ("2017-03-05 00:00:00 UTC", "2017-03-06T00:00:00Z"),
        ("2017-03-05 02:00+02:00", "2017-03-05 19:00-05:00"),
    ):
        assert select(store, f"'{low}' <= timestamp < '{high}'").rows.tolist() == day


def test_a_country_that_nobody_drew_in_is_no_mistake(store):
    """A well-formed country chooses nothing; it is not known to be mistyped."""
    assert len(select(store, "country == 'NZ'")) == 0


# ---------------------------------------------------------------- opening


def test_a_selection_that_asks_for_nothing_is_the_store(store):
    """Without a condition and a number the store itself is opened, under its own hash."""
    opened = open_selected(store.path, Selection(), Selection(" "))
    assert isinstance(opened, Store)
    assert opened.hash == store.hash


def test_selections_open_as_they_were_selected(store):
    """What a view was selected by opens it again, in another process too."""
    view = select(select(select(store, "recognized", 6), "country is not None"), "word != 'cross'", 2)
    assert open_selected(store.path, *view.selection).hash == view.hash


def test_an_empty_selection_is_refused(store, tmp_path):
    """Opening nothing is a mistake that names the condition and how many drawings there were; no store is none too."""
    with pytest.raises(
        SelectionError, match=rf"expected drawings where country == 'NZ', found none among {len(store)}"
    ):
        open_selected(store.path, Selection("country == 'NZ'"))
    with pytest.raises(StoreError):
        open_selected(Path(tmp_path), Selection("recognized"))


def test_real_drawings_are_selected(shared_data, tmp_path):
    """Of Google's own cats the condition finds as many as lines of the file that say so."""
    lines = gzip.decompress((shared_data / "simplified" / "cat.ndjson.gz").read_bytes()).decode().splitlines()
    ingest([shared_data / "simplified" / "cat.ndjson.gz"], tmp_path / "store")
    found = select(
        Store.open(tmp_path / "store"), "country == 'US' and recognized and date < '2017-03-20' and strokes < 9"
    )
    wanted = [
        record
        for record in map(json.loads, lines)
        if record.get("countrycode") == "US" and record.get("recognized") and record["timestamp"] < "2017-03-20"
        if len(record["drawing"]) < 9
    ]
    assert len(found) == len(wanted) > 0
