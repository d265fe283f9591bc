"""The rules of spec/signature.md in Python, sharing nothing with the runtime: what a call returns, writes, or raises and about what."""

import math
import struct
from dataclasses import dataclass

import numpy
from random_signatures import ELEMENTS, INTEGERS, SCALARS

MASK = 2**64 - 1
MOST = 2**63 - 1


class TooLarge(Exception):
    """A call that is right and would need too much memory for a test."""


class Refused(Exception):
    """The error that the call must raise: its type, and the parameter that the message must name, if any."""

    def __init__(self, type, name=None):
        self.type, self.name = type, name


@dataclass
class View:
    """An array argument as the function sees it; `object` is None where the function's own output stands for it."""

    object: object
    shape: tuple
    stride: int = 1


def mix(h, data):
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 & MASK
    return h


def changed(h, data, is_bool, is_new):
    bytes_ = ((h + i) & 255 for i in range(len(data)))
    return bytes(byte & 1 if is_bool else byte ^ (0 if is_new else old) for byte, old in zip(bytes_, data))


def bind(signature, args, keywords):
    """Input name -> object, or `Refused`."""
    inputs, positional = signature.inputs, signature.positional
    if len(args) > len(positional):
        raise Refused(TypeError)
    given = {param.name: value for param, value in zip(positional, args)}
    passable = {param.name for param in inputs if not (param.mode == "out" and not param.dims)}
    for name, value in keywords.items():
        if name not in passable or name in given:
            raise Refused(TypeError, name)
        given[name] = value
    for param in positional:
        if param.name not in given and not param.has_default:
            raise Refused(TypeError, param.name)
    return given


def scalar(param, value):
    """The bytes that C gets."""
    if param.type == "bool":
        if not isinstance(value, (bool, numpy.bool_)):
            raise Refused(TypeError, param.name)
        return struct.pack("?", bool(value))
    if param.type in ("f32", "f64"):
        return real(param, value)
    code = "Q" if param.type == "ptr" else SCALARS[param.type][1]
    if param.type == "ptr" and value is None:
        return bytes(8)
    if not hasattr(type(value), "__index__"):
        raise Refused(TypeError, param.name)
    try:
        value = value.__index__()
    except TypeError:
        # An array of many numbers has the method and refuses.
        raise Refused(TypeError, param.name) from None
    try:
        return struct.pack(code, value)
    except struct.error:
        raise Refused(OverflowError, param.name) from None


def real(param, value):
    is_number = hasattr(type(value), "__float__") or hasattr(type(value), "__index__")
    if isinstance(value, complex) or not is_number:
        raise Refused(TypeError, param.name)
    try:
        # With an order, other than without one, a finite value that does not fit is an error.
        return struct.pack("<" + SCALARS[param.type][1], float(value))
    except (TypeError, OverflowError) as error:
        raise Refused(type(error), param.name) from None


def kind_of(format):
    """The kind of a buffer's format and whether its bytes are in the other order."""
    order = format[0] if format[:1] in ("@", "=", "<", ">", "!") else ""
    codes = format[len(order) :]
    kinds = {"?": "?", "f": "f", "d": "f", "Zf": "c", "Zd": "c"}
    kind = kinds.get(codes) or ("i" if codes in tuple("bhilqn") else "u" if codes in tuple("BHILQNc") else None)
    return kind, order in (">", "!"), codes


