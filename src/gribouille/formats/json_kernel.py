# mypy: disable-error-code="no-untyped-def"
"""JSON on bytes, in numba: white space, strings and numbers, one scan each.

A text is uint8 that ends with a newline and may be read a little further (swar_kernel.SLACK). Every scan stops at that
newline at the latest, because a newline is part of no value.

Numbers of up to 18 digits are the nearest double: by one float64 operation where that is exact (Clinger 1990), otherwise by
one or two multiplications of 64 bits (Lemire 2021, "Number Parsing at a Gigabyte per Second"). Longer ones, and exponents
beyond any coordinate, are marked, and Python reads them again.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from gribouille.formats.swar_kernel import eight_digits

NEWLINE, QUOTE, BACKSLASH, COMMA, COLON = 10, 34, 92, 44, 58
OPEN, CLOSE, BEGIN, END, MINUS, PLUS, DOT = 91, 93, 123, 125, 45, 43, 46  # [ ] { } - + .
POWERS = 10.0 ** np.arange(23)
LEAST_POWER, MOST_POWER = -27, 55  # of ten: between these the multiplications always tell the nearest double


def _fives() -> np.ndarray:
    """The first 128 bits of 5**power for LEAST_POWER … MOST_POWER, as two uint64: truncated, or for a fraction rounded up."""
    table = []
    for power in range(LEAST_POWER, MOST_POWER + 1):
        five = 5 ** abs(power)
        size = five.bit_length()
        bits = (1 << (size + 127)) // five + 1 if power < 0 else five << 128 >> size
        table.append((bits >> 64, bits & (2**64 - 1)))
    return np.array(table, np.uint64)


FIVES = _fives()
_ZERO, _ONE, _TWO, _THREE = (np.uint64(value) for value in range(4))
_NINE, _HIDDEN, _LAST = np.uint64(9), np.uint64(1 << 52), np.uint64(2**64 - 1)
_LOW_BITS = np.uint64(0x1FF)  # of the upper product, below what a double keeps


@intrinsic
def _upper(typingctx, one, other):
    """The upper 64 bits of the product of two uint64."""

    def codegen(context, builder, signature, arguments):
        wide = ir.IntType(128)
        product = builder.mul(*(builder.zext(argument, wide) for argument in arguments))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), codegen


@intrinsic
def _leading_zeros(typingctx, word):
    """The number of zero bits above the highest one of a uint64; undefined for 0."""

    def codegen(context, builder, signature, arguments):
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), codegen


@intrinsic
def _double(typingctx, bits):
    """The float64 of these bits."""

    def codegen(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.uint64), codegen


@njit(nogil=True, cache=True)
def _nearest(mantissa, power):
    """The double that is nearest to mantissa · 10**power, for 0 < mantissa < 2**64 and LEAST_POWER ≤ power ≤ MOST_POWER."""
    zeros = _leading_zeros(mantissa)
    mantissa <<= zeros
    five, rest = FIVES[power - LEAST_POWER, 0], FIVES[power - LEAST_POWER, 1]
    upper, lower = _upper(mantissa, five), mantissa * five
    if upper & _LOW_BITS == _LOW_BITS:
        more = _upper(mantissa, rest)
        lower += more
        if lower < more:
            upper += _ONE
    top = upper >> np.uint64(63)
    shift = top + _NINE
    found = upper >> shift
    exponent = (217_706 * power >> 16) + 63 + np.int64(top) - np.int64(zeros) + 1023
    if lower <= _ONE and -4 <= power <= 23 and found & _THREE == _ONE and found << shift == upper:
        found &= _LAST - _ONE  # half way between two doubles: the even one
    found = (found + (found & _ONE)) >> _ONE
    if found >= _HIDDEN << _ONE:
        found = _HIDDEN
        exponent += 1
    return _double((found & (_HIDDEN - _ONE)) | (np.uint64(exponent) << np.uint64(52)))


@njit(nogil=True, cache=True)
def skip_space(text, at):
    """The first position from `at` that is no white space; a newline ends the record, so it is none."""
    while text[at] == 32 or text[at] == 9 or text[at] == 13:
        at += 1
    return at


@njit(nogil=True, cache=True)
def is_word(text, at, word):
    """Whether the bytes from `at` are the word; a newline differs from all of its bytes, so no read passes the end."""
    index = 0
    while index < len(word) and text[at + index] == word[index]:
        index += 1
    return index == len(word)


@njit(nogil=True, cache=True)
def string_end(text, at):
    """The position of the quote that closes the string whose first byte is at `at`; −1 where none does on this line."""
    while text[at] != QUOTE:
        if text[at] == BACKSLASH:
            at += 1
        if text[at] < 32:
            return -1
        at += 1
    return at


@njit(nogil=True, cache=True)
def number_at(text, at):
    """Parses a JSON number; the position after it (−1: it is none), its value, and whether that is the nearest double."""
    negative = text[at] == MINUS
    if negative:
        at += 1
    first = at
    mantissa, power = np.int64(0), 0
    while 48 <= text[at] <= 57:
        mantissa = 10 * mantissa + np.int64(text[at]) - 48
        at += 1
    if at == first or (text[first] == 48 and at > first + 1):
        return -1, 0.0, False
    digits = at - first
    if text[at] == DOT:
        at += 1
        point = at
        eight = eight_digits(text, at)
        if eight >= 0:
            mantissa = 100_000_000 * mantissa + eight
            at += 8
        while 48 <= text[at] <= 57:
            mantissa = 10 * mantissa + np.int64(text[at]) - 48
            at += 1
        power = point - at
        digits -= power
        if power == 0:
            return -1, 0.0, False
    if digits > 18:
        mantissa, digits = _significant(text, first, at)
    if text[at] == 101 or text[at] == 69:
        at, exponent = _exponent(text, at + 1)
        if at < 0:
            return -1, 0.0, False
        power += exponent
    value = float(mantissa)
    if digits > 18 or not LEAST_POWER <= power <= MOST_POWER:
        return at, value, mantissa == 0 and digits <= 18
    if mantissa > 9007199254740992 or not -22 <= power <= 22:
        value = _nearest(np.uint64(mantissa), power) if mantissa else 0.0
        return at, -value if negative else value, True
    value = value * POWERS[power] if power >= 0 else value / POWERS[-power]
    return at, -value if negative else value, True


@njit(nogil=True, cache=True)
def _significant(text, at, stop):
    """The first 18 digits from the first that is not 0, as a number, and how many there are in all."""
    mantissa, digits = np.int64(0), 0
    while at < stop:
        if text[at] != DOT:
            if digits < 18:
                mantissa = 10 * mantissa + np.int64(text[at]) - 48
            if mantissa > 0:
                digits += 1
        at += 1
    return mantissa, digits


@njit(nogil=True, cache=True)
def _exponent(text, at):
    negative = text[at] == MINUS
    if negative or text[at] == PLUS:
        at += 1
    first = at
    exponent = np.int64(0)
    while 48 <= text[at] <= 57:
        exponent = np.int64(min(10 * exponent + text[at] - 48, 100_000))
        at += 1
    return (-1, 0) if at == first else (at, -exponent if negative else exponent)


@njit(nogil=True, cache=True)
def digits_at(text, at, count):
    """The number written in exactly `count` digits, −1 where they are none."""
    value = 0
    for index in range(at, at + count):
        if not 48 <= text[index] <= 57:
            return -1
        value = 10 * value + text[index] - 48
    return value
