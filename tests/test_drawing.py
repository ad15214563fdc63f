"""canonical reproduces Google's simplification, in numpy and in numba alike; prefix cuts by ink; bad strokes are named."""

import gzip
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gribouille.bulk_kernel import canonical_batch
from gribouille.drawing import (
    MAX_POINTS,
    SIDE,
    Drawing,
    Drawings,
    Strokes,
    StrokesError,
    box,
    canonical,
    canonical_with_times,
    checked_strokes,
    drawing_of,
    prefix,
    strokes_of,
)

coordinates = st.floats(-1e4, 1e4, allow_nan=False, width=32)


def stroke_of(points: list[tuple[float, float]]) -> list[list[float]]:
    return [list(column) for column in zip(*points, strict=True)]


strokes_strategy = st.lists(
    st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=30).map(stroke_of), min_size=1, max_size=6
)


def in_bulk(drawings: list[Strokes]) -> tuple[Drawings, np.ndarray | None]:
    """The batch kernel's answer for a list of strokes."""
    polylines = [checked_strokes(strokes) for strokes in drawings]
    flat = [polyline for drawing in polylines for polyline in drawing]
    points = np.concatenate(flat)
    return canonical_batch(
        np.ascontiguousarray(points[:, :2]),
        np.ascontiguousarray(points[:, 2]) if points.shape[1] == 3 else None,
        np.cumsum([0] + [len(polyline) for polyline in flat]),
        np.cumsum([0] + [len(drawing) for drawing in polylines]),
    )


def read_records(path) -> dict[str, dict]:
    with gzip.open(path) as lines:
        records = [json.loads(line) for line in lines]
    return {str(record["key_id"]): record for record in records if record["key_id"] is not None}


def curve_distance(one: Drawing, other: Drawing) -> float:
    """The larger of the two directed distances from the vertices of one drawing to the curves of the other, in units."""
    return max(farthest_vertex(one, other), farthest_vertex(other, one))


def farthest_vertex(drawing: Drawing, curve: Drawing) -> float:
    end = curve[:, :2].astype(float)
    start = np.where(curve[:, 2:] == 1, np.roll(end, 1, axis=0), end)
    along = end - start
    vertices = drawing[:, None, :2].astype(float)
    length = np.maximum((along * along).sum(axis=1), 1e-12)
    part = np.clip(((vertices - start) * along).sum(axis=2) / length, 0, 1)
    nearest = start + part[..., None] * along
    return float(np.sqrt(((vertices - nearest) ** 2).sum(axis=2)).min(axis=1).max())


def test_reproduces_googles_own_records(shared_data):
    """At least 93 % of the drawings that stand in both forms come out exactly as Google's; the others within 3 units."""
    exact, far, total = 0, [], 0
    for path in sorted((shared_data / "raw").glob("*.gz")):
        simplified = read_records(shared_data / "simplified" / path.name)
        for key, record in read_records(path).items():
            if key in simplified:
                total += 1
                ours, theirs = canonical(record["drawing"]), drawing_of(simplified[key]["drawing"])
                if np.array_equal(ours, theirs):
                    exact += 1
                else:
                    far.append((curve_distance(ours, theirs), key))
    assert total > 1000
    assert exact / total >= 0.93, f"{exact} of {total} exact"
    assert max(far)[0] <= 3, f"farthest: {max(far)}"


def test_golden_vectors(golden_canonical):
    """The committed vectors, which the page's TypeScript must reproduce too, are what canonical gives."""
    for vector in golden_canonical:
        assert canonical(vector["strokes"]).tolist() == vector["drawing"]


def test_batch_kernel_equals_numpy_on_golden_drawings(golden_raw):
    """Raw drawings with times give the same points and the same times, bit for bit, in numba and in numpy."""
    strokes = [record["strokes"] for record in golden_raw]
    drawings, times = in_bulk(strokes)
    for index, one in enumerate(strokes):
        expected, expected_times = canonical_with_times(one)
        assert np.array_equal(drawings[index], expected)
        assert np.array_equal(times[drawings.offsets[index] : drawings.offsets[index + 1]], expected_times)


