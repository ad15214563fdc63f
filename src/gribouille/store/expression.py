"""The language of selections: a condition on a store's columns, as text, and columns in; which rows it holds for out.

`word in ('cat', 'dog') and recognized and date >= '2017-03-01'`: Python's grammar, read with `ast` and never run, and of
it only what stands here. All else is refused with its place. A condition on something that is not known (null) is
neither true nor false, and its negation is neither; a row is selected where the condition is true. The language is
described for users in docs/selecting.md.
"""

import ast
import io
import operator
import re
import tokenize
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import Any

import numpy as np

from gribouille.formats.records import EPOCH
from gribouille.labels import vocabulary
from gribouille.store.condition import (
    Column,
    Condition,
    Kind,
    Mask,
    Rows,
    Values,
    between,
    both,
    by_name,
    compared,
    every,
    negated,
    unknown,
)

EXAMPLE = "word in ('cat', 'dog') and recognized and points < 100"
CONSTANTS: dict[Kind, str] = {
    "text": "a text in quotes",
    "truth": "True or False",
    "number": "a number below 2**53",
    "key": "a whole number from 0 to 2**64 - 1, without quotes",
    "day": "a day in quotes, '2017-03-01'",
    "moment": "a time in quotes, '2017-03-01' or '2017-03-01 20:41:36.5', UTC",
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
MIRRORED = {operator.lt: operator.gt, operator.gt: operator.lt, operator.le: operator.ge, operator.ge: operator.le}
ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Mod: np.mod,
}
# What people write who know the Arrow files, SQL or pandas; beside what looks alike.
MEANT = {"label": "word", "category": "word", "countrycode": "country", "null": "None", "NULL": "None"}
SYNTAX = {"=": "== compares", **dict.fromkeys("&|!", "and, or, not are written as words")}
INSTEAD: dict[type[ast.operator | ast.unaryop], str] = {ast.BitAnd: "and", ast.BitOr: "or", ast.Invert: "not"}
DAY = re.compile(r"\d{4}-\d\d-\d\d")
DEEPEST = 100  # nodes inside one another; lists and chains of and, or are wide instead
SHOWN = 100  # characters of a long expression around the place of a mistake


class SelectionError(ValueError):
    """A selection that cannot be: the message names the place in the expression, what was expected and what was found."""


@dataclass(frozen=True)
class _Term:
    """What conditions are made of: a column, an expression of numbers, or a constant, which has no kind before it is
    compared."""

    node: ast.expr
    column: Column | None
    constant: Any = None

    def kind(self) -> Kind:
        assert self.column is not None
        return self.column.kind


def read_condition(text: str, columns: Mapping[str, Column]) -> Condition:
    """The condition that the text says, on these columns. Raises SelectionError."""
    flat = re.sub(r"[\n\r\t\f]", " ", text)  # one line, so that every place in it is a column
    return _Reader(flat, columns).condition(_parsed(flat))


def _parsed(text: str) -> ast.expr:
    """The expression's tree. Raises SelectionError where it is no expression of Python."""
    indent = len(text) - len(text.lstrip())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python forgives '\d' with a warning
            text.encode()
            tree = ast.parse(text[indent:], mode="eval").body
    except (RecursionError, MemoryError):  # Python's parser has had enough
        raise _mistake(text, 0, "expected a simpler expression", "one too deep") from None
    except UnicodeEncodeError as error:
        raise _mistake(text, error.start, "expected text", f"{text[error.start]!r}") from None
    except SyntaxError as error:
        # Of an error at the end the place may be beyond it.
        place = min(indent + error.offset - 1, len(text)) if error.offset else len(text)
        reason = SYNTAX.get(text[place : place + 1], error.msg)
        raise _mistake(text, place, f"expected a condition such as {EXAMPLE}", f"something else ({reason})") from None
    except ValueError as error:  # null characters
        raise _mistake(text, 0, f"expected a condition such as {EXAMPLE}", f"something else ({error})") from None
    if "#" in text:
        _expect_no_comment(text, indent)
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if level:
        raise _mistake(text, 0, "expected a simpler expression", "one too deep")
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            for name in ("col_offset", "end_col_offset"):  # bytes → characters
                place = getattr(node, name)
                characters = place if text.isascii() else len(text[indent:].encode()[:place].decode())
                setattr(node, name, indent + characters)
    return tree


def _expect_no_comment(text: str, indent: int) -> None:
    """Refuse a comment: of an expression that was several lines it would hide all that follows."""
    for token in tokenize.generate_tokens(io.StringIO(text[indent:]).readline):
        if token.type == tokenize.COMMENT:
            raise _mistake(text, indent + token.start[1], "expected the end of the condition", "a comment")


