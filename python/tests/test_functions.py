"""What can be learned from a function and a module: help, signatures, info, ctypes, capsules."""

import ctypes
import importlib
import inspect
import math
import pydoc
import sys
import types
from pathlib import Path

from conftest import message

import pixie


def test_a_function_is_a_built_in(scalars, arrays):
    for function, module in ((scalars.add, "scalars"), (arrays.dot, "arrays")):
        assert type(function) is types.BuiltinFunctionType
        assert inspect.isbuiltin(function) and callable(function)
        assert function.__module__ == module
        assert function.__name__ == function.__qualname__.rsplit(".", 1)[-1]
        assert type(function.__self__) is pixie.Export
        assert isinstance(hash(function), int) and function == function and function != len


def test_signatures_have_names_and_defaults(scalars, arrays):
    def signature(function):
        return str(inspect.signature(function))

    assert signature(scalars.nothing) == "()"
    assert signature(scalars.add) == "(a, b)"
    assert signature(scalars.defaults) == "(a, b=0.5, c=-3, d=True, e=2)"
    assert signature(scalars.infinite) == "(a=-inf, b=nan)"
    assert signature(scalars.next_address) == "(p=None)"
    assert signature(arrays.dot) == "(a, b)"
    assert signature(arrays.at) == "(a, i, j)"
    assert signature(arrays.prefix) == "(a)"
    assert signature(arrays.weights) == "(a, w=None)"
    assert signature(arrays.doubled) == "(a, *, y=None)"
    assert signature(arrays.extremes) == "(a)"
    assert signature(arrays.parts) == "()"
    bound = inspect.signature(scalars.defaults).bind(1, c=2)
    bound.apply_defaults()
    assert scalars.defaults(*bound.args, **bound.kwargs) == 1 + 0.5 + 2 + 2
    assert math.isnan(inspect.signature(scalars.infinite).parameters["b"].default)


def test_docstrings_show_the_types(arrays):
    assert arrays.dot.__doc__ == "dot(a: f64[n], b: f64[n], n: usize) -> f64"
    text = pydoc.render_doc(arrays.dot, renderer=pydoc.plaintext)
    assert "dot(a, b)" in text and "dot(a: f64[n], b: f64[n], n: usize) -> f64" in text
    assert "axpy(alpha, x, y)" in pydoc.render_doc(arrays, renderer=pydoc.plaintext)


def test_info(arrays, files):
    info = pixie.info(arrays.axpy)
    assert info is arrays.axpy.__self__
    assert info.name == info.symbol == "axpy" and info.module == "arrays"
    assert info.signature == "axpy(alpha: f64, x: f64[n], y: inout f64[n], n: usize)"
    assert info.c_signature == "void (double, double *, double *, size_t)"
    assert info.platform == pixie.host().platform
    assert info.isa == arrays.__pixie__.isa and info.build_id == arrays.__pixie__.build_id
    assert info.address != info.thunk_address and info.address > 0
    assert repr(info) == f"<pixie function {info.signature} of 'arrays' at {info.isa}>"
    assert pixie.info(info) is info
    for stranger in (len, print, "axpy", None, info.__reduce__, arrays):
        assert message(TypeError, pixie.info, stranger).startswith("expected a function of a fat module, found ")


def test_ctypes(scalars, arrays):
    assert pixie.info(scalars.add).ctypes(1.5, 2) == 3.5
    x, y = (ctypes.c_double * 3)(1, 2, 3), (ctypes.c_double * 3)(1, 1, 1)
    assert pixie.info(arrays.dot).ctypes(x, y, 3) == 6.0
    assert pixie.info(scalars.same_i8).ctypes(-5) == -5
    function = pixie.info(arrays.copy).ctypes
    assert function.restype is None and function.argtypes[2] is ctypes.c_size_t


