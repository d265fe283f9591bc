"""Does what programs do with the runtime, in fresh processes, so that a compiler learns what runs and how often.

argv: `train`, the folder of the package, the command, a folder for modules; or what `train` runs.
"""

import array
import contextlib
import os
import random
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests/kernels"), str(ROOT / "python/tests")]

# So often that no path of a call is taken for a rare one, and few enough that what runs once a process is none either.
PROCESSES, CALLS = 8, 25


def drawn():
    """Signatures of every kind, the same ones each time, and what their arguments are drawn from."""
    import random_signatures

    source = random.Random(1)
    return random_signatures, [random_signatures.generate(source, f"f{i}") for i in range(100)], source


def build(command, folder):
    def pixie(words, output):
        output.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([command, *words.split(), "-o", output], check=True)

    native, foreign = folder / "native", folder / "foreign"
    pixie("build --quiet tests/kernels/kernels.c --exports tests/kernels/kernels.sig", native / "kernels.pixie")
    pixie("build --quiet tests/bench/calls.c --exports tests/bench/calls.sig", native / "calls.pixie")
    pixie("build --quiet tests/ufuncs/ufuncs.c --exports tests/ufuncs/ufuncs.sig --identity add=zero", native / "ufuncs.pixie")
    prelude, signatures, _ = drawn()
    (folder / "drawn.c").write_text(prelude.PRELUDE + "".join(signature.c() for signature in signatures))
    (folder / "drawn.sig").write_text("".join(signature.text() + "\n" for signature in signatures))
    drawn_words = f"build --quiet --unsafe-pointers --platform linux-64 --exports {folder / 'drawn.sig'} {folder / 'drawn.c'}"
    pixie(drawn_words, native / "drawn.pixie")
    pixie("bitcode tests/kernels/kernels.c --platform osx-arm64", folder / "kernels.bc")
    neutral = f"build --quiet --portable --exports tests/kernels/kernels.sig --platform osx-arm64 {folder / 'kernels.bc'}"
    pixie(neutral, foreign / "kernels.pixie")
    return native, foreign


def train(package, command, folder):
    native, foreign = build(command, Path(folder))
    # An empty cache, so that its paths are those of a user's.
    os.environ |= {"PIXIE_COMMAND": command, "PIXIE_CACHE_DIR": str(Path(folder) / "cache"), "PYTHONHASHSEED": "0"}
    for name in ("PIXIE_JIT", "PIXIE_USE_ISA", "PIXIE_LOG"):
        os.environ.pop(name, None)

    def run(what, modules, **more):
        subprocess.run([sys.executable, __file__, what, package, modules], check=True, env={**os.environ, **more})

    # How often a process asks whether the compiler is done is another number each time: it is not counted. Later ones take from the
    # cache what it has left, by the file's stamp once the file is old enough.
    run("imports", foreign, LLVM_PROFILE_FILE=os.devnull)
    for what in ("imports", "calls", "every_kind"):
        for _ in range(PROCESSES):
            run(what, native)
    time.sleep(3)
    for _ in range(PROCESSES):
        run("imports", foreign)
        # The tool is found where most people have it, too.
        run("imports", foreign, PIXIE_COMMAND="", PATH=f"{Path(command).parent}{os.pathsep}{os.environ['PATH']}")


def imports():
    import kernels

    kernels.sieve(bytearray(64))
    kernels.dot(array.array("d", [1.0, 2.0]), array.array("d", [3.0, 4.0]))


def calls():
    import calls
    import kernels
    import numpy as np
    import ufuncs

    import cases

    x, y, small = 1.5, 2.5, np.arange(8.0)
    for _ in range(CALLS):
        calls.nothing()
        calls.scale(x, y)
        calls.scale(2, 3)
        calls.scale(x=x, y=y)
        calls.scale(x, y=y)
        calls.sum8(x, y, x, y, x, y, x, y)
        kernels.dot(small, small)
        kernels.dot(a=small, b=small)
        kernels.dot(memoryview(small), array.array("d", range(8)))
        ufuncs.hypot3(small, small, 1.0)
    for name, make, _ in cases.CASES:
        arguments = make(cases.SMALL, np.random.default_rng(7))
        function = getattr(kernels, name)
        for _ in range(CALLS):
            function(**arguments)
            function(*arguments.values())


def every_kind():
    import random_arguments

    import drawn as module

    _, signatures, source = drawn()
    for signature in signatures:
        function = getattr(module, signature.name)
        for _ in range(CALLS):
            given = random_arguments.right(source, signature)
            args, keywords = random_arguments.arrange(source, signature, given, False)
            # A dimension may come out negative, a status other than zero.
            with contextlib.suppress(ValueError, OverflowError, RuntimeError):
                function(*args, **keywords)


def main():
    what, package, *rest = sys.argv[1:]
    if what == "train":
        return train(package, *rest)
    sys.path[:0] = [package, *rest]
    import pixie

    assert Path(pixie.__file__).is_relative_to(package), pixie.__file__
    {"imports": imports, "calls": calls, "every_kind": every_kind}[what]()


main()
