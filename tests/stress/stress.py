"""A hundred threads import, call, fail and pickle at once, and fork meanwhile, in one fresh process after another; any failure ends it.

argv: the folder with copies of kernels.pixie under other names, seconds (ten minutes by hand), seed.
"""

import os
import random
import subprocess
import sys
import time

THREADS = 100
NAMES = [f"copy{number}" for number in range(16)]
# A process that does not end within this time hangs.
PATIENCE = 120


def round_of(folder, seed):
    """One process's work, in that process."""
    import faulthandler
    import pickle
    import signal
    import threading

    faulthandler.dump_traceback_later(PATIENCE - 20, exit=True)
    sys.path.insert(0, folder)
    # Threads change places as often as they can.
    sys.setswitchinterval(1e-6)
    import numpy as np
    import pixie

    failures, imported = [], set()
    barrier = threading.Barrier(THREADS)

    def work(number):
        source = random.Random(seed * THREADS + number)
        try:
            barrier.wait()
            for _ in range(source.randint(2, 6)):
                step(source)
        except BaseException as error:  # noqa: BLE001
            failures.append((number, repr(error)))

    def step(source, names=NAMES):
        name = source.choice(names)
        module = __import__(name)
        imported.add(name)
        assert sys.modules[name] is module and module.__pixie__.name == "kernels"
        for _ in range(source.randint(1, 20)):
            source.choice([small, large, wrong, other, travel])(module, source)

    def small(module, source):
        a = np.full(8, float(source.randrange(100)))
        assert module.dot(a, b=a) == 8 * a[0] * a[0]
        words = np.array([source.getrandbits(63)], np.uint64)
        assert module.popcount(words) == int(words[0]).bit_count()

    def large(module, source):
        # Beyond the size from which the lock is released.
        n = source.randrange(5000, 20000)
        x, y = np.ones(n), np.full(n, 2.0)
        module.axpy(3.0, x, y)
        assert y[0] == y[-1] == 5.0 and y.sum() == 5.0 * n
        prime = bytearray(40_000)
        assert module.sieve(prime) == 4203

    def wrong(module, source):
        a = np.ones(8)
        for arguments, error in [((a, a[:3]), ValueError), ((a, [1.0]), TypeError), ((a,), TypeError), ((a, a.astype("f4")), TypeError)]:
            try:
                module.dot(*arguments)
            except error as caught:
                assert "dot()" in str(caught)
            else:
                raise AssertionError(f"{arguments} were taken")

    def other(module, source):
        again = pixie.load(module.__pixie__.path, isa=source.choice([None, "baseline"]))
        a = np.arange(5.0)
        assert again.dot(a, a) == 30.0 and again.dot is not module.dot
        assert again.dot is again.dot and repr(pixie.info(again.dot)).startswith("<pixie function dot(")

    def travel(module, source):
        name = source.choice(["dot", "axpy", "sieve", "blur"])
        assert pickle.loads(pickle.dumps(getattr(module, name))) is getattr(module, name)

    def fork(source):
        ready = sorted(imported)
        child = os.fork()
        if child == 0:
            faulthandler.register(signal.SIGALRM, chain=True)
            signal.alarm(PATIENCE // 4)
            code = 1
            try:
                # CPython itself never ends an import that another thread had begun when the process was forked, so the child
                # takes what was there, and then what nobody has asked for.
                if ready:
                    step(source, ready)
                module = __import__("alone")
                small(module, source)
                large(module, source)
                code = 0
            finally:
                os._exit(code)
        status = os.waitpid(child, 0)[1]
        assert status == 0, f"a forked process ended with {status}"

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    source = random.Random(seed)
    for _ in range(3):
        fork(source)
    for thread in threads:
        thread.join()
    fork(source)
    for number, error in failures:
        print(f"thread {number}: {error}", file=sys.stderr)
    sys.exit(bool(failures))


def main(folder, seconds, seed):
    end = time.monotonic() + seconds
    rounds = 0
    while rounds == 0 or time.monotonic() < end:
        words = [sys.executable, "-W", "ignore::DeprecationWarning", __file__, folder, "round", str(seed + rounds)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode != 0 or done.stderr:
            sys.exit(f"seed {seed + rounds}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        rounds += 1
    print(f"{rounds} processes of {THREADS} threads, seeds {seed} to {seed + rounds - 1}: nothing failed")


if sys.argv[2] == "round":
    round_of(sys.argv[1], int(sys.argv[3]))
else:
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(10**6))
