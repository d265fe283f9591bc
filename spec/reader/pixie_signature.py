"""Signatures of exports: a parser and printer, written from spec/signature.md alone."""

import keyword
import re
from dataclasses import dataclass, field

INTEGERS = {"i8": 8, "i16": 16, "i32": 32, "i64": 64, "long": 32}
UNSIGNED = {"u8": 8, "u16": 16, "u32": 32, "u64": 64, "usize": 64, "ulong": 32}
SCALARS = {"bool", "f32", "f64", *INTEGERS, *UNSIGNED}
COMPLEX = {"c64", "c128"}
# The keywords of Python 3.11, which later versions of this program must not extend.
KEYWORDS = set(
    "False None True and as assert async await break class continue def del elif else except finally for from"
    " global if import in is lambda nonlocal not or pass raise return try while with yield".split()
)
assert KEYWORDS <= set(keyword.kwlist)

TOKEN = re.compile(
    r"[ \t\r\n]*(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>[0-9.]+(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<symbol>->|[()\[\],:;=|+*-])"
    r"|(?P<end>$)"
    r")"
)
FLOAT = re.compile(r"(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+")
LARGEST_F32_TIE = (2 - 2**-24) * 2.0**127


class Bad(ValueError):
    """The text is no signature, or breaks a rule of spec/signature.md."""


@dataclass
class Param:
    name: str
    mode: str = ""
    type: str = ""  # a scalar, "ptr", or the element of an array
    dims: list | None = None  # None: by value; []: an `out` scalar
    fortran: bool = False
    stride: str | None = None
    optional: bool = False
    default: str | None = None

    @property
    def is_array(self):
        return self.dims is not None


@dataclass
class Signature:
    name: str
    params: list = field(default_factory=list)
    result: str = "void"

    def hidden(self):
        """The indices of the parameters that arrays determine."""
        taken = set()
        for param in self.params:
            if param.is_array and param.mode != "out" and not param.optional:
                taken |= {dim for dim in param.dims if isinstance(dim, str)}
                taken.add(param.stride)
        return [index for index, param in enumerate(self.params) if param.name in taken]

    def __str__(self):
        params = ", ".join(map(print_param, self.params))
        return f"{self.name}({params})" + ("" if self.result == "void" else f" -> {self.result}")


class Parser:
    def __init__(self, text):
        if len(text.encode()) > 16384:
            raise Bad("longer than 16384 bytes")
        self.tokens = []
        at = 0
        while True:
            match = TOKEN.match(text, at)
            if not match:
                raise Bad(f"unexpected character at {at}")
            self.tokens.append((match.lastgroup, match.group(match.lastgroup)))
            if match.lastgroup == "end":
                break
            at = match.end()
        self.next = 0
        self.operators = 0

    def peek(self):
        return self.tokens[self.next]

    def take(self, kind=None):
        token = self.tokens[self.next]
        if kind and token[0] != kind:
            raise Bad(f"expected a {kind}, found {token[1]!r}")
        if token[0] != "end":
            self.next += 1
        return token[1]

    def eat(self, word):
        found = self.peek() in (("symbol", word), ("name", word))
        self.next += found
        return found

    def expect(self, *words):
        for word in words:
            if self.eat(word):
                return word
        raise Bad(f"expected {' or '.join(words)}, found {self.peek()[1]!r}")

    def fresh_name(self):
        name = self.take("name")
        if name in KEYWORDS:
            raise Bad(f"{name} is a keyword")
        return name

    def signature(self):
        result = Signature(self.fresh_name())
        self.expect("(")
        while not self.eat(")"):
            if result.params:
                self.expect(",")
            result.params.append(self.param())
        if self.eat("->"):
            result.result = self.take("name")
            if result.result not in SCALARS | {"ptr", "status", "void"}:
                raise Bad(f"unknown result {result.result}")
        self.take("end")
        return result

    def param(self):
        param = Param(self.fresh_name())
        self.expect(":")
        if self.peek() in (("name", "inout"), ("name", "out")):
            param.mode = self.take()
        param.type = self.take("name")
        if param.type not in SCALARS | COMPLEX | {"ptr"}:
            raise Bad(f"unknown type {param.type}")
        if param.type != "ptr" and self.eat("["):
            param.dims = [self.dimension()]
            while self.eat(","):
                param.dims.append(self.dimension())
            if self.eat(";"):
                self.layout(param)
            self.expect("]")
            if self.eat("|"):
                self.expect("None")
                param.optional = True
        elif param.mode == "out" and param.type != "ptr":
            param.dims = []
        elif param.type in COMPLEX:
            raise Bad("a complex number by value")
        if self.eat("="):
            param.default = self.default()
        return param

    def layout(self, param):
        word = self.expect("order", "stride")
        self.expect("=")
        if word == "stride":
            param.stride = self.take("name")
        else:
            param.fortran = self.expect("C", "F") == "F"

    def dimension(self):
        self.operators = 0
        return self.sum(0)

    def binary(self, operator, left, right):
        self.operators += 1
        if self.operators > 64:
            raise Bad("more than 64 operators in a dimension")
        return (operator, left, right)

    def sum(self, depth):
        left = self.product(depth)
        while self.peek() in (("symbol", "+"), ("symbol", "-")):
            left = self.binary(self.take(), left, self.product(depth))
        return left

    def product(self, depth):
        left = self.factor(depth)
        while self.eat("*"):
            left = self.binary("*", left, self.factor(depth))
        return left

    def factor(self, depth):
        kind, text = self.peek()
        if depth > 31:
            raise Bad("parentheses deeper than 31")
        if kind == "number" and text.isdigit():
            value = int(self.take())
            if value >= 2**64:
                raise Bad("a constant above 64 bits")
            return value
        if kind == "name":
            return self.take()
        self.expect("(")
        inner = self.sum(depth + 1)
        self.expect(")")
        return inner

    def default(self):
        """The canonical text of a default."""
        negative = self.eat("-")
        kind, text = self.peek()
        self.next += kind != "end"
        sign = "-" if negative else ""
        if kind == "name" and text in {"True", "False", "None", "nan"} and not negative:
            return text
        if kind == "name" and text == "inf":
            return sign + text
        if kind == "number" and text.isdigit():
            return str(int(sign + text))
        if kind == "number" and FLOAT.fullmatch(text):
            value = float(text)
            if value == float("inf"):
                raise Bad("a default above binary64")
            return print_float(float(sign + text))
        raise Bad(f"no default: {text!r}")


