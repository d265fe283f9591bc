"""What gdb and perf show of functions of a fat module, where the environment asks for it."""

import os
import re
import shutil
import sys

import pytest

from conftest import PIXIE, python, run

FAULTY = """\
#include <stdint.h>
static __attribute__((noinline)) int64_t inner(const volatile int64_t *p, int64_t n) {
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += p[i] * 3; /* faults */
    return sum;
}
int64_t crash(int64_t at, int64_t n) {
    int64_t state = 1;
    for (int64_t i = 0; i < n; i++)
        state = state * 31 + (at ^ i) % (state | 1);
    return inner((const volatile int64_t *)at, n) + (state & 1); /* calls */
}
int64_t small(int64_t at) {
    at ^= 5; /* Of a part that begins with the fault gdb shows where it is called from. */
    return *(const volatile int64_t *)at; /* reads */
}
"""
EXPORTS = ["--export", "crash(at: i64, n: i64) -> i64", "--export", "small(at: i64) -> i64"]
USE = "import sys; sys.path.insert(0, sys.argv[1]); import pixie, faulty; faulty."


def line(mark):
    """The number of the line with a comment."""
    return next(number for number, text in enumerate(FAULTY.splitlines(), 1) if f"/* {mark} */" in text)


def frames(*words, **variables):
    """The frames of the fault that a program ends with, as gdb shows them, innermost first."""
    gdb = shutil.which("gdb")
    assert gdb, "gdb is needed: cargo xtask setup"
    commands = ["-iex", "set debuginfod enabled off", "-ex", "set width 0", "-ex", "run", "-ex", "bt"]
    shown = run(gdb, "-nx", "-batch", *commands, "--args", *words, env={**os.environ, **variables}).stdout
    assert "received signal SIGSEGV" in shown, shown
    return re.findall(r"^#\d+ +(.*)$", shown, re.MULTILINE)


@pytest.fixture
def faulty(build):
    """A module that faults: with line tables, and the frames of a call of it in Python."""

    def make(call, *words, **variables):
        path = build(FAULTY, *words, *EXPORTS, "--platform", "linux-64", name="faulty")
        return frames(sys.executable, "-c", USE + call, path.parent, **variables)

    return make


def check_callers(found):
    """Behind the thunk come the runtime, the interpreter and the C library that started it."""
    assert "_core.abi3.so" in found[0], found
    assert any("__libc_start" in frame for frame in found), found


@pytest.mark.parametrize("memory", ["anonymous", "file"])
@pytest.mark.parametrize("level", ["-O0", "-O1", "-O2", "-O3"])
def test_gdb_shows_name_and_line(faulty, level, memory):
    found = faulty("crash(16, 10)", "-g", level, PIXIE_GDB_JIT="1", PIXIE_MEMORY=memory)
    assert re.search(rf"\binner \(p=0x10, n=.*\) at \./faulty\.c:{line('faults')}$", found[0]), found
    assert re.search(rf"\bcrash \(at=(16|<optimized out>), n=.*\) at \./faulty\.c:{line('calls')}$", found[1]), found
    assert re.search(r"\b__pixie_thunk_crash \(\) at \./faulty\.c:\d+$", found[2]), found
    check_callers(found[3:])


def test_gdb_shows_a_function_that_is_part_of_its_thunk(faulty):
    found = faulty("small(21)", "-g", PIXIE_GDB_JIT="1")
    assert re.search(rf"\bsmall \(at=.*\) at \./faulty\.c:{line('reads')}$", found[0]), found
    assert "__pixie_thunk_small () at ./faulty.c" in found[1], found
    check_callers(found[2:])


def test_gdb_shows_names_without_line_tables(faulty):
    found = faulty("crash(16, 10)", "-O1", PIXIE_GDB_JIT="1")
    assert [re.sub(r".* in (\w+) \(\)$", r"\1", frame) for frame in found[:3]] == ["inner", "crash", "__pixie_thunk_crash"], found
    check_callers(found[3:])


def test_gdb_knows_nothing_unless_asked(faulty):
    found = faulty("crash(16, 10)", "-g")
    assert found[0].endswith(" in ?? ()"), found


def test_gdb_finds_the_source_by_its_folder(build):
    path = build(FAULTY, "-g", *EXPORTS, "--platform", "linux-64", name="faulty")
    words = ["-iex", "set debuginfod enabled off", "-d", str(path.parent), "-ex", "run", "-ex", "list"]
    program = [sys.executable, "-c", USE + "crash(16, 10)", str(path.parent)]
    shown = run("gdb", "-nx", "-batch", *words, "--args", *program, env={**os.environ, "PIXIE_GDB_JIT": "1"}).stdout
    assert f"{line('faults')}\t        sum += p[i] * 3; /* faults */" in shown, shown


def test_gdb_shows_lines_below_the_command(build):
    path = build(FAULTY, "-g", *EXPORTS, "--platform", "linux-64", name="faulty")
    found = frames(PIXIE, "run", path, "crash", "16", "10", PIXIE_GDB_JIT="1")
    assert f"./faulty.c:{line('faults')}" in found[0] and f"./faulty.c:{line('calls')}" in found[1], found
    assert any("pixie::main (" in frame for frame in found), found


def test_the_map_for_perf(kernels):
    program = """
import os, sys
sys.path.insert(0, sys.argv[1])
import pixie, kernels
path = f"/tmp/perf-{os.getpid()}.map"
text = open(path).read()
os.unlink(path)
print(hex(pixie.info(kernels.dot).address)[2:], kernels.__pixie__.isa)
print(text)
"""
    shown = python(program, kernels.parent, env={"PIXIE_PERF_MAP": "1"}).stdout
    address, isa = shown.splitlines()[0].split()
    (found,) = [words for words in map(str.split, shown.splitlines()[1:]) if words and words[0] == address]
    assert found[2:] == ["kernels.pixie:dot", f"[{isa}]"]
    assert int(found[1], 16) > 16


def test_a_map_that_cannot_be_written_is_a_warning(kernels, tmp_path):
    program = """
import os, sys, warnings
sys.path.insert(0, sys.argv[1])
import pixie
path = f"/tmp/perf-{os.getpid()}.map"
os.symlink(sys.argv[2], path)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import kernels
os.unlink(path)
print(*[f"{warning.category.__name__}: {warning.message}" for warning in caught])
assert kernels.popcount(memoryview(bytes(range(256))).cast("Q")) == 1024
"""
    target = tmp_path / "precious"
    target.write_text("mine")
    shown = python(program, kernels.parent, target, env={"PIXIE_PERF_MAP": "1"}).stdout
    assert re.match(r"RuntimeWarning: kernels: PIXIE_PERF_MAP: cannot write the map for perf: `/tmp/perf-\d+\.map` ", shown), shown
    assert target.read_text() == "mine"
