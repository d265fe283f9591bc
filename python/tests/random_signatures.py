"""Random signatures, each with a function in C that tells by a hash what it was given and changes what it may write."""

from dataclasses import dataclass, field

INTEGERS = {
    "i8": ("int8_t", "b"), "i16": ("int16_t", "h"), "i32": ("int32_t", "i"), "i64": ("int64_t", "q"),
    "u8": ("uint8_t", "B"), "u16": ("uint16_t", "H"), "u32": ("uint32_t", "I"), "u64": ("uint64_t", "Q"),
    "usize": ("size_t", "Q"), "long": ("long", "l"), "ulong": ("unsigned long", "L"),
}  # fmt: skip
#: Type -> C type and `struct` code.
SCALARS = {**INTEGERS, "f32": ("float", "f"), "f64": ("double", "d"), "bool": ("bool", "?")}
#: Element type -> C type, bytes, kind, as a buffer's format tells it.
ELEMENTS = {
    "bool": ("bool", 1, "?"), "i8": ("int8_t", 1, "i"), "i16": ("int16_t", 2, "i"), "i32": ("int32_t", 4, "i"),
    "i64": ("int64_t", 8, "i"), "u8": ("uint8_t", 1, "u"), "u16": ("uint16_t", 2, "u"), "u32": ("uint32_t", 4, "u"),
    "u64": ("uint64_t", 8, "u"), "f32": ("float", 4, "f"), "f64": ("double", 8, "f"), "c64": ("float", 8, "c"),
    "c128": ("double", 16, "c"),
}  # fmt: skip

PRELUDE = """
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
static uint64_t mix(uint64_t h, const void *from, int64_t n) {
    const unsigned char *p = from;
    for (int64_t i = 0; i < n; i++) h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}
static void change(uint64_t h, void *to, int64_t from, int64_t n, int is_bool, int is_new) {
    unsigned char *p = to;
    for (int64_t i = 0; i < n; i++) {
        unsigned char old = is_new ? 0 : p[i], byte = (unsigned char)(h + (uint64_t)(from + i));
        p[i] = is_bool ? byte & 1 : old ^ byte;
    }
}
"""


@dataclass
class Param:
    """A parameter. `dims` is None for a scalar; an `out` scalar is an array without dimensions."""

    name: str
    type: str
    mode: str = ""
    dims: list[str] | None = None
    layout: str = "C"
    optional: bool = False
    restrict: bool = False
    default: object = None
    has_default: bool = False

    @property
    def is_array(self):
        return self.dims is not None

    def text(self):
        mode = f"{self.mode} " if self.mode else ""
        default = f" = {self.default}" if self.has_default else ""
        if not self.dims:
            return f"{self.name}: {mode}{self.type}{default}"
        layout = {"C": "", "F": "; order=F"}.get(self.layout, f"; stride={self.layout}")
        none = " | None" if self.optional else ""
        return f"{self.name}: {mode}{self.type}[{', '.join(self.dims)}{layout}]{none}{default}"

    def c(self):
        if self.type == "ptr":
            return f"const void *{self.name}"
        if not self.is_array:
            return f"{SCALARS[self.type][0]} {self.name}"
        const = "" if self.mode else "const "
        return f"{const}{ELEMENTS[self.type][0]} *{'restrict ' if self.restrict else ''}{self.name}"


