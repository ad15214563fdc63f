"""Confusions: what was taken for what in, the order in which confused words stand together and the cells that count out."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from gribouille.evaluation import Evaluation
from gribouille.report.contents import WHOLE, Confusion, Pair
from gribouille.report.gallery import Asked

PAIRS = 25  # of words confused most, in the table


def order_of(asked: Sequence[Asked]) -> Int64[np.ndarray, "words"]:
    """An order of the words in which those stand together that all these models together hold for each other most.

    Leaves of the average linkage, ordered so that neighbours are alike; two words are near by the mean probability that
    drawings of one are the other, which says more of few drawings than their best guesses. Source: Bar-Joseph et al. 2001,
    "Fast optimal leaf ordering for hierarchical clustering".
    """
    words = len(asked[0].columns)
    if words < 3:
        return np.arange(words)
    table = np.zeros((words, words))
    for each in asked:
        said = np.zeros((len(each.answers.labels),) * 2)
        np.add.at(said, each.answers.label, each.answers.probabilities)
        table += said[np.ix_(each.columns, each.columns)]
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1e-9)
    distance = 1 - np.sqrt(np.clip((shares + shares.T) / 2, 0, 1))
    np.fill_diagonal(distance, 0)
    return np.asarray(leaves_list(linkage(squareform(distance), "average", optimal_ordering=True)), np.int64)


def confusion_of(
    evaluation: Evaluation, columns: Int64[np.ndarray, "words"], order: Int64[np.ndarray, "words"]
) -> Confusion:
    """A model's confusions in this order of the store's words, whose columns among the model's own these are; the pairs name
    the model's own words."""
    whole = evaluation.group(WHOLE).confusion[columns[order]]
    known = whole[:, columns[order]]
    others = whole.sum(axis=1) - known.sum(axis=1)
    table = np.concatenate([known, others[:, None]], axis=1)
    cells = [(int(row), int(column), int(table[row, column])) for row, column in np.argwhere(table)]
    pairs = tuple(Pair(*found) for found in evaluation.confused(WHOLE, PAIRS))
    return Confusion(tuple(cells), tuple(table.sum(axis=1).tolist()), pairs)
