"""XXH3 over 1 MB as a fat module, against `clang-22 -O3 -march=native` of the same header. argv: folder, the shared library.

xxHash picks its code by ISA macros, so this shows whether each variant got a front-end run of its own."""

import ctypes
import statistics
import sys

sys.path[:0] = [sys.argv[1]]

from common import PIXIE, interleaved, ratio, repeat, table

import pixie
import hashes

ROUNDS, SECONDS, SIZE = 15, 0.05, 1 << 20
data = (ctypes.c_uint8 * SIZE)(*(i * 7 & 255 for i in range(SIZE)))
kind = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint64)
arguments = (ctypes.addressof(data), SIZE, 7)
native = kind(("XXH3_64bits_withSeed", ctypes.CDLL(sys.argv[2])))
modules = {isa: pixie.load(hashes.__file__, isa=isa) for isa in (hashes.__pixie__.isa, "baseline")}
ours = {isa: kind(pixie.info(module.XXH3_64bits_withSeed).address) for isa, module in modules.items()}
chosen = hashes.__pixie__.isa
assert len({function(*arguments) for function in [native, *ours.values()]}) == 1
BASE = "clang -march=native"
times = interleaved(
    {PIXIE: repeat(ours[chosen], *arguments), BASE: repeat(native, *arguments), "baseline": repeat(ours["baseline"], *arguments)},
    ROUNDS,
    SECONDS,
)
rows = []
for name in times:
    median = statistics.median(times[name])
    rows.append([f"{name} ({chosen})" if name == PIXIE else name, f"{SIZE / median:.1f}", f"{ratio(times, BASE, name):.3f}"])
table(f"XXH3 over 1 MB, medians of {ROUNDS} rounds", ["", "GB/s", "speed over clang"], rows)
