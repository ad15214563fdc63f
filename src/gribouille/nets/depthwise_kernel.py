# mypy: disable-error-code="no-untyped-def"
"""The gradients of a depthwise convolution, in numba: channels last, float32, one thread, no lock.

One channel's arithmetic never meets another's, so the innermost loop goes over channels, which lie side by side: the
compiler makes vectors of it. This module is left out of the tests' jaxtyping hook, which breaks @njit.
"""

from numba import njit

FUSED = {"contract"}  # a product and the sum after it may round once instead of twice, as in every BLAS


@njit(nogil=True, cache=True, fastmath=FUSED, inline="always")
def _taps(start, taps, size):
    """The first tap that falls on a picture of that size, and the one behind the last, for a kernel laid at `start`."""
    return max(0, -start), min(taps, size - start)


@njit(nogil=True, cache=True, fastmath=FUSED)
def add_gradients(gradient, pictures, kernel, stride, padding, of_pictures, of_kernel):
    """Adds to `of_pictures` and `of_kernel` what follows for them from the `gradient` of the convolution's output.

    Pictures [batch, rows, columns, channels], kernel [rows, columns, channels], all contiguous.
    """
    batch, high, wide, channels = pictures.shape
    _, out_high, out_wide, _ = gradient.shape
    # Slices of flat arrays: those of arrays with four axes cost more than the arithmetic on 32 channels.
    given, seen, taps = gradient.ravel(), pictures.ravel(), kernel.ravel()
    back, moved = of_pictures.ravel(), of_kernel.ravel()
    for b in range(batch):
        for i in range(out_high):
            top = i * stride - padding
            first_row, last_row = _taps(top, kernel.shape[0], high)
            for j in range(out_wide):
                left = j * stride - padding
                first, last = _taps(left, kernel.shape[1], wide)
                at = ((b * out_high + i) * out_wide + j) * channels
                here = given[at : at + channels]
                for u in range(first_row, last_row):
                    for v in range(first, last):
                        at = ((b * high + top + u) * wide + left + v) * channels
                        pixel, pixel_back = seen[at : at + channels], back[at : at + channels]
                        at = (u * kernel.shape[1] + v) * channels
                        tap, tap_moved = taps[at : at + channels], moved[at : at + channels]
                        for c in range(channels):
                            pixel_back[c] += here[c] * tap[c]
                            tap_moved[c] += here[c] * pixel[c]
