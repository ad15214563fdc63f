"""Ensembles: their answers are what their members' answers make, and they are made of the files they say."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shapes import store_of_shapes
from untrained import LABELS, write_run

from gribouille.checkpoint import BEST
from gribouille.ensemble import (
    CORRELATION,
    ENSEMBLE,
    LEARNED,
    Asked,
    EnsembleOptions,
    Linear,
    combine,
    fit,
    open_ensemble,
    questions,
)
from gribouille.ensemble.asking import judged_rows, taught_rows
from gribouille.ensemble.card import read_card
from gribouille.ensemble.members import names_of
from gribouille.evaluate import EvaluateOptions, evaluate
from gribouille.export import ExportSpec, export_run
from gribouille.predict import predictor_of
from gribouille.store import Store
from gribouille.store.split import SPLITS, TRAIN

LINEAR = LEARNED["linear"]
VALIDATION = SPLITS.index("validation")
OPTIONS = EnsembleOptions(how="linear", learn_from="train", per_class=8, epochs=3, batch=16, validation=6)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A store of 4 shapes, about 30 of each."""
    return store_of_shapes(tmp_path_factory.mktemp("shapes"), 30)


def answered(logits: np.ndarray, label: np.ndarray) -> Asked:
    """What members said, of drawings of which nothing else matters."""
    return Asked(logits, label, np.zeros((len(label), 6), np.float32), ())


@pytest.fixture
def runs(tmp_path) -> list[Path]:
    """Two image nets with different pictures, and one on strokes."""
    return [
        write_run(tmp_path / "runs" / "one"),
        write_run(tmp_path / "runs" / "two", side=28),
        write_run(tmp_path / "runs" / "three", net="gru*0.25"),
    ]


def test_mean_is_the_mean_of_the_members_probabilities(store, runs, tmp_path):
    """Members of other nets and other pictures are asked each in its own way, and their probabilities averaged."""
    card = combine(runs, tmp_path / "mean", EnsembleOptions())
    drawings = store.gather(np.arange(10))
    expected = np.mean([predictor_of(run).probabilities(drawings) for run in runs], axis=0)
    answered = open_ensemble(tmp_path / "mean")
    assert answered.labels == tuple(card.labels) == LABELS
    assert np.allclose(answered.probabilities(drawings), expected, atol=1e-6)
    assert (card.store, card.learned, card.metrics) == (None, None, {})


def test_linear_layer_is_what_was_learned(store, runs, tmp_path):
    """The file gives the answers that were judged when it was written, and its card says by what."""
    seen = []
    card = combine(runs, tmp_path / "linear", OPTIONS, store, seen.append)
    judged = min(6, np.count_nonzero(store.split == 1))
    assert sum(seen) == questions(store, OPTIONS) == 4 * 8 + judged
    ensemble = open_ensemble(tmp_path / "linear")
    probabilities = ensemble.probabilities(store.gather(np.arange(10)))
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert card.store == store.hash
    assert card.metrics["learned"]["drawings"] == 32
    assert card.metrics["validation"]["n"] == judged
    assert "validation split" in card.metrics["validation"]["protocol"]
    assert (
        json.loads((tmp_path / "linear" / ENSEMBLE).read_text())["members"][0]["path"] == "../runs/one/best.safetensors"
    )


def test_same_seed_same_layer(store, runs, tmp_path):
    """Two ensembles of the same runs, store and options are the same bytes."""
    one, two = (combine(runs, tmp_path / name, OPTIONS, store) for name in ("one", "two"))
    assert one == two
    assert (tmp_path / "one" / LINEAR).read_bytes() == (tmp_path / "two" / LINEAR).read_bytes()


def test_goes_through_evaluate_like_everything_else(store, runs, tmp_path):
    """An ensemble's folder is asked as any run is."""
    combine(runs, tmp_path / "mean", EnsembleOptions())
    predictor = predictor_of(tmp_path / "mean")
    assert evaluate(predictor, store, EvaluateOptions(fractions=(1.0,))).n == np.count_nonzero(store.split == 2)


def test_layer_starts_as_the_mean_of_the_logits():
    """Before it has learned anything, the layer averages."""
    logits = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    assert np.allclose(Linear.mean(3, 2)(logits), (logits[:, :3] + logits[:, 3:]) / 2, atol=1e-6)


