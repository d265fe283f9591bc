"""Functions of several modules optimised as one: `pixie.fuse`, `specialize` on values, `pixie link`."""

import array
import json
import os
import shutil

import pytest

from conftest import PIXIE, PLATFORMS, host_levels, pixie, python, refused

SOLVERS = """
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
double newton(double (*f)(double), double x, double tolerance, int steps) {
    for (int i = 0; i < steps; i++) {
        double h = 1e-6, y = f(x), slope = (f(x + h) - y) / h;
        double next = x - y / slope;
        if (fabs(next - x) < tolerance) return next;
        x = next;
    }
    return x;
}
double midpoint(double (*f)(double), double a, double b, long n) {
#pragma clang fp reassociate(on)
    double h = (b - a) / n, sum = 0;
    for (long i = 0; i < n; i++) sum += f(a + (i + 0.5) * h);
    return sum * h;
}
int table(double (*f)(double), double (*g)(double), const double *restrict x, double *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = f(x[i]) + g(x[i]);
    return n > 3 ? 7 : 0;
}
double relay(double (*f)(double), double x) { return newton(f, x, 1e-9, 9); }
static double helper(double x) { return x + 1; }
double chain(double (*f)(double), double x) { return helper(f(helper(x))); }
double many(int8_t a, uint16_t b, int64_t c, float d, double e, bool g) { return a + b + (double)c + d + e + g; }
void fill(double *restrict y, size_t h, size_t w, double value) { for (size_t i = 0; i < h * w; i++) y[i] = value; }
double strided(const double *x, size_t n, int64_t s) { double sum = 0; for (size_t i = 0; i < n; i++) sum += x[(int64_t)i * s]; return sum; }
bool small(bool a, int8_t b, uint8_t c) { return a == (b + c > 100); }
"""
SOLVER_EXPORTS = [
    "newton(f: ptr, x: f64, tolerance: f64 = 1e-12, steps: i32 = 50) -> f64",
    "midpoint(f: ptr, a: f64, b: f64, n: long) -> f64",
    "table(f: ptr, g: ptr, x: f64[n], y: out f64[n], n: usize) -> status",
    "relay(f: ptr, x: f64) -> f64",
    "chain(f: ptr, x: f64) -> f64",
    "many(a: i8, b: u16, c: i64, d: f32, e: f64, g: bool) -> f64",
    "fill(y: inout f64[h, w], h: usize, w: usize, value: f64)",
    "strided(x: f64[n; stride=s], n: usize, s: i64) -> f64",
    "small(a: bool, b: i8, c: u8) -> bool",
]
MODELS = """
static double helper(double x) { return 2 * x; }
double cubic(double x) { return x * x * x - helper(x) - 5; }
double rational(double x) { return 1 / (1 + x * x); }
double line(double x) { return helper(x); }
static int count;
double counted(double x) { return x + count++; }
float narrow(float x) { return x; }
double factorial(double x) { return x <= 1 ? 1 : x * factorial(x - 1); }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuse")
    (folder / "solvers.c").write_text(SOLVERS)
    (folder / "models.c").write_text(MODELS)
    words = [word for export in SOLVER_EXPORTS for word in ("--export", export)]
    pixie("build", folder / "solvers.c", "-o", folder / "solvers.pixie", "--unsafe-pointers", *words)
    pixie("build", folder / "models.c", "-o", folder / "models.pixie")
    pixie("build", folder / "models.c", "-o", folder / "loops.pixie", "--ufunc", "line(x: f64) -> f64")
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("PIXIE_CACHE_DIR", str(folder))
    monkeypatch.setenv("PIXIE_COMMAND", PIXIE)
    return folder


@pytest.fixture
def modules(folder, cache):
    import pixie

    return pixie.load(folder / "solvers.pixie"), pixie.load(folder / "models.pixie")


def fuse(*arguments, **named):
    import pixie

    return pixie.fuse(*arguments, **named)


def disassembled(function):
    import pixie

    return pixie.info(function).inspect_disasm()


def test_the_call_is_gone_and_the_result_is_the_same(modules):
    import pixie

    solvers, models = modules
    opaque = solvers.newton(models.cubic, 2.0)
    assert opaque == solvers.newton(pixie.info(models.cubic).address, 2.0) == pytest.approx(2.0945514815423265)
    assert "call" in disassembled(solvers.newton)
    solve = fuse(solvers.newton, models.cubic)
    assert solve(2.0) == opaque and solve(x=2.0, steps=1) == solvers.newton(models.cubic, 2.0, steps=1)
    assert pixie.info(solve).signature == "newton(x: f64, tolerance: f64 = 1e-12, steps: i32 = 50) -> f64"
    assert "call" not in disassembled(solve)
    with pytest.raises(TypeError, match="got an unexpected keyword argument 'f'"):
        solve(2.0, f=None)
    # By name, with a constant, through another function, and the same solver over another objective.
    assert fuse(solvers.newton, f=models.cubic, steps=1)(2.0) == solvers.newton(models.cubic, 2.0, steps=1)
    assert fuse(solvers.relay, models.cubic)(2.0) == solvers.relay(models.cubic, 2.0)
    assert "call" not in disassembled(fuse(solvers.relay, models.cubic))
    area = fuse(solvers.midpoint, models.rational)
    assert area(0, 1, 1000) == pytest.approx(solvers.midpoint(models.rational, 0, 1, 1000), rel=1e-12)
    code = disassembled(area)
    assert "call" not in code and ("ymm" in code or "zmm" in code or host_levels()[-1] in ("x86-64", "x86-64-v2"))


def test_functions_of_one_name_stay_apart(modules):
    solvers, models = modules
    # Both modules have a `helper` of their own.
    assert fuse(solvers.chain, models.line)(3.0) == solvers.chain(models.line, 3.0) == 9.0
    # Recursion is compiled as far as it goes.
    assert fuse(solvers.chain, models.factorial)(4.0) == solvers.chain(models.factorial, 4.0) == 121.0


def test_outputs_status_and_two_functions(modules):
    solvers, models = modules
    both = fuse(solvers.table, models.line, models.rational)
    x = array.array("d", [0.0, 1.0])
    assert list(both(x)) == list(solvers.table(models.line, models.rational, x)) == [1.0, 2.5]
    with pytest.raises(RuntimeError, match="7"):
        both(array.array("d", [0.0] * 4))
    with pytest.raises(TypeError, match="expected a C-contiguous f64 array of shape"):
        both(array.array("f", [0.0]))
    # The same function twice is two parameters of one function.
    twice = fuse(solvers.table, models.line, g=models.line)
    assert list(twice(x)) == [0.0, 4.0]
    half = fuse(solvers.table, models.line)
    assert list(half(models.rational, x)) == [1.0, 2.5]


def test_values_are_constants_with_a_calls_own_rules(modules):
    import pixie

    solvers, _ = modules
    arguments = {"a": -3, "b": 65535, "c": -(2**62), "d": 0.1, "e": -0.0, "g": True}
    expected = solvers.many(**arguments)
    for name, value in arguments.items():
        rest = {key: other for key, other in arguments.items() if key != name}
        assert fuse(solvers.many, **{name: value})(**rest) == expected
    assert fuse(solvers.many, **arguments)() == expected
    nothing = dict.fromkeys("abcde", 0) | {"g": False}
    for value in (float("inf"), float("nan"), -0.0, 5e-324):
        assert repr(fuse(solvers.many, **{**nothing, "e": value})()) == repr(solvers.many(**{**nothing, "e": value}))
    for a, b, c in ((True, -128, 255), (False, 127, 255), (True, 127, 255)):
        assert fuse(solvers.small, b=b, c=c)(a) is solvers.small(a, b, c) is fuse(solvers.small, a=a)(b, c)
    for name, value, error in (("a", 128, OverflowError), ("b", -1, OverflowError), ("c", 1.5, TypeError), ("d", 1e300, OverflowError), ("g", 1, TypeError)):
        with pytest.raises(error) as fused:
            fuse(solvers.many, **{name: value})
        with pytest.raises(error) as called:
            solvers.many(**{**arguments, name: value})
        assert str(fused.value) == str(called.value)
    assert pixie.info(fuse(solvers.many, a=1, g=True)).signature == "many(b: u16, c: i64, d: f32, e: f64) -> f64"


def test_lengths_that_are_known_are_checked(modules):
    import numpy
    import pixie

    solvers, _ = modules
    fill = solvers.__pixie__.specialize("fill", w=3, value=2.5)
    assert pixie.info(fill).signature == "fill(y: inout f64[h, 3], h: usize)"
    y = numpy.zeros((2, 3))
    fill(y)
    assert (y == 2.5).all()
    with pytest.raises(ValueError, match="3"):
        fill(numpy.zeros((2, 4)))
    assert solvers.__pixie__.specialize(solvers.strided, n=2)(numpy.arange(4.0)[::2]) == 2.0
    with pytest.raises(RuntimeError, match="`s` is the stride"):
        fuse(solvers.strided, s=1)


def test_specialize_without_arguments_leaves_a_module_beside(folder, cache, tmp_path):
    program = """
