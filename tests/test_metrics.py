"""Accuracy, top-3 and MAP@3 by counts that add up."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gribouille.metrics import MEASURES, Counts, count, reliability, temperature_of


def test_by_hand():
    """Right labels at places 1, 2, 3 and 4 give top-1 ¼, top-3 ¾ and MAP@3 (1 + ½ + ⅓) / 4."""
    probabilities = np.array([[0.4, 0.3, 0.2, 0.1]] * 4)
    counts = count(probabilities, np.array([0, 1, 2, 3]))
    assert counts.n == 4
    assert counts.top1 == 1 / 4
    assert counts.top3 == 3 / 4
    assert math.isclose(counts.map3, (1 + 1 / 2 + 1 / 3) / 4)
    assert counts.per_class.tolist() == [1, 0, 0, 0]


def test_classes_count_alike():
    """The mean over classes does not follow the class that has most drawings, and passes over one that has none."""
    counts = count(np.tile([[0.6, 0.3, 0.1]], (5, 1)), np.array([0, 0, 0, 0, 1]))
    assert counts.top1 == 4 / 5
    assert counts.classes_top1 == 1 / 2


def test_equal_probabilities_rank_by_index():
    """A net that always says the same everywhere is right only for class 0: ties are no free hits."""
    counts = count(np.full((4, 4), 0.25), np.arange(4))
    assert counts.first.tolist() == [1, 0, 0, 0]
    assert counts.among_three.tolist() == [1, 1, 1, 0]


@given(st.integers(0, 2**32 - 1), st.integers(0, 20))
def test_counts_add_up(seed, split):
    """The counts of two batches added are the counts of both together."""
    generator = np.random.default_rng(seed)
    probabilities, label = generator.random((20, 6)), generator.integers(0, 6, 20)
    whole = count(probabilities, label)
    parts = count(probabilities[:split], label[:split]) + count(probabilities[split:], label[split:])
    assert parts.summary() == whole.summary()
    assert np.array_equal(parts.first, whole.first)


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_temperature_undoes_a_factor(factor):
    """Labels drawn from softmax(logits) ask for the factor by which the logits were multiplied, and calibrate them."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 1.5, (20_000, 5))
    odds = np.exp(logits)
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    label = (generator.random((20_000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    temperature = temperature_of(logits * factor, label)
    assert temperature == pytest.approx(factor, rel=0.05)
    assert reliability(probabilities, label).error < 0.01


def test_calibration_error_by_hand():
    """A net that is always sure and right half of the time is off by one half."""
    assert reliability(np.tile([1.0, 0.0], (4, 1)), np.array([0, 0, 1, 1])).error == 0.5


def test_no_drawings_is_no_number():
    """Without drawings every share is nan, not 0 and not an error."""
    assert math.isnan(Counts.none(3).top1)
    assert Counts.none(3).summary() == {"n": 0, **dict.fromkeys(MEASURES)}
    assert np.isnan(Counts.none(3).per_class).all()


def test_no_number_is_never_right():
    """A net that answers NaN has guessed nothing."""
    counts = count(np.full((2, 3), np.nan), np.array([0, 2]))
    assert (counts.n, counts.top1, counts.map3) == (2, 0, 0)