def _mistake(text: str, place: int, expected: str, found: str) -> SelectionError:
    start = max(0, place - SHOWN // 2)
    excerpt = text[start : start + SHOWN].encode(errors="backslashreplace").decode()
    return SelectionError(
        f"where, character {place + 1}: {expected}, found {found}\n  {excerpt}\n  {' ' * (place - start)}^"
    )


class _Reader:
    """Turns the nodes of a tree into conditions on columns; what is no part of the language is refused with its place."""

    def __init__(self, text: str, columns: Mapping[str, Column]) -> None:
        self._text = text
        self._columns = columns

    def condition(self, node: ast.expr) -> Condition:
        """What a node says, as something true or false."""
        match node:
            case ast.BoolOp(op=ast.And()):
                return every([self.condition(value) for value in node.values])
            case ast.BoolOp():
                return negated(every([negated(self.condition(value)) for value in node.values]))
            case ast.UnaryOp(op=ast.Not()):
                return negated(self.condition(node.operand))
            case ast.Compare():
                sides = [node.left, *node.comparators]
                return every([self._compared(*pair) for pair in zip(sides, node.ops, sides[1:], strict=False)])
        term = self._term(node)
        if term.column is None or term.kind() != "truth":
            raise self._mistake(node, "expected a condition, such as points < 100")
        return compared(term.column, operator.eq, True)

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Condition:
        match op:
            case ast.Is():
                return self._unknown(left, right)
            case ast.IsNot():
                return negated(self._unknown(left, right))
            case ast.In():
                return self._among(left, right)
            case ast.NotIn():
                return negated(self._among(left, right))
        one, other, compare = self._term(left), self._term(right), COMPARISONS[type(op)]
        equality = isinstance(op, ast.Eq | ast.NotEq)
        if one.column is None and other.column is None:
            raise self._mistake(left, f"expected one of the columns {self._listed()} on one side")
        if one.column is None:
            one, other, compare = other, one, MIRRORED.get(compare, compare)
        assert one.column is not None
        if one.kind() == "truth" and not equality:
            raise self._mistake(left, "expected a number, a text, a day or a time to compare by size")
        if other.column is not None:
            if one.kind() == "text" or one.kind() != other.kind():
                raise self._mistake(other.node, f"expected {CONSTANTS[one.kind()]} beside it")
            return between(one.column, compare, other.column)
        constant = self._constant(other, one, known=equality)
        if one.kind() == "text":
            return by_name(one.column, [bool(compare(name, constant)) for name in one.column.names])
        return compared(one.column, compare, constant)

    def _unknown(self, left: ast.expr, right: ast.expr) -> Condition:
        if not (isinstance(right, ast.Constant) and right.value is None):
            raise self._mistake(right, "expected None after is (== compares)")
        term = self._term(left)
        if term.column is None:
            raise self._mistake(left, f"expected one of the columns {self._listed()}")
        return unknown(term.column)

    def _among(self, left: ast.expr, right: ast.expr) -> Condition:
        one = self._term(left)
        if not isinstance(right, ast.Tuple | ast.List | ast.Set):
            other = self._term(right) if isinstance(right, ast.Name) else None
            if other is None or other.column is None or other.kind() != "text" or not isinstance(one.constant, str):
                raise self._mistake(right, "expected a list, such as ('cat', 'dog') or ('cat',)")
            return by_name(other.column, [one.constant in name for name in other.column.names])
        if one.column is None:
            raise self._mistake(left, f"expected one of the columns {self._listed()}")
        constants = [self._constant(self._term(each), one, known=True) for each in right.elts]
        if one.kind() == "text":
            return by_name(one.column, [name in constants for name in one.column.names])
        wanted = np.array(constants, {"key": np.uint64, "truth": bool, "number": np.float64}.get(one.kind(), np.int64))
        return compared(one.column, np.isin, wanted)

    def _term(self, node: ast.expr) -> _Term:
        match node:
            case ast.Name():
                if node.id not in self._columns:
                    hint = _meant(MEANT.get(node.id) or _alike(node.id, [*self._columns, "None", "True", "False"]))
                    raise self._mistake(node, f"expected one of the columns {self._listed()}", f"{node.id}{hint}")
                return _Term(node, self._columns[node.id])
            case ast.Constant():
                return _Term(node, None, node.value)
            case ast.UnaryOp(op=ast.USub()):
                return self._reckoned(node, _Term(node, None, 0), np.subtract, self._term(node.operand))
            case ast.BinOp() if type(node.op) in ARITHMETIC:
                return self._reckoned(node, self._term(node.left), ARITHMETIC[type(node.op)], self._term(node.right))
        instead = INSTEAD.get(type(node.op)) if isinstance(node, ast.BinOp | ast.UnaryOp) else None
        hint = f" ({instead} is written as a word)" if instead else ""
        raise self._mistake(node, f"expected a column, a number or a text in quotes{hint}")

    def _reckoned(self, node: ast.expr, left: _Term, reckon: Callable[[Any, Any], Any], right: _Term) -> _Term:
        """What comes out of two numbers, as float64; where it is not finite (a division by zero) it is not known."""
        for term in (left, right):
            if _converted(term.constant, "number") is None if term.column is None else term.column.kind != "number":
                raise self._mistake(term.node, "expected a number to reckon with")
        if left.column is None and right.column is None:
            with np.errstate(all="ignore"):
                return _Term(node, None, float(reckon(np.float64(left.constant), np.float64(right.constant))))

        def read(rows: Rows) -> tuple[Values, Mask | None]:
            (one, known), (other, also_known) = _values(left, rows), _values(right, rows)
            with np.errstate(all="ignore"):
                result = reckon(one.astype(np.float64), other.astype(np.float64))
            return result, both(np.isfinite(result), both(known, also_known))

        costly = any(term.column is not None and term.column.costly for term in (left, right))
        return _Term(node, Column("number", read, costly=costly))

    def _constant(self, term: _Term, beside: _Term, known: bool) -> Any:
        """A constant as the values of the column beside it are; with `known`, a text has to be one of that column's names."""
        kind = beside.kind()
        converted = None if term.column is not None else _converted(term.constant, kind)
        if converted is None:
            hint = " (is None asks whether it is known)" if term.column is None and term.constant is None else ""
            raise self._mistake(term.node, f"expected {CONSTANTS[kind]}{hint}")
        if known and kind == "text":
            assert beside.column is not None
            self._expect_name(term, self._said(beside.node), beside.column.names)
        return converted

    def _expect_name(self, term: _Term, column: str, names: Sequence[str]) -> None:
        """Refuse a text that is none of a column's names: it is mistyped, or in French."""
        name = term.constant
        if name in names or (column == "country" and re.fullmatch("[A-Z]{2}", name)):  # nobody drew there: no mistake
            return
        english = {french: word for word, french in vocabulary().items()}.get(name) if column == "word" else None
        hint = f" (French for {english!r})" if english in names else _meant(_alike(name, names), quoted=True)
        few = f": {', '.join(map(repr, names))}" if len(names) <= 5 else ""
        raise self._mistake(term.node, f"expected a {column} that the store has{few}", f"{name!r}{hint}")

    def _listed(self) -> str:
        return ", ".join(self._columns)

    def _mistake(self, node: ast.expr, expected: str, found: str = "") -> SelectionError:
        return _mistake(self._text, node.col_offset, expected, found or self._said(node))

    def _said(self, node: ast.expr) -> str:
        """A node as it was written, shortened."""
        said = self._text[node.col_offset : node.end_col_offset]
        return said if len(said) <= SHOWN // 2 else f"{said[: SHOWN // 2]}…"


def _alike(name: str, names: Iterable[str]) -> str | None:
    """The one of the names that looks most like it, whatever the case."""
    folded = {each.casefold(): each for each in names}
    return next((folded[each] for each in get_close_matches(name.casefold(), folded, 1)), None)


def _meant(name: str | None, quoted: bool = False) -> str:
    return "" if name is None else f" (did you mean {name!r}?)" if quoted else f" (did you mean {name}?)"


def _converted(value: Any, kind: Kind) -> Any:
    """A constant as the values of such a column are, None where it cannot be one."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case "text":
            return value if isinstance(value, str) else None
        case "truth":
            return value if isinstance(value, bool) else None
        case "number":
            return float(value) if number and abs(value) < 2**53 else None
        case "key":
            return np.uint64(value) if number and 0 <= value < 2**64 and value == int(value) else None
    return _moment(value, kind) if isinstance(value, str) else None


def _moment(value: str, kind: Kind) -> int | None:
    """A text as days or µs since 1970, None where it says no day or no time."""
    try:
        if kind == "day":
            return (date.fromisoformat(value) - EPOCH.date()).days if DAY.fullmatch(value) else None
        said = datetime.fromisoformat(value.removesuffix(" UTC"))
        return (said.replace(tzinfo=said.tzinfo or UTC) - EPOCH) // timedelta(microseconds=1)
    except ValueError:
        return None


def _values(term: _Term, rows: Rows) -> tuple[Values, Mask | None]:
    return (np.asarray(term.constant), None) if term.column is None else term.column.read(rows)
