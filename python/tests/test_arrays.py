"""Array arguments: element types, shapes, orders, sharing, and results through memory."""

import array
import ctypes

import numpy
import pytest
from conftest import ELEMENTS, message

DTYPES = {"bool": "?", "i8": "i1", "i16": "i2", "i32": "i4", "i64": "i8", "u8": "u1", "u16": "u2", "u32": "u4", "u64": "u8", "f32": "f4", "f64": "f8"}
CODES = {"i8": "b", "i16": "h", "i32": "i", "i64": "q", "u8": "B", "u16": "H", "u32": "I", "u64": "Q", "f32": "f", "f64": "d"}
COMPLEX = {"imaginary_c64": "c8", "imaginary_c128": "c16"}


def hidden_from_numpy(a):
    """The same memory without the type that the quick road knows."""
    return memoryview(a)


@pytest.mark.parametrize("element", ELEMENTS)
def test_element_types(arrays, element):
    total = getattr(arrays, f"sum_{element}")
    a = numpy.array([1, 0, 1, 1], DTYPES[element])
    for view in (a, hidden_from_numpy(a), a.view(type("Sub", (numpy.ndarray,), {}))):
        assert total(view) == 3
    if element in CODES:
        assert total(array.array(CODES[element], [1, 2, 3])) == 6
    if element.startswith("i"):
        assert total(numpy.array([-1, -2], DTYPES[element])) == -3
    assert total(numpy.zeros(0, DTYPES[element])) == 0
    assert total(numpy.array([1], DTYPES[element])) == 1
    for other, dtype in {**DTYPES, "c64": "c8", "c128": "c16"}.items():
        b = numpy.ones(3, dtype)
        if other == element or (element, other) == ("i8", "u8"):
            assert total(b) == 3
            continue
        for wrong in (b, hidden_from_numpy(b)):
            text = message(TypeError, total, wrong)
            assert text.startswith(f"sum_{element}() argument `a`: expected a C-contiguous {element} array of shape [n], found {b.dtype} (format '")
            hint = f"shape (3,)\nhint: if a copy is meant, pass numpy.asarray(a, '{a.dtype}')"
            # What may be plain bytes may be meant as what lies in them.
            assert (f"{hint}; if these are the bytes of such elements" if other in ("i8", "u8") else f"{hint}\n") in f"{text}\n"


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_elements(arrays, name):
    function = getattr(arrays, name)
    z = numpy.array([1 + 2j, 3 - 5j], COMPLEX[name])
    assert function(z) == -3
    assert "found float" in message(TypeError, function, z.real.copy())


def test_long_is_the_integer_of_its_size(arrays):
    a = array.array("l", [1, 2])
    same = arrays.sum_i64 if a.itemsize == 8 else arrays.sum_i32
    assert same(a) == 3
    assert same(numpy.array([1, 2], "l")) == 3
    assert same(hidden_from_numpy(numpy.array([1, 2], "l"))) == 3
    assert same(numpy.array([1, 2], "longlong" if a.itemsize == 8 else "intc")) == 3
    assert arrays.sum_f64(numpy.array([1.5], "<f8")) == 1.5


def test_bytes_fit_both_types_of_one_byte(arrays):
    assert arrays.sum_u8(b"\x01\xff") == 256
    assert arrays.sum_i8(b"\x01\xff") == 0
    assert arrays.sum_i8(bytearray(b"\xff")) == -1
    assert "found int8" in message(TypeError, arrays.sum_u8, numpy.zeros(2, "i1"))


def test_swapped_bytes_are_refused(arrays):
    for a in (numpy.ones(2, ">f8"), hidden_from_numpy(numpy.ones(2, ">f8"))):
        assert "found byte-swapped float64 (format '>d')" in message(TypeError, arrays.sum_f64, a)
    assert arrays.sum_u8(numpy.ones(2, ">u1")) == 2


@pytest.mark.parametrize("value", [3.0, None, [1.0, 2.0], "text", range(3), object()])
def test_no_buffer(arrays, value):
    text = message(TypeError, arrays.sum_f64, value)
    assert text == (
        f"sum_f64() argument `a`: expected a C-contiguous f64 array of shape [n], found {type(value).__name__}\n"
        "hint: pass an object with the buffer protocol, such as numpy.asarray(a, dtype='float64')"
    )


def test_foreign_formats(arrays):
    assert "found elements of 16 bytes (format 'T{" in message(TypeError, arrays.sum_f64, numpy.zeros(3, [("x", "f8"), ("y", "f8")]))
    assert "found elements of 2 bytes (format 'e')" in message(TypeError, arrays.sum_f32, numpy.zeros(3, "f2"))
    assert "buffer protocol" in message(TypeError, arrays.sum_f64, numpy.zeros(3, "M8[s]"))
    assert "found elements of 8 bytes (format 'O')" in message(TypeError, arrays.sum_f64, numpy.array([None]))


