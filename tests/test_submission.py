"""Submissions to Kaggle's challenge: in its form, the model's own best words for every key, refused where a row has none."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import simplified
from typer.testing import CliRunner

from gribouille.cli import app
from gribouille.drawing import Drawings, drawing_of
from gribouille.formats.records import FormatError
from gribouille.labels import NOT_IN_CHALLENGE, challenge_words, vocabulary
from gribouille.predict import Predictor
from gribouille.recogniser import SHIPPED, Recogniser
from gribouille.submission import write_submission

WORDS = tuple(sorted(["The Eiffel Tower", "ant", "cat", "ice cream", "rifle", "syringe", "zebra"]))
Row = tuple[int, list]  # key_id and strokes


def by_sums(drawings: Drawings) -> np.ndarray:
    """Probabilities that depend on the drawing alone, and in which words that the challenge does not have are often first."""
    sums = np.array([drawing.astype(np.int64).sum(axis=0) for drawing in drawings])
    odds = np.abs(np.sin(sums @ np.arange(1, 3 * len(WORDS) + 1).reshape(3, -1))) + 0.01
    odds[:, WORDS.index("rifle")] += 1
    return (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)


MODEL = Predictor("sums", WORDS, by_sums)


def write_test(path: Path, rows: Sequence[Row], packed: bool = False) -> Path:
    """Kaggle's test file with these rows."""
    lines = ["key_id,countrycode,drawing", *(f'{key},FR,"{json.dumps(strokes)}"' for key, strokes in rows)]
    text = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(text) if packed else text)
    return path


def check_submission(path: Path, keys: Sequence[int]) -> list[list[str]]:
    """The words of each line, where the file is what the challenge takes: its header, then each key once in the test file's
    order, with three different words of the 340, spaces inside a word as underscores, and nothing else."""
    text = path.read_bytes().decode()
    assert text.endswith("\n")
    assert "\r" not in text
    header, *lines = text.splitlines()
    assert header == "key_id,word"
    fields = [line.split(",") for line in lines]
    assert [field[0] for field in fields] == [str(key) for key in keys]
    assert len(set(keys)) == len(keys)
    words = [field[1].split(" ") for field in fields]
    known = {word.replace(" ", "_") for word in challenge_words()}
    for three in words:
        assert len(three) == len(set(three)) == 3
        assert set(three) <= known
    assert all(len(field) == 2 for field in fields)
    return words


def test_the_challenge_has_340_words():
    """The 345 less five; all of these are words, none of them may be said."""
    assert len(challenge_words()) == 340
    assert challenge_words() | NOT_IN_CHALLENGE == set(vocabulary())


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 2**64 - 1), simplified()), min_size=1, max_size=80, unique_by=lambda row: row[0]),
    st.integers(1, 3),
)
def test_any_drawings_are_answered_as_one_by_one(tmp_path, drawn, threads):
    """In the order of the file, whatever the lengths and the threads: the three best words that the challenge has."""
    write_test(tmp_path / "test.csv", drawn)
    seen = []
    report = write_submission(MODEL, [tmp_path / "test.csv"], tmp_path / "out.csv", threads, seen.append)
    words = check_submission(tmp_path / "out.csv", [key for key, _ in drawn])
    allowed = [column for column, word in enumerate(WORDS) if word in challenge_words()]
    for (_, strokes), three in zip(drawn, words, strict=True):
        probabilities = by_sums(Drawings.of([drawing_of(strokes)]))[0]
        best = sorted(allowed, key=lambda column: -probabilities[column])[:3]
        assert three == [WORDS[column].replace(" ", "_") for column in best]
    assert (report.drawings, report.words, sum(seen)) == (len(drawn), 5, len(drawn))


def drawn(count: int, seed: int = 0) -> list[Row]:
    """So many scribbles with keys."""
    generator = np.random.default_rng(seed)
    return [(seed * 1000 + key, [generator.integers(0, 256, (2, 5)).tolist()]) for key in range(1, count + 1)]


def test_files_are_read_packed_and_one_after_the_other(tmp_path):
    """A pattern stands for its files in the order of their names, gzip or not."""
    one, two = drawn(5), drawn(4, seed=1)
    write_test(tmp_path / "test_1.csv.gz", one, packed=True)
    write_test(tmp_path / "test_2.csv", two)
    write_submission(MODEL, [str(tmp_path / "test_*")], tmp_path / "out.csv")
    check_submission(tmp_path / "out.csv", [key for key, _ in one + two])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*drawn(2), (3, [])], r"test.csv:4: expected at least one stroke, found"),
        ([*drawn(2), ("", [[[1, 2], [3, 4]]])], "test.csv, byte [0-9]+: expected a key_id in every row, found none"),
        ([*drawn(2), (1, [[[1, 2], [3, 4]]])], r"expected each key_id once, found 1 again \(1 such rows\)"),
        ([], "expected drawings, found none"),
    ],
)
def test_a_row_without_an_answer_is_refused(tmp_path, rows, message):
    """A drawing without strokes, a row without key or with another's, and no row at all: the place is said, nothing written."""
    write_test(tmp_path / "test.csv", rows)
    (tmp_path / "out.csv").write_text("what was there")
    with pytest.raises(FormatError, match=message):
        write_submission(MODEL, [tmp_path / "test.csv"], tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "what was there"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "test.csv"]


def test_a_model_of_other_words_is_refused(tmp_path):
    """Fewer than three of the challenge's words are no answer."""
    write_test(tmp_path / "test.csv", drawn(1))
    model = Predictor("shapes", ("cat", "dog", "rifle", "zigzag shape"), by_sums)
    with pytest.raises(
        ValueError, match="shapes: expected a model that knows at least 3 of the challenge's 340 words, found 2"
    ):
        write_submission(model, [tmp_path / "test.csv"], tmp_path / "out.csv")


def test_the_command_answers_with_the_shipped_model(tmp_path):
    """`gribouille submit MODEL TEST --out FILE` says what the model file says, best first, without the five words."""
    rows = drawn(70)
    write_test(tmp_path / "test.csv", rows)
    out = tmp_path / "out.csv"
    ran = CliRunner().invoke(
        app, ["submit", str(SHIPPED), str(tmp_path / "test.csv"), "--out", str(out), "--threads", "2"]
    )
    assert ran.exit_code == 0, ran.output
    assert f"{out}: three words for each of 70 drawings\n" in ran.output
    words = check_submission(out, [key for key, _ in rows])
    recogniser = Recogniser()
    for (_, strokes), three in list(zip(rows, words, strict=True))[::10]:
        guesses = [guess.label for guess in recogniser.guess(drawing_of(strokes), 8)]
        assert three == [word.replace(" ", "_") for word in guesses if word not in NOT_IN_CHALLENGE][:3]
