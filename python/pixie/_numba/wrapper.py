"""The Python source of what Numba compiles for a function: it checks and converts as a call from Python does.

An example is `dot(a: f64[n], b: f64[n], n: usize) -> f64`::

    def dot(a, b):
        n = a.shape[0]
        if b.shape[0] != n:
            raise ValueError(...)
        return external(a, b, n)
"""

import linecache
import math

import numba
import numpy

from . import memory
from .external import NUMBA_TYPES, external

#: What the source refers to, each behind `Writer.prefix`.
NAMES = {
    "finite": math.isfinite,
    "float32": numpy.float32,
    "int64": numpy.int64,
    "empty": numpy.empty,
    **{name: getattr(memory, name) for name in ("overlap", "product", "total", "difference")},
}


def compile_wrapper(export):
    """The compiled function for one export, and what its signature says, as `_typed` gives it."""
    typed = export._typed()
    writer = Writer(export, typed)
    source = writer.source()
    filename = f"<pixie {export.module}.{export.signature}>"
    # So that tracebacks and Numba's messages show it.
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    names = {**NAMES, **writer.names, "external": external(export, typed)}
    space = {"__name__": __name__, **{writer.prefix + name: value for name, value in names.items()}}
    exec(compile(source, filename, "exec"), space)
    return numba.njit(space[export.name]), typed


