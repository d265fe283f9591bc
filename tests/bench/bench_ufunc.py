"""Ufuncs on a million doubles, and on a thousand: against `numba.vectorize` of the same expression and against loops written by hand,
compiled by `clang-22 -O3 -march=native`. argv: the folder, the library of those loops."""

import ctypes
import math
import statistics
import sys

sys.path[:0] = [sys.argv[1]]

import numba
import numpy as np
from common import PIXIE, interleaved, ratio, repeat, table

import pixie
import ufuncs

ROUNDS, SECONDS = 31, 0.02
HAND, NUMBA = "clang native", "numba.vectorize"
library = ctypes.CDLL(sys.argv[2])
PYTHON = {
    "hypot3": (3, lambda x, y, z: math.sqrt(x * x + y * y + z * z)),
    "wave": (2, lambda x, y: (x * x * y + 0.5 * y - x) / (1.0 + y * y)),
    "add": (2, lambda x, y: x + y),
}


def pointer(array):
    return ctypes.c_void_p(array.ctypes.data)


rows = []
for count in (1_000_000, 1_000):
    for name, (inputs, expression) in PYTHON.items():
        operands = np.random.default_rng(5).normal(size=(inputs, count))
        operands = [np.ascontiguousarray(row) for row in operands]
        # One output for all: at a million the memory decides, and where an array's pages lie differs by more than the loops do.
        out = np.empty(count)
        ufunc = getattr(ufuncs, name)
        vectorized = numba.vectorize([f"f8({', '.join(['f8'] * inputs)})"])(expression)
        loop = getattr(library, f"{name}_loop")
        loop.restype = None
        addresses = [pointer(array) for array in (*operands, out)]
        calls = {
            PIXIE: lambda: ufunc(*operands, out=out),
            HAND: lambda: loop(*addresses, ctypes.c_size_t(count)),
            NUMBA: lambda: vectorized(*operands, out=out),
        }
        results = {}
        for who, call in calls.items():
            out.fill(np.nan)
            call()
            results[who] = out.copy()
        # Contraction of a*b+c may differ in the last bit.
        assert all(np.allclose(results[PIXIE], result, rtol=1e-13) for result in results.values())
        equal = "yes" if np.array_equal(results[PIXIE], results[HAND]) else "to 1e-13"
        times = interleaved({who: repeat(call) for who, call in calls.items()}, ROUNDS, SECONDS)
        row = [f"{name}, {count}", f"{statistics.median(times[PIXIE]) / 1000:.2f}"]
        rows.append([*row, f"{ratio(times, PIXIE, HAND):.2f}", f"{ratio(times, PIXIE, NUMBA):.2f}", equal])
table(
    f"ufuncs, medians of {ROUNDS} rounds; pixie runs {ufuncs.__pixie__.isa}",
    ["", "us", f"over {HAND}", f"over {NUMBA}", "equal to clang's"],
    rows,
)