def test_thunk(scalars):
    slots, result = (ctypes.c_uint64 * 2)(), ctypes.c_uint64()
    ctypes.memmove(slots, (ctypes.c_double * 2)(1.5, 2.0), 16)
    prototype = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
    prototype(pixie.info(scalars.add).thunk_address)(slots, ctypes.byref(result))
    assert ctypes.c_double.from_buffer(result).value == 3.5


def test_capsule(scalars):
    info = pixie.info(scalars.add)
    capsule = info.capsule
    assert info.capsule is capsule and "double (double, double)" in repr(capsule)
    name, pointer = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    assert name(capsule) == b"double (double, double)"
    assert pointer(capsule, b"double (double, double)") == info.address


def test_the_module_tells_what_it_is(arrays, files):
    about = arrays.__pixie__
    assert type(about) is pixie.FatModule
    assert about.name == "arrays" and about.path == str(files["arrays"]) and about.format == "1.0"
    assert about.platform == pixie.host().platform and about.platforms == (about.platform,)
    assert len(about.build_id) == 64 and int(about.build_id, 16) >= 0
    assert about.exports["dot"] == "dot(a: f64[n], b: f64[n], n: usize) -> f64"
    assert list(about.exports) == [name for name in arrays.__all__ if not name.startswith("_")]
    chosen = [variant for variant in about.variants if variant["chosen"]]
    assert [variant["isa"] for variant in chosen] == [about.isa] and about.isa in pixie.host().levels
    assert chosen[0]["reason"] == about.reason == "the highest that this processor runs"
    assert all(variant["reason"] for variant in about.variants)
    assert repr(about) == f"<fat module 'arrays' on {about.platform} at {about.isa}>"
    assert message(AttributeError, getattr, arrays, "nosuch") == "module 'arrays' has no attribute 'nosuch'"


def test_the_upstream_dict(arrays):
    upstream = arrays.__PIXIE__
    assert upstream["selected_isa"] == arrays.__pixie__.isa
    assert upstream["available_isas"][0] == "baseline" and upstream["is_specialized"] is False
    entry = upstream["symbols"]["dot"]["double(double*, double*, size_t)"]
    assert set(entry) == {"ctypes_cfunctype", "symbol", "module", "source_file", "address", "cfunc", "metadata"}
    x = (ctypes.c_double * 2)(3, 4)
    assert entry["cfunc"](x, x, 2) == 25.0 and entry["address"] == pixie.info(arrays.dot).address
    assert entry["ctypes_cfunctype"](entry["address"])(x, x, 2) == 25.0
    assert "double dot(const double *, const double *, size_t);" in upstream["c_header"]


def test_every_variant_computes(files):
    about = pixie.load(files["arrays"]).__pixie__
    for level in pixie.host().levels:
        module = pixie.load(files["arrays"], isa=level)
        assert module.__pixie__.isa == level and module.sum_i32(memoryview(bytes(4)).cast("i")) == 0
        assert pixie.info(module.dot).isa == level
        reasons = {variant["isa"]: variant["reason"] for variant in module.__pixie__.variants}
        assert "chosen by the caller" in reasons[level]
    assert pixie.load(files["arrays"], isa="baseline").__pixie__.isa == about.variants[0]["isa"]


def test_functions_are_made_when_first_asked_for(files):
    module = pixie.load(files["scalars"])
    assert "add" in dir(module) and "add" not in vars(module)
    assert module.add is module.add and vars(module)["add"] is module.add
    assert set(module.__all__) <= set(dir(module)) and "__pixie__" in dir(module)
    assert not hasattr(module, "no_such_function")


def test_star_import_and_reload(files):
    sys.path.insert(0, str(Path(files["scalars"]).parent))
    try:
        names = {}
        exec(f"from {Path(files['scalars']).stem} import *", names)
        module = sys.modules[Path(files["scalars"]).stem]
        assert names["add"] is module.add
        importlib.reload(module)
        assert module.add is not names["add"] and module.add(1.0, 2.0) == names["add"](1.0, 2.0)
    finally:
        del sys.path[0]