def test_layer_learns_whom_to_believe():
    """Of two members, one shouts nonsense and the other takes each class for the next: the layer finds out, the mean cannot."""
    generator = np.random.default_rng(0)

    def asked(size: int) -> Asked:
        label = generator.integers(0, 4, size)
        renamed = np.eye(4, dtype=np.float32)[(label + 1) % 4]
        nonsense = generator.normal(size=(size, 4)).astype(np.float32) * 3
        return answered(np.concatenate([nonsense, renamed], axis=1), label)

    taught, judged = asked(2000), asked(500)
    linear, passes = fit(taught, judged, 2, EnsembleOptions(how="linear", epochs=30, rate=0.2))
    assert passes > 0
    assert (linear(judged.logits).argmax(axis=1) == judged.label).mean() > 0.99
    assert (Linear.mean(4, 2)(judged.logits).argmax(axis=1) == judged.label).mean() < 0.5


def test_layer_stays_where_learning_does_not_help():
    """Where no pass is better on validation drawings, the mean of the logits is kept, and the patience ends the learning."""
    label = np.arange(40) % 4
    right = np.tile(np.eye(4, dtype=np.float32)[label], 2)
    wrong = answered(right, (label + 1) % 4)
    linear, passes = fit(wrong, answered(right, label), 2, EnsembleOptions(how="linear", epochs=30, rate=0.5))
    assert passes == 0
    assert np.array_equal(linear.weight, Linear.mean(4, 2).weight)


def test_moves_with_its_members(store, runs, tmp_path):
    """Paths are relative: the whole folder may be moved."""
    combine(runs, tmp_path / "runs" / "mean", EnsembleOptions())
    before = open_ensemble(tmp_path / "runs" / "mean").probabilities(store.gather(np.arange(3)))
    (tmp_path / "runs").rename(tmp_path / "elsewhere")
    after = open_ensemble(tmp_path / "elsewhere" / "mean").probabilities(store.gather(np.arange(3)))
    assert np.array_equal(before, after)


def test_another_members_file_is_refused(store, runs, tmp_path):
    """Members that were trained on since, or are gone, and another layer are named instead of answering."""
    combine(runs, tmp_path / "linear", OPTIONS, store)
    layer = (tmp_path / "linear" / LINEAR).read_bytes()
    (tmp_path / "linear" / LINEAR).write_bytes(layer[:-4] + b"\0\0\0\1")
    with pytest.raises(ValueError, match=r"expected .*linear\.safetensors with sha256"):
        open_ensemble(tmp_path / "linear")
    (tmp_path / "linear" / LINEAR).write_bytes(layer)
    write_run(runs[0], side=64)
    with pytest.raises(ValueError, match=r"expected .*one/best\.safetensors with sha256"):
        open_ensemble(tmp_path / "linear")
    (runs[0] / BEST).unlink()
    with pytest.raises(ValueError, match=r"one/best\.safetensors: expected"):
        open_ensemble(tmp_path / "linear")


@pytest.mark.parametrize("text", ["no card", "[]", '{"members": []}', '{"members": [{}]}'])
def test_what_is_no_card_is_refused(tmp_path, text):
    """A folder with another file of that name is refused by name."""
    (tmp_path / ENSEMBLE).write_text(text)
    with pytest.raises(ValueError, match=r"ensemble\.json: expected the card of an ensemble"):
        open_ensemble(tmp_path)


def test_members_must_know_the_same_labels(runs, tmp_path):
    """A run of other labels is refused, and which ones."""
    other = write_run(tmp_path / "other", labels=("circle", "cross", "house", "square"))
    with pytest.raises(ValueError, match=r"other/best\.safetensors: expected the 4 labels .*'house', 'zigzag'"):
        combine([runs[0], other], tmp_path / "mean", EnsembleOptions())


def test_the_store_must_know_the_members_labels(store, tmp_path):
    """A store of other labels cannot teach the layer."""
    labels = ("circle", "cross", "house", "square")
    runs = [write_run(tmp_path / name, labels=labels) for name in ("one", "two")]
    with pytest.raises(ValueError, match=r"expected a store of the members' 4 labels, found 4, \['house', 'zigzag'\]"):
        combine(runs, tmp_path / "linear", OPTIONS, store)


def test_what_cannot_be_combined_is_refused(runs, tmp_path):
    """One run is no ensemble, and a layer does not learn without drawings."""
    with pytest.raises(ValueError, match="at least two members, found 1"):
        combine(runs[:1], tmp_path / "one", EnsembleOptions())
    with pytest.raises(ValueError, match="store: expected one"):
        combine(runs, tmp_path / "linear", OPTIONS)
    empty = answered(np.zeros((0, 12), np.float32), np.zeros(0, np.int64))
    with pytest.raises(ValueError, match="expected validation drawings"):
        fit(empty, empty, 3, OPTIONS)


@pytest.mark.parametrize("change", [{"epochs": 0}, {"per_class": -1}, {"rate": 0.0}, {"patience": 0}])
def test_bad_options_are_named(change):
    """A value out of range is refused by name."""
    with pytest.raises(ValueError, match=next(iter(change))):
        replace(OPTIONS, **change)


