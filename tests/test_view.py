"""A view is a store of some of a store's rows: the same drawings under the same columns."""

import sys

import numpy as np
import pytest
from shapes import store_of_shapes

from gribouille.store import Selection, Store, named, select
from gribouille.store.split import SPLITS

COLUMNS = ("label", "split", "key_id", "keyed", "recognized", "country", "timestamp", "points", "timed")


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A store of 4 shapes, about 60 of each."""
    return store_of_shapes(tmp_path_factory.mktemp("shapes"), 60)


def test_a_view_of_everything_is_the_store(store):
    """Without a condition every column is the store's, and so is all else that can be asked about rows."""
    view = select(store)
    assert len(view) == len(store)
    for column in COLUMNS:
        assert np.array_equal(getattr(view, column), getattr(store, column)), column
    rows = np.array([5, 0, 7])
    assert np.array_equal(view.gather(rows).points, store.gather(rows).points)
    assert [np.array_equal(*pair) for pair in zip(view.times(rows), store.times(rows), strict=True)] == [True, True]
    assert view.countrycodes(rows) == store.countrycodes(rows) == ["FR", "FR", "FR"]


def test_columns_are_the_chosen_rows(store):
    """Row i of every column is row `rows[i]` of the store, and nothing public of a store is missing in a view."""
    view = select(store, "not recognized")
    assert 0 < len(view) < len(store)
    for column in COLUMNS:
        assert np.array_equal(getattr(view, column), getattr(store, column)[view.rows]), column
    public = {name for name in dir(Store) if not name.startswith("_")}
    assert public - set(dir(view)) - {"open", "path", "column_parts"} == set()


def test_labels_are_those_that_occur(store):
    """Only labels with a drawing are left, under class numbers of their own; records say them too."""
    view = select(store, "word in ('zigzag', 'cross')")
    assert view.labels == ("cross", "zigzag")
    names = np.array(store.labels)[store.label[view.rows]]
    assert np.array_equal(np.array(view.labels)[view.label], names)
    assert set(names) == {"cross", "zigzag"}
    rows = np.arange(len(view))
    assert np.array_equal(view.gather(rows).points, store.gather(view.rows).points)
    records = view.records(rows)
    assert [records.labels[label] for label in records.label] == names.tolist()
    assert records.key_id.tolist() == view.key_id.tolist()


def test_each_split_of_a_class_is_thinned(store):
    """At most max_per_class rows of each class in each split; the same rows at every call, and among those of a larger
    number; no row changes its split."""
    view, larger = select(store, max_per_class=3), select(store, max_per_class=7)
    counts = np.bincount(store.label * len(SPLITS) + store.split, minlength=4 * len(SPLITS))
    found = np.bincount(view.label * len(SPLITS) + view.split, minlength=4 * len(SPLITS))
    assert found.tolist() == np.minimum(counts, 3).tolist()
    assert np.array_equal(view.split, store.split[view.rows])
    assert np.array_equal(view.rows, select(store, max_per_class=3).rows)
    assert len(np.unique(view.rows)) == len(view)
    assert np.all(np.diff(view.rows) > 0)
    assert set(view.rows) < set(larger.rows)
    assert set(view.rows) != set(select(store, max_per_class=3, seed=1).rows)


def test_the_rows_that_are_kept_do_not_depend_on_how_many_are_looked_at_in_one_go(store, monkeypatch):
    """A store of many chunks is selected from as one of one."""
    whole = select(store, "recognized and points > 3", 5)
    monkeypatch.setattr(sys.modules["gribouille.store.select"], "CHUNK", 7)
    assert np.array_equal(select(store, "recognized and points > 3", 5).rows, whole.rows)


def test_kept_rows_are_random(store):
    """Neither the first rows of a class are kept nor neighbours: their mean place is near the middle."""
    rows = select(store, "split == 'train' and word == 'cross'").rows
    places = np.concatenate(
        [
            np.searchsorted(rows, select(store, "split == 'train' and word == 'cross'", 10, seed).rows)
            for seed in range(20)
        ]
    )
    assert abs(places.mean() / len(rows) - 0.5) < 0.1
    assert len(np.unique(places)) > 0.9 * len(rows)


def test_a_view_of_a_view_is_a_view_of_the_store(store):
    """Conditions one after the other choose the rows of both together, whichever comes first, and say so."""
    once = select(store, "recognized and word != 'cross'")
    twice = select(select(store, "recognized"), "word != 'cross'")
    assert twice.store is store
    assert np.array_equal(once.rows, twice.rows)
    assert (once.hash, once.labels) == (twice.hash, twice.labels)
    assert twice.selection == (Selection("(recognized) and (word != 'cross')"),)
    thinned = select(select(store, "recognized", 4), "word != 'cross'", 2)
    assert set(thinned.rows) < set(once.rows)
    assert thinned.selection == (Selection("recognized", 4), Selection("word != 'cross'", 2))
    assert select(select(store), "recognized").selection == (Selection("recognized"),)


def test_a_word_that_a_view_has_not_is_unknown_to_it(store):
    """What can be asked of a view is what is in it."""
    with pytest.raises(
        ValueError, match=r"expected a word that the store has: 'circle', 'square', 'zigzag', found 'cross'"
    ):
        select(select(store, "word != 'cross'"), "word == 'cross'")


def test_the_hash_tells_views_apart(store):
    """Another choice of labels or rows has another hash, the same choice the same; none has the store's."""
    hashes = [select(store, *how).hash for how in ([], ["word == 'cross'"], ["word == 'circle'"], ["", 7])]
    assert len({store.hash, *hashes}) == 5
    assert select(store, "", 7).hash == hashes[3]


def test_the_card_counts_the_view(store):
    """The card of a view has its rows, labels, counts and splits, and the store's sources."""
    card = select(store, "word in ('cross', 'zigzag')", 7).card
    assert card.rows == sum(card.splits.values()) == sum(card.counts.values())
    assert card.splits["train"] == 14
    assert card.labels == ("cross", "zigzag")
    assert card.sources == store.card.sources


def test_protocols_name_how_a_view_was_selected(store):
    """What is measured on a view says the store, the view and the options that select it again."""
    assert named(store) == f"store {store.hash[:12]}"
    view = select(store, "word == 'cross'", 7)
    options = "--where \"word == 'cross'\" --max-per-class 7"
    assert named(view) == f"selection {view.hash[:12]} of store {store.hash[:12]} ({options})"


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (Selection(), ""),
        (Selection("country != 'FR'"), "--where \"country != 'FR'\""),
        (Selection("'$HOME' in source"), "--where ''\"'\"'$HOME'\"'\"' in source'"),
        (Selection(max_per_class=5), "--max-per-class 5"),
    ],
)
def test_options_are_quoted_for_a_shell(selection, said):
    """A condition can be pasted into a shell as it is said."""
    assert selection.options() == said


def test_no_negative_numbers_of_rows(store):
    """A number below 0 is refused by its name."""
    with pytest.raises(ValueError, match="max_per_class: expected at least 0, found -1"):
        select(store, max_per_class=-1)
