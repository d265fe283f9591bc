"""Stubs by `pixie inspect --pyi`: they say what `inspect.signature` says, mypy believes them, and the programs that it passes run."""

import __future__
import ast
import builtins
import inspect
import os
import subprocess
import sys

import pytest
from conftest import ROOT, pixie, run

import pixie as runtime

SOURCE = """
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#define SUM(T, R, NAME) R NAME(const T *x, size_t n) { R s = 0; for (size_t i = 0; i < n; i++) s += x[i]; return s; }
SUM(double, double, sum_f64) SUM(int64_t, int64_t, sum_i64) SUM(uint8_t, int64_t, sum_u8)
double twice_f64(double x) { return 2 * x; }
float twice_f32(float x) { return 2 * x; }
int64_t twice_i64(int64_t x) { return 2 * x; }
double mixed(double x, int32_t k, bool negate) { return negate ? -(x + k) : x + k; }
void doubled(const double *x, size_t n, double *y) { for (size_t i = 0; i < n; i++) y[i] = 2 * x[i]; }
double split(const double *x, size_t n, double *low, double *high, int32_t *count) {
    *count = (int32_t)n;
    for (size_t i = 0; i < n; i++) low[i] = x[i] / 2, high[i] = x[i] * 2;
    return (double)n;
}
void parts(double *z) { z[0] = 1; z[1] = 2; }
int check(int32_t code) { return code; }
void fill(uint8_t *x, size_t n, uint8_t value) { for (size_t i = 0; i < n; i++) x[i] = value; }
double weigh(const double *x, size_t n, const double *w) { return w ? x[0] * w[0] : x[0] + 0.0 * n; }
void *same(void *p) { return p; }
double shadow(double x) { return x; }
"""
SIGNATURES = r'''
# Says "quoted" words, a back\slash,
#   an indented line and """three quotes""".
mixed(x: f64, k: i32 = -3, negate: bool = True) -> f64
total = sum_i64(x: i64[n], n: usize) -> i64
total = sum_f64(x: f64[n], n: usize) -> f64
twice = twice_i64(x: i64) -> i64
twice = twice_f64(x: f64) -> f64
twice = twice_f32(x: f32) -> f32
# Ends in a "quote"
doubled(x: f64[n], n: usize, y: out f64[n])
split(x: f64[n], n: usize, low: out f64[n], high: out f64[n], count: out i32) -> f64
parts(z: out c128)
check(code: i32) -> status
fill(x: inout u8[n], n: usize, value: u8 = 7)
bytes_total = sum_u8(x: u8[n], n: usize) -> i64
weigh(x: f64[n], n: usize, w: f64[n] | None = None) -> f64
same(p: ptr = None) -> ptr
infinite = shadow(x: f64 = -inf) -> f64
nothing = shadow(x: f64 = nan) -> f64
# Names that mean something to Python, or to the stub.
float = shadow(int: f64) -> f64
tuple = shadow(x: f64) -> f64
_numpy = shadow(type: f64) -> f64
print = twice_i64(len: i64) -> i64
'''

PROGRAM = '''
from array import array
from typing import assert_type

import numpy as np
import numpy.typing as npt
import pixie
import sample

x = np.linspace(0.0, 1.0, 3)
assert_type(sample.mixed(1.5), float)
assert_type(sample.mixed(np.float32(1), k=np.int64(2), negate=np.bool_(False)), float)
assert_type(sample.total(x), float)
assert_type(sample.total(np.zeros(3, np.int64)), int)
sample.total(np.arange(3))
assert_type(sample.twice(2), int)
assert_type(sample.twice(2.5), float)
assert_type(sample.doubled(x), npt.NDArray[np.float64])
given = array("d", [0, 0, 0])
same: "array[float]" = sample.doubled(memoryview(given), y=given)
count, low, high, number = sample.split(x, high=None)
assert_type(count, float)
assert_type(low, npt.NDArray[np.float64])
assert_type(number, int)
same = sample.split(x, high=given)[2]
assert_type(sample.split(x, high=given)[1], npt.NDArray[np.float64])
assert_type(sample.parts(), complex)
sample.check(0)
sample.fill(bytearray(3), value=1)
assert_type(sample.bytes_total(b"abc"), int)
sample.bytes_total(np.zeros(3, np.uint8))
sample.weigh(x, None)
sample.weigh(x, w=x)
assert_type(sample.same(), int | None)
assert_type(sample.float(1), float)
assert_type(sample.__pixie__, pixie.FatModule)
assert_type(sample.__PIXIE__["uuid"], object) if False else None
assert_type(pixie.info(sample.mixed), pixie.Export)
print("it runs")
'''.replace('assert_type(sample.__PIXIE__["uuid"], object) if False else None\n', 'sample.__PIXIE__["uuid"]\n')

