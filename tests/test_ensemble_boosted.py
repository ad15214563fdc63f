"""Boosted trees on the ten best classes: they see what they are said to see, and learn what the mean cannot."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gribouille.drawing import Drawings, drawing_of
from gribouille.ensemble.asking import Asked, facts_of_drawings
from gribouille.ensemble.boosted import Boosted, grow
from gribouille.ensemble.candidates import CANDIDATES, Profile
from gribouille.ensemble.card import EnsembleOptions, TreeOptions
from gribouille.ensemble.mean import Mean
from gribouille.metrics import softmax

CLASSES, MEMBERS = 14, 2
OPTIONS = EnsembleOptions(
    how="boosted", boosting=TreeOptions(trees=30, leaves=4, shrunk=0.3, leaf_rows=5, tree_patience=10)
)


def answered(size: int, seed: int) -> Asked:
    """Two members; the better one takes every class for the next one where the drawing has many strokes."""
    generator = np.random.default_rng(seed)
    label = generator.integers(0, CLASSES, size)
    facts = generator.normal(size=(size, 6)).astype(np.float32)
    seen = np.where(facts[:, 0] > 0, (label + 1) % CLASSES, label)
    good = 3 * np.eye(CLASSES)[seen] + generator.normal(size=(size, CLASSES))
    weak = 1.5 * np.eye(CLASSES)[label] + generator.normal(size=(size, CLASSES))
    return Asked(np.concatenate([good, weak], axis=1).astype(np.float32), label, facts, ())


@pytest.fixture(scope="module")
def grown() -> Boosted:
    """Trees that learned from such members."""
    boosted, trees = grow(answered(1500, 0), answered(400, 1), MEMBERS, OPTIONS)
    assert trees > 0
    return boosted


def top1(probabilities: np.ndarray, asked: Asked) -> float:
    return float((probabilities.argmax(axis=1) == asked.label).mean())


def test_trees_learn_when_to_believe_whom(grown: Boosted) -> None:
    """On drawings that they have never seen, trees are much better than the mean, which cannot look at the drawing."""
    fresh = answered(500, 2)
    mean = softmax(fresh.of_members(MEMBERS)).mean(axis=0)
    assert top1(grown.probabilities(fresh), fresh) > top1(mean, fresh) + 0.15


def test_equal_weights_are_no_weights() -> None:
    """Where every class has as many drawings, LightGBM forgets their weights: trees grow all the same."""
    asked = answered(1500, 6)
    order = np.argsort(asked.label, kind="stable")
    first = np.concatenate([order[asked.label[order] == index][:60] for index in range(CLASSES)])
    equal = Asked(asked.logits[first], asked.label[first], asked.facts[first], ())
    assert (equal.weights(CLASSES) == 1).all()
    assert grow(equal, answered(400, 1), MEMBERS, OPTIONS)[1] > 0


def test_answers_stay_a_distribution(grown: Boosted) -> None:
    """Each row's sum is 1, and classes that are no candidates keep what the mean gives them."""
    fresh = answered(50, 3)
    found, rows = grown.probabilities(fresh), grown.rows(fresh)
    mean = softmax(fresh.of_members(MEMBERS)).mean(axis=0)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    others = np.ones_like(mean, bool)
    np.put_along_axis(others, rows.classes, False, axis=1)
    assert rows.classes.shape == (50, CANDIDATES)
    assert np.allclose(found[others], mean[others], atol=1e-6)


def test_no_trees_are_the_mean() -> None:
    """Trees that do not help are none: the answer is the mean's."""
    label = np.arange(60) % CLASSES
    right = np.tile(4 * np.eye(CLASSES, dtype=np.float32)[label], MEMBERS)
    facts = np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32)
    wrong = Asked(right, (label + 1) % CLASSES, facts, ())
    judged = Asked(right, label, facts, ())
    boosted, trees = grow(wrong, judged, MEMBERS, OPTIONS)
    assert trees == 0
    assert np.allclose(boosted.probabilities(judged), softmax(right[:, :CLASSES]), atol=1e-6)


