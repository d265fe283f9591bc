"""Finding and running the `pixie` command, which holds the compiler that this package does not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


class BuildError(subprocess.CalledProcessError, RuntimeError):
    """The `pixie` command has refused its input; the message is the command's own."""

    def __init__(self, returncode, command, message):
        super().__init__(returncode, command, stderr=message)
        self.message = message

    def __str__(self):
        return self.message


def command() -> str:
    """The path of the command: `PIXIE_COMMAND`; else `pixie` on PATH; else beside this Python.

    Raises `FileNotFoundError` where there is none.
    """
    chosen = os.environ.get("PIXIE_COMMAND")
    if chosen:
        found = shutil.which(chosen)
        if found is None:
            raise FileNotFoundError(f"PIXIE_COMMAND names `{chosen}`, which is not a program that can be run")
        return os.path.abspath(found)
    found = shutil.which("pixie") or shutil.which("pixie", path=os.path.dirname(sys.executable))
    if found is None:
        raise FileNotFoundError(
            "the `pixie` command, which compiles and shows code, was not found\n"
            "hint: pip install pixie-toolchain, or name the command in the variable PIXIE_COMMAND"
        )
    return os.path.abspath(found)


def run(words, folder, verbose=False):
    """Runs the command with `words` in `folder`, and returns what it printed on standard error.

    Raises `BuildError` with the command's message if it fails.
    """
    words = [command(), *map(str, words)]
    if verbose:
        print(" ".join(words))
    done = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True)
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode != 0:
        # Warnings come before it.
        message = ("\n" + said).partition("\nerror: ")[2] or said
        raise BuildError(done.returncode, words, message or f"exit code {done.returncode}")
    return said