@dataclass
class Signature:
    """A function: parameters in C's order and a result type."""

    name: str
    params: list[Param]
    result: str
    hidden: set[str] = field(default_factory=set)

    def __post_init__(self):
        for param in self.params:
            if param.is_array and param.mode != "out" and not param.optional:
                self.hidden |= {dim for dim in param.dims if dim.isidentifier()} | ({param.layout} - {"C", "F"})

    @property
    def inputs(self):
        """What Python passes: by position first, then outputs, which go by keyword."""
        passed = [param for param in self.params if param.mode != "out" and param.name not in self.hidden]
        return passed + [param for param in self.params if param.mode == "out"]

    @property
    def positional(self):
        return [param for param in self.inputs if param.mode != "out"]

    def text(self):
        result = "" if self.result == "void" else f" -> {self.result}"
        return f"{self.name}({', '.join(param.text() for param in self.params)}){result}"

    def c(self):
        reads, writes = [], []
        for param in self.params:
            if not param.is_array:
                reads.append(f"h = mix(h, &{param.name}, sizeof {param.name});")
                continue
            size = ELEMENTS[param.type][1]
            is_bool = int(param.type == "bool")
            if not param.dims:
                writes += out_scalar(param)
                continue
            count = " * ".join(f"({exact(dim)})" for dim in param.dims)
            step = 2 if param.type in ("c64", "c128") else 1
            if param.layout in "CF":
                each = (f"h = mix(h, {param.name}, {count} * {size});", f"change(h, {param.name}, 0, {count} * {size}, {is_bool}, ")
            else:
                at = f"{param.name} + i * (int64_t){param.layout} * {step}"
                loop = f"for (int64_t i = 0; i < {count}; i++) "
                each = (f"{loop}h = mix(h, {at}, {size});", f"{loop}change(h, {at}, i * {size}, {size}, {is_bool}, ")
            if param.mode != "out":
                reads.append(f"if ({param.name}) {each[0]}")
            if param.mode:
                writes.append(f"if ({param.name}) {each[1]}{int(param.mode == 'out')});")
        result = {"void": "", "status": "return h % 4 == 0 ? 3 : 0;", "bool": "return h & 1;"}.get(self.result)
        if result is None:
            shift = " >> 40" if self.result in ("f32", "f64") else ""
            result = f"return ({SCALARS[self.result][0]})(h{shift});"
        ctype = {"void": "void", "status": "int"}.get(self.result) or SCALARS[self.result][0]
        body = "\n    ".join(["uint64_t h = 0xcbf29ce484222325u;", *reads, *writes, result])
        params = ", ".join(param.c() for param in self.params) or "void"
        return f"{ctype} {self.name}({params}) {{\n    {body}\n}}\n"


def out_scalar(param):
    """The values that the model gives in `Model.out_scalar`."""
    if param.type in ("c64", "c128"):
        return [f"{param.name}[0] = h >> 40; {param.name}[1] = h >> 44;"]
    shift = {"f32": "h >> 40", "f64": "h >> 40", "bool": "h & 1"}.get(param.type, "h")
    return [f"*{param.name} = ({ELEMENTS[param.type][0]})({shift});"]


def exact(dim):
    """A dimension in C, computed in 64 bits."""
    import re

    return re.sub(r"[a-z]\w*", r"(int64_t)\g<0>", dim)


def default(random, kind):
    if kind == "ptr":
        return None
    if kind == "bool":
        return random.choice([True, False])
    if kind in ("f32", "f64"):
        return random.choice(["0.5", "-inf", "3", "-0.25", "inf"])
    return random.choice([0, 1, 100] + ([] if kind[0] == "u" else [-1, -100]))


def generate(random, name):
    """A signature that the rules of spec/signature.md §7.6 allow."""
    sizes = [Param(f"n{i}", random.choice(["usize", "i64", "i32", "u16", "i8", "u8", "long"])) for i in range(random.randint(0, 3))]
    names = [size.name for size in sizes]
    params = list(sizes)
    for i in range(random.choice([0, 1, 1, 2, 2, 3, 4])):
        array = Param(f"a{i}", random.choice(list(ELEMENTS)), random.choice(["", "", "inout", "out"]), [])
        array.restrict = random.random() < 0.4
        if array.mode != "out" or random.random() < 0.7:
            array.dims = [dimension(random, names) for _ in range(random.choice([1, 1, 1, 2, 2, 3]))]
        if array.mode != "out":
            array.optional = random.random() < 0.2
        layout = random.random()
        if array.dims and layout < 0.2:
            array.layout = "F"
        elif len(array.dims) == 1 and layout < 0.4:
            strides = [param.name for param in params if param.name[0] == "s"]
            if not strides or random.random() < 0.7:
                strides = [f"s{i}"]
                params.append(Param(f"s{i}", random.choice(["i64", "i32", "i16"])))
            array.layout = random.choice(strides)
        params.append(array)
    for i in range(random.choice([0, 0, 1, 2, 3, 8]) if len(params) > 1 else random.randint(0, 9)):
        params.append(Param(f"x{i}", random.choice([*SCALARS, "f64", "f64", "ptr"])))
    random.shuffle(params)
    signature = Signature(name, params, random.choice([*SCALARS, "void", "status", "f64", "u64"]))
    visible = signature.positional
    start = random.randint(0, len(visible)) if random.random() < 0.5 else len(visible)
    # Whatever is no optional array can have a default.
    while any(param.is_array and not param.optional for param in visible[start:]):
        start += 1
    for param in visible[start:]:
        param.has_default = True
        param.default = None if param.is_array else default(random, param.type)
    return signature


def dimension(random, names):
    chance = random.random()
    if not names or chance < 0.15:
        return str(random.randint(0, 4))
    if chance < 0.75:
        return random.choice(names)
    m, n = random.choice(names), random.choice(names)
    return random.choice([f"2*{n}+1", f"{n}-1", f"{m}*{n}", f"{n}*({m}+1)", f"{m}+{n}-1"])
