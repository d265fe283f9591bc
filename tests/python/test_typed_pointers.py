"""LLVM IR text with the typed pointers of LLVM 14 and older: it computes what it says, or is refused with its line."""

from conftest import PLATFORMS, ROOT, pixie, python, refused

IR = ROOT / "tests/ir"
CLANG = [
    "apply(op: i32, x: f64[1], y: f64[1], out: inout f64[1])",
    "sumcopy(src: f64[n], n: usize, out: inout f64[1])",
    "masked(x: f64[4], k: i64[4], out: inout f64[5])",
    "chain(xs: f64[n], n: usize, out: inout f64[2])",
]
NUMBA = 'dot = cfunc._ZN8__main__3dotB2v1E5ArrayIdLi1E1C7mutable7alignedE(x: f64[n], n: i64) -> f64'


def exports(signatures):
    return [word for signature in signatures for word in ("--export", signature)]


def test_what_clang_14_wrote_computes_at_every_level(tmp_path):
    path = tmp_path / "old.pixie"
    pixie("build", IR / "clang14.ll", "--platform", "linux-64", *exports(CLANG), "-o", path)
    program = """
import sys, pixie, numpy as np
for level in pixie.host().levels:
    m = pixie.load(sys.argv[1], isa=level)
    def call(function, *arguments, size):
        out = np.zeros(size)
        function(*arguments, out)
        return out.tolist()
    one = lambda x: np.array([float(x)])
    assert call(m.apply, 0, one(3), one(4), size=1) == [7] and call(m.apply, 1, one(3), one(4), size=1) == [12]
    assert call(m.sumcopy, np.array([1, 2, 3.5]), size=1) == [6.5]
    x, k = np.array([1.0, 2, 3, 4]), np.array([10, 20, 30, 40])
    assert call(m.masked, x, k, size=5) == [11, 20, 33, 4, 5]
    # The struct is passed by value: what the callee writes into it stays there.
    assert call(m.chain, np.array([3.0, 4]), size=2) == [25, 3]
print("all")
"""
    assert python(program, path).stdout == "all\n"


def test_what_numba_wrote_computes(tmp_path):
    path = tmp_path / "old.pixie"
    pixie("build", IR / "numba.ll", "--platform", "linux-64", "--export", NUMBA, "-o", path)
    assert pixie("run", path, "dot", "1,2,3").stdout.split() == ["14"]
    assert pixie("run", path, "dot", "zeros(0)").stdout.split() == ["-4"]


def test_text_of_no_platform_serves_all(tmp_path):
    text = "define double @first(double* %x, i64 %n) {\n  %v = load double, double* %x\n  ret double %v\n}\n"
    source, path = tmp_path / "old.ll", tmp_path / "old.pixie"
    source.write_text(text)
    said = pixie("build", source, "--export", "first(x: f64[n], n: i64) -> f64", "-o", path).stdout
    assert all(name in said for name in PLATFORMS)
    assert pixie("run", path, "first", "2.5,1").stdout.split() == ["2.5"]


def test_what_is_not_clear_is_refused_with_its_line(tmp_path):
    source = tmp_path / "older.ll"
    for text, parts in [
        ("define double @f(double* %x) {\n  %v = load double* %x\n  ret double %v\n}\n", ["line 2", "load double* %x", "LLVM 3.6"]),
        ("define void @f(i8* %x) {\n\n  call void (i8*)* @g(i8* %x)\n  ret void\n}\n", ["line 3", "callee"]),
        ("define void @f(i8* %x, ptr* %y) {\n  ret void\n}\n", ["line 1", "mixed"]),
        # Clear, but wrong: LLVM's own words, and the same help.
        ("define double @f(double* %x) {\n  %v = load double, double* %y\n  ret double %v\n}\n", ["%y", "2:"]),
    ]:
        source.write_text(text)
        message = refused("build", source, "--export", "f(x: ptr)", "--unsafe-pointers", "-o", tmp_path / "out.pixie")
        assert str(source) in message and "\nhint: " in message and ".bc" in message, message
        assert all(part in message for part in parts), message
