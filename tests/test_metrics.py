"""Accuracy, top-3 and MAP@3 by counts that add up."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from gribouille.metrics import (
    MEASURES,
    Counts,
    PairedCounts,
    Reliability,
    bootstrap,
    bootstrap_difference,
    comparison,
    count,
    counts_of,
    interval,
    mcnemar,
    paired,
    places_of,
    reliability,
    softmax,
    temperature_of,
    tempered,
    wilson,
)


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


@st.composite
def answered(draw):
    """Probabilities of some drawings, the right labels, and where to cut them in two."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, classes = draw(st.integers(0, 30)), draw(st.integers(2, 7))
    probabilities = generator.dirichlet(np.full(classes, 0.4), n).astype(np.float32)
    return probabilities, generator.integers(0, classes, n), draw(st.integers(0, n))


@given(answered())
def test_places_are_told_from_counts(answer):
    """How many right labels came first, second, third and later follows from what the counts hold, class by class."""
    probabilities, label, _ = answer
    place = np.minimum(places_of(probabilities, label), 3)
    expected = np.zeros((probabilities.shape[1], 4), np.int64)
    np.add.at(expected, (label, place), 1)
    assert np.array_equal(count(probabilities, label).by_place, expected)


@given(answered())
def test_reliability_adds_up_exactly(answer):
    """Calibration error and likelihood of two parts together are those of the whole, to the last bit."""
    probabilities, label, cut = answer
    whole = reliability(probabilities, label)
    parts = reliability(probabilities[:cut], label[:cut]) + reliability(probabilities[cut:], label[cut:])
    assert parts.surprise == whole.surprise
    assert np.array_equal(parts.confidence, whole.confidence)
    assert np.array_equal([parts.error, parts.nll], [whole.error, whole.nll], equal_nan=True)
    assert Reliability.none().n == 0


@given(answered())
def test_likelihood_is_the_mean_log(answer):
    """The negative log-likelihood is the mean −log of the right label's probability, to single precision."""
    probabilities, label, _ = answer
    mine = probabilities[np.arange(len(label)), label].astype(np.float64)
    expected = -np.log(np.maximum(mine, np.finfo(np.float32).tiny)).mean() if len(label) else math.nan
    assert reliability(probabilities, label).nll == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True)


def test_no_surprise_is_infinite():
    """A right label that a net holds impossible costs much, and not everything."""
    assert 80 < reliability(np.array([[0.0, 1.0]]), np.array([0])).nll < 100


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_tempering_is_dividing_logits(temperature):
    """Probabilities tempered afterwards are those of logits divided beforehand."""
    logits = np.random.default_rng(0).normal(0, 3, (50, 8))
    assert tempered(softmax(logits), temperature) == pytest.approx(softmax(logits / temperature), abs=1e-9)


@pytest.mark.parametrize(("right", "drawings"), [(0, 5), (5, 5), (3, 10), (970, 1000)])
def test_wilson_is_scipys(right, drawings):
    """Wilson's interval is what scipy says it is."""
    expected = binomtest(right, drawings).proportion_ci(method="wilson")
    low, high = wilson(np.array([right]), np.array([drawings]))
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_an_interval_is_no_point():
    """None of 5, and 5 of 5, leave room for what was not seen; MAP@3's comes from resampling."""
    none, every = (counts_of(np.full(5, place), np.zeros(5, int), 1) for place in (3, 0))
    assert interval(none, "top1") == pytest.approx((0, 0.434), abs=1e-3)
    assert interval(every, "top3") == pytest.approx((0.566, 1), abs=1e-3)
    assert interval(every, "map3") == bootstrap(every, "map3")
    assert np.isnan(interval(Counts.none(2), "top1")).all()


def test_wilson_knows_nothing_of_no_drawing():
    """Without drawings the share may be anything."""
    assert [each.tolist() for each in wilson(np.array([0]), np.array([0]))] == [[0.0], [1.0]]