import sys, pixie
module = pixie.load(sys.argv[1])
print(module.__pixie__.specialized, module.__pixie__.specialize())
"""
    module = shutil.copy(folder / "models.pixie", tmp_path / "models.pixie")
    side = tmp_path / "models.specialized.pixie"
    assert python(program, module).stdout == f"False {side}\n"
    assert python(program, module).stdout == f"True {side}\n"
    assert not cache.exists()


def test_another_process_takes_what_was_made(folder, cache):
    program = """
import sys, pixie
solvers, models = (pixie.load(f"{sys.argv[1]}/{name}.pixie") for name in ("solvers", "models"))
solve = pixie.fuse(solvers.newton, models.cubic, steps=9)
assert pixie.fuse(solvers.newton, models.cubic, steps=9)(2.0) == solve(2.0)
print(solve(2.0), pixie.info(solve).code_path, any("LLVM" in line for line in open("/proc/self/maps")))
"""
    first = python(program, folder).stdout
    assert first.endswith(" False\n") and len(list(cache.glob("modules/*/*.pixie"))) == 1
    # Also one whose command cannot compile, or that has none.
    for command in (PIXIE, "/bin/false", ""):
        assert python(program, folder, env={"PIXIE_COMMAND": command, "PATH": ""}).stdout == first
    assert len(list(cache.glob("modules/*/*.pixie"))) == 1


def message(error, function, *arguments, **named):
    with pytest.raises(error) as caught:
        function(*arguments, **named)
    return str(caught.value)


def test_what_is_refused(modules, folder, tmp_path, monkeypatch):
    import pixie

    solvers, models = modules
    assert "`newton` calls `narrow.1` as `double (double)`, but it is `float (float)`" in message(RuntimeError, fuse, solvers.newton, models.narrow)
    assert "`newton` writes the variable `count`" in message(RuntimeError, fuse, solvers.newton, models.counted)
    assert "takes 1 functions by pointer, but 2 were given" in message(TypeError, fuse, solvers.newton, models.line, models.line)
    assert "got multiple values for argument 'f'" in message(TypeError, fuse, solvers.newton, models.line, f=models.line)
    assert "has no parameter 'g'" in message(TypeError, fuse, solvers.newton, g=models.line)
    assert "nothing is known" in message(TypeError, fuse, solvers.newton)
    assert "expected a function of a fat module, found" in message(TypeError, fuse, solvers.newton, len)
    assert "expected a function of a fat module, found" in message(TypeError, fuse, solvers.newton, f=3)
    assert "an array cannot be a constant" in message(TypeError, fuse, solvers.fill, y=3)
    assert "'nothing'" in message(AttributeError, solvers.__pixie__.specialize, "nothing", x=1)
    assert "no function is named" in message(TypeError, solvers.__pixie__.specialize, x=1)
    loops = pixie.load(folder / "loops.pixie")
    assert "is a ufunc" in message(TypeError, fuse, solvers.newton, loops.line)
    # The file is another one by now.
    moved = shutil.copy(folder / "models.pixie", tmp_path / "models.pixie")
    old = pixie.load(moved)
    shutil.copy(folder / "solvers.pixie", moved)
    assert "the file was replaced" in message(RuntimeError, fuse, solvers.newton, old.line)
    os.remove(moved)
    assert "models.pixie" in message(FileNotFoundError, fuse, solvers.newton, old.line)
    thin = tmp_path / "thin.pixie"
    pixie_command("thin", folder / "models.pixie", "--platform", "linux-64", "-o", thin)
    assert fuse(solvers.chain, pixie.load(thin).line)(3.0) == 9.0
    monkeypatch.setenv("PIXIE_COMMAND", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "pip install pixie-toolchain" in message(FileNotFoundError, fuse, solvers.newton, models.rational)


pixie_command = pixie


def test_a_module_whose_cached_code_is_gone_still_works(modules, cache):
    solvers, models = modules
    solve = fuse(solvers.newton, models.cubic, tolerance=1e-3)
    shutil.rmtree(cache)
    assert solve(2.0) == solvers.newton(models.cubic, 2.0, tolerance=1e-3)


def test_the_command(folder, tmp_path):
    out = tmp_path / "out.pixie"
    told = pixie("fuse", folder / "solvers.pixie", "newton", "--with", f"f={folder}/models.pixie:cubic", "--value", "steps=20", "-o", out).stdout
    assert "`newton(x: f64, tolerance: f64 = 1e-12) -> f64` for " in told
    assert pixie("run", out, "newton", "2").stdout.strip() == "2.0945514815423265"
    pixie("verify", out)
    out.unlink()
    for words, expected in [
        (["nothing"], "has no function `nothing`\nhint: it has newton, midpoint"),
        (["newton"], "nothing is known of `newton("),
        (["newton", "--with", "f"], "is not of the form PARAMETER=FILE:FUNCTION"),
        (["newton", "--with", "f=none.pixie:cubic"], "none.pixie"),
        (["newton", "--with", f"x={folder}/models.pixie:cubic"], "the parameter `x` of `newton("),
        (["newton", "--value", "steps"], "is not of the form PARAMETER=VALUE"),
        (["newton", "--value", "steps=1.5"], "expected a i32, found `1.5`"),
        (["newton", "--value", "f=1"], "is no number"),
        (["fill", "--value", "y=1"], "is no number"),
    ]:
        assert expected in refused("fuse", folder / "solvers.pixie", *words, "-o", out)
        assert not out.exists()


CALLER = """
double objective(double);
static double helper(double x) { return x - 1; }
double twice(double x) { return objective(objective(x)) + helper(x); }
double plain(double x) { return helper(x); }
"""
CALLEE = """
#ifdef __AVX2__
#define WIDE 2.0
#else
#define WIDE 1.0
#endif
static double helper(double x) { return 3 * x; }
double objective(double x) { return helper(x) + 1; }
double level(void) { return WIDE; }
"""


@pytest.fixture
def halves(build):
    return build(CALLER, "--allow-import", "objective", name="caller"), build(CALLEE, name="callee")


def test_linked_modules_are_one_on_every_platform(halves, tmp_path):
    caller, callee = halves
    both = tmp_path / "both.pixie"
    told = pixie("link", caller, callee, "-o", both).stdout
    assert "4 functions for linux-64, linux-aarch64, osx-arm64, win-64" in told
    pixie("verify", both)
    about = json.loads(pixie("inspect", both, "--json").stdout)
    assert {name: [v["isa"] for v in entry["variants"]] for name, entry in about["platforms"].items()} == PLATFORMS
    for level in host_levels():
        assert float(pixie("run", both, "twice", "2", "--isa", level).stdout) == 23.0
        assert float(pixie("run", both, "level", "--isa", level).stdout) == (1.0 if level in ("x86-64", "x86-64-v2") else 2.0)
        assert float(pixie("run", both, "twice", "2", "--isa", level, "--as", "win-64").stdout) == 23.0
    # Without the other half the module names what is missing, and how to get it.
    missing = refused("run", caller, "plain", "2")
    assert "objective" in missing and "pixie link" in missing
    for platform, levels in PLATFORMS.items():
        code = pixie("inspect", both, "--disasm", "--function", "twice", "--platform", platform, "--isa", levels[0]).stdout
        assert "call" not in code and "\tbl\t" not in code


def test_what_is_linked_can_be_chosen_and_is_checked(halves, build, tmp_path):
    caller, callee = halves
    out = tmp_path / "out.pixie"
    pixie("link", caller, callee, "--export", "twice", "--platform", "linux-64", "--name", "chosen", "-o", out)
    about = json.loads(pixie("inspect", out, "--json").stdout)
    assert about["name"] == "chosen" and list(about["platforms"]) == ["linux-64"] and len(about["exports"]) == 1
    out.unlink()
    assert "both define `objective`" in refused("link", callee, build(CALLEE.replace("level", "other"), name="again"), "-o", out)
    assert "has a function `nothing`" in refused("link", caller, callee, "--export", "nothing", "-o", out)
    wrong = build("float objective(float x) { return x; }", name="wrong")
    assert "as `double (double)`, but it is `float (float)`" in refused("link", caller, wrong, "-o", out)
    ours = build("double hypot(double x, double y) { return x; }", name="ours")
    theirs = build("#include <math.h>\ndouble length(double x, double y) { return hypot(x, y); }", name="theirs")
    assert "exports `hypot`, which" in refused("link", ours, theirs, "-o", out)
    mac = build(CALLEE, "--platform", "osx-arm64", name="mac")
    linux = build(CALLER, "--allow-import", "objective", "--platform", "linux-64", name="linux")
    assert "no platform and level in common" in refused("link", linux, mac, "-o", out)
    assert "is also an input" in refused("link", caller, callee, "-o", caller)
    assert "required" in refused("link", caller, "-o", out, code=2)
    # A symbol that none of them has stays what it was: an import that the author allows.
    third = build("double other(double); double f(double x) { return other(x); }", "--allow-import", "other", name="third")
    pixie("link", caller, callee, third, "-o", out)
    assert "other" in refused("run", out, "f", "2")
