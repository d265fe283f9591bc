"""Numba calls functions of a fat module inside compiled code, which its cache keeps for the next process."""

import os
import subprocess
import sys

import numba
import numpy

import pixie  # noqa: F401, teaches the import system the suffix

sys.path.insert(0, sys.argv[1])
import functions


@numba.njit(cache=True)
def mass(low, high, count):
    """The area below the bell curve, by the midpoint rule."""
    step = (high - low) / count
    total = 0.0
    for index in range(count):
        total += functions.bell(low + (index + 0.5) * step)
    return total * step


@numba.njit(cache=True)
def lengths(points):
    """The Euclidean norm of each row."""
    result = numpy.empty(len(points))
    for index in range(len(points)):
        result[index] = functions.dot(points[index], points[index]) ** 0.5
    return result


def main():
    points = numpy.arange(12.0).reshape(4, 3)
    area, norms = mass(-1.0, 1.0, 10000), lengths(points)
    hits, misses = (sum(sum(getattr(f.stats, what).values()) for f in (mass, lengths)) for what in ("cache_hits", "cache_misses"))
    print(f"process {len(sys.argv) - 1}: area {area:.9f}, norms {norms.round(3)}; {hits} from the cache, {misses} compiled")
    numpy.testing.assert_allclose(norms, numpy.linalg.norm(points, axis=1))
    if len(sys.argv) == 2:
        subprocess.run([sys.executable, __file__, sys.argv[1], "again"], check=True, env=os.environ)


if __name__ == "__main__":
    main()
