"""Wrong use of the command: each message names the file, the thing, what was expected and what was found, with a hint."""

import os
import struct

import pytest
from conftest import pixie, refused


def attempt(tmp_path, source, *words, suffix="c", code=1):
    path = tmp_path / f"wrong.{suffix}"
    path.write_text(source)
    output = tmp_path / "wrong.pixie"
    message = refused("build", path, "-o", output, *words, code=code)
    assert not output.exists()
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    return message


FINE = "double f(double x) { return x; }\n"
# name: (source, words of the command, what the message must hold)
CASES = {
    "C syntax error": ("double f(double x) { return x }", [], ["wrong.c", "expected ';'", "linux-64"]),
    "unknown export": (FINE, ["--export", "g(x: f64) -> f64"], ["`g`", "hint:", "`f`"]),
    "signature disagrees: type": (FINE, ["--export", "f(x: i32) -> f64"], ["`x`", "i32", "double"]),
    "signature disagrees: count": (FINE, ["--export", "f(x: f64, y: f64) -> f64"], ["2 parameters", "1 parameter"]),
    "signature disagrees: result": (FINE, ["--export", "f(x: f64) -> i64"], ["result", "i64", "double"]),
    "static export": ("static " + FINE, ["--export", "f(x: f64) -> f64"], ["`f`", "static"]),
    "a call to printf": ("#include <stdio.h>\ndouble f(double x) { printf(\"%g\", x); return x; }", ["--export", "f(x: f64) -> f64"], ["printf", "`f`", "hint:", "--allow-import"]),
    "thread-local data": ("_Thread_local int t; int f(int x) { return t += x; }", ["--export", "f(x: i32) -> i32"], ["`t`", "thread-local"]),
    "long in a derived signature": ("long f(long x) { return x; }", ["--export", "g = f(x: i64) -> i64"], ["win-64", "i64", "i32"]),
    "long double": ("long double f(long double x) { return x; }", [], ["long double", "`f`"]),
    "pointer without a signature": ("double f(const double *x) { return *x; }", [], ["f(x: ptr)", "hint:", "--export"]),
    "constructor": ("int x; __attribute__((constructor)) void init(void) { x = 1; } int f(void) { return x; }", ["--export", "f() -> i32"], ["constructor"]),
    "signature does not parse": (FINE, ["--export", "f(x: int*) -> f64"], ["int", "column 6", "hint:"]),
    "trailing text": (FINE, ["--export", "f(x: f64) -> f64 garbage"], ["garbage"]),
    "a name of Python's own": (FINE, ["--export", "__file__ = f(x: f64) -> f64"], ["`__file__`", "hint:"]),
    "lock policy of a stranger": (FINE, ["--nogil", "g"], ["`g`", "`f`", "--nogil"]),
    "another element type": ("#include <stddef.h>\nvoid v(double *x, size_t n) { x[n - 1] = 0; }", ["--export", "v(x: inout f32[n], n: usize)"], ["`x`", "`f32[n]`", "`double *`", "linux-64", "hint:", "`x: inout f64[n]`"]),
    "a write to what is read-only": ("#include <stddef.h>\nvoid v(double *x, size_t n) { x[n - 1] = 0; }", ["--export", "v(x: f64[n], n: usize)"], ["`x`", "read-only", "hint:", "`x: inout f64[n]`"]),
    "complex by value": ("double _Complex f(double _Complex x) { return x; }", [], ["no function can be exported:", "`f`", "hint: pass"]),
    "two lock policies": (FINE, ["--gil", "f", "--nogil", "f"], ["`f`", "--gil", "--nogil"]),
    "opt level": (FINE, ["-O", "9"], ["9", "0..=3"]),
}
USAGE = {"opt level"}


@pytest.mark.parametrize("name", CASES)
def test_build_refuses(name, tmp_path):
    source, words, expected = CASES[name]
    message = attempt(tmp_path, source, *words, code=2 if name in USAGE else 1)
    for part in expected:
        assert part in message, message


def test_long_is_the_platform_s_own(build):
    """`long` in C is `long` in the signature, so that it is checked against each platform's range."""
    module = build("long f(long x) { return x + 1; }")
    assert "f(x: long) -> long" in pixie("inspect", module).stdout
    assert pixie("run", module, "f", "41").stdout == "42\n"


