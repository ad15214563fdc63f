"""Suspected drawings: what is wrong on purpose is found, by judges that have not learned it, in a list that `clean` takes."""

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapes import SHAPES, records, store_of_shapes
from typer.testing import CliRunner

from gribouille.augment import Augmentation
from gribouille.checkpoint import BEST, Card, described, load_weights, save_weights
from gribouille.cli import app
from gribouille.course import TrainConfig
from gribouille.data.clean import CleanOptions, clean, undo
from gribouille.ingest import IngestOptions, ingest
from gribouille.store import Store, select
from gribouille.store.split import TEST, TRAIN, VALIDATION
from gribouille.suspects import (
    UNRECOGNISABLE,
    WRONG,
    SuspectOptions,
    Verdicts,
    learned_rows,
    open_run,
    suspected,
    write_suspects,
)
from gribouille.train import train

WORDS = sorted(SHAPES)
PER_SHAPE = 120
EVERY = 10  # so many drawings have one wrong word among them
SCRIBBLES = 8
STILL = Augmentation(rotation=0, stretch=0, shear=0, jitter=0, mirror=0, cut=0)
CONFIG = TrainConfig(
    net="gru*0.25",
    side=28,
    epochs=12,
    per_class=48,
    batch=16,
    rate=1e-2,
    smoothing=0.0,
    average=0.9,
    precision="float32",
    threads=1,
    save_every=1000,
    augmentation=STILL,
)
OPTIONS = SuspectOptions(confident=0.5, doubted=0.2, habitual=1, share=0.2)  # the wrong words are few and alike here


def wrong_records() -> list[dict]:
    """Shapes, every tenth under another shape's word, and some scribbles."""
    drawn = records(PER_SHAPE)
    for index, record in enumerate(drawn[3::EVERY]):
        others = [word for word in WORDS if word != record["word"]]
        record |= {"word": others[index % len(others)], "countrycode": "QQ"}
    generator = np.random.default_rng(1)
    for index in range(SCRIBBLES):
        strokes = [[*generator.uniform(0, 500, (2, 9)).tolist(), list(range(9))] for _ in range(7)]
        drawn.append(
            {
                **drawn[index],
                "countrycode": "FR",
                "word": WORDS[index % 4],
                "key_id": str(10**9 + index),
                "drawing": strokes,
            }
        )
    return drawn


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A store in which every tenth word is wrong: those drawings come from the country QQ."""
    folder = tmp_path_factory.mktemp("wrong")
    (folder / "drawn.ndjson").write_text("".join(json.dumps(record) + "\n" for record in wrong_records()))
    ingest([folder / "drawn.ndjson"], folder / "store", IngestOptions(any_word=True))
    return Store.open(folder / "store")


@pytest.fixture(scope="module")
def runs(store, tmp_path_factory) -> list[Path]:
    """Two runs on halves that have no drawing in common."""
    folder = tmp_path_factory.mktemp("runs")
    for name, where in (("low", "fold < 5"), ("high", "fold >= 5")):
        train(select(store, where), folder / name, CONFIG)
    return [folder / "low", folder / "high"]


def lines_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def listed(store, runs, tmp_path_factory) -> Path:
    """The list of these runs' suspects."""
    out = tmp_path_factory.mktemp("list") / "suspects.ndjson"
    report = write_suspects(runs, store.path, out, OPTIONS)
    lines = lines_of(out)
    assert report.found == {
        reason: sum(line["reason"] == reason for line in lines) for reason in (WRONG, UNRECOGNISABLE)
    }
    assert (report.judged, report.unjudged) == (len(store), 0)
    judged_by_two = int(np.isin(store.split, (VALIDATION, TEST)).sum())
    assert report.by_judges == {1: len(store) - judged_by_two, 2: judged_by_two}
    return out


def test_wrong_words_are_found(store, listed):
    """Of the words that are wrong on purpose nine in ten are listed, and nine in ten of those listed are wrong; the guess is
    what was drawn."""
    suspects = [line for line in lines_of(listed) if line["reason"] == WRONG]
    wrong = set(np.flatnonzero(store.country == store.countries.index("QQ")).tolist())
    hits = [line for line in suspects if line["row"] in wrong]
    assert len(hits) >= 0.9 * len(wrong)
    assert len(hits) >= 0.9 * len(suspects)
    drawn = {int(record["key_id"]): record["word"] for record in records(PER_SHAPE)}
    assert np.mean([line["guess"] == drawn[int(store.key_id[line["row"]])] for line in hits]) > 0.9


