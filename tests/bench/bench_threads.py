"""Array kernels on two threads against one, beside two processes, which is what the machine itself gives. argv[1]: the folder with kernels.pixie."""

import multiprocessing
import os
import sys
import threading
import time

sys.path[:0] = [sys.argv[1]]

import numpy as np
from common import table

import pixie  # noqa: F401
import kernels

ROUNDS, SECONDS = 7, 0.2
CORES = sorted(os.sched_getaffinity(0))


def zeros(shape, dtype):
    """An array that begins a page: where an allocator puts it depends on the thread, and a matrix product whose rows cross lines of the
    cache takes twice as long."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.zeros(size + 4096, np.uint8)
    start = -memory.ctypes.data % 4096
    return memory[start : start + size].view(dtype).reshape(shape)


def cases():
    """A callable of its own data for each user: nothing is shared but the code."""
    m, c = zeros((192, 192), np.float32), zeros((192, 192), np.float32)
    m[:] = 1
    counts = zeros((128, 128), np.int32)
    x, y = zeros(8192, np.float64), zeros(8192, np.float64)
    x[:] = np.linspace(-1, 1, 8192)
    coefficients = np.arange(40.0)
    prime = bytearray(200_000)
    return {
        "matmul, 192 x 192": lambda: kernels.matmul(m, m, c),
        "mandelbrot, 128 x 128": lambda: kernels.mandelbrot(counts, -2.0, -1.0, 0.02, 100),
        "polynomial of degree 39, 8192": lambda: kernels.polynomial(coefficients, x, y),
        "sieve, 200,000": lambda: kernels.sieve(prime),
        "dot, two of 8192": lambda: kernels.dot(x, y),
    }


def calls(name, count, barrier, core):
    # Left alone, the system may put both users of so short a run on one core.
    os.sched_setaffinity(0, {core})
    run = cases()[name]
    run()
    barrier.wait()
    for _ in range(count):
        run()
    barrier.wait()


def together(make, name, count, users):
    """Nanoseconds until `users` have each called so often, without their start."""
    barrier = (multiprocessing if make is multiprocessing.Process else threading).Barrier(users + 1)
    workers = [make(target=calls, args=(name, count, barrier, core)) for core in CORES[:users]]
    for worker in workers:
        worker.start()
    barrier.wait()
    start = time.perf_counter_ns()
    barrier.wait()
    taken = time.perf_counter_ns() - start
    for worker in workers:
        worker.join()
    return taken


rows = []
for name, run in cases().items():
    start = time.perf_counter()
    count = 0
    while time.perf_counter() - start < SECONDS:
        run()
        count += 1
    ways = {(threading.Thread, 1): [], (threading.Thread, 2): [], (multiprocessing.Process, 1): [], (multiprocessing.Process, 2): []}
    for _ in range(ROUNDS):
        for (make, users), times in ways.items():
            times.append(together(make, name, count, users))
    one, two, process, processes = (min(times) for times in ways.values())
    rows.append([name, f"{one / count / 1000:.1f}", f"{2 * one / two:.2f}", f"{2 * process / processes:.2f}"])
table(f"throughput of two against one, best of {ROUNDS}", ["", "us a call", "two threads", "two processes"], rows)
