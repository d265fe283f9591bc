"""The demo: imports the module of kernels, compares each with NumPy, and times the chosen variant against the baseline."""

import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), sys.argv[1]]

import cases
import numpy as np

import pixie
import kernels


def best(function, arguments, seconds=0.1):
    """The shortest time of one call, in microseconds, over so many seconds of calls."""
    shortest, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        function(**arguments)
        shortest = min(shortest, time.perf_counter() - start)
    return shortest * 1e6


def main():
    baseline = pixie.load(kernels.__file__, isa="baseline")
    info = kernels.__pixie__
    print(f"import kernels: {kernels.__file__}")
    print(f"running {info.isa} on {info.platform}\n")
    print(f"{'kernel':<12} {'largest difference':>18} {'this CPU':>12} {'baseline':>12} {'gain':>7}")
    gains = []
    for name, make, reference in cases.CASES:
        error = cases.check(kernels, name, make, reference)
        arguments = make(cases.LARGE, np.random.default_rng(7))
        fast, slow = (best(getattr(module, name), arguments) for module in (kernels, baseline))
        gains.append(slow / fast)
        print(f"{name:<12} {error:>18.1e} {fast:>9.1f} us {slow:>9.1f} us {slow / fast:>6.2f}x")
    print(f"\nall {len(gains)} kernels agree with NumPy; geometric mean of the gain {np.exp(np.mean(np.log(gains))):.2f}x")


main()
