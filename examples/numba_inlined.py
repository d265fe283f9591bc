"""A function of a fat module in a loop of Numba's: its bitcode goes into Numba's own optimiser, which vectorises the loop through the call."""

import os
import re
import sys
import timeit
from pathlib import Path

import numba
import numpy as np

import pixie


def loop_over(function):
    @numba.njit
    def loop(x, y):
        for at in range(len(x)):
            y[at] = function(x[at])

    return loop


def main(folder):
    witch = pixie.load(Path(folder) / "functions.pixie").witch
    x = np.linspace(0.0, 1.0, 10_000)
    times = {}
    for how in ("inline", "opaque"):
        # Asked for when Numba compiles; `inline` is what happens without it.
        os.environ["PIXIE_NUMBA"] = how
        loop, y = loop_over(witch), np.empty_like(x)
        loop(x, y)
        assert np.allclose(y, 4 / (1 + x * x), rtol=1e-15)
        code = "".join(loop.inspect_llvm().values())
        call = "a call" if re.search(r"call .*@pixie\.", code) else "no call"
        vector = "vectors" if re.search(r"f(div|mul|add) (contract )?<\d+ x double>", code) else "numbers one by one"
        print(f"{how}: {call} in the loop, {vector}")
        times[how] = min(timeit.repeat(lambda: loop(x, y), number=50, repeat=9))
    print(f"the inlined one takes {times['inline'] / times['opaque']:.2f} of the time", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
