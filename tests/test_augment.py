"""Augmented drawings are drawings: boxed integers with the same pens, and some of them not finished."""

import numpy as np
import pytest

from gribouille.augment import Augmentation, cut, warp
from gribouille.drawing import SIDE, Drawings, canonical, prefix

STILL = Augmentation(rotation=0, stretch=0, shear=0, jitter=0, mirror=0, cut=0)


@pytest.fixture
def drawings(golden_raw) -> Drawings:
    return warp(Drawings.of([canonical(record["strokes"]) for record in golden_raw]), STILL, np.random.default_rng(0))


def test_no_amount_changes_nothing(drawings):
    """With every amount at 0, a drawing that fills its box comes out as it went in."""
    generator = np.random.default_rng(0)
    assert np.array_equal(cut(warp(drawings, STILL, generator), STILL, generator).points, drawings.points)


def test_warped_drawings_fill_their_box(drawings):
    """Each warped drawing keeps its pens, starts at 0 and reaches 255, and differs from its original."""
    warped = warp(drawings, Augmentation(), np.random.default_rng(0))
    assert np.array_equal(warped.offsets, drawings.offsets)
    assert np.array_equal(warped.points[:, 2], drawings.points[:, 2])
    for one, original in zip(warped, drawings, strict=True):
        assert one[:, :2].min(axis=0).tolist() == [0, 0]
        assert one[:, :2].max() == SIDE
        assert not np.array_equal(one, original)


def test_mirror_is_left_to_right(drawings):
    """A mirrored drawing is the original with x counted from the other side."""
    mirrored = warp(drawings, Augmentation(0, 0, 0, 0, mirror=1), np.random.default_rng(0))
    for one, original in zip(mirrored, drawings, strict=True):
        assert np.array_equal(one[:, 0], original[:, 0].max() - original[:, 0])
        assert np.array_equal(one[:, 1], original[:, 1])


def test_cut_is_prefix(drawings):
    """A cut drawing is the prefix of the original at the drawn fraction, and all are cut where cut = 1."""
    always = Augmentation(cut=1, shortest=0.5)
    stopped = cut(drawings, always, np.random.default_rng(7))
    generator = np.random.default_rng(7)
    generator.random(len(drawings))
    fractions = generator.uniform(0.5, 1, len(drawings))
    for one, original, fraction in zip(stopped, drawings, fractions, strict=True):
        assert np.array_equal(one, prefix(original, fraction))


def test_dots_stay_dots():
    """A drawing of one dot has no extent and survives every augmentation but jitter unchanged."""
    dot = Drawings.of([canonical([[[5], [5]]])])
    warped = warp(dot, Augmentation(jitter=0), np.random.default_rng(0))
    assert np.array_equal(warped.points, dot.points)
