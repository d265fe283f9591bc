"""Input by other producers: rustc, IR without a triple, Numba; and what is refused or warned of."""

import json
import os

import pytest
from conftest import PLATFORMS, pixie, python, refused, run

RUST = """
#![no_std]
#![crate_type = "lib"]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }

#[no_mangle]
pub unsafe extern "C" fn weighted_sum(x: *const f64, n: usize, w: f64) -> f64 {
    let mut sum = 0.0;
    for i in 0..n { sum += *x.add(i) * w; }
    sum
}

#[no_mangle]
pub extern "C" fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 { (a, b) = (b, a % b); }
    a
}
"""

NEUTRAL = """
define double @poly(double %x, ptr %c, i64 %n) {
entry:
  %empty = icmp eq i64 %n, 0
  br i1 %empty, label %done, label %loop
loop:
  %i = phi i64 [ %n, %entry ], [ %j, %loop ]
  %y = phi double [ 0.0, %entry ], [ %z, %loop ]
  %j = add i64 %i, -1
  %p = getelementptr double, ptr %c, i64 %j
  %v = load double, ptr %p
  %m = fmul double %y, %x
  %z = fadd double %m, %v
  %more = icmp ne i64 %j, 0
  br i1 %more, label %loop, label %done
done:
  %r = phi double [ 0.0, %entry ], [ %z, %loop ]
  ret double %r
}
"""

NUMBA = """
import math, sys
from numba import cfunc, types

@cfunc(types.double(types.double, types.CPointer(types.double), types.intp))
def horner(x, c, n):
    y = 0.0
    for i in range(n):
        y = y * x + c[n - 1 - i]
    return y + math.sin(x)

open(sys.argv[1], "w").write(horner.inspect_llvm())
print(horner._wrapper_name)
"""

CARRAY = """
import sys
import numpy as np
from numba import carray, cfunc, types

@cfunc(types.double(types.CPointer(types.double), types.intp))
def total(p, n):
    return np.sort(carray(p, (n,))).sum()

open(sys.argv[1], "w").write(total.inspect_llvm())
print(total._wrapper_name)
"""


def platforms(module):
    return set(json.loads(pixie("inspect", module, "--json").stdout)["platforms"])


def test_rust(tmp_path):
    source = tmp_path / "sums.rs"
    source.write_text(RUST)
    run("rustc", "--edition", "2021", "--emit=llvm-bc", "-C", "no-prepopulate-passes", "-C", "opt-level=3", "-C", "panic=abort", source, "-o", tmp_path / "sums.bc")
    exports = ["--export", "weighted_sum(x: f64[n], n: usize, w: f64) -> f64", "--export", "gcd(a: u64, b: u64) -> u64"]
    module = tmp_path / "sums.pixie"
    pixie("build", tmp_path / "sums.bc", *exports, "--portable", "-o", module)
    assert platforms(module) == set(PLATFORMS)
    assert pixie("run", module, "weighted_sum", "1,2,3", "0.5").stdout == "3\n"
    assert pixie("run", module, "gcd", "84", "36").stdout == "12\n"


def test_bitcode_with_a_triple_serves_that_triple_only(tmp_path):
    source = tmp_path / "sums.rs"
    source.write_text(RUST)
    run("rustc", "--edition", "2021", "--emit=llvm-bc", "-C", "no-prepopulate-passes", "-C", "opt-level=3", "-C", "panic=abort", source, "-o", tmp_path / "sums.bc")
    message = refused("build", tmp_path / "sums.bc", "--export", "gcd(a: u64, b: u64) -> u64", "-o", tmp_path / "sums.pixie")
    assert "x86_64-unknown-linux-gnu" in message and "--portable" in message


def test_ir_without_a_triple_is_stored_once_for_all(tmp_path):
    source = tmp_path / "poly.ll"
    source.write_text(NEUTRAL)
    module = tmp_path / "poly.pixie"
    pixie("build", source, "--export", "poly(x: f64, c: f64[n], n: i64) -> f64", "-o", module)
    inspected = json.loads(pixie("inspect", module, "--json").stdout)
    assert set(inspected["platforms"]) == set(PLATFORMS)
    assert [entry["platforms"] for entry in inspected["bitcode"]] == [sorted(PLATFORMS)]
    assert pixie("run", module, "poly", "2", "1,2,3").stdout == "17\n"


def numba_ir(program, tmp_path):
    path = tmp_path / "numba.ll"
    # Numba compiles for its own host's vectors unless it is told not to.
    env = {"NUMBA_LOOP_VECTORIZE": "0", "NUMBA_SLP_VECTORIZE": "0", "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    return path, python(program, path, env=env).stdout.strip()


def test_a_numba_cfunc(tmp_path):
    path, symbol = numba_ir(NUMBA, tmp_path)
    module = tmp_path / "horner.pixie"
    export = f"horner = {symbol}(x: f64, c: f64[n], n: i64) -> f64"
    pixie("build", path, "--portable", "--export", export, "-o", module)
    assert platforms(module) == set(PLATFORMS)
    program = "import sys, math, pixie; m = pixie.load(sys.argv[1]); import array; assert abs(m.horner(2.0, array.array('d', [1, 2, 3])) - 17 - math.sin(2)) < 1e-12"
    python(program, module)


def test_a_numba_cfunc_over_carray_is_refused_with_names_and_a_hint(tmp_path):
    path, symbol = numba_ir(CARRAY, tmp_path)
    message = refused("build", path, "--portable", "--export", f"total = {symbol}(p: f64[n], n: i64) -> f64", "-o", tmp_path / "total.pixie")
    assert "NRT_" in message or "numba" in message.lower() or "llvm.x86" in message, message
    assert "hint:" in message
    assert not (tmp_path / "total.pixie").exists()


def test_input_that_is_already_vectorised_warns(tmp_path):
    source = tmp_path / "add.c"
    source.write_text("#include <stddef.h>\nvoid add(double *restrict a, const double *restrict b, size_t n) { for (size_t i = 0; i < n; i++) a[i] += b[i]; }")
    run("clang-22", "-O3", "-emit-llvm", "-c", source, "-o", tmp_path / "add.bc")
    result = pixie("build", tmp_path / "add.bc", "--platform", "linux-64", "--export", "add(a: inout f64[n], b: f64[n], n: usize)", "-o", tmp_path / "add.pixie")
    assert "warning:" in result.stderr and "vector" in result.stderr and "`add`" in result.stderr


@pytest.mark.parametrize("cc", ["zig", "clang-22"])
def test_both_c_compilers(cc, tmp_path):
    """The headers come from the ziglang package in both cases."""
    source = tmp_path / "norm.c"
    source.write_text("#include <math.h>\n#include <stdlib.h>\n#include <string.h>\n#include <stdint.h>\ndouble norm(double x, double y) { return hypot(x, y) + sin(0.0); }")
    env = {"PIXIE_CC": cc} if cc != "zig" else {}
    module = tmp_path / "norm.pixie"
    pixie("build", source, "-o", module, env={**os.environ, **env})
    assert platforms(module) == set(PLATFORMS)
    assert pixie("run", module, "norm", "3", "4").stdout == "5\n"
