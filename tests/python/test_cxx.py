"""C++ sources: what of the C++ library a module brings along, on every platform, and what is said of what it cannot have."""

import math
import os
import re
import shutil

import numpy as np
import pytest
from conftest import PIXIE, ROOT, host_levels, pixie, python, refused, run
from emulated import command, wine  # noqa: F401, a fixture that every test here uses

import pixie as runtime

CXX = ROOT / "tests/cxx"
CALLS = CXX / "calls.txt"


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    path = tmp_path_factory.mktemp("cxx") / "sample.pixie"
    levels = "linux-64=x86-64,x86-64-v3", "win-64=x86-64,x86-64-v3", "linux-aarch64=sve2", "osx-arm64=apple-m1"
    chosen = [word for each in levels for word in ("--isa", each)]
    pixie("build", CXX / "sample.cpp", "--exports", CXX / "sample.sig", "--reproducible", *chosen, "-o", path)
    return path


LEVELS = [level for level in ("x86-64", "x86-64-v3") if level in host_levels()]


@pytest.mark.parametrize("level", LEVELS)
def test_results_are_those_of_python(sample, level):
    module = runtime.load(sample, isa=level)
    rng = np.random.default_rng(20)
    x = rng.normal(size=1001)
    assert module.norm_f64(x) == pytest.approx(np.linalg.norm(x), rel=1e-14)
    assert module.norm_f32(x.astype(np.float32)) == pytest.approx(np.linalg.norm(x), rel=1e-5)
    assert (module.area(2.0, False), module.area(2.0, True)) == (4.0, 4 * math.pi)
    assert module.median(x) == np.median(x)
    for size in (0, 1, 2, 5, 30, 1001):
        np.testing.assert_array_equal(module.sorted(x[:size]), np.sort(x[:size]))
        whole = rng.integers(-(2**62), 2**62, size)
        np.testing.assert_array_equal(module.sorted_i64(whole), np.sort(whole)[::-1])
        rounded = np.round(x[:size])
        np.testing.assert_array_equal(module.ranks(rounded), np.argsort(rounded, kind="stable"))
    assert module.most_frequent(np.array([5, -2, 7, -2, 7, -2])) == -2
    assert module.shared(1.5) == 15.0
    assert module.strided(x) == pytest.approx((x[:1000:2] ** 2).sum() + x[[0, 1, 500, 501]].sum(), rel=1e-12)
    text = ""
    for _ in range(4):
        text += "7" * 8 + "," + text[:3]
    assert module.digits(7, 4) == len(text) + text.find(",")
    assert [module.bound(4.0, which) for which in range(3)] == [4.0, 12.0, -1.0]
    assert module.modulus(0.5, 1.0) == pytest.approx(abs(np.exp(0.5 + 1j) / (1 + 2j)), rel=1e-15)
    assert module.lanes(100) == 100.0
    assert module.normal(1) == pytest.approx(module.normal(1)) and module.normal(1) != module.normal(2)


def outcomes(text):
    """Each call with what came of it, and the levels that ran."""
    lines = re.findall(r"^sample ran (\S+) (.+)$", text, re.M)
    return {outcome for _, outcome in lines}, {level for level, _ in lines}


def test_every_platform_gives_the_same_bits(sample):
    expected, levels = outcomes(pixie("run", sample, "--calls", CALLS).stdout)
    assert len(expected) == 18 and levels == set(LEVELS)
    assert outcomes(pixie("run", "--as", "win-64", sample, "--calls", CALLS).stdout) == (expected, set(LEVELS))
    arm = command("linux-aarch64", "run", sample, "--calls", CALLS, cpu="max").stdout
    assert outcomes(arm) == (expected, {"sve2"})
    apple = command("linux-aarch64", "run", "--as", "osx-arm64", sample, "--calls", CALLS, cpu="max").stdout
    assert outcomes(apple) == (expected, {"apple-m1"})
    assert outcomes(command("win-64", "run", sample, "--calls", CALLS, "--isa", "baseline").stdout)[0] == expected


def test_a_table_is_made_once_by_many_threads(sample):
    program = """
import sys, threading, pixie
module = pixie.load(sys.argv[1])
start, found = threading.Barrier(16), []
def work():
    start.wait()
    found.append(module.made_once(31))
threads = [threading.Thread(target=work) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(found == [1] * 16)
"""
    for _ in range(20):
        assert python(program, sample).stdout == "True\n"


def test_modules_with_cxx_are_linked_and_compiled_again(build):
    only = "--platform", "linux-64"
    caller = "extern \"C\" double middle(double x);\n#include <vector>\nextern \"C\" double twice(double x) { return middle(std::vector<double>(3, x)[1]) * 2; }"
    callee = "#include <vector>\nextern \"C\" double middle(double x) { std::vector<double> v(9, x); v.push_back(1); return v[4]; }"
    first = build(caller, "--allow-import", "middle", *only, suffix="cpp", name="first")
    second = build(callee, *only, suffix="cc", name="second")
    both = first.with_name("both.pixie")
    pixie("link", first, second, "-o", both)
    pixie("verify", both)
    assert pixie("run", both, "twice", "21").stdout.split() == ["42"]
    environment = {"PIXIE_JIT": "native"}
    assert python("import sys, pixie; m = pixie.load(sys.argv[1]); print(m.twice(21.0))", both, env=environment).stdout == "42.0\n"