@given(st.lists(strokes_strategy, min_size=1, max_size=4))
def test_batch_kernel_equals_numpy_on_anything(drawings):
    """Any valid strokes give the same drawing in numba and in numpy, bit for bit."""
    bulk, _ = in_bulk(drawings)
    for index, strokes in enumerate(drawings):
        assert np.array_equal(bulk[index], canonical(strokes))


@given(strokes_strategy)
def test_canonical_keeps_every_stroke_and_its_ends(strokes):
    """Each stroke stays, with at least two points, between its own first and last place on the 255-unit frame."""
    drawing = strokes_of(canonical(strokes))
    assert len(drawing) == len(strokes)
    assert all(len(x) >= 2 for x, _ in drawing)
    low = np.min([np.min(stroke, axis=1) for stroke in strokes], axis=0)
    extent = np.max([np.max(stroke, axis=1) - low for stroke in strokes])
    scale = SIDE / extent if extent else 0
    for kept, raw in zip(drawing, strokes, strict=True):
        ends = (np.array(raw)[:, [0, -1]] - low[:, None]) * scale
        assert np.abs(np.array(kept)[:, [0, -1]] - ends).max() <= 0.5 + 1e-9


@given(strokes_strategy, st.sampled_from([0.125, 0.5, 2.0, 64.0]))
def test_canonical_ignores_scale_by_powers_of_two(strokes, scale):
    """The unit of raw strokes does not matter (powers of two change no rounding)."""
    scaled = [[[value * scale for value in column] for column in stroke] for stroke in strokes]
    assert np.array_equal(canonical(scaled), canonical(strokes))


def test_dots_survive():
    """A dot beside a line becomes two equal points, and a drawing of one dot stands at the origin."""
    assert canonical([[[0, 100], [0, 0]], [[20], [40]]]).tolist() == [
        [0, 0, 0],
        [255, 0, 1],
        [51, 102, 0],
        [51, 102, 1],
    ]
    assert canonical([[[7], [9]]]).tolist() == [[0, 0, 0], [0, 0, 1]]


def test_times_count_from_the_first_point():
    """Times survive for each kept point, in ms since the first one, and are absent where the strokes have none."""
    drawing, times = canonical_with_times([[[0, 255], [0, 0], [1000, 1100]], [[0, 0], [0, 255], [1500.4, 1600]]])
    assert times.tolist() == [0, 100, 500, 600]
    assert len(drawing) == 4
    assert canonical_with_times([[[0, 255], [0, 0]]])[1] is None


@given(strokes_strategy)
def test_drawing_of_inverts_strokes_of(strokes):
    """A drawing written as simplified strokes and read again is the same."""
    drawing = canonical(strokes)
    assert np.array_equal(drawing_of(strokes_of(drawing)), drawing)


