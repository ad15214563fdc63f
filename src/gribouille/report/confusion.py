"""Confusions: what was taken for what in, the order in which confused words stand together and the cells that count out."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from gribouille.report.contents import Confusion, Pair
from gribouille.report.gallery import Asked

PAIRS = 25  # of words confused most, in the table

Table = Int64[np.ndarray, "words words_and_one"]


def order_of(asked: Sequence[Asked]) -> Int64[np.ndarray, "words"]:
    """An order of the words in which those stand together that all these models together hold for each other most.

    Leaves of the average linkage, ordered so that neighbours are alike; two words are near by the mean probability that
    drawings of one are the other, which says more of few drawings than their best guesses. Source: Bar-Joseph et al. 2001,
    "Fast optimal leaf ordering for hierarchical clustering".
    """
    words = asked[0].probabilities.shape[1] - 1
    if words < 3:
        return np.arange(words)
    table = np.zeros((words, words))
    for each in asked:
        np.add.at(table, each.label, each.probabilities[:, :words])
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1e-9)
    distance = 1 - np.sqrt(np.clip((shares + shares.T) / 2, 0, 1))
    np.fill_diagonal(distance, 0)
    return np.asarray(leaves_list(linkage(squareform(distance), "average", optimal_ordering=True)), np.int64)


def confusion_of(table: Table, order: Int64[np.ndarray, "words"], labels: tuple[str, ...]) -> Confusion:
    """A model's confusions in this order of the words."""
    columns = np.append(order, len(labels))
    ordered = table[order][:, columns]
    cells = [(int(row), int(column), int(ordered[row, column])) for row, column in np.argwhere(ordered)]
    return Confusion(tuple(cells), tuple(ordered.sum(axis=1).tolist()), _pairs(table, labels))


def _pairs(table: Table, labels: tuple[str, ...]) -> tuple[Pair, ...]:
    """The confusions that cost most drawings; of equals those of the rarer word."""
    wrong, of = table[:, : len(labels)].copy(), table.sum(axis=1)
    np.fill_diagonal(wrong, 0)
    rows, columns = np.nonzero(wrong)
    best = np.lexsort((columns, rows, of[rows], -wrong[rows, columns]))[:PAIRS]
    return tuple(
        Pair(labels[row], labels[column], int(wrong[row, column]), int(of[row]))
        for row, column in zip(rows[best].tolist(), columns[best].tolist(), strict=True)
    )