def print_float(value):
    """Python's own text, but for the exponent's plus and zeros."""
    text = repr(value)
    if "e" in text:
        digits, exponent = text.split("e")
        text = f"{digits}e{int(exponent)}"
    return text


def is_sum(dim):
    return isinstance(dim, tuple) and dim[0] in "+-"


def print_dim(dim):
    if not isinstance(dim, tuple):
        return str(dim)
    operator, left, right = dim
    group = lambda inner, needed: f"({print_dim(inner)})" if needed else print_dim(inner)  # noqa: E731
    product = operator == "*"
    left_text = group(left, product and is_sum(left))
    return left_text + operator + group(right, is_sum(right) or product and isinstance(right, tuple))


def print_param(param):
    text = f"{param.name}: {param.mode + ' ' if param.mode else ''}{param.type}"
    if param.dims:
        text += "[" + ", ".join(map(print_dim, param.dims))
        text += "; order=F" if param.fortran else f"; stride={param.stride}" if param.stride else ""
        text += "]"
    if param.optional:
        text += " | None"
    return text if param.default is None else f"{text} = {param.default}"


def names_of(dim):
    if isinstance(dim, tuple):
        yield from names_of(dim[1])
        yield from names_of(dim[2])
    elif isinstance(dim, str):
        yield dim


def check_default(param):
    default, kind = param.default, param.type
    number = default.lstrip("-")
    whole = number.isdigit()
    if param.is_array:
        fits = param.optional and default == "None"
    elif kind == "ptr":
        fits = default == "None"
    elif kind == "bool":
        fits = default in ("True", "False")
    elif kind in INTEGERS:
        fits = whole and -(2 ** (INTEGERS[kind] - 1)) <= int(default) < 2 ** (INTEGERS[kind] - 1)
    elif kind in UNSIGNED:
        fits = whole and 0 <= int(default) < 2 ** UNSIGNED[kind]
    elif whole:
        fits = abs(int(default)) < 2**64
    else:
        fits = default not in ("True", "False", "None")
        if fits and kind == "f32" and number not in ("inf", "nan"):
            fits = abs(float(default)) < LARGEST_F32_TIE
    if not fits:
        raise Bad(f"the default {default} does not fit {kind}")


def check(signature):
    """Rules 1 to 6 of spec/signature.md §7.6, beyond what the grammar says."""
    params = {param.name: param for param in signature.params}
    if len(params) != len(signature.params):
        raise Bad("two parameters of one name")
    if len(params) > 64:
        raise Bad("more than 64 parameters")
    hidden = {signature.params[index].name for index in signature.hidden()}
    defaulted = False
    for param in signature.params:
        if param.mode and not param.is_array:
            raise Bad(f"{param.name} cannot be {param.mode}")
        if param.mode == "out" and param.optional:
            raise Bad("an optional array is not `out`")
        if len(param.dims or []) > 16:
            raise Bad("more than 16 axes")
        for dim in param.dims or []:
            for name in names_of(dim):
                other = params.get(name)
                if other is None or other.is_array or other.type not in INTEGERS | UNSIGNED:
                    raise Bad(f"the dimension {name} is no integer parameter")
        if param.stride:
            stride = params.get(param.stride)
            if stride is None or stride.is_array or stride.type not in INTEGERS or len(param.dims) != 1:
                raise Bad("a stride is a signed integer parameter, of an array of one axis")
        if param.default is not None:
            check_default(param)
            if param.name in hidden:
                raise Bad("a hidden parameter has no default")
            defaulted = True
        elif defaulted and param.name not in hidden and param.mode != "out":
            raise Bad(f"{param.name} has no default but follows one that has")


def parse(text):
    """The signature of a text, checked. Raises `Bad`."""
    signature = Parser(text).signature()
    check(signature)
    return signature
