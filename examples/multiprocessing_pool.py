"""Functions of a fat module travel to the processes of `multiprocessing`, forked and spawned."""

import math
import multiprocessing
import os
import sys

import pixie


def where(function):
    """Run by a worker: what the function is there."""
    return os.getpid(), pixie.info(function).isa


def main(folder):
    sys.path.insert(0, folder)
    import functions

    loaded = pixie.load(os.path.join(folder, "functions.pixie"))
    count = 100_000
    parts = [(first, first + count // 4, count) for first in range(0, count, count // 4)]
    for method in multiprocessing.get_all_start_methods():
        if method == "forkserver":
            continue
        with multiprocessing.get_context(method).Pool(2) as pool:
            kinds = (("by name", functions.circle), ("by path", loaded.circle), ("with the file", pixie.portable(functions.circle)))
            for how, function in kinds:
                pi = sum(pool.starmap(function, parts))
                pid, isa = pool.apply(where, (function,))
                assert pid != os.getpid() and math.isclose(pi, math.pi, rel_tol=1e-9)
                print(f"{method:<6} {how:<14} pi = {pi:.9f} at {isa}")


if __name__ == "__main__":
    main(sys.argv[1])
