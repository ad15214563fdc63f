"""The changes to training drawings that the study of levers tries: they change what they say, and nothing else."""

import sys
from pathlib import Path

import numpy as np
import pytest
from shapes import store_of_shapes

from gribouille.store import View, select
from gribouille.store.split import TRAIN

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import changes

TWO_LINES = np.array([[0, 0, 0], [10, 3, 1], [40, 0, 1], [255, 0, 1], [0, 200, 0], [90, 255, 1], [99, 99, 1]], np.uint8)


@pytest.fixture(scope="module")
def view(tmp_path_factory) -> View:
    """All of a small store of shapes."""
    return select(store_of_shapes(tmp_path_factory.mktemp("changes"), 30))


@pytest.mark.parametrize(
    "change",
    [
        "without_a_stroke",
        "strokes_reordered",
        "simplified_again",
        "with_a_foreign_stroke",
        "finished_by_another",
        "clumsy",
    ],
)
def test_changed_drawings_are_drawings(change, view):
    """Each is a canonical drawing but for its box, others than before are among them, and the view passes for the same."""
    changed = changes.changed(getattr(changes, change), 1.0)(view)
    rows = np.flatnonzero(view.split == TRAIN)[:20]
    before = view.gather(rows)
    for after in (changed.gather(rows), changed.gather(rows)):
        assert len(after) == len(before)
        for drawing in after:
            assert drawing.dtype == np.uint8
            assert drawing[0, 2] == 0
            assert set(np.unique(drawing[:, 2])) <= {0, 1}
    assert (changed.hash, len(changed)) == (view.hash, len(view))


def test_none_of_them_is_changed_at_no_share(view):
    """At probability 0 every drawing is the view's."""
    rows = np.arange(len(view))
    found = changes.changed(changes.clumsy, 0.0)(view).gather(rows)
    np.testing.assert_array_equal(found.points, view.gather(rows).points)


def test_strokes_are_dropped_and_reordered(view):
    """A dropped stroke is less than half of the drawing; other orders have the same strokes."""
    changed, generator = changes.changed(changes.clumsy, 1.0)(view), np.random.default_rng(0)
    dropped = {len(changes.without_a_stroke(changed, 0, TWO_LINES, generator)) for _ in range(30)}
    assert dropped == {4, 7}, "the second line may go; the first is more than half of the points"
    orders = {changes.strokes_reordered(changed, 0, TWO_LINES, generator).tobytes() for _ in range(30)}
    assert orders == {TWO_LINES.tobytes(), np.concatenate([TWO_LINES[4:], TWO_LINES[:4]]).tobytes()}


def test_simplified_lines_keep_their_ends():
    """Points near a line go, its ends stay."""
    generator, lengths = np.random.default_rng(0), set()
    for _ in range(20):
        simpler = changes.simplified_again(None, 0, TWO_LINES, generator)
        lengths.add(len(simpler))
        np.testing.assert_allclose(simpler[[0, -1], :2], TWO_LINES[[0, -1], :2], atol=3)
        assert np.count_nonzero(simpler[:, 2] == 0) == 2
    assert min(lengths) < len(TWO_LINES)
    assert max(lengths) <= len(TWO_LINES)


def test_rows_stand_in_a_view_as_often_as_said(view):
    """Repeated and capped training rows; those of other splits stay as they are."""
    for narrower, most in ((changes.capped(view, 7), 7), (changes.natural_more_often(view, 3), None)):
        for index in range(len(view.labels)):
            mine = (narrower.label == index) & (narrower.split == TRAIN)
            before = (view.label == index) & (view.split == TRAIN)
            natural = before & (view.recognized >= 0)
            expected = most or np.count_nonzero(before) + 2 * np.count_nonzero(natural)
            assert np.count_nonzero(mine) == expected
        assert np.count_nonzero(narrower.split != TRAIN) == np.count_nonzero(view.split != TRAIN)
