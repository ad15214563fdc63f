# mypy: disable-error-code="no-untyped-def"
"""The identity of a store's contents, in numba: two 64-bit numbers over all rows in order, however they are cut.

A row's number mixes its bytes and values, eight bytes a step. A stretch of rows is Σ number · BASE^(rows after it),
modulo 2**64, so that stretches made apart combine: they need not be read again. It tells stores apart that differ by
accident, not by intent (Karp and Rabin 1987, with a multiplicative mixer for the rows).
"""

import numpy as np
from numba import njit

from gribouille.formats.swar_kernel import load64

BASES = (0x9E3779B97F4A7C15, 0xD1342543DE82EF95)
_FIRST, _SECOND = np.uint64(BASES[0]), np.uint64(BASES[1])
_SEED, _STEP = np.uint64(0x243F6A8885A308D3), np.uint64(0xBF58476D1CE4E5B9)
_OTHER = np.uint64(0x94D049BB133111EB)
_EIGHT, _HALF, _ONE = np.uint64(8), np.uint64(32), np.uint64(1)


@njit(nogil=True, cache=True)
def contents(octets, offsets, values, times, times_offsets):
    """The two numbers of these rows: `octets` uint8 end to end, readable for SLACK bytes after the last, with `offsets`;
    `values` uint64 [rows, columns]; `times` likewise uint8 with offsets, equal ones where a row has none."""
    first, second = np.uint64(0), np.uint64(0)
    for row in range(len(values)):
        number = _mixed(octets, offsets[row], offsets[row + 1], _SEED)
        for column in range(values.shape[1]):
            number = (number ^ values[row, column]) * _STEP
            number ^= number >> _HALF
        if times_offsets[row + 1] > times_offsets[row]:
            number = _mixed(times, times_offsets[row], times_offsets[row + 1], number)
        first = first * _FIRST + number
        second = second * _SECOND + number * _OTHER + (number >> _HALF)
    return first, second


@njit(nogil=True, cache=True)
def _mixed(octets, begin, end, number):
    number ^= np.uint64(end - begin)
    at = begin
    while at + 8 <= end:
        number = (number ^ load64(octets, at)) * _STEP
        number ^= number >> _HALF
        at += 8
    if at < end:
        mask = (_ONE << (_EIGHT * np.uint64(end - at))) - _ONE
        number = (number ^ (load64(octets, at) & mask)) * _STEP
        number ^= number >> _HALF
    return number
