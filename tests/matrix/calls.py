"""Calls files (`pixie run --calls`) in Python: the same arrays, and the same lines out of what the functions give.

The command makes its calls through thunks; these are for a Python runtime, so that both can be compared line by line.
"""

import struct
import sys
from pathlib import Path

import numpy as np
from blake3 import blake3

sys.path.insert(0, str(Path(__file__).parents[2] / "spec/reader"))
import pixie_signature

# Arrays of so many elements are printed, longer ones hashed.
SHOWN = 16
TYPES = {"f32": "<f4", "f64": "<f8", "bool": "?", "usize": "<u8", "c64": "<c8", "c128": "<c16"}
TYPES |= {f"{kind}{bits}": f"<{kind}{bits // 8}" for kind in "iu" for bits in (8, 16, 32, 64)}


def read(path):
    """The calls of a file: (function, {parameter: text}, line)."""
    for line in path.read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            yield words[0], dict(word.split("=") for word in words[1:]), line


def _states(seed, count):
    state, mask = 0x9E3779B97F4A7C15 ^ (seed + 1), 2**64 - 1
    for _ in range(count):
        state ^= state << 13 & mask
        state ^= state >> 7
        state ^= state << 17 & mask
        yield state


def _array(param, count, seed):
    kind = np.dtype(TYPES[param.type])
    states = np.fromiter(_states(seed, count * (2 if kind.kind == "c" else 1)), np.uint64)
    if kind.kind in "fc":
        single = kind.itemsize == (4 if kind.kind == "f" else 8)
        real = (states >> 40).astype("<f4") / 2**24 if single else (states >> 11).astype("<f8") / 2**53
        return real.astype("<f4" if single else "<f8").view(kind)
    if kind.kind == "i":
        return (states.view(np.int64) >> (64 - 4 * kind.itemsize)).astype(kind)
    return (states >> 63).astype(kind) if kind.kind == "b" else states.astype(kind)


def _extent(dim, given):
    if isinstance(dim, tuple):
        operator, left, right = dim
        left, right = _extent(left, given), _extent(right, given)
        return {"+": left + right, "-": left - right, "*": left * right}[operator]
    return int(given[dim]) if isinstance(dim, str) else dim


def _number(param, text):
    return float(text) if param.type in ("f32", "f64") else int(text)


def arguments(signature, given):
    """One call: the arguments as Python takes them, bytes of arrays with their buffer format and shape: (kind, value) pairs."""
    hidden = signature.hidden()
    for index, param in enumerate(signature.params):
        if param.is_array:
            shape = [_extent(dim, given) for dim in param.dims]
            array = _array(param, int(np.prod(shape)), index)
            yield "array", (array.tobytes(), memoryview(array).format, shape)
        elif index not in hidden:
            yield "number", _number(param, given[param.name])


def _describe(data, kind):
    array = np.frombuffer(data, TYPES[kind]).copy()
    if array.dtype.kind in "fc":
        real = array.view(f"<f{array.dtype.itemsize // (2 if array.dtype.kind == 'c' else 1)}")
        real[np.isnan(real)] = np.nan
        words = real.view(f"<u{real.dtype.itemsize}")
    else:
        words = array.view(f"<u{array.dtype.itemsize}")
    if array.size > SHOWN:
        return blake3(words.tobytes()).hexdigest()
    return "[" + ",".join(f"{word:0{2 * words.dtype.itemsize}x}" for word in words.tolist()) + "]"


def line(name, level, signature, result, arrays):
    """What `pixie run --calls` prints for a call that gave `result` and left `arrays`, bytes by parameter."""
    if signature.result == "void":
        outcome = "void"
    elif signature.result in ("f32", "f64"):
        width = "f" if signature.result == "f32" else "d"
        (bits,) = struct.unpack("<I" if width == "f" else "<Q", struct.pack("<" + width, result))
        outcome = f"result={bits:016x}"
    else:
        outcome = f"result={result & 2**64 - 1:016x}"
    for param in signature.params:
        if param.is_array and param.mode:
            outcome += f" {param.name}={_describe(arrays[param.name], param.type)}"
    return f"{name} ran {level} {signature.name} {outcome}"


def signatures(described):
    """{name: signature} of what `pixie inspect --json` printed."""
    return {export["name"]: pixie_signature.parse(export["signature"]) for export in described["exports"]}
