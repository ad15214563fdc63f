# mypy: disable-error-code="no-untyped-def"
"""JSON on bytes, in numba: white space, strings and numbers, one scan each.

A text is uint8 that ends with a newline and may be read a little further (swar_kernel.SLACK). Every scan stops at that
newline at the latest, because a newline is part of no value.

Numbers are exact where one float64 operation makes them so: up to 2**53 times or over 10**22 (Clinger 1990). The others
are marked, and Python reads them again.
"""

import numpy as np
from numba import njit

NEWLINE, QUOTE, BACKSLASH, COMMA, COLON = 10, 34, 92, 44, 58
OPEN, CLOSE, BEGIN, END, MINUS, PLUS, DOT = 91, 93, 123, 125, 45, 43, 46  # [ ] { } - + .
POWERS = 10.0 ** np.arange(23)


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
    mantissa, digits, power = 0, 0, 0
    while 48 <= text[at] <= 57:
        mantissa, digits = _with_digit(mantissa, digits, text[at])
        at += 1
    if at == first or (text[first] == 48 and at > first + 1):
        return -1, 0.0, False
    if text[at] == DOT:
        at += 1
        point = at
        while 48 <= text[at] <= 57:
            mantissa, digits = _with_digit(mantissa, digits, text[at])
            at += 1
        power = point - at
        if power == 0:
            return -1, 0.0, False
    if text[at] == 101 or text[at] == 69:
        at, exponent = _exponent(text, at + 1)
        if at < 0:
            return -1, 0.0, False
        power += exponent
    value = float(mantissa)
    if digits > 18 or mantissa > 9007199254740992 or not -22 <= power <= 22:
        return at, value, mantissa == 0 and digits <= 18
    value = value * POWERS[power] if power >= 0 else value / POWERS[-power]
    return at, -value if negative else value, True


@njit(nogil=True, cache=True)
def _with_digit(mantissa, digits, byte):
    """The mantissa with one more digit; digits counts from the first that is not 0, and above 18 nothing is added."""
    if digits >= 18:
        return mantissa, digits + 1
    mantissa = 10 * mantissa + np.int64(byte) - 48
    return mantissa, digits + 1 if mantissa > 0 else 0


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