# Each line is one that fails at run time too.
WRONG = {
    "sample.mixed('1')": "arg-type",
    "sample.mixed(1.0, 2.0)": "arg-type",
    "sample.mixed(1.0, negate=2)": "arg-type",
    "sample.doubled(single)": "arg-type",
    "sample.doubled([1.0, 2.0])": "arg-type",
    "sample.doubled(x, x)": "call-arg",
    "sample.doubled(x, y=long)": "arg-type",
    "sample.doubled(x, n=3)": "call-arg",
    "sample.fill(b'abc')": "arg-type",
    "sample.bytes_total(signed)": "arg-type",
    "sample.total(byte)": "arg-type",
    "sample.total(None)": "call-overload",
    "sample.same(b'')": "arg-type",
    "sample.absent()": "attr-defined",
    "sample.tuple()": "call-arg",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stubs")
    (folder / "sample.c").write_text(SOURCE)
    (folder / "sample.sig").write_text(SIGNATURES)
    pixie("build", "sample.c", "--exports", "sample.sig", "--unsafe-pointers", "--quiet", "--platform", "linux-64", cwd=folder)
    (folder / "sample.pyi").write_text(pixie("inspect", "--pyi", folder / "sample.pixie").stdout)
    return folder


def executed(path):
    """The functions of each name, and `__all__`: a stub is valid Python. Types are not evaluated: 3.11 has no `array[float]`."""
    functions, flags = {}, __future__.annotations.compiler_flag
    for node in ast.parse(path.read_text(), path).body:
        if isinstance(node, ast.FunctionDef):
            node.decorator_list, names = [], {"builtins": builtins, "_builtins": builtins}
            exec(compile(ast.Module([node], []), path, "exec", flags=flags), names)
            functions.setdefault(node.name, []).append(names[node.name])
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            listed = ast.literal_eval(node.value)
    return listed, functions


def same_parameters(stub, real):
    """Names, kinds and defaults; NaN is NaN."""

    def plain(function):
        parameters = inspect.signature(function).parameters.values()
        return [(one.name, one.kind, repr(one.default)) for one in parameters]

    assert plain(stub) == plain(real)


def check(path, module):
    listed, functions = executed(path)
    assert listed == module.__all__ == list(functions)
    for name, overloads in functions.items():
        real = getattr(module, name)
        same_parameters(overloads[0], real)
        lines = inspect.getdoc(real).splitlines()
        others = len(runtime.info(real).overloads)
        assert inspect.cleandoc(overloads[0].__doc__).splitlines() == lines[: len(lines) - others], name
        assert others >= len(overloads) - 1
        typed = {key for key in overloads[0].__annotations__ if key != "return"}
        assert typed == set(inspect.signature(real).parameters)
    return {name: len(overloads) for name, overloads in functions.items()}


def test_stubs_say_what_signatures_say(folder, kernels, tmp_path):
    counts = check(folder / "sample.pyi", runtime.load(folder / "sample.pixie"))
    # A call never reaches the overload for `f32`, for the one for `f64` takes all that it could.
    assert (counts["twice"], counts["total"], counts["float"]) == (2, 2, 1)
    stub = tmp_path / "kernels.pyi"
    stub.write_text(pixie("inspect", "--pyi", kernels).stdout)
    check(stub, runtime.load(kernels))


def mypy(folder, *words, **variables):
    env = {**os.environ, "MYPYPATH": str(folder), **variables}
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", folder / "cache", *words],
        capture_output=True, text=True, cwd=folder, env=env,
    )


def test_mypy_accepts_what_runs_and_refuses_what_does_not(folder):
    # Within a call mypy would take `np.zeros` for the overload that says nothing of the type of elements.
    arrays = {"single": "float32", "long": "int64", "signed": "int8", "byte": "uint8", "x": "float64"}
    wrong = ["import numpy as np", "import sample", *(f"{name} = np.zeros(3, np.{dtype})" for name, dtype in arrays.items())]
    first = len(wrong) + 1
    (folder / "good.py").write_text(PROGRAM)
    (folder / "wrong.py").write_text("\n".join([*wrong, *WRONG]) + "\n")
    done = mypy(folder, "sample.pyi", "good.py", "wrong.py")
    found = [line for line in done.stdout.splitlines() if ": error: " in line]
    expected = [f"wrong.py:{first + at}: error: [{code}]" for at, code in enumerate(WRONG.values())]
    shown = [line.split(" error: ")[0] + f" error: [{line.rsplit('[', 1)[-1]}" for line in found]
    assert shown == expected, done.stdout + done.stderr
    assert run(sys.executable, "good.py", cwd=folder).stdout == "it runs\n"
    caught = "\n".join(
        f"try:\n    {line}\nexcept (TypeError, ValueError, AttributeError):\n    pass\nelse:\n    print({line!r})" for line in WRONG
    )
    assert run(sys.executable, "-c", "import pixie\n" + "\n".join(wrong) + "\n" + caught, cwd=folder).stdout == ""


def test_stubs_are_valid_where_numpy_is_not_installed(folder):
    done = mypy(folder, "--no-site-packages", "--follow-imports=silent", "sample.pyi", MYPYPATH=f"{folder}{os.pathsep}{ROOT / 'python'}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_stubtest_finds_no_difference(folder):
    program = "import sys, pixie; sys.path.insert(0, '.'); from mypy.stubtest import main; sys.exit(main())"
    words = ["--mypy-config-file", os.devnull, "sample"]
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, cwd=folder, env={**os.environ, "MYPYPATH": str(folder)}
    )
    assert done.returncode == 0 and "no issues found in 1 module" in done.stdout, done.stdout + done.stderr


def test_the_runtimes_own_stub_is_that_of_the_runtime(folder):
    done = mypy(folder, "--no-site-packages", "--follow-imports=silent", str(ROOT / "python/pixie/__init__.pyi"), str(ROOT / "python/pixie/_inspect.py"))
    assert done.returncode == 0, done.stdout + done.stderr
    # Files that are no stubs are read for what stubs of theirs would say; whether they are typed is not asked here.
    (folder / "own.ini").write_text("[mypy]\nignore_errors = true\nignore_missing_imports = true\n")
    words = ["pixie", "--ignore-missing-stub", "--mypy-config-file", "own.ini"]
    done = run(sys.executable, "-m", "mypy.stubtest", *words, cwd=folder, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
