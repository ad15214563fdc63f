"""An epoch is a fixed number of random drawings per class, a pure function of (seed, epoch)."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gribouille.sampling import batches_of, epoch_rows, members_of

labels = st.lists(st.integers(0, 4), min_size=5, max_size=80).map(lambda values: np.array([0, 1, 2, 3, 4, *values]))


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


def test_epochs_and_seeds_differ():
    """Another epoch or another seed draws other rows, in another order."""
    members = members_of(np.repeat(np.arange(5), 100), np.arange(500), 5)
    first = epoch_rows(members, 20, 0, 0)
    assert not np.array_equal(first, epoch_rows(members, 20, 0, 1))
    assert not np.array_equal(first, epoch_rows(members, 20, 1, 0))
    assert set(first.tolist()) != set(epoch_rows(members, 20, 0, 1).tolist())


def test_number_per_class_may_differ():
    """A number for each class is honoured (the room for targeted sampling)."""
    label = np.repeat(np.arange(3), 10)
    rows = epoch_rows(members_of(label, np.arange(30), 3), np.array([1, 5, 10]), 0, 0)
    assert np.bincount(label[rows]).tolist() == [1, 5, 10]


def test_all_rows_are_seen_in_the_long_run():
    """Over the epochs the sampler reaches every row of a class."""
    members = members_of(np.zeros(40, np.int64), np.arange(40), 1)
    seen = np.concatenate([epoch_rows(members, 10, 0, epoch) for epoch in range(40)])
    assert len(np.unique(seen)) == 40


@given(st.integers(1, 200), st.integers(1, 64))
def test_batches_partition_the_rows(count, size):
    """Batches hold every row once, in order, and their sizes differ by at most one."""
    rows = np.arange(count)
    batches = batches_of(rows, size)
    assert np.array_equal(np.concatenate(batches), rows)
    sizes = [len(batch) for batch in batches]
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1
