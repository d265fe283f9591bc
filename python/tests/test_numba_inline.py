"""Numba's own LLVM inlines functions of fat modules where it can, and calls them where it cannot."""

import re

import llvmlite.binding
import numba
import numpy as np
import pytest
from conftest import build

import pixie
from pixie._numba import external, inline

SOURCE = """
static double square(double x) { return x * x; }
static int count;
static const double table[4] = {1, 2, 4, 8};
double bump(double x) { return 1 + x * (2 + square(x) * 3); }
long long tick(void) { return ++count; }
double pick(unsigned char at) { return table[at & 3] + square(at); }
"""
EXPORTS = ["bump(x: f64) -> f64", "tick() -> i64", "pick(at: u8) -> f64"]


@pytest.fixture
def path(tmp_path):
    (tmp_path / "inlined.c").write_text(SOURCE)
    return build(tmp_path / "inlined.c", tmp_path / "inlined.pixie", EXPORTS)


@pytest.fixture
def module(path):
    external.REASONS.clear()
    return pixie.load(path)


def over(function):
    @numba.njit
    def loop(x, y):
        for index in range(len(x)):
            y[index] = function(x[index])

    return loop


def assembly(compiled):
    return "".join(compiled.inspect_asm().values())


def reason(function):
    return external.REASONS[external.symbol(pixie.info(function))]


def test_a_loop_is_vectorised_through_the_call(module):
    x, y = np.arange(1000.0) / 7, np.empty(1000)
    compiled = over(module.bump)
    compiled(x, y)
    np.testing.assert_array_max_ulp(y, np.array([module.bump(value) for value in x]), 2)
    assert reason(module.bump) is None and "pixie." not in assembly(compiled)
    assert re.search(r"fmul (contract )?<\d+ x double>|fmuladd\.v\d+f64", "".join(compiled.inspect_llvm().values()))


def test_two_calls_share_the_body(module):
    bump, pick = module.bump, module.pick
    compiled = numba.njit(lambda x: bump(x) + bump(x + 1) * pick(2))
    again = numba.njit(lambda x: compiled(x) + bump(x))
    assert compiled(1.5) == pytest.approx(bump(1.5) + bump(2.5) * pick(2), rel=1e-15)
    assert again(1.5) == pytest.approx(compiled(1.5) + bump(1.5), rel=1e-15)
    assert reason(bump) is reason(pick) is None and "pixie." not in assembly(compiled) + assembly(again)


def test_another_numba_takes_the_call(module, monkeypatch):
    monkeypatch.delattr(inline.llvm, "create_new_module_pass_manager")
    calls(module, "this version of Numba is put together otherwise")


def test_constants_go_along(module):
    compiled = over(module.pick)
    at, y = np.arange(256, dtype=np.uint8), np.empty(256)
    compiled(at, y)
    assert y.tolist() == [module.pick(int(value)) for value in at] and reason(module.pick) is None


def test_data_that_is_written_to_is_there_once(module):
    tick = module.tick
    compiled = numba.njit(lambda: tick())
    assert [compiled(), module.tick(), compiled(), module.tick()] == [1, 2, 3, 4]
    assert "written to" in reason(tick)


def calls(module, expected):
    x, y = np.arange(8.0), np.empty(8)
    compiled = over(module.bump)
    compiled(x, y)
    assert y.tolist() == [module.bump(value) for value in x]
    assert expected in reason(module.bump) and external.symbol(pixie.info(module.bump)) in assembly(compiled)


def test_another_llvm_takes_the_call(module, monkeypatch):
    monkeypatch.setattr(inline.llvm, "llvm_version_info", (llvmlite.binding.llvm_version_info[0] + 1, 0, 0))
    calls(module, "the bitcode is of LLVM")


def test_a_file_that_is_gone_takes_the_call(module, path):
    path = pixie.info(module.bump).path
    open(path, "r+b").truncate(64)
    calls(module, "no bitcode")


def test_the_variable_asks_for_the_call(module, monkeypatch):
    monkeypatch.setenv("PIXIE_NUMBA", "opaque")
    calls(module, "PIXIE_NUMBA")


PROGRAM = """
import os, sys, numba, pixie
os.environ["PIXIE_COMMAND"] = "/nowhere"
bump = pixie.load(sys.argv[1]).bump
@numba.njit(cache=True)
def total(count):
    result = 0.0
    for index in range(count):
        result += bump(index)
    return result
assert total(4) == sum(map(bump, range(4)))
print(*total.stats.cache_hits.values(), "|", *total.stats.cache_misses.values())
"""


def test_the_next_process_takes_it_from_numbas_cache(path, run, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    start = f"import sys, runpy; runpy.run_path({str(program)!r}, run_name='__main__')"
    file = tmp_path / "inlined.pixie"
    assert run(start, file).split() == ["|", "1"]
    assert run(start, file).split() == ["1", "|"]
