"""`pixie build` of the twelve kernels for four platforms, against `clang -O3` run once for each object. argv: folder, the command."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import table

RUNS = 7
command = sys.argv[2]
sources = Path(__file__).parent.parent / "kernels"
TARGETS = {
    "x86_64-linux-gnu": ["-march=x86-64", "-march=x86-64-v2", "-march=x86-64-v3", "-march=x86-64-v4"],
    "x86_64-windows-gnu": ["-march=x86-64", "-march=x86-64-v2", "-march=x86-64-v3", "-march=x86-64-v4"],
    "aarch64-linux-gnu": ["-march=armv8-a", "-march=armv8.2-a+dotprod", "-march=armv8.2-a+sve", "-march=armv9-a"],
    "arm64-apple-macosx11.0.0": ["-mcpu=apple-m1", "-mcpu=apple-m2"],
}


def pixie(folder):
    return [[command, "build", "--quiet", sources / "kernels.c", "--exports", sources / "kernels.sig", "-o", folder / "k.pixie"]]


def clang(folder):
    # The cross targets have no libc here; the kernels need three declarations of it.
    stub = folder / "include"
    stub.mkdir(exist_ok=True)
    (stub / "math.h").write_text("float sqrtf(float);\n")
    (stub / "string.h").write_text("#include <stddef.h>\nvoid *memset(void *, int, size_t);\nvoid *memcpy(void *, const void *, size_t);\n")
    return [
        ["clang-22", f"--target={target}", flag, "-O3", "-fPIC", "-ffreestanding", "-nostdlibinc", "-isystem", stub, "-c", sources / "kernels.c", "-o", folder / "k.o"]
        for target, flags in TARGETS.items()
        for flag in flags
    ]


def measure(commands):
    """Wall seconds and the peak of one process's resident memory in MB."""
    start, peak = time.perf_counter(), 0
    for words in commands:
        child = subprocess.Popen([os.fspath(word) for word in words])
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"{words} failed with {child.returncode}")
        peak = max(peak, usage.ru_maxrss / 1024)
    return time.perf_counter() - start, peak


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    sides = {"pixie build, 4 platforms": pixie(folder), "clang -O3, once per object": clang(folder)}
    results = {side: [] for side in sides}
    for turn in range(RUNS + 1):
        for side, commands in sides.items():
            result = measure(commands)
            if turn > 0:
                results[side].append(result)
    size = (folder / "k.pixie").stat().st_size
ours, theirs = ([wall for wall, _ in results[side]] for side in sides)
rows = [[side, f"{statistics.median(w for w, _ in r):.2f}", f"{max(p for _, p in r):.0f}"] for side, r in results.items()]
rows.append(["ratio", f"{statistics.median(a / b for a, b in zip(ours, theirs)):.2f}", ""])
table(f"build of 12 kernels, 14 variants, {os.cpu_count()} processors, medians of {RUNS}; the module has {size} bytes", ["", "seconds", "peak MB of one process"], rows)
