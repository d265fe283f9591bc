"""Scalar arguments and results: every type at its limits, and every way to be wrong."""

import ctypes
import math
from decimal import Decimal
from fractions import Fraction

import numpy
import pytest
from conftest import SCALARS, message

import pixie

LONG = 8 * ctypes.sizeof(ctypes.c_long)
BITS = {"i8": 8, "i16": 16, "i32": 32, "i64": 64, "u8": 8, "u16": 16, "u32": 32, "u64": 64, "usize": 64, "long": LONG, "ulong": LONG}


def limits(name):
    bits = BITS[name]
    if name.startswith(("i", "l")):
        return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return 0, 2**bits - 1


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


class Float:
    def __init__(self, value):
        self.value = value

    def __float__(self):
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


@pytest.mark.parametrize("name", BITS)
def test_integers_hold_their_limits_and_nothing_beyond(scalars, name):
    same = getattr(scalars, f"same_{name}")
    low, high = limits(name)
    for value in {low, low + 1, 0, 1, high // 2, high - 1, high}:
        assert same(value) == value and type(same(value)) is int
        assert same(Index(value)) == value
        assert same(x=value) == value
    for value in (low - 1, high + 1, -(2**64), 2**64, -(2**63) - 1, 2**100, Index(high + 1)):
        text = message(OverflowError, same, value)
        shown = value.value if isinstance(value, Index) else value
        assert text == f"same_{name}() argument `x`: {shown} is out of range for {name}, which holds {low} to {high}"
    assert "the integer is out of range" in message(OverflowError, same, 10**5000)


@pytest.mark.parametrize("name", BITS)
def test_integers_are_never_truncated(scalars, name):
    same = getattr(scalars, f"same_{name}")
    for value, found in ((1.0, "float"), ("1", "str"), (None, "NoneType"), (1j, "complex"), (Decimal(1), "decimal.Decimal")):
        assert message(TypeError, same, value) == f"same_{name}() argument `x`: expected an integer for {name}, found {found}"
    assert same(True) == 1
    assert same(numpy.int8(5)) == 5


def test_an_exception_of_the_argument_comes_through(scalars):
    assert message(ZeroDivisionError, scalars.same_i32, Index(ZeroDivisionError("mine"))) == "mine"
    assert message(ZeroDivisionError, scalars.same_f64, Float(ZeroDivisionError("mine"))) == "mine"
    for function, wrapper in ((scalars.same_i32, Index), (scalars.same_f64, Float), (scalars.same_f32, Float)):
        with pytest.raises(TypeError, match="argument `x`: expected .* found test_scalars") as caught:
            function(wrapper(TypeError("mine")))
        assert str(caught.value.__cause__) == "mine"
    assert "expected an integer for i32, found numpy.ndarray" in message(TypeError, scalars.same_i32, numpy.zeros(3, int))
    assert "expected a number for f64, found numpy.ndarray" in message(TypeError, scalars.same_f64, numpy.zeros(3))


def test_floats(scalars):
    for value in (0.0, -0.0, 1.5, 5e-324, 1.7976931348623157e308, math.inf, -math.inf):
        assert math.copysign(1, scalars.same_f64(value)) == math.copysign(1, value)
        assert scalars.same_f64(value) == value
    assert math.isnan(scalars.same_f64(math.nan))
    for value in (3, True, Index(3), Float(3.0), numpy.float32(3), numpy.float64(3), numpy.int16(3), Fraction(3), Decimal(3)):
        assert scalars.same_f64(value) == float(3 if not isinstance(value, bool) else 1)
    for value, found in (("1", "str"), (None, "NoneType"), (1j, "complex"), (numpy.complex128(1), "numpy.complex128"), ([], "list")):
        assert message(TypeError, scalars.same_f64, value) == f"same_f64() argument `x`: expected a number for f64, found {found}"
    assert "the integer is out of range for f64" in message(OverflowError, scalars.same_f64, 10**400)


def test_f32_rounds_but_never_becomes_infinite(scalars):
    most = 3.4028234663852886e38
    assert scalars.same_f32(0.1) == float(numpy.float32(0.1))
    assert scalars.same_f32(most) == most
    assert scalars.same_f32(-math.inf) == -math.inf
    assert math.isnan(scalars.same_f32(math.nan))
    assert scalars.same_f32(2**24 + 1) == 2.0**24
    for value in (1e39, -1e300):
        assert message(OverflowError, scalars.same_f32, value).startswith(f"same_f32() argument `x`: {value!r} is out of range for f32".replace("e+", "e"))


def test_bool_takes_bools_alone(scalars):
    for value in (True, False, numpy.True_, numpy.False_):
        assert scalars.same_bool(value) is bool(value)
    for value, found in ((1, "int"), (0.0, "float"), ("", "str"), (None, "NoneType")):
        assert message(TypeError, scalars.same_bool, value) == f"same_bool() argument `x`: expected True or False for bool, found {found}"


def test_many_types_in_one_call(scalars):
    assert scalars.nothing() is None
    assert scalars.weighted(-1, 2, -3, 4) == -1 + 20 - 300 + 4000
    assert scalars.weighted(a=-128, b=65535, c=-(2**31), d=2**50) == -128 + 655350 - 100 * 2**31 + 1000 * 2**50
    assert scalars.mixed(1.5, 2, 0.25, True) == -3.25
    assert scalars.mixed(1.5, 2, negate=False, y=0.25) == 3.25
    assert scalars.eight(*map(float, range(8))) == sum(i * (i + 1) for i in range(8))


def test_pointers(scalars):
    f = scalars.next_address
    buffer = ctypes.create_string_buffer(b"abc")
    address = ctypes.addressof(buffer)
    assert f(address) == address + 1
    assert f(ctypes.c_void_p(address)) == address + 1
    assert f(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_char))) == address + 1
    assert f(ctypes.c_void_p(None)) is None
    assert f(None) is None and f() is None
    assert f(2**64 - 2) == 2**64 - 1
    assert "out of range for ptr" in message(OverflowError, f, -1)
    for value, found in ((b"abc", "bytes"), (buffer, "ctypes.c_char_Array_4"), (numpy.zeros(3), "numpy.ndarray"), (1.0, "float")):
        text = message(TypeError, f, value)
        assert text.startswith("next_address() argument `p`: expected an address (int), a ctypes pointer, a function of a fat module or None for ptr, found ")
        assert text.endswith(found.rsplit(".", 1)[-1])


