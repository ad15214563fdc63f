"""Experts: those that are confused end up together, and an expert counts as much as it helps."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from shapes import SHAPES, store_of_shapes

from gribouille.augment import Augmentation
from gribouille.checkpoint import BEST, load_weights, save_weights
from gribouille.course import TrainConfig
from gribouille.ensemble import ENSEMBLE, EnsembleOptions, open_ensemble
from gribouille.ensemble.card import ExpertOptions
from gribouille.ensemble.experts import Experts, fit_weight
from gribouille.ensemble.groups import confused_groups, confusion_rates
from gribouille.experts import assemble, config_of, folder_of, specialise
from gribouille.metrics import softmax
from gribouille.predict import predictor_of
from gribouille.store import Store
from gribouille.train import train

LABELS = tuple(sorted(SHAPES))
SMALL = TrainConfig(
    net="test_resnet", side=32, channels="ink", epochs=1, per_class=8, batch=16, precision="float32", threads=1
)
OPTIONS = EnsembleOptions(
    how="experts",
    specialising=ExpertOptions(groups=2, group_words=2, expert_epochs=2, expert_per_class=8),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A store of 4 shapes, about 60 of each."""
    return store_of_shapes(tmp_path_factory.mktemp("shapes"), 60)


@pytest.fixture(scope="module")
def run(store, tmp_path_factory):
    """A run that has hardly begun and confuses everything."""
    out = tmp_path_factory.mktemp("run") / "base"
    train(store, out, replace(SMALL, augmentation=Augmentation.none()))
    return out


def matrix(classes: int, pairs: dict[tuple[int, int], int], right: int = 50) -> np.ndarray:
    """A confusion matrix with these drawings taken for others."""
    found = np.eye(classes, dtype=np.int64) * right
    for (drawn, taken), drawings in pairs.items():
        found[drawn, taken] += drawings
    return found


def test_what_is_confused_most_ends_up_together():
    """Hurricane and tornado, and the three that are all taken for each other; the worst group first, whatever is right alone."""
    pairs = {(0, 1): 20, (1, 0): 15, (2, 3): 10, (3, 4): 9, (4, 2): 8, (5, 0): 1}
    assert confused_groups(matrix(7, pairs), 2, 3) == ((0, 1, 5), (2, 3, 4))
    assert confused_groups(matrix(7, pairs), 5, 2)[:2] == ((0, 1), (2, 3))
    assert confused_groups(matrix(7, pairs), 1, 3) == ((0, 1, 5),)


def test_a_size_limit_keeps_the_tightest_apart():
    """A chain of confusions does not become one group: the tightest pairs are made first, then nothing else fits."""
    chain = {(0, 1): 20, (1, 2): 10, (2, 3): 19}
    assert confused_groups(matrix(4, chain), 9, 2) == ((0, 1), (2, 3))
    assert confused_groups(matrix(4, chain), 9, 3) == ((0, 1), (2, 3))
    assert confused_groups(matrix(4, chain), 9, 4) == ((0, 1, 2, 3),)


def test_nothing_confused_is_no_group():
    """A perfect matrix has none, nor one without drawings."""
    assert confused_groups(matrix(3, {}), 5, 3) == ()
    assert confused_groups(np.zeros((3, 3), np.int64), 5, 3) == ()


@given(seed=st.integers(0, 1000), largest=st.integers(2, 5), count=st.integers(1, 5))
def test_groups_are_disjoint_and_within_bounds(seed: int, largest: int, count: int):
    """At most so many groups of at most so many classes, no class twice, each group's worth no larger than the one's before."""
    found = np.random.default_rng(seed).poisson(0.4, (9, 9)).astype(np.int64) + matrix(9, {}, 5)
    groups = confused_groups(found, count, largest)
    inside = [index for group in groups for index in group]
    assert len(groups) <= count
    assert len(set(inside)) == len(inside)
    assert all(2 <= len(group) <= largest and list(group) == sorted(group) for group in groups)
    rates = confusion_rates(found)
    worth = [np.triu(rates[np.ix_(group, group)]).sum() for group in groups]
    assert worth == sorted(worth, reverse=True)
    assert np.allclose(rates, rates.T)


def test_an_expert_counts_as_much_as_it_helps():
    """One that is right where the base guesses gets all weight, one that is wrong none, and one that knows something a part."""
    generator = np.random.default_rng(0)
    label = generator.choice([1, 3], 400)
    base = np.full((400, 4), 0.25, np.float32)
    right = np.where(label[:, None] == [1, 3], 3.0, -3.0).astype(np.float32)
    assert fit_weight(base, right, (1, 3), label) == 1
    assert fit_weight(base, -right, (1, 3), label) == 0
    sure_but_wrong_at_times = np.where(generator.random((400, 1)) < 0.3, -right, right)
    assert 0.2 < fit_weight(base, sure_but_wrong_at_times, (1, 3), label) < 0.8
    assert fit_weight(base, right, (0, 2), label) == 0


