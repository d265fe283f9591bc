"""Compares every ufunc of a module with what NumPy computes, in whatever memory its operands lie. argv: the module, a seed.

Runs by itself, so that interpreters of other processors can run it too. Prints the level and how many calls were compared."""

import sys

import numpy as np

import pixie

PATH, SEED = sys.argv[1], int(sys.argv[2])
module = pixie.load(PATH)
random = np.random.default_rng(SEED)
compared = 0


def collatz(n):
    steps = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def reciprocal(x):
    return np.divide(1.0, x, out=np.zeros_like(x), where=x != 0)


#: name -> (what NumPy says, how inputs are made, core shapes, exact)
ELEMENTS = {
    "hypot3": (lambda x, y, z: np.sqrt(x * x + y * y + z * z), "ddd", False),
    "wave": (lambda x, y: (x * x * y + 0.5 * y - x) / (1.0 + y * y), "dd", False),
    "add": (np.add, "dd", True),
    "lower": (np.minimum, "BB", True),
    "differ": (np.logical_xor, "??", True),
    "negate": (np.negative, "b", True),
    "reciprocal": (reciprocal, "d", True),
    "polar": (lambda x, y: (np.sqrt(x * x + y * y), x - y), "dd", False),
    "join": (lambda re, im: re + 1j * im, "dd", True),
    "collatz": (np.vectorize(collatz, otypes=["q"]), "q", True),
}
OTHER_TYPES = {"add": ["qq", "ff"], "lower": ["ii"]}
CORES = {
    "inner": (lambda a, b: np.einsum("...i,...i->...", a, b), "dd", ["n", "n"]),
    "product": (np.matmul, "dd", ["mk", "kn"]),
    "cross": (np.cross, "ff", ["3", "3"]),
    "scaled_sum": (lambda s, x: s * x.sum(-1), "dd", ["", "n"]),
}


def values(code, shape):
    kind = np.dtype(code).kind
    if kind == "f":
        made = random.normal(size=shape).astype(code)
        # Zeros decide branches; whole numbers make sums exact.
        return np.where(random.random(shape) < 0.2, 0, np.round(made * 8)).astype(code)
    if kind == "b":
        return random.random(shape) < 0.5
    low = -100 if kind == "i" and code != "q" else 0
    return random.integers(low, 100, shape).astype(code)


def anywhere(array):
    """The same numbers, in memory of another order, with other steps, at odd addresses, or one number for all."""
    choice = random.integers(0, 7)
    if choice == 0 or array.ndim == 0:
        return array
    if choice == 1:
        wide = np.empty((*array.shape[:-1], array.shape[-1] * 3), array.dtype)[..., ::3]
    elif choice == 2:
        wide = np.empty(array.shape, array.dtype)[..., ::-1]
    elif choice == 3:
        wide = np.empty(array.shape[::-1], array.dtype).T
    elif choice == 4:
        odd = np.empty(array.nbytes + 1, np.uint8)[1:].view(array.dtype)
        wide = odd.reshape(array.shape)
    elif choice == 5:
        wide = np.empty((*array.shape, 2), array.dtype)[..., 1]
    else:
        wide = np.empty((2, *array.shape), array.dtype)[1]
    wide[...] = array
    return wide


def same(found, expected, exact, what):
    global compared
    for one, other in zip(found if isinstance(found, tuple) else (found,), expected if isinstance(expected, tuple) else (expected,)):
        one, other = np.asarray(one), np.asarray(other)
        assert one.shape == other.shape, f"{what}: shape {one.shape}, expected {other.shape}"
        close = np.array_equal(one, other) if exact else np.allclose(one, other, rtol=1e-12, atol=1e-12)
        assert close, f"{what}: {one}, expected {other}"
    compared += 1


