"""Helpers of the compiled wrappers: whether numbers fit, whether arrays share memory, and arithmetic that never wraps."""

from llvmlite import ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic

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


def outside(name):
    """The intrinsic that tells whether an integer is beyond the range of the C type of this name.

    Compared as integers that hold either: Numba itself compares signed and unsigned ones as floats.
    """
    bits, signed = int(name[1:]), name[0] == "i"
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    wide = ir.IntType(128)

    @intrinsic
    def is_outside(typingctx, value):
        def generate(context, builder, signature, arguments):
            kind = signature.args[0]
            if not isinstance(kind, types.Integer):
                # A default, which the signature's own rules hold in range.
                return ir.Constant(ir.IntType(1), 0)
            extended = (builder.sext if kind.signed else builder.zext)(arguments[0], wide)
            below = builder.icmp_signed("<", extended, wide(low))
            return builder.or_(below, builder.icmp_signed(">", extended, wide(high)))

        return types.boolean(types.unliteral(value)), generate

    return is_outside