def array(param, value):
    """The view of an array argument, or `Refused`."""
    _, size, kind = ELEMENTS[param.type]
    try:
        buffer = memoryview(value)
    except (TypeError, ValueError, BufferError):
        raise Refused(TypeError, param.name) from None
    with buffer:
        found, swapped, codes = kind_of(buffer.format)
        plain = param.type == "i8" and codes in ("B", "c")
        if buffer.itemsize != size or (swapped and size > 1) or not (found == kind or plain):
            raise Refused(TypeError, param.name)
        shape, strides, readonly = buffer.shape, buffer.strides, buffer.readonly
    if len(shape) != len(param.dims) or (param.mode and readonly):
        raise Refused(ValueError, param.name)
    empty = 0 in shape
    if isinstance(value, numpy.ndarray) and not empty:
        align = size // 2 if kind == "c" else size
        if value.__array_interface__["data"][0] % align:
            raise Refused(ValueError, param.name)
    if param.layout in "CF":
        expected = size
        for extent, stride in list(zip(shape, strides))[:: 1 if param.layout == "F" else -1]:
            if not empty and extent != 1 and stride != expected:
                raise Refused(ValueError, param.name)
            expected *= extent
        return View(value, shape)
    if shape[0] > 1 and (strides[0] % size or (param.mode and strides[0] == 0)):
        raise Refused(ValueError, param.name)
    return View(value, shape, strides[0] // size if shape[0] > 1 else 1)


def fits(type, value):
    try:
        struct.pack(INTEGERS[type][1], value)
    except struct.error:
        return False
    return True


class Model:
    """One call: after `__init__`, `result` and `contents` say what it must give and leave."""

    def __init__(self, signature, args, keywords, contents):
        """`contents`: id of an argument -> its bytes in the order of its parameter, before the call and, in the end, after it."""
        self.signature, self.contents = signature, dict(contents)
        self.given = bind(signature, args, keywords)
        self.types = {param.name: param.type for param in signature.params}
        self.numbers, self.bytes, self.views, self.bound = {}, {}, {}, {}
        for param in signature.inputs:
            self.convert(param)
        self.allocate()
        self.check()
        self.run()

    def convert(self, param):
        if not param.is_array:
            if param.name in self.given:
                data = scalar(param, self.given[param.name])
            else:
                value = {"inf": float("inf"), "-inf": float("-inf")}.get(param.default, param.default)
                data = scalar(param, float(value) if isinstance(value, str) else value)
            self.bytes[param.name] = data
            if param.type in INTEGERS:
                self.numbers[param.name] = struct.unpack(SCALARS[param.type][1], data)[0]
            return
        value = self.given.get(param.name)
        if value is None and (param.optional or param.mode == "out"):
            self.views[param.name] = None
            return
        view = self.views[param.name] = array(param, value)
        if param.optional or param.mode == "out":
            return
        found = list(zip(param.dims, view.shape)) + [(param.layout, view.stride)]
        for name, number in found:
            if name in self.types and name not in self.bound:
                if not fits(self.types[name], number):
                    raise Refused(OverflowError, param.name)
                self.bound[name] = param.name
                self.numbers[name] = number

    def extents(self, param):
        # The expressions of the generator mean in Python what they mean in a signature.
        return tuple(eval(dim, {}, self.numbers) for dim in param.dims)

    def allocate(self):
        for param in self.signature.params:
            if param.mode == "out" and self.views.get(param.name) is None:
                shape = self.extents(param)
                size = ELEMENTS[param.type][1]
                if any(extent < 0 for extent in shape):
                    raise Refused(ValueError, param.name)
                # As NumPy counts, extents of zero do not make an array smaller.
                total = size * math.prod(max(extent, 1) for extent in shape)
                if total > MOST:
                    raise Refused(OverflowError, param.name)
                if total > 10**6:
                    raise TooLarge
                self.views[param.name] = View(None, shape)

    def check(self):
        for param in self.signature.inputs:
            view = self.views.get(param.name)
            if view is None or not param.is_array:
                continue
            if view.shape != self.extents(param):
                raise Refused(ValueError, param.name)
            if param.layout not in "CF" and view.shape[0] > 1 and view.stride != self.numbers[param.layout]:
                raise Refused(ValueError, param.name)
        arrays = [param for param in self.signature.inputs if param.is_array and self.views.get(param.name)]
        for j, second in enumerate(arrays):
            for first in arrays[:j]:
                same = self.views[first.name].object is self.views[second.name].object is not None
                empty = 0 in self.views[first.name].shape
                if same and not empty and (first.mode or second.mode) and (first.restrict or second.restrict):
                    raise Refused(ValueError, first.name)

    def run(self):
        h = 0xCBF29CE484222325
        for param in self.signature.params:
            if not param.is_array:
                data = self.bytes.get(param.name)
                h = mix(h, data if data is not None else struct.pack(SCALARS[param.type][1], self.numbers[param.name]))
            elif param.mode != "out" and self.views[param.name]:
                h = mix(h, self.contents[id(self.views[param.name].object)])
        outputs = []
        for param in self.signature.params:
            view = self.views.get(param.name)
            if param.mode == "out" and not param.dims:
                outputs.append(self.out_scalar(param.type, h))
            elif param.mode and view:
                size = ELEMENTS[param.type][1]
                for extent in view.shape:
                    size *= extent
                old = bytes(size) if view.object is None else self.contents[id(view.object)]
                new = changed(h, old, param.type == "bool", param.mode == "out")
                if view.object is not None:
                    self.contents[id(view.object)] = new
                if param.mode == "out":
                    outputs.append((param, view, new))
        if self.signature.result == "status" and h % 4 == 0:
            self.result = Refused(RuntimeError)
            return
        own = [] if self.signature.result in ("void", "status") else [self.out_scalar(self.signature.result, h)]
        self.result = [*own, *outputs]

    @staticmethod
    def out_scalar(type, h):
        if type in ("c64", "c128"):
            return complex(h >> 40, h >> 44)
        if type in ("f32", "f64"):
            return float(h >> 40)
        if type == "bool":
            return bool(h & 1)
        code = SCALARS[type][1]
        return struct.unpack(code, struct.pack("Q", h)[: struct.calcsize(code)])[0]