def test_rank(arrays):
    a = numpy.arange(6.0).reshape(2, 3)
    for value, axes in ((a, 2), (hidden_from_numpy(a), 2), (numpy.array(1.0), 0)):
        text = message(ValueError, arrays.sum_f64, value)
        assert text.endswith(f"found float64 (format 'd'), shape {value.shape}: {axes} axes instead of 1")
    assert "1 axes instead of 2" in message(ValueError, arrays.at, a[0], 0, 0)


def test_order(arrays):
    a = numpy.arange(6.0).reshape(2, 3)
    f = numpy.asfortranarray(a)
    for i in range(2):
        for j in range(3):
            assert arrays.at(a, i, j) == arrays.at_fortran(f, i, j) == a[i, j]
            assert arrays.at(hidden_from_numpy(a), i, j) == arrays.at_fortran(hidden_from_numpy(f), i, j) == a[i, j]
    for wrong in (f, a[:, ::-1], numpy.arange(12.0).reshape(2, 6)[:, :3], hidden_from_numpy(f)):
        assert "hint: if a copy is meant, pass numpy.ascontiguousarray(a)" in message(ValueError, arrays.at, wrong, 0, 0)
    for wrong in (a, a[::-1], hidden_from_numpy(a)):
        text = message(ValueError, arrays.at_fortran, wrong, 0, 0)
        assert "expected a Fortran-contiguous f64 array of shape [m, n]" in text and "pass numpy.asfortranarray(a)" in text
    assert "strides (16,)" in message(ValueError, arrays.sum_f64, numpy.arange(6.0)[::2])
    # The stride of an axis of one element, and those of an empty array, say nothing.
    assert arrays.at(numpy.arange(3.0)[:, None].T, 0, 2) == 2.0
    assert arrays.sum_f64(numpy.arange(6.0)[::2][:1]) == 0.0
    assert arrays.sum_f64(hidden_from_numpy(numpy.arange(6.0)[::2][:1])) == 0.0
    assert arrays.sum_f64(numpy.arange(6.0)[::-2][:0]) == 0.0


def test_strided(arrays):
    a = numpy.arange(12.0)
    for view in (a, a[::3], a[::-1], a[7:2:-2], a[:1], a[:0], a.reshape(3, 4)[:, 1]):
        for value in (view, hidden_from_numpy(view)):
            assert arrays.strided_sum(value) == view.sum()
    assert arrays.strided_dot(a[::2], a[1::2]) == (a[::2] * a[1::2]).sum()
    assert message(ValueError, arrays.strided_dot, a[::2], a[:6]) == (
        "strided_dot() argument `b`: expected a stride of 2 elements, as the other array has, found 1"
    )
    odd = numpy.zeros(4, [("x", "f8"), ("y", "f4")])["x"]
    assert "no multiple of the 8 bytes of an element" in message(ValueError, arrays.strided_sum, odd)
    one = numpy.lib.stride_tricks.as_strided(a, (4,), (0,))
    assert arrays.strided_sum(one) == 0.0
    arrays.halve(a[::-2])
    assert a.tolist() == [0, 0.5, 2, 1.5, 4, 2.5, 6, 3.5, 8, 4.5, 10, 5.5]
    for value in (one, hidden_from_numpy(one)):
        assert "whose elements share one place in memory\nhint: pass y.copy(), and read the result there" in message(ValueError, arrays.halve, value)


def test_alignment(arrays):
    raw = numpy.zeros(17, "u1")
    skewed = raw[1:].view("f8")
    for value in (skewed, hidden_from_numpy(skewed)):
        assert "at an address that is no multiple of 8" in message(ValueError, arrays.sum_f64, value)
    assert arrays.sum_u8(raw[1:]) == 0


def test_shapes_must_agree(arrays):
    a, b = numpy.zeros(3), numpy.zeros(4)
    assert message(ValueError, arrays.dot, a, b) == (
        "dot() argument `b`: expected a C-contiguous f64 array of shape [n] with n = 3 from `a`, found shape (4,)"
    )
    assert arrays.padded(numpy.ones(2), numpy.arange(5.0)) == 5.0
    assert "shape [2*n+1] with 2*n+1 = 5, found shape (4,)" in message(ValueError, arrays.padded, numpy.ones(2), numpy.ones(4))
    assert arrays.three(numpy.ones(3)) == 3.0
    assert message(ValueError, arrays.three, numpy.ones(4)).endswith("of shape [3], found shape (4,)")
    assert arrays.apart(numpy.arange(3.0), 4) == 2.0
    assert "with k-1 = 1, found shape (3,)" in message(ValueError, arrays.apart, numpy.arange(3.0), 2)
    assert "with k-1 = -1, found shape (3,)" in message(ValueError, arrays.apart, numpy.arange(3.0), 0)
    assert arrays.product(numpy.zeros(12), 3, 2) == 5.0
    assert "with m*n*n beyond 128 bits" in message(ValueError, arrays.product, numpy.zeros(12), 2**64 - 1, 2**64 - 1)


