# mypy: disable-error-code="no-untyped-def"
"""Eight bytes of text at a time, in numba: lists of integers 0…255 into every second byte of a packed drawing.

A word of eight bytes is loaded where it stands, unaligned; what a byte is is told for all eight at once by carry-free
arithmetic (SIMD within a register; Lamport 1975). A text must be readable for SLACK bytes after its last.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

SLACK = 16
Word = np.uint64  # constants must be of this type: numba makes a float of uint64 with int64
ZERO, ONE, THREE, EIGHT, BYTE = Word(0), Word(1), Word(3), Word(8), Word(255)
TENS, HUNDREDS, SECOND, THIRD = Word(10), Word(100), Word(8), Word(16)
COMMA, BLANK = Word(44), Word(32)
DIGITS = Word(0x3030303030303030)
ABOVE_9 = Word(0x7676767676767676)
TOPS = Word(0x8080808080808080)
PAIRS, HALF, WHOLE = Word(0x000000FF000000FF), Word(32), Word(0xFFFFFFFF)
FOURS_LOW, FOURS_HIGH = Word(0x000F424000000064), Word(0x0000271000000001)  # 100 + (10⁶ << 32), 1 + (10⁴ << 32)
LEAST = Word(0x640A00)  # the smallest number of one, two and three digits, a byte each: 0, 10, 100


@intrinsic
def load64(typingctx, text, at):
    """The eight bytes of a uint8 array from `at`, the first one lowest, without any check."""

    def codegen(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = builder.gep(array.data, [arguments[1]])
        return builder.load(builder.bitcast(pointer, ir.IntType(64).as_pointer()), align=1)

    return types.uint64(text, types.intp), codegen


@intrinsic
def trailing_zeros(typingctx, word):
    """The number of zero bits below the lowest one of a uint64; undefined for 0."""

    def codegen(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), codegen


@njit(nogil=True, cache=True)
def bytes_between(text, at, packed, to, limit, gap):
    """Parses "1,2,3" (an integer 0…255 without sign or leading zeros, `gap` blanks after a comma) from `at`.

    The numbers go to packed[to], packed[to + 2], … below `limit`. Gives the position after them and the next `to`;
    (−1, to) where it is anything else.
    """
    wrong = ZERO
    while True:
        word = load64(text, at)
        digits = word ^ DIGITS
        others = ((digits + ABOVE_9) | digits) & TOPS  # the top bit of every byte that is no digit, up to the first
        if others == ZERO or to >= limit:
            return -1, to
        size = trailing_zeros(others) >> THREE
        value = (digits << (EIGHT * (THREE - size))) if size <= THREE else ZERO
        value = (value & BYTE) * HUNDREDS + ((value >> SECOND) & BYTE) * TENS + ((value >> THIRD) & BYTE)
        least = (LEAST >> (EIGHT * (size - ONE))) & BYTE if size - ONE < THREE else BYTE + ONE
        wrong |= Word(value < least) | Word(value > BYTE)
        packed[to] = value
        to += 2
        at += np.int64(size)
        if (word >> (EIGHT * size)) & BYTE != COMMA:
            break
        at += 1
        if gap:
            if size > THREE or (word >> (EIGHT * (size + ONE))) & BYTE != BLANK:
                return -1, to
            at += 1
    return (-1 if wrong else at), to


@njit(nogil=True, cache=True)
def eight_digits(text, at):
    """The number that eight digits write, −1 where one of the eight bytes is none.

    Pairs, then fours, then eights are put together by one multiplication each (Lemire 2018, "Quickly parsing eight digits").
    """
    digits = load64(text, at) ^ DIGITS
    if ((digits + ABOVE_9) | digits) & TOPS:
        return -1
    digits = digits * TENS + (digits >> EIGHT)
    low = (digits & PAIRS) * FOURS_LOW
    high = ((digits >> THIRD) & PAIRS) * FOURS_HIGH
    return np.int64(((low + high) >> HALF) & WHOLE)
