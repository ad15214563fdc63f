"""Which drawings an epoch sees: a pure function of (seed, epoch, standing), in parts that partition every batch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gribouille.sampling import (
    Standing,
    batches_of,
    epoch_rows,
    keys_of,
    log_ratio,
    members_of,
    quota,
    shard_of,
    uniform_rows,
)

labels = st.lists(st.integers(0, 4), min_size=5, max_size=80).map(lambda values: np.array([0, 1, 2, 3, 4, *values]))
accuracies = arrays.arrays(np.float64, 6, elements=st.floats(0, 1))


def standing_of(accuracy: np.ndarray, confusion: np.ndarray | None = None) -> Standing:
    """A standing with this accuracy, steady as it is, without confusion unless it is given."""
    size = len(accuracy)
    return Standing(accuracy, accuracy, np.zeros((size, size)) if confusion is None else confusion)


@given(labels, st.integers(1, 12), st.integers(0, 9), st.integers(0, 9))
def test_fixed_number_per_class_without_replacement(label, per_class, seed, epoch):
    """Every class gives per_class rows, or all it has; no row comes twice; each row belongs to its class."""
    members = members_of(label, np.arange(len(label)), 5)
    rows = epoch_rows(members, per_class, seed, epoch)
    assert len(np.unique(rows)) == len(rows)
    expected = np.minimum(np.bincount(label, minlength=5), per_class)
    assert np.array_equal(np.bincount(label[rows], minlength=5), expected)


@given(labels, st.integers(0, 9), st.integers(0, 9))
def test_pure_in_seed_and_epoch(label, seed, epoch):
    """The same (seed, epoch) gives the same rows in the same order."""
    members = members_of(label, np.arange(len(label)), 5)
    assert np.array_equal(epoch_rows(members, 3, seed, epoch), epoch_rows(members, 3, seed, epoch))
    assert np.array_equal(uniform_rows(members, 3, seed, epoch), uniform_rows(members, 3, seed, epoch))


def test_epochs_and_seeds_differ():
    """Another epoch or another seed draws other rows, in another order."""
    members = members_of(np.repeat(np.arange(5), 100), np.arange(500), 5)
    for drawn in (epoch_rows, uniform_rows):
        first = drawn(members, 20, 0, 0)
        assert not np.array_equal(first, drawn(members, 20, 0, 1))
        assert not np.array_equal(first, drawn(members, 20, 1, 0))
        assert set(first.tolist()) != set(drawn(members, 20, 0, 1).tolist())


def test_uniform_sampling_follows_the_frequency():
    """Drawn uniformly, a class with nine times the drawings is seen about nine times as often."""
    label = np.repeat([0, 1], [9000, 1000])
    rows = uniform_rows(members_of(label, np.arange(10_000), 2), 2000, 0, 0)
    assert len(np.unique(rows)) == 2000
    assert np.bincount(label[rows])[0] == pytest.approx(1800, abs=50)


@given(st.integers(1, 60), st.integers(1, 20))
def test_batches_hold_every_row_once_and_are_even(count, size):
    """Batches are the rows in order, none larger than asked, their sizes equal to within one."""
    batches = batches_of(np.arange(count), size)
    assert np.array_equal(np.concatenate(batches), np.arange(count))
    sizes = [len(batch) for batch in batches]
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1


@given(labels, st.integers(1, 8), st.integers(1, 9), st.integers(0, 4), st.integers(1, 7))
def test_shards_partition_every_batch(label, per_class, size, epoch, world):
    """Over all ranks and epochs: the parts of a batch are disjoint, even to within one row, and together the batch."""
    members = members_of(label, np.arange(len(label)), 5)
    for batch in batches_of(epoch_rows(members, per_class, 0, epoch), size):
        parts = [shard_of(batch, rank, world) for rank in range(world)]
        assert sorted(np.concatenate(parts).tolist()) == sorted(batch.tolist())
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


@given(accuracies, st.integers(1, 500))
def test_targeted_is_the_posters_formula(accuracy, per_class):
    """Targeted sampling wants round(N (1 − A) + 0.25 N) drawings of each class."""
    expected = [round(per_class * (1 - a) + 0.25 * per_class) for a in accuracy]
    found = quota("targeted", per_class, standing_of(accuracy))
    assert np.abs(found - expected).max() <= 1  # python and numpy may see a tie differently
    assert quota("targeted", 500, standing_of(np.array([0.0, 0.25, 1.0]))).tolist() == [625, 500, 125]


@given(accuracies, st.integers(1, 50))
def test_fixed_and_uniform_do_not_look_back(accuracy, per_class):
    """The other samplings want the same number of each class whatever its accuracy."""
    for sampling in ("fixed", "uniform"):
        assert (quota(sampling, per_class, standing_of(accuracy)) == per_class).all()


def test_before_the_first_validation_all_are_alike():
    """As long as no accuracy is known, every sampling wants N of each class."""
    for sampling in ("targeted", "stabilised"):
        assert quota(sampling, 40, Standing.unknown(3)).tolist() == [40, 40, 40]


def test_an_unknown_class_counts_as_the_mean():
    """A class without a validation drawing is taken to be as accurate as the others on average."""
    wanted = quota("targeted", 100, standing_of(np.array([0.5, np.nan, 0.7])))
    assert wanted.tolist() == [75, 65, 55]


def test_stabilised_does_not_take_sides():
    """Of two classes that are taken for each other, targeted sampling favours the worse, the stabilised one neither."""
    accuracy, confusion = np.array([0.9, 0.3, 0.8]), np.array([[0.9, 0.1, 0], [0.7, 0.3, 0], [0.1, 0.1, 0.8]])
    standing = standing_of(accuracy, confusion)
    cake, birthday_cake, _ = quota("targeted", 100, standing)
    assert (cake, birthday_cake) == (35, 95)
    tied = standing_of(accuracy[:2], confusion[:2, :2])
    assert quota("stabilised", 100, tied).tolist() == [65, 65]


def test_stabilised_goes_by_the_moving_average():
    """One bad validation moves the stabilised quota half as far as the targeted one."""
    good, bad = np.diag([10, 10]), np.array([[5, 5], [0, 10]])
    standing = Standing.unknown(2).after(good).after(bad)
    assert standing.accuracy.tolist() == [0.5, 1.0]
    assert standing.steady.tolist() == [0.75, 1.0]
    assert standing.confusion[0].tolist() == [0.75, 0.25]


def test_a_validation_without_a_class_leaves_what_was_known():
    """A class that a validation has no drawing of keeps its moving average; its last accuracy is unknown."""
    standing = Standing.unknown(2).after(np.diag([10, 10])).after(np.array([[5, 5], [0, 0]]))
    assert np.isnan(standing.accuracy[1])
    assert standing.steady[1] == 1.0


def test_log_ratio_undoes_the_sampling():
    """What the loss adds for stabilised sampling is log(drawn / mean), and nothing for the others."""
    drawn = np.array([10, 30, 0])
    assert log_ratio("targeted", drawn).tolist() == [0, 0, 0]
    ratio = np.exp(log_ratio("stabilised", drawn))
    assert ratio[1] / ratio[0] == pytest.approx(3)
    assert ratio[0] / ratio[2] == pytest.approx(10)  # as one drawing


@given(st.integers(0, 2**32), st.integers(0, 1000), st.integers(0, 10**7))
def test_keys_depend_on_the_place_alone(seed, epoch, place):
    """A place of an epoch has one key, whatever other places are asked for beside it, and its neighbours have others."""
    alone, among = keys_of(seed, epoch, np.array([place])), keys_of(seed, epoch, np.array([place + 1, place]))
    assert alone[0] == among[1] != among[0]
    assert keys_of(seed, epoch + 1, np.array([place]))[0] != alone[0]
    assert keys_of(seed + 1, epoch, np.array([place]))[0] != alone[0]