def test_c_that_may_write_to_a_read_only_array_is_warned_of_once(tmp_path):
    source = "#include <stddef.h>\nstatic void set(double *x) { *x = 0; }\n"
    source += "void v(double *x, double *y, size_t n) { set(x + n - 1); set(y); }\ndouble r(double *x, size_t n) { return x[n - 1]; }\n"
    (tmp_path / "w.c").write_text(source)
    words = ["--export", "v(x: f64[n], y: inout f64[n], n: usize)", "--export", "r(x: f64[n], n: usize) -> f64"]
    message = pixie("build", tmp_path / "w.c", "-o", tmp_path / "w.pixie", *words).stderr
    assert message.count("warning:") == 1, message
    assert "`v`: C may write to `x`," in message and "hint: declare `const double *x` in C, or write `x: inout f64[n]`" in message


def test_what_no_export_reaches_neither_hinders_nor_is_stored(tmp_path):
    source = "_Thread_local int t; long double helper(long double x) { return x + t; }\ndouble f(double x) { return x; }\n"
    (tmp_path / "w.c").write_text(source)
    module = tmp_path / "w.pixie"
    pixie("build", tmp_path / "w.c", "-o", module, "--export", "f(x: f64) -> f64")
    assert pixie("run", module, "f", "2").stdout == "2\n"
    pixie("extract", module, "--bitcode", "-o", tmp_path / "w.bc")
    assert b"helper" not in (tmp_path / "w.bc").read_bytes()
    assert "thread-local" in refused("build", tmp_path / "w.c", "-o", module, "--export", "helper(x: f64) -> f64")


def test_only_pointers_are_said_to_need_a_signature(tmp_path):
    complex_one = "double _Complex c(double _Complex x) { return x; }\n"
    for extra, expected in [("", False), ("double p(const double *x) { return *x; }\n", True)]:
        (tmp_path / "w.c").write_text(FINE + complex_one + extra)
        message = pixie("build", tmp_path / "w.c", "-o", tmp_path / "w.pixie").stderr
        assert "note: left out" in message and "by value" in message
        assert ("--export" in message) == expected, message


def test_types_that_differ_between_platforms_are_named(tmp_path):
    source = "#ifdef _WIN32\ntypedef int t;\n#else\ntypedef double t;\n#endif\nt f(t x) { return x; }"
    message = attempt(tmp_path, source)
    assert "f(x: f64) -> f64" in message and "f(x: i32) -> i32" in message and "win-64" in message and "hint:" in message


IFUNC = """
target triple = "x86_64-unknown-linux-gnu"
@f = ifunc double (double), ptr @resolve
define internal double @g(double %x) { ret double %x }
define internal ptr @resolve() { ret ptr @g }
define double @h(double %x) { %y = call double @f(double %x) ret double %y }
"""
# An instruction of AVX2 in a function that does not ask for AVX2: LLVM cannot select it and ends the process.
FATAL = """
define i64 @h(i64 %x) {
  %a = insertelement <4 x i64> zeroinitializer, i64 %x, i32 1
  %b = bitcast <4 x i64> %a to <32 x i8>
  %c = call <4 x i64> @llvm.x86.avx2.psad.bw(<32 x i8> %b, <32 x i8> zeroinitializer)
  %d = extractelement <4 x i64> %c, i32 1
  ret i64 %d
}
declare <4 x i64> @llvm.x86.avx2.psad.bw(<32 x i8>, <32 x i8>)
"""


def test_an_ifunc_is_refused_by_name(tmp_path):
    message = attempt(tmp_path, IFUNC, "--platform", "linux-64", "--export", "h(x: f64) -> f64", suffix="ll")
    assert "ifunc" in message and "`f`" in message and "linux-64" in message


def test_a_fatal_error_of_llvm_ends_a_worker_and_not_the_tool(tmp_path):
    message = attempt(tmp_path, FATAL, "--platform", "linux-64", "--isa", "linux-64=x86-64-v2", "--export", "h(x: i64) -> i64", suffix="ll")
    for part in ["LLVM", "linux-64", "x86-64-v2", "`h`", "hint:"]:
        assert part in message, message


def test_unknown_platform_and_level_are_wrong_usage(tmp_path):
    (tmp_path / "wrong.c").write_text(FINE)
    message = refused("build", tmp_path / "wrong.c", "--platform", "linux-65", code=2)
    assert "linux-65" in message and "`linux-64`" in message
    message = refused("build", tmp_path / "wrong.c", "--isa", "linux-64=x86-64-v9", code=2)
    assert "x86-64-v9" in message and "`x86-64-v4`" in message


def test_a_missing_output_folder_is_found_before_any_work(tmp_path):
    (tmp_path / "wrong.c").write_text("syntax error")
    message = refused("build", tmp_path / "wrong.c", "-o", tmp_path / "none/out.pixie")
    assert "none" in message and "does not exist" in message and "mkdir" in message


def test_a_missing_source(tmp_path):
    message = refused("build", tmp_path / "none.c")
    assert "none.c" in message and "no such file" in message