def test_mean_of_logits_is_the_geometric_mean(store, runs, tmp_path):
    """Members' logits averaged and then made probabilities: the product of theirs, made to add up."""
    combine(runs, tmp_path / "mean", EnsembleOptions(mean="logits"))
    drawings = store.gather(np.arange(10))
    product = np.exp(np.mean([np.log(predictor_of(run).probabilities(drawings)) for run in runs], axis=0))
    expected = product / product.sum(axis=1, keepdims=True)
    assert np.allclose(open_ensemble(tmp_path / "mean").probabilities(drawings), expected, atol=1e-5)


def test_validation_drawings_are_learned_from_or_judged_by(store):
    """Learning from the validation split leaves at most half of it to judge by, and no drawing is both; nothing is of another
    split."""
    options = replace(OPTIONS, learn_from="validation", validation=1000)
    judged, taught = judged_rows(store, options), taught_rows(store, options)
    there = np.count_nonzero(store.split == VALIDATION)
    assert len(judged) == there // 2
    assert len(judged) + len(taught) == there
    assert (store.split[np.concatenate([judged, taught])] == VALIDATION).all()
    assert not set(judged.tolist()) & set(taught.tolist())
    assert (store.split[taught_rows(store, OPTIONS)] == TRAIN).all()
    assert len(judged_rows(store, EnsembleOptions())) == there


def test_what_members_have_in_common_is_written_beside_the_card(store, runs, tmp_path):
    """With a store the folder says how its members err together, under names that tell them apart, and how long each takes."""
    combine(runs, tmp_path / "mean", EnsembleOptions(), store)
    told = json.loads((tmp_path / "mean" / CORRELATION).read_text())
    assert told["names"] == ["one", "two", "three"]
    assert told["n"] == np.count_nonzero(store.split == VALIDATION)
    assert told["greedy"][0]["seconds"] > 0
    combine(runs, tmp_path / "mean", EnsembleOptions(budget=1e-6), store)
    assert json.loads((tmp_path / "mean" / CORRELATION).read_text())["greedy"] == []  # none answers within a nanosecond
    assert names_of([Path("a/0/fixed/best.safetensors"), Path("a/1/fixed/best.safetensors")]) == ("0/fixed", "1/fixed")


def test_model_files_are_members(store, runs, tmp_path):
    """A run and its own model file answer alike, so their mean does too, and the file may know its words in another order."""
    file = tmp_path / "one.onnx"
    export_run(runs[0], file, ExportSpec(weights="float32"))
    combine([runs[0], file], tmp_path / "both", EnsembleOptions(mean="logits"))
    drawings = store.gather(np.arange(5))
    alone = predictor_of(runs[0]).probabilities(drawings)
    assert np.allclose(open_ensemble(tmp_path / "both").probabilities(drawings), alone, atol=1e-5)


def test_a_member_that_knows_more_is_asked_about_the_common_words(store, runs, tmp_path):
    """The ensemble knows the words of the member that knows fewest; the others' probabilities of these are made to add up."""
    more = write_run(tmp_path / "more", labels=("zebra", *reversed(LABELS)))
    combine([more, runs[0]], tmp_path / "mean", EnsembleOptions(), store)
    ensemble = open_ensemble(tmp_path / "mean")
    assert ensemble.labels == LABELS
    drawings = store.gather(np.arange(5))
    known = predictor_of(more).probabilities(drawings)[:, :0:-1]
    expected = (known / known.sum(axis=1, keepdims=True) + predictor_of(runs[0]).probabilities(drawings)) / 2
    assert np.allclose(ensemble.probabilities(drawings), expected, atol=1e-6)


def test_a_folder_of_earlier_versions_is_read(store, runs, tmp_path):
    """What was learned used to be called `linear`, and the mean was always that of probabilities."""
    before = combine(runs, tmp_path / "linear", OPTIONS, store)
    path = tmp_path / "linear" / ENSEMBLE
    old = json.loads(path.read_text())
    old["linear"] = old.pop("learned")
    del old["options"]["mean"]
    path.write_text(json.dumps(old))
    assert read_card(tmp_path / "linear").learned == before.learned


def test_what_learns_does_not_learn_how_often_a_word_comes(store):
    """Of members that know nothing, a layer learns nothing from many drawings of one class: each class counts alike."""
    label = np.repeat([0, 1, 2, 3], [300, 20, 20, 60])
    asked = answered(np.zeros((400, 8), np.float32), label)
    weights = asked.weights(4)
    assert np.bincount(label, weights) == pytest.approx([100] * 4)
    linear, _ = fit(asked, asked, 2, EnsembleOptions(how="linear", epochs=20, rate=0.5, patience=20))
    assert np.ptp(linear.bias) < 0.1  # without weights: 0.25
