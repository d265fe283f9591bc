"""A solver that takes its objective by pointer, and the two as one function, in which there is no call any more."""

import sys
import timeit
from pathlib import Path

import pixie

POINTS = 100_000


def calls(function):
    """How many calls its machine code has."""
    code = pixie.info(function).inspect_disasm()
    return sum("call" in line for line in code.splitlines())


def main(folder):
    functions = pixie.load(Path(folder) / "functions.pixie")

    # A function of a fat module can be passed where C takes a pointer: a call for each point.
    opaque = functions.midpoint(functions.witch, 0.0, 1.0, POINTS)
    print(f"by pointer  {opaque:.9f}")

    # Both compiled together for this processor, once; later processes take the result from the cache.
    integrate = pixie.fuse(functions.midpoint, functions.witch)
    print(f"fused       {integrate(0.0, 1.0, POINTS):.9f}, {calls(integrate)} calls, {pixie.info(integrate).signature}")

    # Numbers can be known, too.
    unit = pixie.fuse(functions.midpoint, functions.witch, a=0.0, b=1.0)
    print(f"constants   {unit(POINTS):.9f}, {pixie.info(unit).signature}")

    by_pointer = min(timeit.repeat(lambda: functions.midpoint(functions.witch, 0.0, 1.0, POINTS), number=20, repeat=9))
    fused = min(timeit.repeat(lambda: integrate(0.0, 1.0, POINTS), number=20, repeat=9))
    print(f"the fused one takes {fused / by_pointer:.2f} of the time", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