def test_c_and_cxx_in_one_module_and_the_same_bytes_again(tmp_path):
    (tmp_path / "one.c").write_text("double half(double x) { return x / 2; }\n")
    (tmp_path / "two.cxx").write_text('#include <cmath>\nextern "C" double half(double);\nextern "C" double root(double x) { return std::sqrt(half(x)); }\n')
    words = "build", tmp_path / "one.c", tmp_path / "two.cxx", "--name", "both", "-o"
    pixie(*words, tmp_path / "first.pixie")
    pixie(*words, tmp_path / "second.pixie")
    assert (tmp_path / "first.pixie").read_bytes() == (tmp_path / "second.pixie").read_bytes()
    assert pixie("run", tmp_path / "first.pixie", "root", "18").stdout.split() == ["3"]
    # Nothing of the library is kept that nobody calls.
    assert (tmp_path / "first.pixie").stat().st_size < 40_000


ADD = "double add(double x, double y) { return x + y; }"


@pytest.mark.parametrize(
    ("source", "words", "message"),
    [
        (ADD, [], 'only C++ functions\nhint: put those to be exported into `extern "C" { … }`'),
        (ADD, ["--export", "add(x: f64, y: f64) -> f64"], 'hint: is it `_Z3adddd`? C++ and Rust need `extern "C"`'),
        ('extern "C" double f(double x) { if (x < 0) throw 1; return x; }', [], "hint: no exception can leave a module, so C++ is compiled without them"),
        ('extern "C" double f(double x) { return y; }', [], "error: use of undeclared identifier 'y'"),
        ('#include <iostream>\nextern "C" double f(double x) { std::cout << x; return x; }', [], "this is a part of the C++ library that no module has: streams"),
        ('#include <vector>\nstd::vector<double> table(10);\nextern "C" double f(int i) { return table[i]; }', [], "is a global constructor, code that runs when a module is loaded"),
        ('extern "C" double f(double x) { thread_local double y; return y += x; }', [], "is thread-local"),
    ],
    ids=["mangled", "asked for", "throws", "wrong", "streams", "global", "thread-local"],
)
def test_what_a_module_cannot_have_is_told(tmp_path, source, words, message):
    path = tmp_path / "sample.cpp"
    path.write_text(source + "\n")
    error = refused("build", path, *words, "--platform", "linux-64", "-o", tmp_path / "out.pixie")
    assert message in error, error
    assert not (tmp_path / "out.pixie").exists()


def test_without_headers_of_the_library_it_is_said(tmp_path):
    path = tmp_path / "sample.cpp"
    path.write_text('extern "C" double f(double x) { return x; }\n')
    # A clang, and no zig to be found.
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "clang-22").symlink_to(shutil.which("clang-22"))
    command = shutil.copy(PIXIE, folder / "pixie")
    done = run(command, "build", path, "-o", tmp_path / "out.pixie", env={"PATH": str(folder)}, check=False)
    assert done.returncode == 1 and "C++ sources need headers of the C++ library, and none were found" in done.stderr
    assert "hint: `pip install ziglang`" in done.stderr
    # The same clang with zig's headers serves all platforms.
    done = pixie("build", path, "-o", tmp_path / "out.pixie", env={**os.environ, "PIXIE_CC": "clang-22"})
    assert pixie("run", tmp_path / "out.pixie", "f", "2").stdout.split() == ["2"]


@pytest.fixture(scope="module")
def linear(tmp_path_factory):
    path = tmp_path_factory.mktemp("eigen") / "linear.pixie"
    levels = "linux-64=x86-64-v3", "win-64=x86-64", "linux-aarch64=armv8-a", "osx-arm64=apple-m1"
    chosen = [word for each in levels for word in ("--isa", each)]
    headers = "-I", "/usr/include/eigen3"
    pixie("build", CXX / "linear.cpp", "--exports", CXX / "linear.sig", *headers, "-D", "NDEBUG", *chosen, "-o", path, timeout=600)
    return path


def test_eigen_solves_what_numpy_solves(linear):
    module = runtime.load(linear)
    rng = np.random.default_rng(3)
    for n in (1, 2, 7, 40):
        a, b = rng.normal(size=(n, n)), rng.normal(size=n)
        np.testing.assert_allclose(module.solve(a, b), np.linalg.solve(a, b), rtol=1e-9)
        np.testing.assert_allclose(module.eigenvalues(a + a.T), np.linalg.eigvalsh(a + a.T), rtol=1e-9, atol=1e-12)
        c = rng.normal(size=(n, 5))
        np.testing.assert_allclose(module.product(a, c), a @ c, rtol=1e-12, atol=1e-13)
    with pytest.raises(RuntimeError, match=r"^solve\(\) failed: the matrix is singular \(status 1\)$"):
        module.solve(np.ones((3, 3)), np.ones(3))


def test_eigen_gives_the_same_on_the_other_platforms(linear, tmp_path):
    calls = tmp_path / "calls.txt"
    calls.write_text("solve n=4\neigenvalues n=9\nproduct m=4 k=30 n=4\n")

    def numbers(text):
        written = [line.rpartition("=")[2] for line in text.splitlines() if " ran " in line]
        return [np.array([int(word, 16) for word in line.strip("[]").split(",")], np.uint64).view(np.float64) for line in written[-3:]]

    own = numbers(pixie("run", linear, "--calls", calls).stdout)
    assert [len(values) for values in own] == [4, 9, 16]
    windows = pixie("run", "--as", "win-64", linear, "--calls", calls).stdout
    arm = command("linux-aarch64", "run", linear, "--calls", calls, cpu="max").stdout
    apple = command("linux-aarch64", "run", "--as", "osx-arm64", linear, "--calls", calls, cpu="max").stdout
    for text in (windows, arm, apple):
        for mine, theirs in zip(own, numbers(text), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12)
