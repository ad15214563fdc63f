"""Conditions on columns, evaluated over numpy arrays: columns in, where a condition is true and where it is false out.

A condition on something that is not known is neither, and so is its negation (Kleene's logic, SQL's too).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from jaxtyping import Bool, Int64, Shaped

Kind = Literal["text", "truth", "number", "key", "day", "moment"]
Rows: TypeAlias = slice | Int64[np.ndarray, "_"]
Values = Shaped[np.ndarray, "*_"]
Mask = Bool[np.ndarray, "_"]


FEW = 8  # where not even one row in so many is left to decide, looking at these alone is faster than at all


@dataclass(frozen=True)
class Column:
    """A column that expressions can name.

    `read` gives the values of some rows and where they are known (None: everywhere): of a text, indices into `names`, −1
    where it is not known; of a truth, bool; of a number, int or float; of a key, uint64; of a day, days since
    1970-01-01; of a moment, µs since then. A `costly` one is read only of rows that the rest of the condition leaves
    open.
    """

    kind: Kind
    read: Callable[[Rows], tuple[Values, Mask | None]]
    names: tuple[str, ...] = ()
    costly: bool = False


@dataclass(frozen=True)
class Condition:
    """Something that is true, false or neither of each row: `of` gives where it is true and where it is false."""

    of: Callable[[Rows], tuple[Mask, Mask]]
    costly: bool = False


def _length(rows: Rows) -> int:
    return rows.stop - rows.start if isinstance(rows, slice) else len(rows)


def both(one: Mask | None, other: Mask | None) -> Mask | None:
    """Where both are known; None: everywhere."""
    return other if one is None else one if other is None else one & other


def negated(condition: Condition) -> Condition:
    """True where the condition is false, false where it is true."""
    return Condition(lambda rows: condition.of(rows)[::-1], condition.costly)


def every(conditions: Sequence[Condition]) -> Condition:
    """True where all are, false where any is; costly ones are asked last, and about rows alone that are not yet false."""
    first, *others = sorted(conditions, key=lambda condition: condition.costly)
    if not others:
        return first

    def of(rows: Rows) -> tuple[Mask, Mask]:
        true, false = first.of(rows)
        for other in others:
            open_ = np.flatnonzero(~false)
            if len(open_) == 0:
                break
            if other.costly or len(open_) < len(false) // FEW:
                true, false = true.copy(), false.copy()
                asked = rows.start + open_ if isinstance(rows, slice) else rows[open_]
                more_true, more_false = other.of(asked)
                true[open_] &= more_true
                false[open_] |= more_false
            else:
                more_true, more_false = other.of(rows)
                true, false = true & more_true, false | more_false
        return true, false

    return Condition(of, any(condition.costly for condition in conditions))


def compared(column: Column, compare: Callable[[Any, Any], Any], constant: Any) -> Condition:
    """Where a column's values compare so with a constant."""

    def of(rows: Rows) -> tuple[Mask, Mask]:
        values, known = column.read(rows)
        return _split(compare(values, constant), known)

    return Condition(of, column.costly)


def between(one: Column, compare: Callable[[Any, Any], Any], other: Column) -> Condition:
    """Where the values of two columns compare so."""

    def of(rows: Rows) -> tuple[Mask, Mask]:
        (values, known), (others, also_known) = one.read(rows), other.read(rows)
        return _split(compare(values, others), both(known, also_known))

    return Condition(of, one.costly or other.costly)


def by_name(column: Column, holds: Sequence[bool]) -> Condition:
    """Where a text is one of the names for which it holds: decided once a name, not once a row."""
    true, false = np.array([*holds, False]), np.array([*(not one for one in holds), False])  # the last: not known, −1

    def of(rows: Rows) -> tuple[Mask, Mask]:
        codes, _ = column.read(rows)
        return true[codes], false[codes]

    return Condition(of, column.costly)


def _split(holds: Mask, known: Mask | None) -> tuple[Mask, Mask]:
    return (holds, ~holds) if known is None else (holds & known, ~holds & known)


def unknown(column: Column) -> Condition:
    """Where a column's value is not known; true or false everywhere."""

    def of(rows: Rows) -> tuple[Mask, Mask]:
        _, known = column.read(rows)
        known = np.ones(_length(rows), bool) if known is None else known
        return ~known, known

    return Condition(of, column.costly)
