"""Programs of other platforms, run here: what `cargo xtask cross` left in `target/cross`, under qemu and Wine.

Each platform's folder has a script `run` that starts the emulator, with a limit of time; for linux-aarch64 also `python3`.
"""

import os
import subprocess

import pytest
from conftest import ROOT, run

CROSS = ROOT / "target/cross"
COMMANDS = {"linux-aarch64": "pixie", "win-64": "pixie.exe"}

#: Processors of qemu, each with the levels that it runs; the A64FX has SVE but neither dot products nor SVE2.
CPUS = {
    "cortex-a53": ["armv8-a"],
    "neoverse-n1": ["armv8-a", "armv8.2-a"],
    "a64fx": ["armv8-a", "sve"],
    "max": ["armv8-a", "armv8.2-a", "sve", "sve2"],
}


def _environment(cpu, variables):
    return {**os.environ, **({"QEMU_CPU": cpu} if cpu else {}), **(variables or {})}


def command(platform, *words, cpu=None, check=True, variables=None, **options):
    """Runs the platform's `pixie` command; `cpu` is a processor of qemu's."""
    folder = CROSS / platform
    program = folder / COMMANDS[platform]
    return run(folder / "run", program, *words, check=check, env=_environment(cpu, variables), **options)


def python(program, *arguments, cpu=None, check=True, variables=None, **options):
    """Runs a program in CPython for linux-aarch64, which has the runtime and NumPy."""
    interpreter = CROSS / "linux-aarch64/python3"
    return run(interpreter, "-c", program, *arguments, check=check, env=_environment(cpu, variables), **options)


@pytest.fixture(scope="session", autouse=True)
def wine():
    """Wine's server would stay for some seconds after the last program."""
    yield
    subprocess.run([CROSS / "win-64/run", "--stop"], check=False, timeout=60)
