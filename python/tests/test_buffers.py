"""Arrays that are not NumPy's: memoryviews, array.array, bytearray, ctypes, mapped files, PyArrow's buffers and tensors."""

import array
import ctypes
import mmap

import numpy as np
import pyarrow
import pytest
from conftest import ELEMENTS, message

CODES = {"i8": "b", "i16": "h", "i32": "i", "i64": "q", "u8": "B", "u16": "H", "u32": "I", "u64": "Q", "f32": "f", "f64": "d"}
VALUES = [1, 2, 3, 100]


@pytest.mark.parametrize("element", CODES)
def test_every_kind_of_buffer_is_read(arrays, element):
    function, code = getattr(arrays, f"sum_{element}"), CODES[element]
    plain = array.array(code, VALUES)
    arrow = pyarrow.array(np.array(VALUES, code))
    kinds = [
        plain,
        memoryview(plain),
        memoryview(plain).toreadonly(),
        memoryview(bytearray(plain.tobytes())).cast(code),
        memoryview(plain.tobytes()).cast(code),
        (np.ctypeslib.as_ctypes_type(np.dtype(code)) * 4)(*VALUES),
        memoryview(arrow.buffers()[1]).cast(code)[:4],
        memoryview(pyarrow.py_buffer(plain.tobytes())).cast(code),
        arrow.to_numpy(),
        pyarrow.Tensor.from_numpy(np.array(VALUES, code)),
    ]
    for kind in kinds:
        assert function(kind) == 106, kind
    assert function(memoryview(plain)[1:3]) == 5
    assert function(memoryview(plain)[:0]) == 0
    assert set(CODES) | {"bool"} == set(ELEMENTS)


def test_bytes_are_elements_of_one_byte(arrays):
    for kind in (b"abc", bytearray(b"abc"), memoryview(b"abc"), memoryview(b"abc").cast("c")):
        assert arrays.sum_u8(kind) == arrays.sum_i8(kind) == sum(b"abc")
    arrow = pyarrow.py_buffer(b"abc")
    assert arrays.sum_i8(arrow) == arrays.sum_u8(memoryview(arrow).cast("B")) == sum(b"abc")


def test_arrow_arrays_with_an_offset_and_several_axes(arrays):
    sliced = pyarrow.array([5.0, 1.0, 2.0, 7.0])[1:3]
    values = memoryview(sliced.buffers()[1]).cast("d")[sliced.offset : sliced.offset + len(sliced)]
    assert arrays.sum_f64(values) == 3.0
    a = np.arange(6.0).reshape(2, 3)
    assert arrays.at(pyarrow.Tensor.from_numpy(a), 1, 2) == 5.0
    assert arrays.at(memoryview(a.tobytes()).cast("d", (2, 3)), 1, 2) == 5.0
    text = message(ValueError, arrays.at, pyarrow.Tensor.from_numpy(np.asfortranarray(a)), 1, 2)
    assert "at() argument `a`: expected a C-contiguous f64 array of shape [m, n], found " in text


def test_writable_buffers_are_written(arrays, tmp_path):
    x = array.array("d", [1, 2, 3])
    path = tmp_path / "mapped"
    path.write_bytes(bytes(24))
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 24) as mapped:
        raw = bytearray(24)
        kinds = [array.array("d", 3 * [0]), memoryview(raw).cast("d"), (ctypes.c_double * 3)(), memoryview(mapped).cast("d")]
        allocated = pyarrow.allocate_buffer(24)
        kinds.append(memoryview(allocated).cast("b").cast("d"))
        for y in kinds:
            arrays.copy(x, y)
            assert list(y) == [1, 2, 3]
        assert np.frombuffer(raw).tolist() == np.frombuffer(allocated).tolist() == [1, 2, 3]
        kinds[3].release()
    assert np.fromfile(path).tolist() == [1, 2, 3]


def test_read_only_buffers_are_not_written(arrays):
    x = array.array("d", [1, 2])
    arrow = pyarrow.array([0.0, 0.0])
    readonly = [
        memoryview(bytes(16)).cast("d"),
        memoryview(array.array("d", [0, 0])).toreadonly(),
        memoryview(pyarrow.py_buffer(bytes(16))).cast("d"),
        arrow.to_numpy(),
    ]
    for y in readonly:
        text = message(ValueError, arrays.copy, x, y)
        assert text.startswith("copy() argument `y`: expected a writable C-contiguous f64 array of shape [n], found ")
        assert "which is read-only" in text
    assert arrow.to_pylist() == [0.0, 0.0]


def test_bytes_of_larger_elements_are_pointed_to_a_cast(arrays):
    data = pyarrow.py_buffer(np.arange(3.0).tobytes())
    text = message(TypeError, arrays.sum_f64, data)
    hint = "hint: if a copy is meant, pass numpy.asarray(a, 'float64'); if these are the bytes of such elements, pass memoryview(a).cast('d')"
    assert text.endswith(f"found int8 (format 'b'), shape (24,)\n{hint}")
    assert arrays.sum_f64(memoryview(data).cast("d")) == 3.0
    for element, code in CODES.items():
        if element[1:] != "8":
            assert message(TypeError, getattr(arrays, f"sum_{element}"), b"abc").endswith(f"pass memoryview(a).cast('{code}')")
    assert "memoryview" not in message(TypeError, arrays.imaginary_c128, b"abc")
    text = message(TypeError, arrays.copy, np.zeros(2), bytearray(16))
    assert text.endswith("from the start; if these are the bytes of such elements, pass memoryview(y).cast('d')")


def test_what_has_no_buffer_is_refused(arrays):
    text = message(TypeError, arrays.sum_f64, pyarrow.array([1.0]))
    assert "found pyarrow.lib.DoubleArray\nhint: pass an object with the buffer protocol" in text
    text = message(TypeError, arrays.sum_u32, memoryview(array.array("f", [1])))
    assert "found float32 (format 'f'), shape (1,)" in text
