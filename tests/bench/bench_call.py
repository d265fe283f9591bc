"""The cost of a call, against the other ways to write an extension. argv[1]: the folder with calls.pixie, kernels.pixie and the
peers; it runs itself again with `count` under callgrind."""

import ctypes
import os
import subprocess
import sys
from functools import partial
from itertools import repeat as times
from pathlib import Path

FOLDER = Path(sys.argv[1]).absolute()
sys.path[:0] = [str(FOLDER), str(FOLDER / "packages")]

import numba
import numpy as np
from common import PEER, PIXIE, interleaved, table

ROUNDS, SECONDS, CALLS = 7, 0.05, 1000
EIGHT = "a b c d e f g h".split()
# The calls as a program has them, by row, with what the names in them stand for.
ROWS = {
    "nothing()": {},
    "scale(x, y)": {"x": 1.5, "y": 2.5},
    f"sum8({', '.join(EIGHT)})": dict(zip(EIGHT, map(float, range(8)))),
    "scale(x=x, y=y)": {"x": 1.5, "y": 2.5},
    "dot(a, b)": {"a": np.arange(8.0), "b": np.ones(8)},
}
HEADS = ["nothing()", "f(f64, f64)", "eight f64", "f(x=, y=)", "dot, two of 8"]
RESULTS = [None, 4.75, 28.0, 4.75, 28.0]


def loop(row, function):
    """A callable of a repeat count that calls as `row` says, with function and arguments in local variables."""
    name, bracket, rest = row.partition("(")
    arguments = ", ".join(f"{argument}={argument}" for argument in ROWS[row])
    text = f"def run(count, {name}={name}, {arguments}):\n    for _ in times(None, count):\n        {row}\n"
    scope = {"times": times, name: function, **ROWS[row]}
    exec(text, scope)
    return scope["run"]


def cases(*functions):
    """The loops of one candidate, by row; it must give what every other gives, or its figures would mean nothing."""
    for row, function, result in zip(ROWS, functions, RESULTS):
        if function:
            assert eval(row, {row.partition("(")[0]: function, **ROWS[row]}) == result, (row, function)
    return {row: loop(row, function) for row, function in zip(ROWS, functions) if function}


def candidates():
    import pixie  # noqa: F401
    import calls
    import cffi_peer
    import cython_peer
    import kernels
    import nanobind_peer
    import peer
    import pybind11_peer

    # Other than CDLL, PyDLL keeps the lock.
    library = ctypes.PyDLL(str(FOLDER / "ctypes_peer.so"))
    double, doubles = ctypes.c_double, np.ctypeslib.ndpointer(np.float64, 1, flags="C_CONTIGUOUS")
    library.nothing.restype = None
    library.scale.argtypes, library.scale.restype = [double] * 2, double
    library.sum8.argtypes, library.sum8.restype = [double] * 8, double
    library.dot.argtypes, library.dot.restype = [doubles, doubles, ctypes.c_size_t], double
    named = ctypes.PYFUNCTYPE(double, double, double)(("scale", library), ((1, "x"), (1, "y")))
    ffi, lib = cffi_peer.ffi, cffi_peer.lib
    borrow = partial(ffi.from_buffer, ffi.typeof("double[]"))

    @numba.njit
    def nothing():
        pass

    @numba.njit
    def scale(x, y):
        return x * y + 1.0

    @numba.njit
    def sum8(a, b, c, d, e, f, g, h):
        return ((a + b) + (c + d)) + ((e + f) + (g + h))

    @numba.njit
    def dot(a, b):
        total = 0.0
        for i in range(a.size):
            total += a[i] * b[i]
        return total

    def cffi_dot(a, b):
        return lib.dot(borrow(a), borrow(b), len(a))

    def ctypes_dot(a, b):
        return library.dot(a, b, len(a))

    def module(one):
        return cases(one.nothing, one.scale, one.sum8, one.scale, one.dot)

    return {
        PEER: cases(peer.nothing, peer.scale, peer.sum8, peer.scale_by_name, peer.dot),
        PIXIE: cases(calls.nothing, calls.scale, calls.sum8, calls.scale, kernels.dot),
        "Cython": module(cython_peer),
        "nanobind": module(nanobind_peer),
        "pybind11": module(pybind11_peer),
        "cffi, API mode": cases(lib.nothing, lib.scale, lib.sum8, None, cffi_dot),
        "ctypes": cases(library.nothing, library.scale, library.sum8, named, ctypes_dot),
        "Numba @njit": cases(nothing, scale, sum8, scale, dot),
    }


def show(title, figures, digits):
    """`figures`: candidate -> row -> number."""

    def cell(name, row):
        found = figures[name].get(row)
        return "" if found is None else f"{found:.{digits}f}  {found / figures[PEER][row]:5.2f}"

    rows = [[name, *(cell(name, row) for row in ROWS)] for name in figures]
    table(title, ["", *HEADS], rows)


def seconds():
    found = candidates()
    figures = {name: {} for name in found}
    for row in ROWS:
        runs = {name: runs[row] for name, runs in found.items() if row in runs}
        for name, taken in interleaved(runs, ROUNDS, SECONDS).items():
            figures[name][row] = min(taken)
    show(f"call, nanoseconds, best of {ROUNDS}, and as a ratio to the C extension; none of these releases the lock", figures, 1)
    print("  cffi's wrappers were made to keep the lock, which they release as they come; keyword calls need a C function that takes them")


def count():
    """Counts the instructions of CALLS calls, in a process under callgrind."""
    library = ctypes.CDLL(str(FOLDER / "count.so"))
    for name, runs in candidates().items():
        for row, run in runs.items():
            # The second count has what happens once behind it; what starting and stopping costs is subtracted.
            for rounds in (CALLS, CALLS, 0):
                library.start()
                run(rounds)
                library.stop(f"{name}\t{row}\t{rounds}".encode())


def instructions():
    files = FOLDER / "callgrind"
    files.mkdir(exist_ok=True)
    for old in files.iterdir():
        old.unlink()
    program = [sys.executable, __file__, str(FOLDER), *sys.argv[2:], "count"]
    words = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={files / 'counts'}", *program]
    # The threads that these libraries start for themselves would be counted too.
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run(words, capture_output=True, text=True, env=env)
    if done.returncode != 0:
        sys.exit(done.stderr)
    found = {}
    for path in files.iterdir():
        lines = path.read_text().splitlines()
        what = [line.partition("Client Request: ")[2] for line in lines if "Client Request: " in line]
        total = [int(line.split()[1]) for line in lines if line.startswith(("summary:", "totals:"))]
        if what and total:
            name, row, rounds = what[0].split("\t")
            counts = found.setdefault(name, {}).setdefault(row, {})
            counts[rounds] = min(total[0], counts.get(rounds, total[0]))
    figures = {}
    for name in candidates():
        figures[name] = {row: (counts[str(CALLS)] - counts["0"]) / CALLS for row, counts in found[name].items()}
    show("call, instructions by callgrind, the interpreter's loop among them, and as a ratio to the C extension", figures, 0)


if "count" in sys.argv[2:]:
    count()
else:
    seconds()
    instructions()