def test_bootstrap_covers_what_it_says():
    """Of 200 samples of drawings that are guessed with known chances, about 95 in 100 intervals hold the true value."""
    generator, chances = np.random.default_rng(1), np.array([0.6, 0.2, 0.1, 0.1])
    truth = {"top1": 0.6, "top3": 0.9, "map3": 0.6 + 0.2 / 2 + 0.1 / 3, "classes_top1": 0.6}
    held = dict.fromkeys(truth, 0)
    for _ in range(200):
        place, label = generator.choice(4, 300, p=chances), np.repeat(np.arange(3), 100)
        counts = counts_of(place, label, 3)
        for measure, value in truth.items():
            low, high = bootstrap(counts, measure, resamples=400)
            held[measure] += low <= value <= high
    assert all(180 <= hits <= 199 for hits in held.values()), held


def test_bootstrap_of_nothing_is_no_number():
    """Without drawings there is no interval."""
    assert np.isnan(bootstrap(Counts.none(3), "map3")).all()
    assert np.isnan(bootstrap_difference(PairedCounts.none(), "top1")).all()


def pairs_of(one: list[int], other: list[int]) -> PairedCounts:
    """Two models' places of the same drawings; whoever is right says 0, the others 1 and 2."""
    first, second = np.array(one, int), np.array(other, int)
    return paired((first, np.where(first == 0, 0, 1)), (second, np.where(second == 0, 0, 2)))


def test_paired_counts_by_hand():
    """Who was right where the other was not, what they share, and how the measures differ."""
    pairs = pairs_of([0, 0, 0, 1, 5, 5], [0, 1, 2, 0, 0, 5])
    assert (pairs.n, pairs.only_one, pairs.only_other, pairs.both_wrong) == (6, 2, 2, 1)
    assert (pairs.same, pairs.same_mistake, pairs.disagreement) == (1, 0, 5 / 6)
    assert pairs_of([3, 0], [3, 0]).same_mistake == 0  # both wrong, each in its own way
    found = comparison(pairs)
    assert found["top1"]["other less one"] == 0
    assert found["map3"]["other less one"] == pytest.approx((1 / 2 - 1 + 1 / 3 - 1 + 1 - 1 / 2 + 1) / 6)
    assert found["p"] == 1


@given(st.integers(0, 2**32 - 1), st.integers(0, 40), st.integers(0, 40))
def test_paired_counts_add_up(seed, n, cut):
    """The comparison of two parts together is that of the whole, and turning it round turns every sign."""
    one, other = np.random.default_rng(seed).integers(0, 6, (2, n)).tolist()
    whole = pairs_of(one, other)
    parts = pairs_of(one[:cut], other[:cut]) + pairs_of(one[cut:], other[cut:])
    assert comparison(parts) == comparison(whole)
    turned = pairs_of(other, one)
    assert mcnemar(turned) == mcnemar(whole)
    assert turned.only_one == whole.only_other
    if n:
        assert comparison(turned)["top3"]["other less one"] == -comparison(whole)["top3"]["other less one"]


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_error_correlation_is_pearsons(seed, n):
    """Two models' errors correlate as numpy says; where one of them never varies there is no number."""
    one, other = np.random.default_rng(seed).integers(0, 2, (2, n))
    found = pairs_of(one.tolist(), other.tolist()).error_correlation
    if one.std() and other.std():
        assert found == pytest.approx(np.corrcoef(one, other)[0, 1], abs=1e-12)
    else:
        assert math.isnan(found)


def test_mcnemar_is_a_coin():
    """Ten drawings of which only the one is right and none of which only the other: as likely as ten heads or ten tails."""
    assert mcnemar(pairs_of([0] * 10 + [0, 3], [1] * 10 + [0, 3])) == pytest.approx(2 / 2**10)


def test_a_difference_that_is_there_is_found():
    """A model that is right on 40 more of 400 drawings is better, and its interval says so."""
    pairs = pairs_of([0] * 200 + [3] * 200, [0] * 240 + [3] * 160)
    low, high = bootstrap_difference(pairs, "top1")
    assert 0.05 < low < 0.1 < high < 0.15
