"""A function of a fat module in a loop of Numba's: its bitcode goes into Numba's own optimiser, which vectorises the loop through the call."""

import os
import re
import subprocess
import sys
import timeit
from pathlib import Path

import numba
import numpy as np

import pixie


def measure(folder):
    """Compiles a loop over the function; returns what its code is like, and seconds for 50 runs."""
    witch = pixie.load(Path(folder) / "functions.pixie").witch

    @numba.njit
    def loop(x, y):
        for at in range(len(x)):
            y[at] = witch(x[at])

    x = np.linspace(0.0, 1.0, 10_000)
    y = np.empty_like(x)
    loop(x, y)
    assert np.allclose(y, 4 / (1 + x * x), rtol=1e-15)
    code = "".join(loop.inspect_llvm().values())
    call = "a call" if re.search(r"call .*@pixie\.", code) else "no call"
    vector = "vectors" if re.search(r"f(div|mul|add) (contract )?<\d+ x double>", code) else "numbers one by one"
    return f"{call} in the loop, {vector}", min(timeit.repeat(lambda: loop(x, y), number=50, repeat=9))


def main(folder):
    seconds = {}
    for how in ("inline", "opaque"):
        # Numba compiles a function's call once in a process, so each way has a process of its own. Without the variable it is `inline`.
        child = subprocess.run(
            [sys.executable, __file__, folder, "child"], env={**os.environ, "PIXIE_NUMBA": how}, check=True, stdout=subprocess.PIPE, text=True
        )
        code, time = child.stdout.splitlines()
        print(f"{how}: {code}")
        seconds[how] = float(time)
    print(f"the inlined one takes {seconds['inline'] / seconds['opaque']:.2f} of the time", file=sys.stderr)


if __name__ == "__main__":
    if sys.argv[2:] == ["child"]:
        print(*measure(sys.argv[1]), sep="\n")
    else:
        main(sys.argv[1])
