"""Functions of a fat module travel to joblib's workers, by the file's path and with the file itself."""

import math
import os
import shutil
import sys
import tempfile

from joblib import Parallel, delayed

import pixie


def where(function):
    """Run by a worker: what the function is there."""
    import pixie

    return os.getpid(), pixie.info(function).isa, function.__self__.build_id


def main(folder):
    with tempfile.TemporaryDirectory() as apart:
        path = shutil.copy(os.path.join(folder, "functions.pixie"), apart)
        functions = pixie.load(path)
        portable = pixie.portable(functions)
        count = 100_000
        parts = [(first, first + count // 4, count) for first in range(0, count, count // 4)]

        def show(how, function):
            pi = sum(Parallel(n_jobs=2)(delayed(function)(*part) for part in parts))
            ((pid, isa, build_id),) = Parallel(n_jobs=2)([delayed(where)(function)])
            assert pid != os.getpid() and build_id == functions.__pixie__.build_id and math.isclose(pi, math.pi, rel_tol=1e-9)
            print(f"{how:<26} pi = {pi:.9f} at {isa}")

        show("by path", functions.circle)
        show("with the file", portable.circle)
        # The pickle holds what was read, so that the file may go; workers that are new have nothing else.
        os.remove(path)
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=True)
        show("with a file that is gone", portable.circle)


if __name__ == "__main__":
    main(sys.argv[1])
