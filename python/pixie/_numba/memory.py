"""Helpers of the compiled wrappers: whether arrays share memory, and arithmetic on extents that never wraps."""

from numba import njit

HIGHEST = (1 << 63) - 1
BEYOND = "an extent is beyond 64 bits"


@njit
def ends(array):
    """The address of the first byte and the one behind the last; equal where there is no element."""
    low = high = array.ctypes.data
    for axis in range(array.ndim):
        if array.shape[axis] == 0:
            return low, low
        reach = (array.shape[axis] - 1) * array.strides[axis]
        if reach < 0:
            low += reach
        else:
            high += reach
    return low, high + array.itemsize


@njit
def overlap(first, second):
    """Whether some byte may be in both."""
    low, high = ends(first)
    other_low, other_high = ends(second)
    return low < other_high and other_low < high and low != high and other_low != other_high


@njit
def total(a, b):
    """a + b, or `ValueError`."""
    if (b > 0 and a > HIGHEST - b) or (b < 0 and a < -HIGHEST - b):
        raise ValueError(BEYOND)
    return a + b


@njit
def difference(a, b):
    """a - b, or `ValueError`."""
    if b < -HIGHEST:
        raise ValueError(BEYOND)
    return total(a, -b)


@njit
def product(a, b):
    """a * b, or `ValueError`."""
    if a != 0 and b != 0 and abs(a) > HIGHEST // abs(b):
        raise ValueError(BEYOND)
    return a * b
