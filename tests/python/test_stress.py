"""Threads, imports, errors, pickles and forks all at once. Ten minutes by hand: `PIXIE_STRESS_SECONDS=600 pytest tests/python/test_stress.py`."""

import os
import shutil
import sys

from conftest import ROOT, TABLES, run

SECONDS = os.environ.get("PIXIE_STRESS_SECONDS", "10")


def test_nothing_fails_under_stress(kernels, tmp_path):
    for name in [*(f"copy{number}" for number in range(16)), "alone"]:
        shutil.copy(kernels, tmp_path / f"{name}.pixie")
    done = run(sys.executable, ROOT / "tests/stress/stress.py", tmp_path, SECONDS)
    TABLES.append(("stress", done.stdout.strip()))
    assert "nothing failed" in done.stdout
