"""The cost of a call, against a hand-written C extension. argv[1]: the folder with calls.pixie, kernels.pixie and peer.so."""

import statistics
import sys

sys.path[:0] = [sys.argv[1]]

import numpy as np
from common import PEER, PIXIE, interleaved, ratio, repeat, table

import pixie
import calls
import kernels
import peer

ROUNDS, SECONDS = 15, 0.05


def keyword(function, x, y):
    def run(count):
        for _ in range(count):
            function(x=x, y=y)

    return run


a, b = np.arange(8.0), np.ones(8)
cases = [
    ("nothing()", repeat(calls.nothing), repeat(peer.nothing)),
    ("f(f64, f64) -> f64", repeat(calls.scale, 1.5, 2.5), repeat(peer.scale, 1.5, 2.5)),
    ("eight f64", repeat(calls.sum8, *map(float, range(8))), repeat(peer.sum8, *map(float, range(8)))),
    ("dot, two arrays of 8", repeat(kernels.dot, a, b), repeat(peer.dot, a, b)),
]
rows = []
for name, ours, theirs in cases:
    times = interleaved({PIXIE: ours, PEER: theirs}, ROUNDS, SECONDS)
    medians = [statistics.median(times[key]) for key in (PIXIE, PEER)]
    rows.append([name, *(f"{median:.1f}" for median in medians), f"{ratio(times, PIXIE, PEER):.2f}"])
times = interleaved({"keyword": keyword(calls.scale, 1.5, 2.5), "positional": repeat(calls.scale, 1.5, 2.5)}, ROUNDS, SECONDS)
medians = [statistics.median(times[key]) for key in ("keyword", "positional")]
rows.append(["f(x=, y=) against f(,)", *(f"{median:.1f}" for median in medians), f"{ratio(times, 'keyword', 'positional'):.2f}"])
table(f"call, nanoseconds, medians of {ROUNDS} rounds", ["", PIXIE, PEER, "ratio"], rows)