def test_experts_share_out_what_the_base_gives_their_group():
    """Groups keep their sum, other classes their probabilities; weight 0 is the base, weight 1 the expert."""
    generator = np.random.default_rng(1)
    logits = generator.normal(size=(6, 5 + 2 + 2)).astype(np.float32)
    base, first, second = softmax(logits[:, :5]), softmax(logits[:, 5:7]), softmax(logits[:, 7:])
    found = Experts(5, ((0, 3), (1, 2)), (1.0, 0.0)).module()(torch.from_numpy(logits)).numpy()
    assert np.allclose(found[:, [0, 3]], base[:, [0, 3]].sum(axis=1, keepdims=True) * first, atol=1e-6)
    assert np.allclose(found[:, [1, 2, 4]], base[:, [1, 2, 4]], atol=1e-6)
    half = Experts(5, ((0, 3), (1, 2)), (0.5, 0.5)).module()(torch.from_numpy(logits)).numpy()
    mass = base[:, [1, 2]].sum(axis=1, keepdims=True)
    assert np.allclose(half[:, [1, 2]], (base[:, [1, 2]] + mass * second) / 2, atol=1e-6)
    assert np.allclose(half.sum(axis=1), 1, atol=1e-5)


def test_experts_are_trained_and_go_on(store, run, tmp_path):
    """One command trains an expert for each group of the run's words; called again, it finds them and writes the same."""
    seen = []
    card = assemble([run], tmp_path / "out", OPTIONS, store, seen.append)
    groups = [expert["words"] for expert in card.metrics["experts"]]
    assert groups
    assert {word for group in groups for word in group} <= set(LABELS)
    folders = sorted(path.name for path in (tmp_path / "out" / "experts").iterdir())
    assert folders == sorted("+".join(group) for group in groups)
    assert sum(seen) > len(groups) * 2 * 2 * 8  # two epochs of two words
    helpful = sum(expert["weight"] > 0 for expert in card.metrics["experts"])
    assert len(card.members) == 1 + helpful
    assert card.metrics["validation"]["n"] == card.metrics["base alone"]["n"] > 0
    before = (tmp_path / "out" / ENSEMBLE).read_bytes()
    assert specialise(run, tmp_path / "out", OPTIONS, store) == card
    assert (tmp_path / "out" / ENSEMBLE).read_bytes() == before


def test_an_expert_has_steps_to_learn_in(run):
    """A base that learned in batches of a thousand has an expert that learns in smaller ones, and never in larger ones."""
    _, card = load_weights(run)
    large = replace(card, config={**card.config, "batch": 1024})
    options = EnsembleOptions(how="experts")
    assert config_of(large, run, 2, options).batch == 2 * 200 // 20
    assert config_of(large, run, 6, options).batch == 6 * 200 // 20
    assert config_of(replace(card, config={**card.config, "batch": 12}), run, 6, options).batch == 12


def test_folders_of_experts_have_short_names():
    """Words name an expert's folder as long as they are short; long ones are cut and told apart, and none leaves the folder."""
    assert folder_of(["cat", "ice cream"]) == "cat+ice_cream"
    words = [f"a long word {number}" for number in range(14)]
    names = {folder_of(words), folder_of([*words[:-1], "another"]), folder_of(["a/b", "c"]), folder_of(["a_b", "c"])}
    assert len(names) == 4
    assert all(len(name) < 120 and "/" not in name for name in names)


def test_experts_of_another_base_are_refused(store, run, tmp_path):
    """Experts that began as another base are not taken for this one's: the run says what it began with."""
    base = Path(shutil.copytree(run, tmp_path / "base"))
    assemble([base], tmp_path / "out", OPTIONS, store)
    net, card = load_weights(base)
    with torch.no_grad():
        next(net.parameters()).mul_(1.01)
    save_weights(net, card, base / BEST)
    with pytest.raises(
        ValueError, match=r"expected a run that began with .* as it is now, found one that began with Gribou"
    ):
        assemble([base], tmp_path / "out", OPTIONS, store)


def test_what_is_written_answers_as_the_mix(store, run, tmp_path):
    """The folder answers with the base's probabilities, each group's shared out by its expert as the file says."""
    card = assemble([run], tmp_path / "out", OPTIONS, store)
    path = tmp_path / "out" / "experts.json"
    told = json.loads(path.read_text())
    drawings = store.gather(np.arange(12))
    base = predictor_of(run).probabilities(drawings)
    expected = base.copy()
    for group, weight, member in zip(told["groups"], told["weights"], card.members[1:], strict=True):
        said = predictor_of(tmp_path / "out" / member.path).probabilities(drawings)
        mass = base[:, group].sum(axis=1, keepdims=True)
        expected[:, group] = (1 - weight) * base[:, group] + weight * mass * said
    assert np.allclose(open_ensemble(tmp_path / "out").probabilities(drawings), expected, atol=1e-6)


def test_what_cannot_have_experts_is_refused(store, run, tmp_path):
    """Several runs, a model file, no store: each is named."""
    with pytest.raises(ValueError, match="expected one run to train experts for, found 2"):
        assemble([run, run], tmp_path, OPTIONS, store)
    with pytest.raises(ValueError, match="store: expected one"):
        assemble([run], tmp_path, OPTIONS)
    with pytest.raises(ValueError, match="found a model file"):
        assemble([tmp_path / "model.onnx"], tmp_path, OPTIONS, store)


@pytest.mark.parametrize("change", [{"groups": 0}, {"group_words": 1}, {"expert_epochs": 0}, {"expert_rate": 0.0}])
def test_bad_options_are_named(change):
    """A value out of range is refused by name."""
    with pytest.raises(ValueError, match=next(iter(change))):
        ExpertOptions(**change)