def test_reasons_keep_apart_and_are_sorted(store, listed):
    """A row has one reason, one reason comes after the other, each with its most suspicious rows first; fields say why."""
    lines = lines_of(listed)
    assert len({line["row"] for line in lines}) == len(lines)
    assert [line["reason"] for line in lines] == sorted((line["reason"] for line in lines), reverse=True)
    for reason in (WRONG, UNRECOGNISABLE):
        suspicion = [line["suspicion"] for line in lines if line["reason"] == reason]
        assert suspicion == sorted(suspicion, reverse=True)
    for line in lines:
        assert line["word"] == store.labels[store.label[line["row"]]] != line["guess"]
        assert line["own probability"] <= OPTIONS.doubted
        assert line["judges"] == 1 + (store.split[line["row"]] != TRAIN)


def test_clean_takes_the_list(store, listed):
    """`clean --list` marks what is listed; judged again, marks and all, the store has the same suspects."""
    report = clean(store.path, CleanOptions(exact=False), listed)
    try:
        assert report.found[WRONG] == sum(line["reason"] == WRONG for line in lines_of(listed))
        assert report.marked == len(lines_of(listed))
    finally:
        undo(store.path, ("all",))


def test_marks_do_not_change_who_judges_what(store, runs, listed, tmp_path):
    """A store's marks are not read: rows that an earlier list has marked are judged as before."""
    clean(store.path, CleanOptions(exact=False), listed)
    try:
        write_suspects(runs, store.path, tmp_path / "again.ndjson", OPTIONS)
    finally:
        undo(store.path, ("all",))
    assert (tmp_path / "again.ndjson").read_text() == listed.read_text()


def test_a_run_knows_what_it_learned_from(store, runs):
    """By its card a run has learned from the training rows of its half."""
    for run, where in zip(runs, ("fold < 5", "fold >= 5"), strict=True):
        learned = np.flatnonzero(open_run(run, Store.open(store.path, marks=False)).learned)
        assert learned.tolist() == select(store, f"{where} and split == 'train'").rows.tolist()


def test_another_row_of_a_learned_key_is_learned(tmp_path):
    """Who learned from one form of a drawing has no say about the other."""
    twice = [record for one in records(6) for record in (one, {**one, "recognized": None})]
    (tmp_path / "twice.ndjson").write_text("".join(json.dumps(record) + "\n" for record in twice))
    ingest([tmp_path / "twice.ndjson"], tmp_path / "store", IngestOptions(any_word=True, keep_duplicates=True))
    store = Store.open(tmp_path / "store")
    view = select(store, "recognized is None")
    card = Card("gru", list(view.labels), {}, {}, view.hash, "no commit", data=described(view))
    learned = np.flatnonzero(learned_rows(card, store, Path("run")))
    assert learned.tolist() == np.flatnonzero(store.split == TRAIN).tolist()
    assert len(learned) > (view.split == TRAIN).sum()


def test_a_run_of_another_store_is_refused(store, runs, tmp_path):
    """Which drawings it learned from cannot be told: the message names the run and both stores."""
    other = store_of_shapes(tmp_path, 20, seed=1)
    with pytest.raises(
        ValueError, match=rf"low: expected a run on .* \({other.hash[:12]}\), found .* {store.hash[:12]}"
    ):
        write_suspects(runs, other.path, tmp_path / "suspects.ndjson", OPTIONS)
    assert not (tmp_path / "suspects.ndjson").exists()


def test_rows_without_a_judge_are_counted(store, runs, tmp_path):
    """One run judges what it has not learned from; what it has is left out, and where that is all it is refused."""
    report = write_suspects(runs[:1], store.path, tmp_path / "suspects.ndjson", OPTIONS)
    taught = len(select(store, "fold < 5 and split == 'train'"))
    assert (report.judged, report.unjudged) == (len(store) - taught, taught)
    assert all(
        line["row"] not in select(store, "fold < 5 and split == 'train'").rows
        for line in lines_of(tmp_path / "suspects.ndjson")
    )
    with pytest.raises(ValueError, match="expected runs that did not learn from some of its drawings, found"):
        write_suspects(runs[:1], store.path, tmp_path / "none.ndjson", OPTIONS, "fold < 5 and split == 'train'")


def test_a_taught_run_is_refused(store, runs, tmp_path):
    """A teacher may have learned from what the run is to judge."""
    net, card = load_weights(runs[0])
    save_weights(net, replace(card, teacher="somebody"), tmp_path / "taught" / BEST)
    with pytest.raises(
        ValueError, match="taught: expected a run that learned from words alone, found one with a teacher"
    ):
        write_suspects([tmp_path / "taught"], store.path, tmp_path / "suspects.ndjson", OPTIONS)


