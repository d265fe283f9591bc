"""Nothing leaks, nothing is held, and threads and forks do no harm."""

import array
import gc
import os
import sys
import threading
import tracemalloc

import numpy
import pytest
from conftest import resident

import pixie


def calls(scalars, arrays):
    """One call of each road, right and wrong, as (function, arguments, keywords)."""
    a, b, frozen = numpy.arange(8.0), numpy.ones(8), numpy.ones(8)
    frozen.flags.writeable = False
    plain = array.array("d", range(8))
    return [
        (scalars.add, (1.5, 2.5), {}),
        (scalars.add, (1,), {"b": 2}),
        (scalars.same_i64, (2**62,), {}),
        (scalars.defaults, (1.0,), {"e": 3.0}),
        (scalars.next_address, (2**40,), {}),
        (arrays.dot, (a, b), {}),
        (arrays.dot, (plain, memoryview(plain)), {}),
        (arrays.dot, (a,), {"b": plain}),
        (arrays.axpy, (1.0, plain, b), {}),
        (arrays.weights, (a, None), {}),
        (arrays.strided_sum, (a[::2],), {}),
        (arrays.doubled, (a,), {}),
        (arrays.doubled, (a,), {"y": b}),
        (arrays.extremes, (a,), {}),
        (scalars.add, (1,), {}),
        (scalars.add, ("x", 1), {}),
        (scalars.add, (1, 2, 3), {}),
        (scalars.add, (1, 2), {"c": 3}),
        (scalars.same_i8, (1000,), {}),
        (scalars.check, (3,), {}),
        (arrays.dot, (plain, [1]), {}),
        (arrays.dot, (plain, plain[:3]), {}),
        (arrays.dot, (a, b[:3]), {}),
        (arrays.axpy, (1.0, plain, frozen), {}),
        (arrays.axpy, (1.0, a, a), {}),
        (arrays.sum_f32, (plain,), {}),
    ]


def call(function, arguments, keywords):
    try:
        return function(*arguments, **keywords)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return None


def test_reference_counts_stay(scalars, arrays):
    for function, arguments, keywords in calls(scalars, arrays):
        objects = [function, function.__self__, *arguments, *keywords.values()]
        before = [sys.getrefcount(one) for one in objects]
        for _ in range(100):
            call(function, arguments, keywords)
        assert [sys.getrefcount(one) for one in objects] == before, (function, arguments)


def test_buffers_are_released_after_success_and_failure(arrays):
    def lives():
        return bytearray(64), array.array("d", range(8))

    for other in (lambda d: d, lambda d: d[:3], lambda d: [1], lambda d: "text", lambda d: memoryview(bytes(64)).cast("i")):
        raw, doubles = lives()
        call(arrays.dot, (doubles, other(doubles)), {})
        call(arrays.copy, (doubles, other(doubles)), {})
        call(arrays.axpy, (1.0, memoryview(raw).cast("d"), doubles), {})
        # Both refuse to grow while a buffer is out.
        doubles.append(1.0)
        raw.extend(b"x")


def test_a_million_calls_leak_nothing(scalars, arrays):
    cases = calls(scalars, arrays)

    def many(rounds):
        for _ in range(rounds):
            for case in cases:
                call(*case)

    def growth():
        """Bytes that 200 rounds leave behind; what a collection puts off is collected first."""
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        many(200)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before

    many(200)
    tracemalloc.start()
    many(20)
    start = resident()
    # A leak grows every time, a cache of the interpreter only once.
    grown = min(growth() for _ in range(3))
    tracemalloc.stop()
    many(1_000_000 // len(cases))
    assert grown < 4_000
    assert resident() - start < 4_000_000


def test_loading_again_and_again_releases_what_python_holds(files):
    pixie.load(files["scalars"])
    gc.collect()
    before = sum(isinstance(one, pixie.Export) for one in gc.get_objects())
    for _ in range(10):
        pixie.load(files["scalars"])
    gc.collect()
    assert sum(isinstance(one, pixie.Export) for one in gc.get_objects()) == before


def test_functions_outlive_their_module(files):
    add = pixie.load(files["scalars"]).add
    address = pixie.info(add).ctypes
    gc.collect()
    assert add(1, 2) == address(1, 2) == 3.0


class Resizes:
    """Changes the other argument while it is converted."""

    def __init__(self, other):
        self.other = other

    def __float__(self):
        self.other.resize(1000, refcheck=False)
        return 1.0


def test_an_argument_that_changes_another(arrays):
    x, y = numpy.ones(8), numpy.ones(8)
    arrays.axpy(Resizes(x), x.copy(), y)
    assert y.tolist() == [2.0] * 8
    with pytest.raises(ValueError, match="with n = 1000 from `x`"):
        arrays.axpy(Resizes(x), x, y)


def test_many_threads(scalars, arrays, files):
    failures = []

    def work(seed):
        try:
            a = numpy.full(5000, float(seed))
            for i in range(300):
                assert scalars.add(seed, b=i) == seed + i
                assert arrays.dot(a, a) == 5000.0 * seed * seed
                assert arrays.sum_u8(bytes([seed % 256] * 10)) == 10 * (seed % 256)
            assert pixie.load(files["scalars"]).add(1, 2) == 3.0
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_fork(scalars, arrays):
    a = numpy.ones(100_000)
    arrays.dot(a, a)
    child = os.fork()
    if child == 0:
        os._exit(0 if scalars.add(1, 2) == 3.0 and arrays.dot(a, a) == 100_000 else 1)
    assert os.waitpid(child, 0)[1] == 0