def test_status(scalars):
    assert scalars.check(0) is None
    for code in (1, -7):
        assert message(RuntimeError, scalars.check, code) == f"check() failed with status {code}"


def test_defaults(scalars):
    assert scalars.defaults(1.0) == 1 + 0.5 - 3 + 2
    assert scalars.defaults(1.0, 2) == 1 + 2 - 3 + 2
    assert scalars.defaults(1.0, c=10) == 1 + 0.5 + 10 + 2
    assert scalars.defaults(e=0.0, a=0) == 0.5 - 3
    assert scalars.defaults(0, d=False) == -1
    assert math.isnan(scalars.infinite())
    assert scalars.infinite(b=1) == -math.inf


def test_every_scalar_type_is_tried():
    assert set(SCALARS) == {*BITS, "bool", "f32", "f64"}


def test_overloads_are_tried_in_order(scalars):
    twice = scalars.twice
    assert twice(3) == 6 and type(twice(3)) is int
    assert twice(1.5) == 3.0 and twice(x=1.5) == 3.0
    assert twice(2**70) == 2.0**71
    assert twice(numpy.array([4.0])) == 8.0
    assert message(TypeError, twice, "x").splitlines() == [
        "none of the overloads of twice() takes these arguments",
        "  twice() argument `x`: expected an integer for i64, found str",
        "  twice() argument `x`: expected a number for f64, found str",
        "  twice() argument `x`: expected a C-contiguous f64 array of shape [n], found str",
    ]
    assert "2 axes instead of 1" in message(ValueError, twice, numpy.zeros((2, 2)))
    assert pixie.info(twice).overloads == ("twice(x: f64) -> f64", "twice(x: f64[n], n: usize) -> f64")
    assert twice.__doc__.splitlines() == ["twice(x: i64) -> i64", *pixie.info(twice).overloads]
    assert [name for name in dir(scalars) if name.startswith("twice")] == ["twice"]
