"""The cost of an import in a fresh process, against a C extension with the same functions. argv[1]: the folder with both."""

import statistics
import sys

from common import PEER, PIXIE, processes, table

folder, runs = sys.argv[1], 40
PROGRAM = """
import sys, time
sys.path.insert(0, {folder!r})
{before}
start = time.perf_counter_ns()
{imported}
print(time.perf_counter_ns() - start)
"""


def command(before, imported):
    return [sys.executable, "-I", "-c", PROGRAM.format(folder=folder, before=before, imported=imported)]


times = processes(
    {
        PIXIE: command("import pixie", "import kernels"),
        PEER: command("import pixie", "import peer"),
        "import pixie": command("pass", "import pixie"),
        "first call too": command("import pixie; data = bytearray(64)", "import kernels; kernels.sieve(data)"),
        "first call too, C": command("import pixie; data = bytearray(64)", "import peer; peer.sieve(data)"),
    },
    runs,
    int,
)
micro = {name: statistics.median(values) / 1000 for name, values in times.items()}


def pairs(a, b):
    return statistics.median(x / y for x, y in zip(times[a], times[b]))


table(
    f"import, fresh process, microseconds, medians of {runs} runs",
    ["", PIXIE, PEER, "ratio"],
    [
        ["module of 12 functions, after `import pixie`", f"{micro[PIXIE]:.0f}", f"{micro[PEER]:.0f}", f"{pairs(PIXIE, PEER):.2f}"],
        ["the same and one call", f"{micro['first call too']:.0f}", f"{micro['first call too, C']:.0f}", f"{pairs('first call too', 'first call too, C'):.2f}"],
        ["`import pixie` itself", f"{micro['import pixie']:.0f}", "", ""],
    ],
)
