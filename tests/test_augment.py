"""Augmented drawings are drawings: boxed integers with the same pens, and some of them not finished."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gribouille.augment import Augmentation, cut, cut_with_times, fractions_of, warp
from gribouille.drawing import SIDE, Drawings, canonical, canonical_with_times, prefix

STILL = Augmentation(rotation=0, stretch=0, shear=0, jitter=0, mirror=0, cut=0)

# Points anywhere, also equal ones: strokes without length, dots before and after the cut.
POINT = st.tuples(st.integers(0, SIDE), st.integers(0, SIDE), st.integers(0, 1))
DRAWING = st.lists(POINT, min_size=1, max_size=12).map(
    lambda points: np.array([(*points[0][:2], 0), *points[1:]], np.uint8)
)


def keys_of(count: int, first: int = 0) -> np.ndarray:
    """Keys that differ by 1, the hardest for a generator of random numbers."""
    return np.arange(first, first + count, dtype=np.uint64)


@pytest.fixture
def drawings(golden_raw) -> Drawings:
    golden = Drawings.of([canonical(record["strokes"]) for record in golden_raw])
    return warp(golden, STILL, keys_of(len(golden)))


def test_no_amount_changes_nothing(drawings):
    """With every amount at 0, a drawing that fills its box comes out as it went in."""
    keys = keys_of(len(drawings))
    assert np.array_equal(cut(warp(drawings, STILL, keys), STILL, keys).points, drawings.points)


def test_warped_drawings_fill_their_box(drawings):
    """Each warped drawing keeps its pens, starts at 0 and reaches 255, and differs from its original."""
    warped = warp(drawings, Augmentation(), keys_of(len(drawings)))
    assert np.array_equal(warped.offsets, drawings.offsets)
    assert np.array_equal(warped.points[:, 2], drawings.points[:, 2])
    for one, original in zip(warped, drawings, strict=True):
        assert one[:, :2].min(axis=0).tolist() == [0, 0]
        assert one[:, :2].max() == SIDE
        assert not np.array_equal(one, original)


def test_mirror_is_left_to_right(drawings):
    """A mirrored drawing is the original with x counted from the other side."""
    mirrored = warp(drawings, Augmentation(0, 0, 0, 0, mirror=1), keys_of(len(drawings)))
    for one, original in zip(mirrored, drawings, strict=True):
        assert np.array_equal(one[:, 0], original[:, 0].max() - original[:, 0])
        assert np.array_equal(one[:, 1], original[:, 1])


def test_a_drawing_is_augmented_alone(drawings):
    """What becomes of a drawing depends on its key and not on the batch, its order or its size."""
    keys, by = keys_of(len(drawings), 77), Augmentation(cut=0.7)
    together = list(cut(warp(drawings, by, keys), by, keys))
    for index in reversed(range(len(drawings))):
        alone, key = Drawings.of([drawings[index]]), keys[index : index + 1]
        assert np.array_equal(cut(warp(alone, by, key), by, key).points, together[index])


def test_other_keys_other_drawings(drawings):
    """Under each key the same drawing becomes another one."""
    same = Drawings.of([drawings[0]] * 50)
    warped = warp(same, Augmentation(), keys_of(50))
    assert len({one.tobytes() for one in warped}) == 50


@given(st.lists(DRAWING, min_size=1, max_size=5), st.integers(0, 2**63), st.floats(0, 1))
def test_cut_is_prefix(some, first, shortest):
    """A cut drawing is `drawing.prefix` of the original at its fraction, point for point, and all are cut where cut = 1."""
    whole, keys = Drawings.of(some), keys_of(len(some), first)
    always = Augmentation(cut=1, shortest=shortest)
    stopped = cut(whole, always, keys)
    for one, original, fraction in zip(stopped, whole, fractions_of(always, keys), strict=True):
        assert np.array_equal(one, prefix(original, float(fraction)))


def test_times_keep_in_step(golden_raw):
    """A cut drawing's times are those of its points, up to the one at the cut, which lies between its neighbours."""
    pairs = [canonical_with_times(record["strokes"]) for record in golden_raw]
    whole = Drawings.of([drawing for drawing, _ in pairs])
    times = np.concatenate([times for _, times in pairs]).astype(np.float32)
    always, keys = Augmentation(cut=1), keys_of(len(whole), 5)
    stopped, kept = cut_with_times(whole, times, always, keys)
    assert np.array_equal(stopped.points, cut(whole, always, keys).points)
    assert len(kept) == len(stopped.points)
    for index in range(len(whole)):
        mine = kept[stopped.offsets[index] : stopped.offsets[index + 1]]
        original = times[whole.offsets[index] : whole.offsets[index + 1]]
        assert np.array_equal(mine[:-1], original[: len(mine) - 1])
        assert original[len(mine) - 2] <= mine[-1] <= original[len(mine) - 1]