@pytest.mark.parametrize("change", [{"confident": 0}, {"doubted": 1.5}, {"habitual": 2}, {"share": -1.0}])
def test_bad_options_are_named(change):
    """An option that cannot be is refused by its name."""
    with pytest.raises(ValueError, match=f"{next(iter(change))}: expected more than 0, at most 1, found"):
        SuspectOptions(**change)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 1))
def test_what_is_suspected_is_what_the_rule_says(seed, share):
    """Row by row: own word doubted, then another one sure, agreed on, unusual, or none sure; at most the share, worst first."""
    generator = np.random.default_rng(seed)
    n, classes = 40, 3
    own = generator.uniform(0, 1, n).astype(np.float32) ** 3
    verdicts = Verdicts(
        judges=generator.integers(0, 3, n).astype(np.uint8),
        own=own,
        other=generator.integers(0, classes, n).astype(np.int16),
        probability=((1 - own) * generator.uniform(0.4, 1, n)).astype(np.float32),
        loss=-np.log(own + 1e-6),
        agree=generator.random(n) < 0.7,
    )
    label = generator.integers(0, classes, n)
    options = SuspectOptions(confident=0.5, doubted=0.3, habitual=0.2, share=share)
    judged = [row for row in range(n) if verdicts.judges[row]]
    usual = [np.mean([own[row] for row in judged if label[row] == one] or [0.0]) for one in range(classes)]
    rows = {WRONG: set(), UNRECOGNISABLE: set()}
    for row in judged:
        sure = verdicts.probability[row] >= max(0.5, usual[verdicts.other[row]])
        others = [one for one in judged if label[one] == label[row] and one != row]
        alike = [
            one for one in others if verdicts.other[one] == verdicts.other[row] and verdicts.probability[one] > own[one]
        ]
        agreed = verdicts.agree[row] and len(alike) <= 0.2 * max(len(others), 1)
        if own[row] <= options.doubted and (agreed or not sure):
            rows[WRONG if sure else UNRECOGNISABLE].add(row)
    for reason, found, suspicion in suspected(verdicts, label, classes, options):
        most = max(1, int(share * len(judged)))
        assert set(found.tolist()) <= rows[reason]
        assert len(found) == min(most, len(rows[reason]))
        assert (np.diff(suspicion) <= 0).all()


def test_memory_is_some_bytes_a_row():
    """Choosing among many rows takes at most 30 bytes a row beside the verdicts: what is dear is done for the doubted alone."""
    rows, generator = 200_000, np.random.default_rng(0)
    own = (generator.uniform(0, 1, rows) ** 0.5).astype(np.float32)
    other, label = generator.integers(0, 340, (2, rows)).astype(np.int16)
    verdicts = Verdicts(np.ones(rows, np.uint8), own, other, 1 - own, -np.log(own + 1e-6), np.ones(rows, bool))
    tracemalloc.start()
    try:
        found = {reason: len(listed) for reason, listed, _ in suspected(verdicts, label, 340, SuspectOptions())}
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found[WRONG] > 0
    assert peak < 30 * rows + 340**2 * 8


def test_the_command_lists_and_says_how_many(store, runs, tmp_path):
    """`gribouille data suspects RUN… STORE --out` prints what it found for each reason."""
    out = tmp_path / "suspects.ndjson"
    ran = CliRunner().invoke(
        app, ["data", "suspects", *map(str, runs), str(store.path), "--out", str(out), "--share", "0.01"]
    )
    assert ran.exit_code == 0, ran.output
    assert f"of {len(store)} drawings" in ran.output
    assert len(lines_of(out)) <= 2 * max(1, len(store) // 100)


def test_a_judge_that_began_as_another_net_is_refused(store, runs, tmp_path):
    """First weights of ours may have learned from anything, so such a run is no judge; those of pictures have not."""
    net, card = load_weights(runs[0])
    for origin in ("Gribouille gru*0.25, best.safetensors of commit 0", "Gribouille model small.onnx of commit 0"):
        save_weights(net, replace(card, pretrained=origin), tmp_path / BEST)
        with pytest.raises(ValueError, match=r"found one that began with Gribouille .* which may have learned"):
            open_run(tmp_path, store)
    save_weights(net, replace(card, pretrained="PyPI efficientnet 1"), tmp_path / BEST)
    open_run(tmp_path, store)
