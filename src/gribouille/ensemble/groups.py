"""Groups of classes that are confused with each other, found from a confusion matrix alone."""

import numpy as np
from jaxtyping import Float64, Int64

PRIOR = 4.0  # drawings of a class that count as not confused: what few drawings say is worth little


def confused_groups(
    confusion: Int64[np.ndarray, "classes classes"], count: int, largest: int
) -> tuple[tuple[int, ...], ...]:
    """At most `count` disjoint groups of two to `largest` classes that are confused with each other most, worst first.

    `confusion`: how many drawings of a class (rows) were taken for another (columns). Starting with every class by itself, the
    two groups whose classes are confused most, on average over all pairs across, become one, as long as it is not too large and
    any of them are confused: average-linkage agglomeration. The worth of a group is the sum of the rates at which its classes are
    taken for each other; classes within one ascend.
    """
    rates = confusion_rates(confusion)
    groups = [[index] for index in range(len(rates))]
    linked = rates.copy()  # mean rate of the pairs across, by the groups' first entries' places
    np.fill_diagonal(linked, 0.0)
    sizes = np.ones(len(rates))
    while True:
        allowed = np.where(np.add.outer(sizes, sizes) <= largest, linked, 0.0)
        one, other = np.unravel_index(int(allowed.argmax()), allowed.shape)
        if allowed[one, other] <= 0:
            break
        merged = (linked[one] * sizes[one] + linked[other] * sizes[other]) / (sizes[one] + sizes[other])
        linked[one], linked[:, one] = merged, merged
        linked[other], linked[:, other] = 0.0, 0.0
        linked[one, one] = 0.0
        groups[one], groups[other] = groups[one] + groups[other], []
        sizes[one], sizes[other] = sizes[one] + sizes[other], largest + 1
    found = [tuple(sorted(group)) for group in groups if len(group) > 1]
    worth = [float(np.triu(rates[np.ix_(group, group)], 1).sum()) for group in found]
    order = sorted(range(len(found)), key=lambda index: (-worth[index], found[index]))
    return tuple(found[index] for index in order[:count])


def confusion_rates(confusion: Int64[np.ndarray, "classes classes"]) -> Float64[np.ndarray, "classes classes"]:
    """How often two classes are taken for each other: the mean of both directions' shares of a class's drawings, 0 on the
    diagonal."""
    shares = confusion / (confusion.sum(axis=1, keepdims=True) + PRIOR)
    rates = (shares + shares.T) / 2
    np.fill_diagonal(rates, 0.0)
    return np.asarray(rates)