def with_version(data, major, minor):
    from blake3 import blake3

    header = bytearray(data[:128])
    header[8:12] = struct.pack("<HH", major, minor)
    header[96:128] = blake3(bytes(header[:96])).digest()
    return bytes(header) + data[128:]


def test_a_newer_major_version_names_both(kernels, tmp_path):
    newer = tmp_path / "newer.pixie"
    newer.write_bytes(with_version(kernels.read_bytes(), 2, 7))
    for command in (["verify", newer], ["inspect", newer], ["run", newer, "dot", "1", "1"]):
        message = refused(*command)
        assert "2.7" in message and "1.0" in message and "newer.pixie" in message


def test_a_newer_minor_version_is_read(kernels, tmp_path):
    newer = tmp_path / "newer.pixie"
    newer.write_bytes(with_version(kernels.read_bytes(), 1, 9))
    assert pixie("run", newer, "dot", "1,2", "3,4").stdout == "11\n"


def test_things_that_are_no_modules(tmp_path):
    for content, expected in [(b"", "empty"), (b"\x7fELF and more", "ELF"), (b"BC\xc0\xde1234", "pixie build"), (b"hello", "not a fat module")]:
        path = tmp_path / "thing.pixie"
        path.write_bytes(content)
        message = refused("inspect", path)
        assert "thing.pixie" in message and expected in message


RUN = {
    "unknown function": (["nothing"], ["`nothing`", "`dot`"]),
    "too few": (["dot", "1,2"], ["`b`", "missing"]),
    "too many": (["dot", "1", "2", "3"], ["2 arguments", "3"]),
    "shapes": (["dot", "1,2", "1,2,3"], ["`b`", "(2,)", "(3,)"]),
    "no number": (["dot", "1,x", "1,2"], ["`a`", "`x`", "f64"]),
    "out of range": (["blend", "1", "1", "1", "300"], ["`alpha`", "255", "300"]),
}


@pytest.mark.parametrize("name", RUN)
def test_run_refuses(kernels, name):
    words, expected = RUN[name]
    message = refused("run", kernels, *words)
    for part in expected:
        assert part in message, message


def test_the_output_must_not_be_an_input(tmp_path):
    source = tmp_path / "f.c"
    source.write_text(FINE)
    message = refused("build", source, "--name", "f", "-o", source)
    assert "also an input" in message and source.read_text() == FINE
    module = tmp_path / "f.pixie"
    pixie("build", source, "-o", module)
    before = module.read_bytes()
    assert "also an input" in refused("extract", module, "-o", module)
    assert module.read_bytes() == before


def test_thin_in_place(kernels, tmp_path):
    module = tmp_path / "kernels.pixie"
    module.write_bytes(kernels.read_bytes())
    pixie("thin", module, "--platform", "linux-64", "-o", module)
    assert pixie("run", module, "dot", "1,2", "3,4").stdout == "11\n"


def test_pipes_and_devices_are_neither_read_nor_replaced(kernels, tmp_path):
    pipe = tmp_path / "pipe.pixie"
    os.mkfifo(pipe)
    for command in (["inspect", pipe], ["verify", pipe], ["run", pipe, "f"], ["thin", kernels, "--platform", "win-64", "-o", pipe]):
        message = refused(*command, timeout=20)
        assert "pipe.pixie" in message and "not a regular file" in message
    assert pipe.is_fifo()
    assert "not a regular file" in refused("inspect", "/dev/zero", timeout=20)


def test_a_source_whose_name_looks_like_an_option(tmp_path):
    (tmp_path / "-dash.c").write_text(FINE)
    pixie("build", "-o", "dash.pixie", "--", "-dash.c", cwd=tmp_path)
    assert pixie("run", tmp_path / "dash.pixie", "f", "2").stdout == "2\n"


def test_the_c_compiler_must_be_clang(tmp_path):
    (tmp_path / "f.c").write_text(FINE)
    for program in ("/bin/true", "gcc", "no-such-compiler"):
        message = refused("build", tmp_path / "f.c", "-o", tmp_path / "f.pixie", env={**os.environ, "PIXIE_CC": program})
        assert "PIXIE_CC" in message and program in message


def test_an_error_is_said_once(kernels, tmp_path):
    path = tmp_path / "short.pixie"
    path.write_bytes(kernels.read_bytes()[:-1])
    for command in (["run", path, "dot", "1", "1"], ["verify", path], ["inspect", path]):
        message = refused(*command)
        assert message.count("its header says") == 1, message


def test_help_teaches():
    for words in ([], ["build"], ["run"], ["inspect"], ["thin"]):
        text = pixie(*words, "--help").stdout
        assert "Usage:" in text
    assert "dot(a: f64[n], b: f64[n], n: usize) -> f64" in pixie("build", "--help").stdout
