"""Threads, imports, errors, pickles and forks all at once. Ten minutes by hand: `PIXIE_STRESS_SECONDS=600 pytest tests/python/test_stress.py`."""

import os
import shutil
import sys

from conftest import ROOT, TABLES, python, run

SECONDS = os.environ.get("PIXIE_STRESS_SECONDS", "10")


def test_nothing_fails_under_stress(kernels, tmp_path):
    for name in [*(f"copy{number}" for number in range(16)), "alone"]:
        shutil.copy(kernels, tmp_path / f"{name}.pixie")
    done = run(sys.executable, ROOT / "tests/stress/stress.py", tmp_path, SECONDS)
    TABLES.append(("stress", done.stdout.strip()))
    assert "nothing failed" in done.stdout


REGISTERS = """
#include <unistd.h>
void __register_frame(const void *tables) { (void)tables; write(1, "registered\\n", 11); }
"""
IMPORTS_AND_FORKS = """
import os, sys
import pixie
pixie.load(sys.argv[1])
if os.fork() == 0:
    assert pixie.load(sys.argv[1]).sieve(bytearray(100)) == 25
    os._exit(0)
sys.exit(os.wait()[1])
"""


def test_a_forked_process_does_not_wait_for_the_unwinder_of_its_parent(kernels, tmp_path):
    (tmp_path / "unwinder.c").write_text(REGISTERS)
    library = tmp_path / "unwinder.so"
    run("clang-22", "-shared", "-fPIC", tmp_path / "unwinder.c", "-o", library)
    told = python(IMPORTS_AND_FORKS, kernels, env={"LD_PRELOAD": str(library)}).stdout
    assert told == "registered\n"
