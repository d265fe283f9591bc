"""Which variant runs: natively, under other CPUs, forced, and none."""

import json
import os
import sys

import pytest
from conftest import PIXIE, ROOT, host_levels, pixie, python, run

WHICH = "import sys; sys.path.insert(0, sys.argv[1]); import pixie, kernels; print(kernels.__pixie__.isa)"


def which(folder, env=None):
    return python(WHICH, folder, env=env).stdout.strip()


def test_natively_the_highest_level_that_the_cpu_runs(kernels):
    assert which(kernels.parent) == host_levels()[-1]


@pytest.mark.parametrize(("cpu", "level"), [("qemu64", "x86-64"), ("Nehalem", "x86-64-v2"), ("SandyBridge", "x86-64-v2"), ("Haswell", "x86-64-v3")])
def test_under_other_processors(kernels, cpu, level):
    """The command and its loader under qemu, executing a kernel."""
    words = "7,1,3", "1,2,4"
    ran = run("qemu-x86_64-static", "-cpu", cpu, ROOT / "target/release/pixie", "run", kernels, "dot", *words, "--json")
    assert json.loads(ran.stdout) == {"result": "21", "arrays": {}, "isa": level}


@pytest.mark.parametrize(("cpu", "level"), [("Nehalem", "x86-64-v2"), ("Haswell", "x86-64-v3")])
def test_python_under_other_processors(kernels, cpu, level):
    ran = run("qemu-x86_64-static", "-cpu", cpu, sys.executable, "-c", WHICH, kernels.parent)
    assert ran.stdout.strip() == level


@pytest.mark.parametrize("level", host_levels())
def test_a_lower_level_can_be_forced(kernels, level):
    assert which(kernels.parent, {"PIXIE_USE_ISA": level}) == level


def test_baseline_is_the_lowest(kernels):
    assert which(kernels.parent, {"PIXIE_USE_ISA": "baseline"}) == "x86-64"


def failure(folder, env):
    result = python(WHICH, folder, env=env, check=False)
    assert result.returncode == 1
    return result.stderr.strip().split("ImportError: ", 1)[1]


def test_an_unknown_level_lists_what_is_there(kernels):
    message = failure(kernels.parent, {"PIXIE_USE_ISA": "avx9000"})
    for expected in ["kernels", "avx9000", "PIXIE_USE_ISA", *host_levels()]:
        assert expected in message


def test_a_level_that_the_cpu_lacks_says_what_is_missing(kernels):
    ran = run("qemu-x86_64-static", "-cpu", "Nehalem", ROOT / "target/release/pixie", "run", kernels, "dot", "1", "1", "--isa", "x86-64-v3", check=False)
    assert ran.returncode == 1
    for expected in ["x86-64-v3", "avx2", "fma", "x86-64-v2"]:
        assert expected in ran.stderr


def test_no_variant_fits(build, tmp_path):
    module = build("double f(double x) { return x; }", "--platform", "linux-64", "--isa", "linux-64=x86-64-v4", "--export", "f(x: f64) -> f64")

    def load(jit):
        program = "import sys; sys.path.insert(0, sys.argv[1]); import pixie, sample; print(sample.f(1.5))"
        env = {**os.environ, "PIXIE_COMMAND": PIXIE, "PIXIE_CACHE_DIR": str(tmp_path / "cache"), "PIXIE_JIT": jit}
        return run("qemu-x86_64-static", "-cpu", "Nehalem", sys.executable, "-c", program, module.parent, check=False, env=env)

    # It is compiled for that processor, unless that is forbidden.
    assert load("fallback").stdout == "1.5\n"
    message = load("off").stderr.split("ImportError: ", 1)[1]
    for expected in ["x86-64-v4", "avx512f", "sse4.2", "PIXIE_JIT"]:
        assert expected in message, message


def test_no_code_for_this_platform(build):
    module = build("double f(double x) { return x; }", "--platform", "osx-arm64", "--export", "f(x: f64) -> f64")
    result = python("import sys; sys.path.insert(0, sys.argv[1]); import pixie, sample", module.parent, check=False)
    message = result.stderr.split("ImportError: ", 1)[1]
    assert "osx-arm64" in message and "linux-64" in message


DISPATCH = """
#include <stddef.h>
#include <stdint.h>
#if defined(__x86_64__)
__attribute__((target("avx2"))) static int64_t wide(const int32_t *x, size_t n) {
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += (int64_t)x[i] * 3;
    return sum;
}
#endif
int64_t triple_sum(const int32_t *x, size_t n) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) return wide(x, n);
#endif
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += (int64_t)x[i] * 3;
    return sum;
}
int32_t has_avx2(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") != 0;
#else
    return -1;
#endif
}
"""


def test_a_function_with_a_target_of_its_own_builds_at_every_level_and_runs(build):
    module = build(DISPATCH, "--export", "triple_sum(x: i32[n], n: usize) -> i64", "--export", "has_avx2() -> i32")
    values = ",".join(str(value) for value in range(100))
    for level in host_levels():
        assert pixie("run", module, "triple_sum", values, "--isa", level).stdout.strip() == str(3 * 4950)
        assert pixie("run", module, "has_avx2", "--isa", level).stdout.strip() == str(int("x86-64-v3" in host_levels()))
    ran = run("qemu-x86_64-static", "-cpu", "Nehalem", ROOT / "target/release/pixie", "run", module, "has_avx2")
    assert ran.stdout.strip() == "0"
    inspected = json.loads(pixie("inspect", module, "--json").stdout)
    assert len(inspected["platforms"]["win-64"]["variants"]) == 4
