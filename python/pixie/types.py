"""Signatures as numba/pixie writes them, `void(double*, double*, double*)`, and what they are to ctypes and to `pixie build`."""

import re
from typing import NamedTuple

#: Word to the type's names: of ctypes, and of this project's own signatures.
_SCALARS = {
    "void": (None, None),
    "bool": ("c_bool", "bool"),
    "char": ("c_int8", "i8"),
    "int": ("c_int", "i32"),
    "long": ("c_long", "long"),
    "size_t": ("c_size_t", "usize"),
    "float": ("c_float", "f32"),
    "double": ("c_double", "f64"),
    **{f"i{bits}": (f"c_int{bits}", f"i{bits}") for bits in (8, 16, 32, 64)},
    **{f"u{bits}": (f"c_uint{bits}", f"u{bits}") for bits in (8, 16, 32, 64)},
    **{f"int{bits}_t": (f"c_int{bits}", f"i{bits}") for bits in (8, 16, 32, 64)},
    **{f"uint{bits}_t": (f"c_uint{bits}", f"u{bits}") for bits in (8, 16, 32, 64)},
}

_SIGNATURE = re.compile(r"\s*([^()]*?)\s*\(([^()]*)\)\s*")
_TYPE = re.compile(r"(?:const\s+)?(\w+)((?:\s*\*)*)\s*")


class canonical_signature(NamedTuple):
    """The types of a function."""

    return_type: object
    argument_types: list


class Signature:
    """A parsed signature: a result and arguments, each a word (`i8` to `u64`, `float`, `double`, `char`, `int`, `long`, `size_t`,
    `bool`, `intN_t`, `uintN_t`, `void`) with any number of asterisks.

    Raises `ValueError` for anything else, what follows the closing parenthesis included.
    """

    def __init__(self, text):
        match = _SIGNATURE.fullmatch(text)
        if match is None:
            raise ValueError(f"`{text}` is not a signature\nhint: for example `void(double*, double*)`")
        result, arguments = match.groups()
        self.result = _type(result, text)
        empty = arguments.strip() in ("", "void")
        self.arguments = [] if empty else [_type(argument.strip(), text) for argument in arguments.split(",")]
        if ("void", 0) in self.arguments:
            raise ValueError(f"`{text}` has an argument of type `void`\nhint: an address is `void*`")

    def __repr__(self):
        return f"{_spelled(self.result)}({', '.join(map(_spelled, self.arguments))})"

    def __eq__(self, other):
        return isinstance(other, Signature) and repr(self) == repr(other)

    def __hash__(self):
        return hash(repr(self))

    def as_ctypes(self):
        """The ctypes types of the result, `None` for `void`, and of the arguments."""
        return canonical_signature(_ctype(self.result), [_ctype(argument) for argument in self.arguments])

    def as_export(self):
        """Parameters and result as `pixie build` takes them behind a function's name; every pointer is a `ptr`."""
        params = ", ".join(f"arg{index}: {_word(argument)}" for index, argument in enumerate(self.arguments))
        return f"({params})" + ("" if self.result == ("void", 0) else f" -> {_word(self.result)}")


def _type(text, signature):
    match = _TYPE.fullmatch(text)
    if match is None or match[1] not in _SCALARS:
        words = ", ".join(f"`{word}`" for word in _SCALARS)
        raise ValueError(f"`{text}` in `{signature}` is not a type\nhint: expected one of {words}, or a pointer to one")
    return match[1], match[2].count("*")


def _spelled(ty):
    return ty[0] + "*" * ty[1]


def _word(ty):
    return "ptr" if ty[1] else _SCALARS[ty[0]][1]


def _ctype(ty):
    import ctypes

    word, depth = ty
    if word == "void" and depth:
        made, depth = ctypes.c_void_p, depth - 1
    else:
        name = _SCALARS[word][0]
        made = name and getattr(ctypes, name)
    for _ in range(depth):
        made = ctypes.POINTER(made)
    return made
