"""The kernels against `clang-22 -O3 -march=native` of the same file. argv: the folder, then NAME=SHARED_LIBRARY for each peer.

Both sides are called through ctypes at their plain C addresses, so that only the code differs."""

import ctypes
import os
import statistics
import sys
from pathlib import Path

sys.path[:0] = [sys.argv[1], str(Path(__file__).parent.parent / "kernels")]

import cases
import numpy as np
from common import PIXIE, geometric_mean, interleaved, ratio, table

import pixie
import kernels

ROUNDS, SECONDS = 41, 0.02
peers = dict(item.split("=", 1) for item in sys.argv[2:])
libraries = {name: ctypes.CDLL(path) for name, path in peers.items()}
BASE = next(iter(peers))


def pointer(array):
    return array.ctypes.data


def c_arguments(name, v):
    """The plain C arguments, in the order of kernels.c."""
    size, f64, i32 = ctypes.c_size_t, ctypes.c_double, ctypes.c_int32
    p = {key: ctypes.c_void_p(pointer(value)) for key, value in v.items() if isinstance(value, np.ndarray)}
    match name:
        case "dot":
            return p["a"], p["b"], size(len(v["a"]))
        case "axpy":
            return f64(v["alpha"]), p["x"], p["y"], size(len(v["x"]))
        case "matmul":
            return p["a"], p["b"], p["c"], *map(size, (*v["a"].shape, v["b"].shape[1]))
        case "mandelbrot":
            return p["counts"], *map(size, v["counts"].shape), *(f64(v[key]) for key in ("x0", "y0", "step")), i32(v["limit"])
        case "sieve":
            return p["prime"], size(len(v["prime"]))
        case "blur":
            return p["image"], p["out"], *map(size, v["image"].shape)
        case "histogram":
            return p["values"], size(len(v["values"])), p["counts"]
        case "polynomial":
            return p["coefficients"], size(len(v["coefficients"])), p["x"], p["y"], size(len(v["x"]))
        case "popcount":
            return p["words"], size(len(v["words"]))
        case "cumsum":
            return p["values"], p["sums"], size(len(v["values"]))
        case "distances":
            return p["points"], *map(size, v["points"].shape), p["query"], p["out"]
        case "blend":
            return p["a"], p["b"], p["out"], size(len(v["a"])), ctypes.c_uint8(v["alpha"])
    raise ValueError(name)


RESULT = {"dot": ctypes.c_double, "sieve": ctypes.c_int64, "popcount": ctypes.c_uint64}


def plain(address_or_function, name):
    arguments = [type(value) for value in c_arguments(name, cases_by_name[name])]
    if isinstance(address_or_function, int):
        return ctypes.CFUNCTYPE(RESULT.get(name), *arguments)(address_or_function)
    address_or_function.argtypes, address_or_function.restype = arguments, RESULT.get(name)
    return address_or_function


cases_by_name = {name: make(cases.LARGE, np.random.default_rng(7)) for name, make, _ in cases.CASES}
baseline = pixie.load(kernels.__file__, isa="baseline")
# The same module compiled again for exactly this processor.
os.environ |= {"PIXIE_JIT": "native", "PIXIE_CACHE_DIR": sys.argv[1] + "/cache"}
native = pixie.load(kernels.__file__)
NATIVE = "pixie native"
assert native.__pixie__.specialized and not kernels.__pixie__.specialized
rows, ratios = [], {name: [] for name in [*list(peers)[1:], PIXIE, NATIVE]}
over_stored = []
for name, _, _ in cases.CASES:
    arguments = c_arguments(name, cases_by_name[name])
    functions = {PIXIE: plain(pixie.info(getattr(kernels, name)).address, name)}
    functions |= {peer: plain(getattr(library, name), name) for peer, library in libraries.items()}
    functions[NATIVE] = plain(pixie.info(getattr(native, name)).address, name)
    functions["baseline"] = plain(pixie.info(getattr(baseline, name)).address, name)

    def runner(function):
        def run(count):
            for _ in range(count):
                function(*arguments)

        return run

    times = interleaved({key: runner(function) for key, function in functions.items()}, ROUNDS, SECONDS)
    row = [name, f"{statistics.median(times[BASE]) / 1000:.1f}"]
    for key in ratios:
        ratios[key].append(ratio(times, key, BASE))
        row.append(f"{ratios[key][-1]:.3f}")
    over_stored.append(ratio(times, NATIVE, PIXIE))
    row += [f"{over_stored[-1]:.3f}", f"{ratio(times, 'baseline', BASE):.3f}"]
    rows.append(row)
rows.append(["geometric mean", "", *(f"{geometric_mean(values):.3f}" for values in ratios.values()), f"{geometric_mean(over_stored):.3f}", ""])
rows.append(["worst", "", *(f"{max(values):.3f}" for values in ratios.values()), f"{max(over_stored):.3f}", ""])
table(
    f"kernels, time over {BASE}, medians of {ROUNDS} rounds; pixie runs {kernels.__pixie__.isa}, native {native.__pixie__.isa}",
    ["", "us", *ratios, "native over pixie", "pixie baseline"],
    rows,
)
