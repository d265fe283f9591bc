"""A solver of one module over an objective of another: the call through a pointer against the two fused. argv[1]: the folder."""

import os
import sys

sys.path[:0] = [sys.argv[1]]
os.environ["PIXIE_CACHE_DIR"] = sys.argv[1] + "/cache"

import statistics

from common import PIXIE, interleaved, ratio, repeat, table

import pixie
import objectives
import solvers

ROUNDS, SECONDS = 31, 0.02
OPAQUE = "by pointer"
CASES = [
    ("Newton, cubic", solvers.newton, objectives.cubic, (2.0,)),
    ("midpoint rule, 1000 points, rational", solvers.midpoint, objectives.rational, (0.0, 1.0, 1000)),
    ("midpoint rule, 1000 points, polynomial", solvers.midpoint, objectives.cubic, (0.0, 1.0, 1000)),
    ("Runge-Kutta, 1000 steps, logistic", solvers.runge_kutta, objectives.logistic, (0.01, 0.0, 5.0, 1000)),
]


def calls(function):
    """Calls through a pointer, and of any kind, in the machine code of the function alone."""
    code = pixie.info(function).inspect_disasm()
    lines = [line for line in code.splitlines() if "call" in line or "jmpq\t*" in line]
    return len(lines)


rows = []
for title, solver, objective, arguments in CASES:
    fused = pixie.fuse(solver, objective)
    address = pixie.info(objective).address
    assert abs(fused(*arguments) - solver(address, *arguments)) <= 1e-12 * abs(fused(*arguments))
    times = interleaved({PIXIE: repeat(fused, *arguments), OPAQUE: repeat(solver, address, *arguments)}, ROUNDS, SECONDS)
    medians = [f"{statistics.median(times[name]) / 1000:.3f}" for name in (OPAQUE, PIXIE)]
    code = pixie.info(fused).inspect_disasm()
    width = "512" if "zmm" in code else "256" if "ymm" in code else "scalar or 128"
    rows.append([title, *medians, f"{ratio(times, PIXIE, OPAQUE):.2f}", calls(solver), calls(fused), width])
table(
    f"solver and objective, medians of {ROUNDS} rounds, a call from Python included; {pixie.host().cpu}",
    ["", f"{OPAQUE}, us", "fused, us", "ratio", "calls in the code", "of these fused", "vectors, bits"],
    rows,
)
