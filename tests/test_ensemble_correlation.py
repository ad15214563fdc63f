"""How members of an ensemble err together is what one would count by hand, and the greedy choice is one's own best."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gribouille.ensemble.correlation import Correlation, Score, correlation, greedy
from gribouille.metrics import count

NAMES = ("one", "two", "three")


def said(*guesses: list[int], classes: int = 3) -> np.ndarray:
    """Members' probabilities whose best labels are these, one list a member."""
    return (0.7 * np.eye(classes)[np.array(guesses)] + 0.3 / classes).astype(np.float32)


def random_answers(seed: int, members: int = 3, n: int = 40, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Members that are right now and then, and the labels."""
    generator = np.random.default_rng(seed)
    label = generator.integers(0, classes, n)
    logits = generator.normal(size=(members, n, classes)) + 1.2 * np.eye(classes)[label]
    odds = np.exp(logits)
    return (odds / odds.sum(axis=2, keepdims=True)).astype(np.float32), label


def test_pairs_are_counted_as_by_hand():
    """Right and wrong, other labels, and the same wrong label: of four drawings of class 0, each counted on fingers."""
    found = correlation(said([0, 0, 1, 1], [0, 1, 1, 2], [0, 0, 1, 1]), np.zeros(4, np.int64), NAMES)
    assert found.disagreement.tolist() == [[0, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0]]
    assert found.same_wrong.tolist() == [[0.5, 0.25, 0.5], [0.25, 0.75, 0.25], [0.5, 0.25, 0.5]]
    # Wrong: 0 0 1 1 and 0 1 1 1: covariance 1/8, variances 1/4 and 3/16.
    assert found.errors[0, 1] == pytest.approx(1 / 8 / math.sqrt(1 / 4 * 3 / 16))
    assert found.errors[0, 2] == found.errors[1, 1] == pytest.approx(1)
    assert [score.top1 for score in found.members] == [0.5, 0.25, 0.5]
    assert found.n == 4


@given(seed=st.integers(0, 1000), members=st.integers(2, 5))
def test_pairs_are_what_numpy_says(seed: int, members: int):
    """Tables are symmetric and within their bounds; errors correlate as numpy says where it has a number."""
    probabilities, label = random_answers(seed, members)
    found = correlation(probabilities, label, [str(index) for index in range(members)])
    for table in (found.errors, found.disagreement, found.same_wrong):
        assert np.allclose(table, table.T, equal_nan=True)
    assert ((found.same_wrong >= 0) & (found.same_wrong + found.disagreement <= 1)).all()
    wrong = probabilities.argmax(axis=2) != label
    with np.errstate(invalid="ignore", divide="ignore"):
        assert np.allclose(found.errors, np.corrcoef(wrong), equal_nan=True)


@given(seed=st.integers(0, 1000))
def test_what_a_member_adds_is_the_mean_without_it(seed: int):
    """Leave-one-out is the score of the mean of the others, and the mean that of all."""
    probabilities, label = random_answers(seed)
    found = correlation(probabilities, label, NAMES)
    for index, score in enumerate(found.without):
        expected = count(np.delete(probabilities, index, axis=0).mean(axis=0), label)
        assert score.map3 == pytest.approx(expected.map3)
    assert found.mean.top1 == pytest.approx(count(probabilities.mean(axis=0), label).top1)


@given(seed=st.integers(0, 1000), budget=st.floats(0, 8))
def test_greedy_takes_the_best_next_one_that_fits(seed: int, budget: float):
    """It starts with the best member that fits, every step raises MAP@3 by the most that any could."""
    probabilities, label = random_answers(seed, 4)
    names, seconds = ("a", "b", "c", "d"), (1.0, 2.0, 3.0, 4.0)
    chosen: list[int] = []
    for step in greedy(probabilities, label, names, seconds, budget):
        now = names.index(step.name)
        fitting = [
            i for i in range(4) if i not in chosen and sum(seconds[j] for j in chosen) + seconds[i] <= budget + 1e-9
        ]
        scores = {i: count(probabilities[[*chosen, i]].sum(axis=0), label).map3 for i in fitting}
        assert scores[now] == pytest.approx(max(scores.values())) == pytest.approx(step.score.map3)
        chosen.append(now)
        assert step.seconds == pytest.approx(sum(seconds[i] for i in chosen))
    assert sum(seconds[i] for i in chosen) <= budget + 1e-9
    assert chosen or budget < min(seconds)


def test_a_member_that_adds_nothing_is_not_chosen():
    """A copy of the first raises nothing: the greedy choice stops before it."""
    probabilities, label = random_answers(3, 2)
    twice = np.stack([probabilities[0], probabilities[0]])
    assert [step.name for step in greedy(twice, label, ("one", "copy"))] == ["one"]
    assert correlation(twice, label, ("one", "copy")).errors.tolist() == [[1, 1], [1, 1]]


def test_goes_into_json_and_knows_no_nan():
    """A member without errors has no correlation: null in JSON, which has no nan."""
    found = correlation(said([0, 0], [0, 1]), np.zeros(2, np.int64), NAMES[:2], (0.001, 0.002))
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["errors"] == [[None, None], [None, pytest.approx(1)]]
    assert told["members"][0] == {"top1": 1.0, "map3": 1.0}
    assert told["greedy"] == [{"name": "one", "top1": 1.0, "map3": 1.0, "seconds": 0.001}]
    assert isinstance(found, Correlation)
    assert found.members[0] == Score(1.0, 1.0)


@pytest.mark.parametrize(
    ("members", "names", "seconds", "complaint"),
    [(1, ("one",), None, "two members"), (2, NAMES, None, "names"), (2, NAMES[:2], (1.0,), "seconds")],
)
def test_what_cannot_be_compared_is_refused(members, names, seconds, complaint):
    """One member alone, and lists of another length, are named."""
    probabilities, label = random_answers(0, members)
    with pytest.raises(ValueError, match=complaint):
        correlation(probabilities, label, names, seconds)
