"""Compiling the twelve kernels again for this processor, in a fresh process: against llvmlite, with the same major version of LLVM, compiling the
same bitcode at O3, and against Numba compiling the same kernels from Python; and the import that finds them in the cache. argv[1]: the folder."""

import os
import shutil
import statistics
import sys
from pathlib import Path

from common import PIXIE, processes, table

folder = Path(sys.argv[1])
here = Path(__file__).parent
LLVMLITE, NUMBA, NATIVE = "llvmlite", "numba", "native variant"
RUNS, IMPORTS = 9, 41

# Each prints nanoseconds: from the interpreter's start, then what the compiler's own import took of that.
START = "import time; start = time.perf_counter_ns()\n"
END = "\nprint(time.perf_counter_ns() - start, imported - start)"
COLD = f"""
import os, shutil, sys
os.environ["PIXIE_CACHE_DIR"] = {str(folder / "cold")!r}
shutil.rmtree({str(folder / "cold")!r}, ignore_errors=True)
sys.path[:0] = [{str(folder / "foreign")!r}]
{START}
import pixie
imported = time.perf_counter_ns()
import kernels
assert kernels.__pixie__.specialized
{END}
"""
BY_LLVMLITE = f"""
{START}
from llvmlite import binding
imported = time.perf_counter_ns()
binding.initialize_native_target()
binding.initialize_native_asmprinter()
target = binding.Target.from_default_triple()
machine = target.create_target_machine(cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), opt=3)
module = binding.parse_bitcode(open({str(folder / "kernels.bc")!r}, "rb").read())
module.triple, module.data_layout = binding.get_default_triple(), str(machine.target_data)
module.verify()
tuning = binding.PipelineTuningOptions(speed_level=3)
tuning.loop_vectorization = tuning.slp_vectorization = tuning.loop_interleaving = tuning.loop_unrolling = True
builder = binding.create_pass_builder(machine, tuning)
builder.getModulePassManager().run(module, builder)
engine = binding.create_mcjit_compiler(module, machine)
engine.finalize_object()
assert engine.get_function_address("dot")
{END}
"""
BY_NUMBA = f"""
import sys
sys.path[:0] = [{str(here)!r}]
{START}
import numba
imported = time.perf_counter_ns()
import kernels_numba
{END}
"""


def command(program):
    return [sys.executable, "-c", program]


def pair(output):
    whole, imported = map(int, output.split())
    return whole, whole - imported


results = processes({PIXIE: command(COLD), LLVMLITE: command(BY_LLVMLITE), NUMBA: command(BY_NUMBA)}, RUNS, pair)
rows = []
for title, part in (("with its import", 0), ("without its import", 1)):
    times = {name: [figures[part] for figures in values] for name, values in results.items()}

    def over(peer):
        return f"{statistics.median(a / b for a, b in zip(times[PIXIE], times[peer])):.2f}"

    rows.append([title, *(f"{statistics.median(times[name]) / 1e6:.0f}" for name in times), over(LLVMLITE), over(NUMBA)])
table(
    f"twelve kernels compiled for this processor in a fresh process, milliseconds, medians of {RUNS} runs",
    ["", "pixie, its process included", LLVMLITE, NUMBA, f"over {LLVMLITE}", f"over {NUMBA}"],
    rows,
)

# The warm import: from the cache, against a module that has the variant.
IMPORT = """
import os, sys
os.environ["PIXIE_CACHE_DIR"] = {cache!r}
sys.path[:0] = [{path!r}]
import pixie, time
start = time.perf_counter_ns()
import kernels
print(time.perf_counter_ns() - start)
assert kernels.__pixie__.specialized is {specialized}
assert not any("LLVM" in line for line in open("/proc/self/maps"))
"""
warm = str(folder / "warm")
shutil.rmtree(warm, ignore_errors=True)
programs = {
    PIXIE: command(IMPORT.format(cache=warm, path=str(folder / "foreign"), specialized=True)),
    NATIVE: command(IMPORT.format(cache=warm, path=str(folder / "matching"), specialized=False)),
}
os.environ.pop("PIXIE_JIT", None)
times = processes(programs, IMPORTS, int)
micro = {name: statistics.median(values) / 1000 for name, values in times.items()}
ratio = statistics.median(a / b for a, b in zip(times[PIXIE], times[NATIVE]))
table(
    f"import of the twelve kernels after `import pixie`, microseconds, medians of {IMPORTS} runs; no LLVM in the process",
    ["", "from the cache", NATIVE, "ratio"],
    [["module for another platform", f"{micro[PIXIE]:.0f}", f"{micro[NATIVE]:.0f}", f"{ratio:.2f}"]],
)