class Writer:
    """Writes the source for one signature."""

    def __init__(self, export, typed):
        self.function = export.name
        self.typed = typed
        self.parameters = typed["parameters"]
        self.lines = []
        self.names = {}
        self.known = set()
        # What no parameter begins with, so that no name of ours is one of the author's.
        self.prefix = "_"
        while any(parameter["name"].startswith(self.prefix) for parameter in self.parameters):
            self.prefix += "_"

    def name(self, name):
        """A name of ours in the source."""
        return self.prefix + name

    def converted(self, parameter):
        """The variable that C gets: the array or pointer itself, or the number after its check."""
        own = parameter["type"] in ("array", "ptr") and parameter["mode"] != "out"
        return variable(parameter) if own else self.name(f"c_{parameter['name']}")

    def source(self):
        given, results = [], []
        for parameter in self.parameters:
            if not parameter["hidden"] and parameter["mode"] != "out":
                name = variable(parameter)
                if "default" in parameter:
                    default = f"default_{name}"
                    self.names[default] = parameter["default"]
                    name += f"={self.name(default)}"
                given.append(name)
        for slot, parameter in enumerate(self.parameters):
            if parameter["type"] not in ("array", "ptr") and not parameter["hidden"]:
                self.convert(slot, parameter)
        arrays = [parameter for parameter in self.parameters if parameter["type"] == "array"]
        for parameter in arrays:
            if parameter["mode"] != "out":
                self.shape(parameter)
        for first, second in self.typed["apart"]:
            self.separate(self.parameters[first], self.parameters[second])
        for parameter in arrays:
            if parameter["mode"] == "out":
                results.append(self.allocate(parameter))
        passed = [self.converted(parameter) for parameter in self.parameters]
        returns = self.typed["returns"]
        self.line(f"{self.name('result')} = {self.name('external')}({', '.join(passed)})")
        if returns == "status":
            self.status()
        elif returns != "void":
            results.insert(0, self.name("result"))
        if results:
            self.line(f"return {results[0] if len(results) == 1 else ', '.join(results)}")
        return f"def {self.function}({', '.join(given)}):\n" + "".join(self.lines)

    def line(self, text, depth=1):
        self.lines.append(f"{'    ' * depth}{text}\n")

    def refuse(self, condition, error, message, depth=1):
        self.line(f"if {condition}:", depth)
        self.line(f"raise {error}({message!r})", depth + 1)

    def convert(self, slot, parameter):
        """A number that C's type cannot hold is refused, as it is from Python; Numba removes what cannot happen."""
        name, kind, place = variable(parameter), parameter["type"], self.converted(parameter)
        what = f"{self.function}() argument `{parameter['name']}`: out of range for {kind}"
        finite = self.name("finite")
        self.line(f"{place} = {name}")
        if kind == "f32":
            self.refuse(f"{finite}({name}) and not {finite}({self.name('float32')}({name}))", "OverflowError", what)
        elif kind[0] in "iu":
            self.bounds(name, kind, what)
        self.known.add(slot)

    def bounds(self, name, kind, what):
        check = f"outside_{kind}"
        self.names[check] = memory.outside(kind)
        self.refuse(f"{self.name(check)}({name})", "OverflowError", what)

    def shape(self, parameter):
        """What an array's shape and stride determine, or must agree with."""
        name, optional = variable(parameter), parameter["optional"]
        depth = 2 if optional else 1
        if optional:
            self.line(f"if {name} is not None:")
        for axis, (dim, text) in enumerate(zip(parameter["dims"], parameter["dim_texts"], strict=True)):
            extent = f"{name}.shape[{axis}]"
            if not optional and self.is_free(dim):
                self.bind(parameter, dim[1], extent, text)
                continue
            message = f"{parameter['expected']}: axis {axis} is not {text}"
            self.refuse(f"{extent} != {self.evaluate(dim)}", "ValueError", message, depth)
        if parameter["stride"] is not None:
            self.stride(parameter, depth)

    def is_free(self, dim):
        return isinstance(dim, tuple) and dim[0] == "parameter" and dim[1] not in self.known

    def bind(self, parameter, slot, value, text):
        hidden = self.parameters[slot]
        self.line(f"{self.converted(hidden)} = {value}")
        what = f"{self.function}() argument `{parameter['name']}`: `{text}` is out of range for {hidden['type']}"
        self.bounds(self.converted(hidden), hidden["type"], what)
        self.known.add(slot)

    def stride(self, parameter, depth):
        name, slot = variable(parameter), parameter["stride"]
        size = NUMBA_TYPES[parameter["element"]].bitwidth // 8
        message = f"{self.function}() argument `{parameter['name']}`: its stride is no multiple of {size} bytes"
        self.refuse(f"{name}.strides[0] % {size} != 0", "ValueError", message, depth)
        value = f"{name}.strides[0] // {size}"
        if not parameter["optional"] and slot not in self.known:
            self.bind(parameter, slot, value, self.parameters[slot]["name"])
            return
        message = f"{self.function}() argument `{parameter['name']}`: expected the stride of the other array"
        self.refuse(f"{value} != {self.converted(self.parameters[slot])}", "ValueError", message, depth)

    def evaluate(self, dim):
        """The expression of an extent, in 64 bits, which raises where those do not suffice."""
        if not isinstance(dim, tuple):
            return str(dim)
        if dim[0] == "parameter":
            return f"{self.name('int64')}({self.converted(self.parameters[dim[1]])})"
        operation = {"+": "total", "-": "difference", "*": "product"}[dim[0]]
        return f"{self.name(operation)}({self.evaluate(dim[1])}, {self.evaluate(dim[2])})"

    def separate(self, first, second):
        if "out" in (first["mode"], second["mode"]):
            return
        names = variable(first), variable(second)
        there = [f"{name} is not None" for name, one in zip(names, (first, second), strict=True) if one["optional"]]
        written = first if second["mode"] == "in" else second
        copied = second if written is first else first
        message = (
            f"{self.function}() arguments `{first['name']}` and `{second['name']}` overlap in memory, and "
            f"`{written['name']}` is written\nhint: if a copy is meant, pass {copied['name']}.copy()"
        )
        depth = 1
        for condition in there:
            self.line(f"if {condition}:", depth)
            depth += 1
        self.refuse(f"{self.name('overlap')}({', '.join(names)})", "ValueError", message, depth)

    def allocate(self, parameter):
        """Makes an `out` array, or the place of an `out` scalar; returns what the caller gets."""
        name, element = self.converted(parameter), f"dtype_{variable(parameter)}"
        empty = self.name("empty")
        self.names[element] = numpy.dtype(str(NUMBA_TYPES[parameter["element"]])).type
        if not parameter["dims"]:
            self.line(f"{name} = {empty}(1, {self.name(element)})")
            return f"{name}[0]"
        extents = []
        for axis, (dim, text) in enumerate(zip(parameter["dims"], parameter["dim_texts"], strict=True)):
            extent = self.name(f"extent{axis}_{variable(parameter)}")
            self.line(f"{extent} = {self.evaluate(dim)}")
            message = f"{self.function}() cannot allocate `{parameter['name']}`: its extent {text} would be negative"
            self.refuse(f"{extent} < 0", "ValueError", message)
            extents.append(extent)
        backwards = parameter["order"] == "F" and len(extents) > 1
        shape = ", ".join(reversed(extents) if backwards else extents)
        self.line(f"{name} = {empty}(({shape},), {self.name(element)}){'.T' if backwards else ''}")
        return name

    def status(self):
        for code, text in self.typed["status"].items():
            if code != 0:
                message = f"{self.function}() failed: {text} (status {code})"
                self.refuse(f"{self.name('result')} == {code}", "RuntimeError", message)
        self.refuse(f"{self.name('result')} != 0", "RuntimeError", f"{self.function}() failed")


def variable(parameter):
    """The name of the argument. Callers may use keywords, so it is the parameter's own."""
    return parameter["name"]