def test_features_are_counted_as_by_hand() -> None:
    """Of each member logarithm, rank and gap, then the mean's, then the facts, then how unusual they are for the class."""
    asked = answered(20, 4)
    profile = Profile.of(asked, CLASSES)
    rows = Boosted(MEMBERS, "probabilities", profile, "").rows(asked)
    logs = np.log(softmax(asked.of_members(MEMBERS)))
    mean = np.exp(logs).mean(axis=0)
    for drawing in range(20):
        order = np.argsort(-mean[drawing], kind="stable")[:CANDIDATES]
        assert rows.classes[drawing].tolist() == order.tolist()
        for place, candidate in enumerate(order):
            mine, best = logs[:, drawing, candidate], logs[:, drawing].max(axis=1)
            rank = (logs[:, drawing] > mine[:, None]).sum(axis=1)
            of_mean = np.log(mean[drawing, candidate])
            unusual = (asked.facts[drawing] - profile.mean[candidate]) / profile.deviation[candidate]
            expected = [*mine, *rank, *(mine - best), of_mean, of_mean - np.log(mean[drawing].max()), place]
            assert np.allclose(rows.features[drawing, place], [*expected, *asked.facts[drawing], *unusual], atol=1e-4)


def test_goes_to_disk_and_back(grown: Boosted, tmp_path) -> None:
    """What is read answers as what was written."""
    grown.write(tmp_path / "boosted.safetensors")
    fresh = answered(50, 5)
    read = Boosted.read(tmp_path / "boosted.safetensors")
    assert np.array_equal(read.probabilities(fresh), grown.probabilities(fresh))


def test_same_seed_same_trees(grown: Boosted) -> None:
    """Growing is deterministic."""
    assert grow(answered(1500, 0), answered(400, 1), MEMBERS, OPTIONS)[0].trees == grown.trees


def test_facts_of_a_drawing() -> None:
    """Strokes, points, ink, the longest stroke's share, width and height, of a drawing twice as wide as high; of a dot too."""
    corner = drawing_of([[[0, 200], [0, 0]], [[0, 0], [0, 100]]])
    dot = np.array([[9, 9, 0]], np.uint8)
    found = facts_of_drawings(Drawings.of([corner, dot]))
    assert np.allclose(found[0], [np.log(3), np.log(5), np.log(2.5), 2 / 3, 1, 0.5], atol=1e-6)
    assert np.allclose(found[1], [np.log(2), np.log(2), 0, 1, 0, 0], atol=1e-6)


@given(seed=st.integers(0, 500), padding=st.integers(0, 20))
def test_padding_changes_no_fact(seed: int, padding: int) -> None:
    """A drawing has the same facts in any batch."""
    generator = np.random.default_rng(seed)
    drawing = generator.integers(0, 256, (generator.integers(1, 12), 3)).astype(np.uint8)
    drawing[:, 2] = generator.random(len(drawing)) > 0.3
    drawing[0, 2] = 0
    longer = np.concatenate([drawing, np.repeat(drawing[-1:] | [[0, 0, 1]], padding, axis=0).astype(np.uint8)])
    alone = facts_of_drawings(Drawings.of([drawing]))[0]
    assert np.allclose(facts_of_drawings(Drawings.of([drawing, longer]))[0], alone, atol=1e-6)


def test_there_must_be_drawings() -> None:
    """Without drawings to learn from or to judge by, there is an error."""
    some, none = (
        answered(5, 0),
        Asked(np.zeros((0, 28), np.float32), np.zeros(0, np.int64), np.zeros((0, 6), np.float32), ()),
    )
    for pair in ((some, none), (none, some)):
        with pytest.raises(ValueError, match="expected validation drawings"):
            grow(*pair, MEMBERS, OPTIONS)


@pytest.mark.parametrize("change", [{"trees": 0}, {"leaves": 1}, {"shrunk": 0.0}, {"shrunk": 1.5}, {"leaf_rows": 0}])
def test_bad_options_are_named(change) -> None:
    """A value out of range is refused by name."""
    with pytest.raises(ValueError, match=next(iter(change))):
        TreeOptions(**change)


def test_mean_needs_no_numbers() -> None:
    """The mean's module is the mean."""
    asked = answered(7, 0)
    found = Mean(MEMBERS).module()(torch.from_numpy(asked.logits)).numpy()
    assert np.allclose(found, softmax(asked.of_members(MEMBERS)).mean(axis=0), atol=1e-6)
