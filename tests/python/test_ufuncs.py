"""Ufuncs: real ones of NumPy, equal to NumPy's results on every level and processor, in whatever memory operands lie."""

import pickle
import sys

import emulated
import numpy as np
import pytest
from conftest import ROOT, host_levels, pixie, python, refused

import pixie as runtime

SOURCES = ROOT / "tests/ufuncs"
CHECK = (SOURCES / "check.py").read_text()


@pytest.fixture(scope="module")
def ufuncs(tmp_path_factory):
    path = tmp_path_factory.mktemp("ufuncs") / "ufuncs.pixie"
    pixie("build", SOURCES / "ufuncs.c", "--exports", SOURCES / "ufuncs.sig", "--identity", "add=zero", "-o", path)
    return path


@pytest.mark.parametrize("level", host_levels())
def test_every_level_agrees_with_numpy(ufuncs, level):
    for seed in range(3):
        isa, compared = python(CHECK, ufuncs, seed, env={"PIXIE_USE_ISA": level}).stdout.split()
        assert isa == level and int(compared) > 700


@pytest.mark.parametrize("opt", ["0", "2"])
def test_other_optimisation_levels_agree(tmp_path, opt):
    path = tmp_path / "ufuncs.pixie"
    words = ["--platform", "linux-64", "-O", opt, "-g", "--identity", "add=zero", "-o", path]
    pixie("build", SOURCES / "ufuncs.c", "--exports", SOURCES / "ufuncs.sig", *words)
    assert int(python(CHECK, path, 1).stdout.split()[1]) > 700


@pytest.mark.parametrize("cpu", emulated.CPUS)
def test_aarch64_agrees_with_numpy(ufuncs, cpu):
    isa, compared = emulated.python(CHECK, ufuncs, "1", cpu=cpu).stdout.split()
    assert isa == emulated.CPUS[cpu][-1] and int(compared) > 700


def test_types_signatures_and_documentation(ufuncs):
    module = runtime.load(ufuncs)
    # Two of NumPy's types are 64 bits wide.
    assert module.add.types == ["ll->l", "qq->q", "ff->f", "dd->d"]
    assert module.join.types == ["dd->D"] and module.polar.nout == 2
    assert module.product.signature == "(m,k),(k,n)->(m,n)" and module.cross.signature == "(3),(3)->(3)"
    assert "Sums." in module.add.__doc__ and "add(x: f32, y: f32) -> f32" in module.add.__doc__
    assert module.add is module.add and not isinstance(module.plain, np.ufunc) and module.plain(1.0, 2.0) == 3.0
    info = runtime.info(module.add)
    assert info.signature == "add(x: i64, y: i64) -> i64" and len(info.overloads) == 2
    assert runtime.info(module.hypot3).ctypes(3.0, 4.0, 12.0) == 13.0
    with pytest.raises(TypeError, match="`add` is a ufunc, which NumPy pickles by the name of its module alone"):
        runtime.portable(module.add)
    with pytest.raises(TypeError, match="expected a function of a fat module"):
        runtime.info(np.add)


def test_the_command_and_stubs_call_them_ufuncs(ufuncs):
    listed = pixie("inspect", ufuncs).stdout
    assert "  ufunc hypot3(x: f64" in listed and "\n  plain(x: f64" in listed
    stub = pixie("inspect", "--pyi", ufuncs).stdout
    assert "\nhypot3: _numpy.ufunc\n" in stub and "def plain(" in stub and "def add(" not in stub


def test_a_ufunc_is_pickled_by_the_name_of_its_module(ufuncs, monkeypatch):
    monkeypatch.syspath_prepend(str(ufuncs.parent))
    import ufuncs as module

    try:
        for function in (module.add, module.inner):
            assert pickle.loads(pickle.dumps(function)) is function
    finally:
        del sys.modules["ufuncs"]


def test_without_numpy_the_message_says_what_is_missing(ufuncs):
    program = "import sys, pixie; sys.modules['numpy'] = None; m = pixie.load(sys.argv[1]); print(m.plain(1, 2)); m.hypot3"
    done = python(program, ufuncs, check=False)
    assert done.stdout == "3.0\n" and done.returncode == 1
    assert "ImportError: `hypot3` is a NumPy ufunc, which needs NumPy\nhint: pip install numpy" in done.stderr


SOURCE = """
#include <stddef.h>
double f(double x, double y) { return x * y; }
double g(double x) { return x; }
int h(double x, double *y) { *y = x; return 0; }
double s(const void *x, size_t n) { return n; }
void w(double *x, size_t n) { for (size_t i = 0; i < n; i++) x[i] = 0; }
"""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--ufunc", "w(x: inout f64[n], n: usize)"], "cannot be a ufunc: expected inputs and outputs in C order"),
        (["--ufunc", "h(x: f64, y: out f64) -> status"], "cannot be a ufunc: expected scalar parameters"),
        (["--ufunc", "f(x: f64, y: f64) -> f64", "--ufunc", "f = g(x: f64) -> f64"], "share a name, but are not both ufuncs"),
        (["--ufunc", "f(x: f64, y: f64) -> f64", "--export", "f = g(x: f64) -> f64"], "share a name, but are not both ufuncs"),
        (["--ufunc", "g(x: f64) -> f64", "--identity", "g=zero"], "has an identity, which only a function of two numbers"),
        (["--ufunc", "s(x: f64[n], n: usize) -> f64", "--ufunc", "t = s(x: f32[n], n: usize) -> f64"], "go over different operands"),
        (["--export", "g(x: f64) -> f64", "--identity", "g=zero"], "--identity takes the name of a ufunc, found `g`"),
    ],
)
def test_what_cannot_be_a_ufunc_is_told(tmp_path, words, message):
    source = tmp_path / "f.c"
    source.write_text(SOURCE)
    assert message in refused("build", source, "-o", tmp_path / "f.pixie", *words)
    assert not (tmp_path / "f.pixie").exists()


def test_a_wrong_identity_is_told(tmp_path):
    source = tmp_path / "f.c"
    source.write_text(SOURCE)
    message = refused("build", source, "--ufunc", "f(x: f64, y: f64) -> f64", "--identity", "f=two", code=2)
    assert "expected NAME=zero, NAME=one, NAME=minus-one or NAME=reorderable" in message


def test_threads_share_a_ufunc(ufuncs):
    from concurrent.futures import ThreadPoolExecutor

    module = runtime.load(ufuncs)
    x = np.arange(50_000.0)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: module.hypot3(x, 2.0, x), range(64)))
    assert all(np.array_equal(result, results[0]) for result in results)
