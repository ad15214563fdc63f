# mypy: disable-error-code="no-untyped-def"
"""The store's inner loops, in numba: where rows lie in mapped files, their bytes, and the hash of points."""

import numpy as np
from llvmlite import ir
from numba import carray, njit, types
from numba.extending import intrinsic

from gribouille.packing_kernel import unpack_one


@intrinsic
def _pointer(typingctx, address):
    """A pointer from an address (int64): the mapped buffers of many files cannot be passed as one array."""

    def codegen(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.uint8)(types.int64), codegen


@intrinsic
def _prefetch(typingctx, address):
    """Asks for the cache line at an address (int64), which need not be one that may be read."""

    def codegen(context, builder, signature, arguments):
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", [pointer], kind)
        read, keep, data = (ir.Constant(number, value) for value in (0, 3, 1))
        builder.call(function, [builder.inttoptr(arguments[0], pointer), read, keep, data])
        return context.get_dummy_value()

    return types.void(types.int64), codegen


AHEAD = 16  # rows that are asked for before they are needed: memory answers several at a time
LINE = 64  # bytes of a cache line


@njit(nogil=True, cache=True)
def locate(rows, part_starts, offsets_at, values_at):
    """The address of each row's bytes and the offsets of their lengths: int64 [n], int64 [n + 1].

    Part p holds rows part_starts[p]:part_starts[p + 1]; its int32 offsets and its bytes lie in the buffers
    offsets_at[p] and values_at[p], each (address, size). Third comes the first index into rows whose bytes are not
    inside these, where the rest is not filled, or −1: the offsets are read from a file, and what they say may be wrong.
    """
    parts = np.empty(len(rows), np.int64)
    addresses = np.empty(len(rows), np.int64)
    offsets = np.zeros(len(rows) + 1, np.int64)
    part = 0
    for index in range(len(rows)):
        if not part_starts[part] <= rows[index] < part_starts[part + 1]:
            part = np.searchsorted(part_starts, rows[index], side="right") - 1
        parts[index] = part
        addresses[index] = offsets_at[part, 0] + 4 * (rows[index] - part_starts[part])
    for index in range(len(rows)):
        if index + AHEAD < len(rows):
            _prefetch(addresses[index + AHEAD])
        part = parts[index]
        if addresses[index] + 8 > offsets_at[part, 0] + offsets_at[part, 1]:
            return addresses, offsets, index
        span = carray(_pointer(addresses[index]), 8).view(np.int32)
        if not 0 <= span[0] <= span[1] <= values_at[part, 1]:
            return addresses, offsets, index
        addresses[index] = values_at[part, 0] + span[0]
        offsets[index + 1] = offsets[index] + span[1] - span[0]
    return addresses, offsets, -1


@njit(nogil=True, cache=True)
def unpack(addresses, byte_offsets):
    """The drawings stored at these addresses: points uint8 [total, 3] and their int64 offsets."""
    offsets = np.zeros(len(byte_offsets), np.int64)
    for index in range(len(addresses)):
        offsets[index + 1] = offsets[index] + 8 * (byte_offsets[index + 1] - byte_offsets[index]) // 17
    points = np.empty((offsets[-1], 3), np.uint8)
    for index in range(len(addresses)):
        if index + AHEAD < len(addresses):
            _prefetch(addresses[index + AHEAD])
            _prefetch(addresses[index + AHEAD] + LINE)
        to, size = offsets[index], offsets[index + 1] - offsets[index]
        stored = carray(_pointer(addresses[index]), byte_offsets[index + 1] - byte_offsets[index])
        unpack_one(stored, points[to : to + size])
    return points, offsets


@njit(nogil=True, cache=True)
def copied(addresses, byte_offsets):
    """The bytes at these addresses, end to end."""
    joined = np.empty(byte_offsets[-1], np.uint8)
    for index in range(len(addresses)):
        begin, end = byte_offsets[index], byte_offsets[index + 1]
        joined[begin:end] = carray(_pointer(addresses[index]), end - begin)
    return joined


@njit(nogil=True, cache=True)
def fnv1a(packed, offsets, rows):
    """FNV-1a, 64 bits, over the bytes x, y, pen of every point of each of these rows of packed drawings.

    Source: isthe.com/chongo/tech/comp/fnv.
    """
    hashes = np.empty(len(rows), np.uint64)
    prime = np.uint64(0x100000001B3)
    for index in range(len(rows)):
        begin = offsets[rows[index]]
        size = 8 * (offsets[rows[index] + 1] - begin) // 17
        number = np.uint64(0xCBF29CE484222325)
        for point in range(size):
            pen = (packed[begin + 2 * size + (point >> 3)] >> (point & 7)) & 1
            number = (number ^ np.uint64(packed[begin + 2 * point])) * prime
            number = (number ^ np.uint64(packed[begin + 2 * point + 1])) * prime
            number = (number ^ np.uint64(pen)) * prime
        hashes[index] = number
    return hashes
