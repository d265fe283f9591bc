"""SciPy integrates functions of a fat module without a call of Python for each point."""

import ctypes
import math
import sys
from pathlib import Path

from scipy import LowLevelCallable, integrate

import pixie


def callable_of(function, number=None):
    """The function as SciPy calls it: its capsule carries the C signature; `number` is what its `void *` points to."""
    capsule = pixie.info(function).capsule
    if number is None:
        return LowLevelCallable(capsule)
    return LowLevelCallable(capsule, ctypes.cast(ctypes.pointer(ctypes.c_double(number)), ctypes.c_void_p))


def main(folder):
    functions = pixie.load(Path(folder) / "functions.pixie")

    def report(form, value, analytic):
        print(f"{form:<32} {value:.12f}, analytically {analytic:.12f}")
        assert math.isclose(value, analytic, rel_tol=1e-9), (value, analytic)

    bell = callable_of(functions.bell)
    report(bell.signature, integrate.quad(bell, -math.inf, 1.0)[0], (1 + math.erf(1 / math.sqrt(2))) / 2)

    oscillation = callable_of(functions.oscillation, 3.0)
    report(oscillation.signature, integrate.quad(oscillation, 0.0, 1.0)[0], math.sin(3.0) / 3)

    # The integral of x**2 + 2 y**2 over [0, 1] x [0, 2].
    ellipsoid = callable_of(functions.ellipsoid)
    report(ellipsoid.signature, integrate.nquad(ellipsoid, [(0, 1), (0, 2)])[0], 2 / 3 + 2 * 8 / 3)

    decay = callable_of(functions.decay, 0.5)
    side = (1 - math.exp(-0.5)) / 0.5
    report(decay.signature, integrate.nquad(decay, [(0, 1), (0, 1)])[0], side * side)


if __name__ == "__main__":
    main(sys.argv[1])
