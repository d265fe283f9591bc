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

# What `import pixie` costs, by its parts, each in the order in which they happen; nothing of pixie has been loaded before.
PARTS = """
import importlib.util, resource, sys, time, _ctypes
package = importlib.util.find_spec("pixie").submodule_search_locations[0]
library = importlib.util.spec_from_file_location("pixie._core", package + "/_core.abi3.so")
modules = set(sys.modules)
def state():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter_ns(), used.ru_minflt, int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
state()
states = [state()]
_ctypes.dlopen(library.origin, 2)
states.append(state())
core = library.loader.create_module(library)
library.loader.exec_module(core)
sys.modules["pixie._core"] = core
states.append(state())
import pixie
states.append(state())
for before, after in zip(states, states[1:]):
    print(*(b - a for a, b in zip(before, after)))
print(*sorted(set(sys.modules) - modules))
"""
COSTS = ["its library: found in the system's cache, mapped, relocated", "its initialisation: types, processor, heap", "the package's Python: path hook"]
outputs = processes({"parts": [sys.executable, "-I", "-c", PARTS]}, runs, str.splitlines)["parts"]
rows = []
for part, name in enumerate(COSTS):
    numbers = zip(*(map(int, output[part].split()) for output in outputs))
    time, faults, resident = map(statistics.median, numbers)
    rows.append([name, f"{time / 1000:.0f}", f"{faults:.0f}", f"{resident / 1024:.0f}"])
table("what `import pixie` costs", ["", "us", "page faults", "kB resident"], rows)
print(f"  modules that it imports: {outputs[0][len(COSTS)]}")
