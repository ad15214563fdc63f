"""A view is a narrower store: the same drawings under the same columns."""

import numpy as np
import pytest
from shapes import store_of_shapes

from gribouille.store import Store, narrowed
from gribouille.store.split import TEST, TRAIN, VALIDATION


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A store of 4 shapes, about 60 of each."""
    return store_of_shapes(tmp_path_factory.mktemp("shapes"), 60)


def test_a_view_of_everything_is_the_store(store):
    """Without a restriction every column is the store's."""
    view = narrowed(store)
    assert len(view) == len(store)
    for column in ("label", "split", "key_id", "keyed", "recognized"):
        assert np.array_equal(getattr(view, column), getattr(store, column)), column
    rows = np.array([5, 0, 7])
    assert np.array_equal(view.gather(rows).points, store.gather(rows).points)
    assert [np.array_equal(*pair) for pair in zip(view.times(rows), store.times(rows), strict=True)] == [True, True]


def test_labels_are_narrowed(store):
    """Only drawings of the labels asked for, under class numbers of their own."""
    view = narrowed(store, ["zigzag", "cross"])
    assert view.labels == ("cross", "zigzag")
    names = np.array(store.labels)[store.label[view.rows]]
    assert np.array_equal(np.array(view.labels)[view.label], names)
    assert set(names) == {"cross", "zigzag"}
    rows = np.arange(len(view))
    assert np.array_equal(view.gather(rows).points, store.gather(view.rows).points)


def test_training_rows_are_thinned_and_nothing_else(store):
    """At most per_class training rows a class; validation and test rows all stay; the same rows at every call."""
    view = narrowed(store, per_class=7)
    assert np.bincount(view.label[view.split == TRAIN]).tolist() == [7, 7, 7, 7]
    for split in (VALIDATION, TEST):
        assert np.count_nonzero(view.split == split) == np.count_nonzero(store.split == split)
    assert np.array_equal(view.rows, narrowed(store, per_class=7).rows)
    assert len(np.unique(view.rows)) == len(view)


def test_the_hash_tells_views_apart(store):
    """Another choice of labels or rows has another hash, the same choice the same; none has the store's."""
    hashes = [narrowed(store, *how).hash for how in ([], [["cross"]], [["circle"]], [(), 7])]
    assert len({store.hash, *hashes}) == 5
    assert narrowed(store, (), 7).hash == hashes[3]


def test_the_card_counts_the_view(store):
    """The card of a view has its rows, labels, counts and splits, and the store's sources."""
    card = narrowed(store, ["cross", "zigzag"], 7).card
    assert card.rows == sum(card.splits.values()) == sum(card.counts.values())
    assert card.splits["train"] == 14
    assert card.labels == ("cross", "zigzag")
    assert card.sources == store.card.sources


def test_unknown_labels_are_named(store):
    """A label that the store does not have is refused by name."""
    with pytest.raises(ValueError, match="unicorn"):
        narrowed(store, ["cross", "unicorn"])
