"""One function on three Dask workers: one has the file, one is held to a lower ISA level, one has nothing but the pickle."""

import logging
import math
import os
import pickle
import sys

from distributed import Client, LocalCluster, Nanny

import pixie


def part(function, first, last, count):
    """Run by a worker: a part of pi, and how it was computed."""
    import pixie

    info = pixie.info(function)
    return function(first, last, count), info.isa, os.getpid()


def refusal(data):
    """Run by a worker: why it cannot restore a pickle."""
    try:
        pickle.loads(data)
    except ImportError as error:
        return str(error)
    raise AssertionError("a worker found a file that it does not have")


def see(folder):
    """Run by a worker: from now on it finds modules in the folder."""
    import pixie  # noqa: F401

    sys.path.insert(0, folder)


def main(folder):
    folder = os.path.abspath(folder)
    # The second lowest level that this processor runs, x86-64-v2 for example.
    lower = pixie.host().levels[:2][-1]
    environments = {"whole": {}, "lower": {"PIXIE_USE_ISA": lower}, "bare": {}}
    with LocalCluster(n_workers=0, processes=True, dashboard_address=None, silence_logs=logging.CRITICAL) as cluster, Client(cluster) as client:
        for name, environment in environments.items():
            options = {"nthreads": 1, "env": environment, "silence_logs": logging.CRITICAL}
            cluster.worker_spec[name] = {"cls": Nanny, "options": options}
        cluster.scale(len(environments))
        client.wait_for_workers(len(environments), timeout=60)
        client.run(see, folder, workers=[worker_of(client, name) for name in ("whole", "lower")])
        # Only now, so that no worker inherits it.
        sys.path.insert(0, folder)
        import functions

        # Dask gives a worker up that cannot read a task, so what there is to know is found out by hand.
        by_name = client.submit(refusal, pickle.dumps(functions.circle), workers=["bare"])
        print(f"bare, by name: {by_name.result(timeout=60)}\n")
        count = 300_000
        third = count // 3
        total, pids = 0.0, set()
        for number, name in enumerate(environments):
            function = pixie.portable(functions.circle) if name == "bare" else functions.circle
            task = client.submit(part, function, number * third, (number + 1) * third, count, workers=[name], pure=False)
            value, isa, pid = task.result(timeout=60)
            total += value
            pids.add(pid)
            print(f"{name:<6} {'from the pickle' if name == 'bare' else 'from its file':<16} {isa}")
        assert len(pids) == 3 and os.getpid() not in pids
        assert math.isclose(total, math.pi, rel_tol=1e-9)
        # As anybody would: Dask sends the tasks wherever it likes.
        firsts = range(0, count, count // 10)
        lasts = [first + count // 10 for first in firsts]
        parts = client.map(pixie.portable(functions.circle), firsts, lasts, [count] * len(firsts))
        assert math.isclose(client.submit(sum, parts).result(timeout=60), total, rel_tol=1e-12)
        print(f"pi = {total:.12f}")


def worker_of(client, name):
    """The address of the worker with this name."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    return next(address for address, worker in workers.items() if worker["name"] == name)


if __name__ == "__main__":
    main(sys.argv[1])
