"""Inputs for the twelve kernels and what NumPy says their results are.

Each case is (name, make, reference): `make(size, rng)` returns the keyword arguments of one call, `reference(arguments)` returns a
dict of what must come out: "result" for the returned value, a parameter's name for an array that is written.
"""

import numpy as np

# Bytes of the working set that each size stands for are stated by the benchmark, not here.
SMALL, LARGE = "small", "large"


def _pick(size, small, large):
    return small if size == SMALL else large


def dot(size, rng):
    n = _pick(size, 1003, 100_003)
    return {"a": rng.standard_normal(n), "b": rng.standard_normal(n)}


def axpy(size, rng):
    n = _pick(size, 1003, 100_003)
    return {"alpha": 0.75, "x": rng.standard_normal(n), "y": rng.standard_normal(n)}


def matmul(size, rng):
    m, k, n = _pick(size, (17, 33, 29), (160, 192, 176))
    a, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((m, k), (k, n)))
    return {"a": a, "b": b, "c": np.zeros((m, n), np.float32)}


def mandelbrot(size, rng):
    h, w = _pick(size, (31, 41), (120, 160))
    return {"counts": np.zeros((h, w), np.int32), "x0": -2.0, "y0": -1.2, "step": 2.4 / h, "limit": 200}


def sieve(size, rng):
    return {"prime": np.empty(_pick(size, 10_007, 1_000_003), np.uint8)}


def blur(size, rng):
    shape = _pick(size, (37, 53), (500, 700))
    return {"image": rng.random(shape, dtype=np.float32), "out": np.zeros(shape, np.float32)}


def histogram(size, rng):
    n = _pick(size, 4099, 1_000_003)
    return {"values": rng.integers(0, 256, n, dtype=np.uint8), "counts": np.empty(256, np.uint32)}


def polynomial(size, rng):
    n = _pick(size, 1003, 100_003)
    return {"coefficients": rng.standard_normal(12), "x": rng.random(n), "y": np.empty(n)}


def popcount(size, rng):
    n = _pick(size, 1003, 100_003)
    return {"words": rng.integers(0, 2**64, n, dtype=np.uint64)}


def cumsum(size, rng):
    n = _pick(size, 1003, 300_007)
    return {"values": rng.integers(-(2**40), 2**40, n), "sums": np.empty(n, np.int64)}


def distances(size, rng):
    n, d = _pick(size, (101, 19), (20_000, 48))
    points, query = (rng.random(shape, dtype=np.float32) for shape in ((n, d), d))
    return {"points": points, "query": query, "out": np.empty(n, np.float32)}


def blend(size, rng):
    n = _pick(size, 1003, 1_000_003)
    a, b = (rng.integers(0, 256, n, dtype=np.uint8) for _ in range(2))
    return {"a": a, "b": b, "out": np.empty(n, np.uint8), "alpha": 77}


def _mandelbrot(v):
    h, w = v["counts"].shape
    c = v["x0"] + np.arange(w) * v["step"] + 1j * (v["y0"] + np.arange(h)[:, None] * v["step"])
    z, counts = np.zeros_like(c), np.zeros((h, w), np.int32)
    for _ in range(v["limit"]):
        inside = z.real**2 + z.imag**2 <= 4
        counts += inside
        z[inside] = z[inside] ** 2 + c[inside]
    return {"counts": counts}


def _sieve(v):
    prime = np.ones(len(v["prime"]), np.uint8)
    prime[:2] = 0
    for i in range(2, int(len(prime) ** 0.5) + 1):
        if prime[i]:
            prime[i * i :: i] = 0
    return {"result": int(prime.sum()), "prime": prime}


def _blur(v):
    image, out = v["image"], v["image"].copy()
    h, w = image.shape
    out[1:-1, 1:-1] = sum(image[1 + i : h - 1 + i, 1 + j : w - 1 + j] for i in (-1, 0, 1) for j in (-1, 0, 1)) / np.float32(9)
    return {"out": out}


def _blend(v):
    a, b = v["a"].astype(np.int32), v["b"].astype(np.int32)
    return {"out": ((a * (255 - v["alpha"]) + b * v["alpha"] + 127) // 255).astype(np.uint8)}


CASES = [
    ("dot", dot, lambda v: {"result": float(np.dot(v["a"], v["b"]))}),
    ("axpy", axpy, lambda v: {"y": v["y"] + v["alpha"] * v["x"]}),
    ("matmul", matmul, lambda v: {"c": v["a"] @ v["b"]}),
    ("mandelbrot", mandelbrot, _mandelbrot),
    ("sieve", sieve, _sieve),
    ("blur", blur, _blur),
    ("histogram", histogram, lambda v: {"counts": np.bincount(v["values"], minlength=256).astype(np.uint32)}),
    ("polynomial", polynomial, lambda v: {"y": np.polynomial.polynomial.polyval(v["x"], v["coefficients"])}),
    ("popcount", popcount, lambda v: {"result": int(np.unpackbits(v["words"].view(np.uint8)).sum())}),
    ("cumsum", cumsum, lambda v: {"sums": np.cumsum(v["values"])}),
    ("distances", distances, lambda v: {"out": np.sqrt(((v["points"] - v["query"]) ** 2).sum(axis=1))}),
    ("blend", blend, _blend),
]

# Integers must agree exactly. Floats differ by the order of additions and by contraction; the bound is on the largest
# difference, relative to the largest magnitude of the reference.
TOLERANCE = {np.dtype(np.float64): 1e-11, np.dtype(np.float32): 1e-5}


def difference(found, expected):
    """The largest difference, relative to the largest expected magnitude; 0.0 for equal integers, inf for unequal ones."""
    found, expected = np.asarray(found), np.asarray(expected)
    if expected.dtype.kind in "iu":
        return 0.0 if np.array_equal(found, expected) else float("inf")
    scale = np.abs(expected).max(initial=0.0) or 1.0
    return float(np.abs(found - expected).max(initial=0.0) / scale)


def tolerance(name, expected):
    """The bound for `difference`; a mandelbrot count may flip where an orbit ends within rounding of the circle."""
    return TOLERANCE.get(np.asarray(expected).dtype, 0.0)


def check(module, name, make, reference, size=SMALL, seed=1):
    """Calls one kernel and returns the largest difference; raises AssertionError when it is above the bound."""
    arguments = make(size, np.random.default_rng(seed))
    expected = reference({key: np.copy(value) if isinstance(value, np.ndarray) else value for key, value in arguments.items()})
    result = getattr(module, name)(**arguments)
    worst = 0.0
    for key, value in expected.items():
        found = result if key == "result" else arguments[key]
        if name == "mandelbrot":
            flipped = float(np.mean(found != value))
            assert flipped < 0.002, f"{name}: {flipped:.2%} of the counts differ"
            continue
        error = difference(found, value)
        assert error <= tolerance(name, value), f"{name}: {key} differs by {error:.2e}"
        worst = max(worst, error)
    return worst