def test_time_at_the_cut_is_interpolated():
    """Of a line drawn at an even pace, the fraction that is left took that fraction of the time; unknown stays unknown."""
    line = Drawings.of([np.array([[0, 0, 0], [255, 0, 1]], np.uint8)] * 20)
    always, keys = Augmentation(cut=1), keys_of(20)
    _, kept = cut_with_times(line, np.tile(np.float32([0, 1000]), 20), always, keys)
    np.testing.assert_allclose(kept.reshape(20, 2)[:, 1], 1000 * fractions_of(always, keys), rtol=1e-6)
    _, unknown = cut_with_times(line, np.full(40, -1, np.float32), always, keys)
    assert np.all(unknown == -1)


def test_random_numbers_are_as_announced():
    """Half are mirrored, `cut` are cut, fractions are uniform, and jitter has its standard deviation, over 4,000 keys."""
    keys = keys_of(4000)
    fractions = fractions_of(Augmentation(cut=0.4, shortest=0.2), keys)
    cut_ones = fractions[fractions < 1]
    assert len(cut_ones) / 4000 == pytest.approx(0.4, abs=0.03)
    assert cut_ones.mean() == pytest.approx(0.6, abs=0.02)
    assert 0.2 < cut_ones.min() < 0.21
    # A frame of far corners fixes the box; the point in the middle shows the noise.
    frame = np.array([[0, 0, 0], [0, 255, 1], [255, 255, 1], [255, 0, 1], [100, 128, 0]], np.uint8)
    many = Drawings.of([frame] * 4000)
    mirrored = warp(many, replace(STILL, mirror=0.5), keys).points.reshape(4000, 5, 3)[:, 4, 0]
    assert np.mean(mirrored == 155) == pytest.approx(0.5, abs=0.03)
    noisy = warp(many, replace(STILL, jitter=4.0), keys).points.reshape(4000, 5, 3).astype(float)
    middle = noisy[:, 4, :2] - (noisy[:, 0, :2] + noisy[:, 2, :2]) / 2  # its own noise and half that of two corners
    assert middle.std(axis=0) == pytest.approx(4 * np.sqrt(1.5) * 255 / (255 + 2 * 4 * 0.8), rel=0.05)
    assert abs(np.corrcoef(middle.T)[0, 1]) < 0.05


def test_a_wave_bends_what_is_straight():
    """A grid under a wave keeps its box and its pens; lines bend by at most twice the height, in ways that keys decide."""
    steps = np.linspace(0, 255, 18).astype(np.uint8)
    across = [np.column_stack([steps, np.full(18, y), np.arange(18) > 0]) for y in steps[::4]]
    grid = np.concatenate(across + [line[:, [1, 0, 2]] for line in across]).astype(np.uint8)
    many = Drawings.of([grid] * 200)
    bent = warp(many, replace(STILL, wave=8.0), keys_of(200)).points.reshape(200, len(grid), 3).astype(float)
    assert np.array_equal(bent[:, :, 2], np.tile(grid[:, 2], (200, 1)))
    assert np.all(bent[:, :, :2].max(axis=(1, 2)) == SIDE)
    line = bent[:, :18, 1]  # was level
    assert 2 < np.ptp(line, axis=1).mean() < 16
    assert np.ptp(line, axis=1).max() <= 2 * 8 * 255 / (255 - 2 * 8) + 1
    assert len({one.tobytes() for one in bent}) == 200


def test_dots_stay_dots():
    """A drawing of one dot has no extent and survives every augmentation but jitter unchanged."""
    dot = Drawings.of([canonical([[[5], [5]]])])
    warped = warp(dot, Augmentation(jitter=0), keys_of(1))
    assert np.array_equal(warped.points, dot.points)


def test_no_drawings_are_no_trouble():
    """An empty batch, and a drawing without points in a batch, come out as they went in."""
    for some in ([], [np.zeros((0, 3), np.uint8), np.array([[0, 0, 0], [255, 9, 1]], np.uint8)]):
        whole, keys = Drawings.of(some), keys_of(len(some))
        assert np.array_equal(cut(warp(whole, STILL, keys), Augmentation(cut=1), keys).offsets, whole.offsets)


def test_wrong_sizes_are_refused(drawings):
    """Keys and times that do not match the drawings raise an error that says how many were expected."""
    keys = keys_of(len(drawings))
    with pytest.raises(ValueError, match="keys: expected 12, one a drawing, found 11"):
        warp(drawings, STILL, keys[1:])
    with pytest.raises(ValueError, match=r"times: expected none or \d+, one a point, found 3"):
        cut_with_times(drawings, np.zeros(3, np.float32), STILL, keys)


@pytest.mark.parametrize(
    ("field", "wrong"), [("rotation", -1), ("jitter", float("nan")), ("cut", 1.5), ("shortest", -0.1), ("wave", -3)]
)
def test_wrong_amount_is_refused(field, wrong):
    """An augmentation out of range raises an error that names the field."""
    with pytest.raises(ValueError, match=f"{field}: expected .* found"):
        Augmentation(**{field: wrong})