@pytest.mark.parametrize(
    ("strokes", "stroke", "point", "message"),
    [
        ([], None, None, "at least one stroke"),
        ([[[0, 1], [0, 1]], [[], []]], 1, None, "at least one point"),
        ([[[0, 1], [0]]], 0, None, "equal length"),
        ([[[0, 1, 2], [0, 1, float("nan")]]], 0, 2, "finite"),
        ([[[0, float("inf")], [0, 1]]], 0, 1, "finite"),
        ([[[0, 1], [0, 1], [5, 4]]], 0, 1, "never decreases"),
        ([[[0, 1], [0, 1], [0, 9]], [[0, 1], [0, 1], [8, 9]]], 1, 0, "never decreases"),
        ([[[0, 1], [0, 1], [0, 9]], [[0, 1], [0, 1]]], 1, None, "times in every stroke"),
        ([[[0, 1]]], 0, None, "expected [[x…], [y…]]"),
        ([[[0] * (MAX_POINTS + 1), [0] * (MAX_POINTS + 1)]], None, None, f"at most {MAX_POINTS} points"),
        ([[[-1.7e308, 1.7e308], [0, 1]]], None, None, "finite extent"),
        ([[[0, 1e-308], [0, 0]]], None, None, "finite extent"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_bad_strokes_are_named(strokes, stroke, point, message):
    """Strokes that are no drawing raise one error that names stroke and point."""
    with pytest.raises(StrokesError) as caught:
        canonical(strokes)
    assert (caught.value.stroke, caught.value.point) == (stroke, point)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("strokes", "message"),
    [
        (7, "list of strokes"),
        ("ab", "list of strokes"),
        (["ab"], "expected [[x…], [y…]]"),
        ([None], "expected [[x…], [y…]]"),
        ([[["a"], ["b"]]], "numbers"),
        ([[[None], [1]]], "numbers"),
        ([[[[0]], [[1]]]], "flat"),
        ([[[10**400], [1]]], "numbers"),
    ],
)
def test_what_is_no_list_of_numbers_is_refused(strokes, message):
    """Whatever JSON may hold raises StrokesError at the door, never another error."""
    with pytest.raises(StrokesError, match=re.escape(message)):
        checked_strokes(strokes)


@pytest.mark.parametrize("bad", [-1, 256, 1.5])
def test_simplified_strokes_are_whole_numbers_of_the_box(bad):
    """drawing_of refuses what is not simplified yet, naming the point."""
    with pytest.raises(StrokesError, match="stroke 0, point 1: expected integers from 0 to 255") as caught:
        drawing_of([[[0, bad], [0, 0]]])
    assert (caught.value.stroke, caught.value.point) == (0, 1)


def test_prefix_cuts_in_the_middle_of_a_segment():
    """Half of two equal lines is one line; three quarters end in the middle of the second, and the box is filled again."""
    drawing = drawing_of([[[0, 204], [0, 0]], [[0, 204], [80, 80]]])
    assert prefix(drawing, 0.5).tolist() == [[0, 0, 0], [255, 0, 1]]
    assert prefix(drawing, 0.75).tolist() == [[0, 0, 0], [255, 0, 1], [0, 100, 0], [128, 100, 1]]


def test_prefix_keeps_dots_that_were_drawn_before_the_cut():
    """A dot costs no ink: one before the cut stays, one after it is gone; a drawing of dots is returned whole."""
    eyes_first = drawing_of([[[10, 10], [5, 5]], [[0, 255], [50, 50]]])
    assert prefix(eyes_first, 0.5)[:, 2].tolist() == [0, 1, 0, 1]
    eyes_last = drawing_of([[[0, 255], [50, 50]], [[10, 10], [5, 5]]])
    assert prefix(eyes_last, 0.5)[:, 2].tolist() == [0, 1]
    dots = drawing_of([[[10, 10], [5, 5]], [[20, 20], [5, 5]]])
    assert np.array_equal(prefix(dots, 0.1), dots)


@given(strokes_strategy, st.floats(0.01, 1))
def test_prefix_is_a_drawing_that_begins_like_the_whole(strokes, fraction):
    """A prefix has no more points, begins with the same pens and fills its box, as a fresh drawing does."""
    drawing = canonical(strokes)
    begun = prefix(drawing, fraction)
    assert 1 <= len(begun) <= len(drawing)
    assert np.array_equal(begun[:, 2], drawing[: len(begun), 2])
    assert begun[:, :2].max() in (0, SIDE)


@pytest.mark.parametrize("fraction", [0, -0.5, 1.01, float("nan")])
def test_prefix_refuses_other_fractions(fraction):
    """Fractions outside of (0, 1] raise ValueError."""
    with pytest.raises(ValueError, match="fraction"):
        prefix(drawing_of([[[0, 1], [0, 1]]]), fraction)


def test_box_keeps_the_aspect():
    """The longer side becomes 255, the other keeps its proportion; a dot stays at the origin."""
    assert box(np.array([[10.0, 10], [12, 11]])).tolist() == [[0, 0], [255, 127.5]]
    assert box(np.array([[3.0, 4]])).tolist() == [[0, 0]]


def test_drawings_end_to_end():
    """A ragged batch gives back its drawings, and refuses an index outside."""
    one, two = drawing_of([[[0, 1], [0, 1]]]), drawing_of([[[0, 255, 3], [0, 1, 2]]])
    drawings = Drawings.of([one, two])
    assert [drawing.tolist() for drawing in drawings] == [one.tolist(), two.tolist()]
    assert len(Drawings.of([])) == 0
    with pytest.raises(IndexError):
        drawings[2]