def elements():
    for name, (expected, codes, exact) in ELEMENTS.items():
        ufunc = getattr(module, name)
        assert isinstance(ufunc, np.ufunc) and ufunc.__name__ == name
        for types in [codes, *OTHER_TYPES.get(name, [])]:
            for size in (0, 1, 2, 7, 16, 67, 300):
                for shape in ((size,), (3, size)):
                    inputs = [values(code, shape) for code in types]
                    if random.random() < 0.4:
                        # One number for all, as an array of no axes or of axes without extent.
                        at = random.integers(0, len(inputs))
                        one = values(types[at], ())
                        inputs[at] = one if random.random() < 0.5 else np.broadcast_to(one, shape)
                    placed = [anywhere(array) for array in inputs]
                    what = f"{name}{types} of {shape}"
                    wanted = expected(*np.broadcast_arrays(*inputs)) if name != "collatz" else expected(inputs[0]) if size else np.empty(np.shape(inputs[0]), "q")
                    same(ufunc(*placed), wanted, exact, what)
                    first = wanted[0] if isinstance(wanted, tuple) else wanted
                    if name in ("hypot3", "wave", "add", "lower", "negate"):
                        out = anywhere(np.zeros(shape, first.dtype))
                        assert ufunc(*placed, out=out) is out
                        same(out, np.broadcast_to(first, shape), exact, f"{what} into out")
                        where = random.random(shape) < 0.5
                        kept = np.full(shape, 5, first.dtype)
                        ufunc(*placed, out=kept, where=where)
                        same(kept, np.where(where, first, np.full(shape, 5, first.dtype)), exact, f"{what} where")
                        # In place, and a little off it.
                        place = np.zeros(size + 1, first.dtype)
                        for shift in (0, 1):
                            row = [np.ascontiguousarray(np.broadcast_to(array, shape)).reshape(-1)[:size] for array in inputs]
                            place[:size] = row[0]
                            want = np.broadcast_to(expected(*row), (size,))
                            ufunc(place[:size], *row[1:], out=place[shift : shift + size])
                            same(place[shift : shift + size], want, exact, f"{what} in place, shifted by {shift}")


def reductions():
    assert module.add.identity == 0 and module.hypot3.identity is None
    for code in "qd":
        array = values(code, (5, 6, 7))
        for axis in (0, 1, 2, (0, 2), None):
            same(module.add.reduce(anywhere(array), axis=axis), np.add.reduce(array, axis=axis), True, f"add.reduce {axis}")
        for axis in range(3):
            same(module.add.accumulate(anywhere(array), axis=axis), np.add.accumulate(array, axis=axis), True, "accumulate")
        same(module.add.reduce(np.empty((3, 0), code), axis=1), np.zeros(3, code), True, "add.reduce of nothing")
        flat = values(code, 100)
        cuts = [0, 10, 5, 50]
        same(module.add.reduceat(flat, cuts), np.add.reduceat(flat, cuts), True, "reduceat")
        same(module.add.outer(flat, flat[:9]), np.add.outer(flat, flat[:9]), True, "outer")
        at = flat.copy()
        module.add.at(at, [0, 0, 3], 2)
        np.add.at(flat, [0, 0, 3], 2)
        same(at, flat, True, "at")
    same(module.lower.reduce(np.arange(9, dtype=np.int32)), np.int32(0), True, "lower.reduce")


def cores():
    for name, (expected, codes, shapes) in CORES.items():
        ufunc = getattr(module, name)
        for loop in ((), (1,), (4,), (3, 2), (0,)):
            for m, k, n in ((1, 1, 1), (2, 3, 4), (5, 0, 2), (8, 9, 7)):
                extents = {"m": m, "k": k, "n": n, "3": 3}
                inputs = [values(code, (*loop, *(extents[dim] for dim in dims))) for code, dims in zip(codes, shapes)]
                what = f"{name} of {[array.shape for array in inputs]}"
                wanted = np.asarray(expected(*inputs), ufunc.types[0][-1])
                same(ufunc(*(anywhere(array) for array in inputs)), wanted, True, what)
                out = anywhere(np.zeros(wanted.shape, wanted.dtype))
                ufunc(*(anywhere(array) for array in inputs), out=out)
                same(out, wanted, True, f"{what} into out")
    square = values("d", (6, 6))
    place = square.copy()
    module.product(place, place, out=place)
    same(place, square @ square, True, "product in place")
    try:
        module.inner(np.ones(3), np.ones(4))
    except ValueError as error:
        assert "inner" in str(error) and "core dimension" in str(error)
    else:
        raise AssertionError("extents that disagree were taken")


def no_spurious_warnings():
    with np.errstate(all="raise"):
        x = np.where(np.arange(1001) % 3 == 0, 0.0, np.arange(1001.0))
        same(module.reciprocal(x), reciprocal(x), True, "reciprocal without warnings")
        for size in range(1, 40):
            module.wave(np.ones(size), np.ones(size))


elements()
reductions()
cores()
no_spurious_warnings()
print(module.__pixie__.isa, compared)