def test_a_shape_that_its_c_type_cannot_hold(arrays):
    assert arrays.small(bytes(127)) == 127
    for value in (bytes(128), numpy.zeros(128, "u1")):
        assert message(OverflowError, arrays.small, value) == "small() argument `a`: `n` would be 128, out of range for i8"


def test_optional(arrays):
    a = numpy.arange(3.0)
    assert arrays.weights(a) == arrays.weights(a, None) == arrays.weights(a, w=None) == 3.0
    assert arrays.weights(a, a) == 5.0
    assert "or None, found list" in message(TypeError, arrays.weights, a, [1])
    assert "with n = 3 from `a`" in message(ValueError, arrays.weights, a, numpy.ones(2))


def test_written_arrays(arrays):
    x, y = numpy.arange(4.0), numpy.ones(4)
    assert arrays.axpy(2, x, y) is None
    assert y.tolist() == [1, 3, 5, 7]
    arrays.axpy(alpha=1, y=hidden_from_numpy(y), x=array.array("d", [1, 1, 1, 1]))
    assert y.tolist() == [2, 4, 6, 8]
    z = (ctypes.c_double * 4)()
    arrays.copy(x, z)
    assert list(z) == x.tolist()


def test_read_only(arrays):
    x = numpy.arange(4.0)
    frozen = x.copy()
    frozen.flags.writeable = False
    assert arrays.dot(frozen, frozen) == arrays.dot(hidden_from_numpy(frozen), x) == 14.0
    for y in (frozen, hidden_from_numpy(frozen), memoryview(bytes(32)).cast("d")):
        assert message(ValueError, arrays.axpy, 1, x, y) == (
            "axpy() argument `y`: expected a writable C-contiguous f64 array of shape [n], "
            "found float64 (format 'd'), shape (4,), which is read-only"
        )


def test_overlap(arrays):
    a = numpy.arange(8.0)
    for x, y in ((a, a), (a[:4], a[2:6]), (a[2:6], a[:4]), (hidden_from_numpy(a), a), (a[:4], hidden_from_numpy(a[3:7]))):
        assert message(ValueError, arrays.axpy, 1, x, y) == (
            "axpy() arguments `x` and `y` overlap in memory, and `y` is written\nhint: if a copy is meant, pass x.copy()"
        )
    arrays.axpy(1, a[:4], a[4:])
    arrays.axpy(1, a[:0], a[:0])
    # Neither parameter of `copy` is `restrict`.
    arrays.copy(a, a)
    assert arrays.dot(a, a) == (a * a).sum()


def test_output_arrays(arrays):
    a, b = numpy.arange(3.0), numpy.ones(2)
    y = arrays.doubled(a)
    assert y.dtype == "f8" and y.tolist() == [0, 2, 4]
    given = numpy.zeros(3)
    assert arrays.doubled(a, y=given) is given and given.tolist() == [0, 2, 4]
    assert arrays.doubled(a, y=None).tolist() == [0, 2, 4]
    assert arrays.outer(a, b).tolist() == [[0, 0], [1, 1], [2, 2]]
    assert arrays.counting(4).tolist() == [0, 1, 2, 3] and arrays.counting(4).dtype == "i4"
    assert "cannot allocate `y`: its extent n would be -1" in message(ValueError, arrays.counting, -1)
    assert "with n = 3 from `a`, found shape (2,)" in message(ValueError, arrays.doubled, a, y=numpy.zeros(2))
    assert "found list" in message(TypeError, arrays.doubled, a, y=[0, 0, 0])
    assert message(OverflowError, arrays.counting, 2**62) == (
        "counting() cannot allocate `y`: an array of shape (4611686018427387904,) has more than 2^63 - 1 bytes"
    )
    with pytest.raises(MemoryError):
        arrays.counting(2**60)


def test_output_scalars(arrays):
    assert arrays.extremes(numpy.array([3.0, -1.0, 2.0])) == (3.0, -1.0, 1)
    assert arrays.parts() == 3 - 4j
