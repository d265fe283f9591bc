"""`pixie specialize`: which processors, what the side file holds, limits; and bitcode that a compiler must not be given."""

import importlib.util
import json
import signal
import subprocess
import sys

import cbor2
import pytest
from blake3 import blake3
from test_jit import cache, call, entries, foreign, laid_out  # noqa: F401 (fixtures)

from conftest import PIXIE, ROOT, pixie, refused, run

sys.path.insert(0, str(ROOT / "spec/reader"))
LLVM = "/usr/lib/llvm-22/bin"


def inspected(path):
    return json.loads(pixie("inspect", path, "--json").stdout)


def variants(path, platform="linux-64"):
    return [variant["isa"] for variant in inspected(path)["platforms"][platform]["variants"]]


@pytest.fixture
def module(build):
    return build("double add(double a, double b) { return a + b; }\n", "--export", "add(a: f64, b: f64) -> f64", name="plain")


@pytest.fixture
def side(module):
    return module.with_name("plain.specialized.pixie")


def test_processors_come_together_in_the_side_file(module, side):
    before = module.read_bytes()
    told = pixie("specialize", module, "--cpu", "haswell", "--cpu", "znver4").stdout
    assert str(side) in told and "haswell, znver4" in told
    assert set(variants(side)) == {"haswell", "znver4"}
    pixie("verify", side)
    # What others have put there is kept, and one that comes again is made again.
    pixie("specialize", module, "--cpu", "skylake", "--cpu", "haswell")
    assert sorted(variants(side)) == ["haswell", "skylake", "znver4"]
    assert module.read_bytes() == before
    assert inspected(side)["build_id"] == inspected(module)["build_id"]


def test_every_platform_can_be_specialised_from_here(module, tmp_path):
    for platform, cpu in (("osx-arm64", "apple-m4"), ("linux-aarch64", "neoverse-v1"), ("win-64", "znver5")):
        output = tmp_path / f"{platform}.pixie"
        pixie("specialize", module, "--platform", platform, "--cpu", cpu, "-o", output)
        assert variants(output, platform) == [cpu] and list(inspected(output)["platforms"]) == [platform]
        pixie("verify", output)


def test_a_specialised_module_is_specialised_again_from_the_same_origin(module, tmp_path):
    first, second = tmp_path / "first.pixie", tmp_path / "second.pixie"
    pixie("specialize", module, "--cpu", "haswell", "-o", first)
    pixie("specialize", first, "--cpu", "znver4", "-o", second)
    assert inspected(second)["build_id"] == inspected(module)["build_id"] and variants(second) == ["znver4"]


def test_standard_output_and_the_report(module, side, tmp_path):
    done = subprocess.run([PIXIE, "specialize", module, "--cpu", "haswell", "-o", "-"], capture_output=True)
    assert done.returncode == 0 and not done.stderr and not side.exists()
    piped = tmp_path / "piped.pixie"
    piped.write_bytes(done.stdout)
    assert variants(piped) == ["haswell"]
    told = json.loads(pixie("specialize", module, "--cpu", "haswell", "--json").stdout)
    assert told["file"] == str(side) and told["build_id"] == inspected(module)["build_id"]
    assert side.read_bytes() == piped.read_bytes()


def test_a_side_file_of_another_build_is_replaced_with_a_word(module, side, build):
    pixie("specialize", module, "--cpu", "haswell")
    build("double add(double a, double b) { return b + a; }\n", "--export", "add(a: f64, b: f64) -> f64", name="plain")
    told = pixie("specialize", module, "--cpu", "znver4").stderr
    assert "was made of another build of the module and is replaced" in told and variants(side) == ["znver4"]


def test_what_is_refused(module, side, tmp_path):
    wrong = refused("specialize", module, "--cpu", "znver44")
    assert "`znver44`" in wrong and "znver4" in wrong.partition("hint:")[2]
    old = refused("specialize", module, "--platform", "osx-arm64", "--cpu", "apple-a11")
    assert "the processor `apple-a11` is below every level of osx-arm64: it lacks " in old and "hint: choose a later one" in old
    abroad = refused("specialize", module, "--platform", "osx-arm64")
    assert "`native` is a processor of this machine" in abroad and "--cpu apple-m" in abroad
    assert "is also an input" in refused("specialize", module, "--cpu", "haswell", "-o", module)
    assert "build id" in refused("specialize", module, "--cpu", "haswell", "--build-id", "00" * 32)
    assert "no such file" in refused("specialize", tmp_path / "none.pixie")
    assert "none" in refused("specialize", module, "-o", tmp_path / "none/out.pixie")
    broken = tmp_path / "broken.pixie"
    broken.write_bytes(module.read_bytes()[:-10])
    assert "broken.pixie" in refused("specialize", broken)
    thin = tmp_path / "thin.pixie"
    pixie("thin", module, "--platform", "win-64", "-o", thin)
    assert "the bitcode for linux-64 was thinned away" in refused("specialize", thin)
    assert not side.exists() and not list(tmp_path.glob(".*"))


def test_limits_end_the_compilation_and_not_the_caller(tmp_path, foreign, cache):  # noqa: F811
    source = """double total(const double *x, long n) {
double s = 0;
#pragma clang loop unroll(full)
for (long i = 0; i < 300000; i++) s = s * x[i * i % 1000] + i;
return s; }"""
    (tmp_path / "long.c").write_text(source)
    words = ["--target=x86_64-unknown-linux-gnu", "-O2", "-Xclang", "-disable-llvm-passes", "-emit-llvm", "-c"]
    run("clang-22", *words, tmp_path / "long.c", "-o", tmp_path / "long.bc")
    with_bitcode(foreign, (tmp_path / "long.bc").read_bytes())
    late = refused("specialize", foreign, "--timeout", "1")
    assert "foreign.pixie" in late and "no answer within 1 s" in late, late
    small = refused("specialize", foreign, "--memory", "400", "--timeout", "100")
    assert "foreign.pixie" in small and "memory" in small, small
    assert not foreign.with_name("foreign.specialized.pixie").exists()


def test_an_interrupted_command_leaves_nothing(tmp_path, build):
    rows = "\n".join(f"double f{i}(double x) {{ for (int k = 0; k < 100; k++) x = x * x + {i}.5 * k; return x; }}" for i in range(300))
    big = build(rows, "--platform", "linux-64", "--isa", "linux-64=baseline", name="big")
    before = sorted(tmp_path.iterdir())
    for wait in (0.05, 0.2, 0.5):
        process = subprocess.Popen([PIXIE, "specialize", big], stderr=subprocess.PIPE)
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        assert process.wait(10) in (-signal.SIGINT, 130, 0)
        if process.returncode:
            assert sorted(tmp_path.iterdir()) == before


def test_neutral_bitcode_yields_an_object_for_a_platform_outside_the_four(foreign, tmp_path):  # noqa: F811
    bitcode, machine = tmp_path / "neutral.bc", tmp_path / "riscv.o"
    pixie("extract", foreign, "--bitcode", "--platform", "osx-arm64", "-o", bitcode)
    run("clang-22", "--target=riscv64-linux-gnu", "-march=rv64gcv", "-O3", "-c", bitcode, "-o", machine)
    header = machine.read_bytes()[:20]
    assert header[:4] == b"\x7fELF" and int.from_bytes(header[18:20], "little") == 243
    names = run(f"{LLVM}/llvm-nm", machine).stdout
    assert names.split()[-2:] == ["T", "total"]
    assert "vle64.v" in run(f"{LLVM}/llvm-objdump", "-d", "--mattr=+v", machine).stdout


def with_bitcode(module, bitcode):
    """The module with other bitcode, and every hash right: what somebody could send who wants the compiler to fail."""
    spec = importlib.util.spec_from_file_location("spec_compare", ROOT / "spec/reader/compare.py")
    compare = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(compare)
    data = module.read_bytes()
    manifest, places = laid_out(data)
    kept = [(blob, data[at : at + blob["size"]]) for blob, at in places]
    (place,) = manifest["bitcode"]
    old = place["blob"]
    kept[old] = ({**kept[old][0], "hash": blake3(bitcode).digest(), "size": len(bitcode)}, bitcode)
    order = sorted(range(len(kept)), key=lambda index: kept[index][0]["hash"])
    where = {index: at for at, index in enumerate(order)}
    manifest["blobs"] = [kept[index][0] for index in order]
    place["blob"] = where[old]
    for platform in manifest["platforms"].values():
        for variant in platform["variants"]:
            for key in ("object", "image"):
                if key in variant:
                    variant[key] = where[variant[key]]
    module.write_bytes(compare.seal(cbor2.dumps(manifest, canonical=True), [kept[index][1] for index in order], data))
    pixie("inspect", module)


HOSTILE = {
    "fails the verifier": (
        "define double @total(ptr %x, i64 %n) {\n  %a = fadd double %b, 1.0\n  %b = fadd double %a, 1.0\n  ret double %b\n}",
        "dominate",
    ),
    "another data layout": (
        'target datalayout = "E-m:e-p:32:32-i64:32-n32"\ndefine double @total(ptr %x, i64 %n) { ret double 0.0 }',
        "the data layout",
    ),
    "another triple": (
        'target triple = "riscv64-unknown-linux-gnu"\ndefine double @total(ptr %x, i64 %n) { ret double 0.0 }',
        "riscv64",
    ),
    "an ifunc": (
        "@chosen = ifunc double (), ptr @choose\ndefine internal double @one() { ret double 1.0 }\n"
        "define internal ptr @choose() { ret ptr @one }\n"
        "define double @total(ptr %x, i64 %n) { %y = call double @chosen() ret double %y }",
        "ifunc",
    ),
    "an intrinsic of another architecture": (
        "declare double @llvm.aarch64.neon.fmulx.f64(double, double)\n"
        "define double @total(ptr %x, i64 %n) { %y = call double @llvm.aarch64.neon.fmulx.f64(double 1.0, double 2.0) ret double %y }",
        "aarch64",
    ),
    "an instruction that the processor lacks": (
        "declare <32 x i8> @llvm.x86.avx2.pshuf.b(<32 x i8>, <32 x i8>)\n"
        "define double @total(ptr %x, i64 %n) {\n  %a = load <32 x i8>, ptr %x\n"
        "  %b = call <32 x i8> @llvm.x86.avx2.pshuf.b(<32 x i8> %a, <32 x i8> %a)\n  store <32 x i8> %b, ptr %x\n  ret double 0.0\n}",
        "LLVM failed compiling for linux-64",
    ),
    "assembly that is none": (
        'define double @total(ptr %x, i64 %n) { call void asm sideeffect "no such instruction", ""() ret double 0.0 }',
        "<inline asm>",
    ),
    "a constructor": (
        "@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 1, ptr @start, ptr null }]\n"
        "@count = internal global i32 0\n"
        "define internal void @start() { store volatile i32 1, ptr @count ret void }\n"
        "define double @total(ptr %x, i64 %n) { ret double 0.0 }",
        "code that runs when a module is loaded",
    ),
    "another function": ("define double @other(ptr %x, i64 %n) { ret double 0.0 }", "total"),
    "another type": ("define void @total(ptr %x) { ret void }", "total"),
    "an import that nobody provides": (
        'declare i32 @system(ptr)\n@word = private constant [3 x i8] c"ls\\00"\n'
        "define double @total(ptr %x, i64 %n) { %y = call i32 @system(ptr @word) ret double 0.0 }",
        "system",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bitcode_is_an_exception_and_the_process_lives(name, foreign, cache, tmp_path):  # noqa: F811
    text, word = HOSTILE[name]
    (tmp_path / "hostile.ll").write_text(text)
    words = ["-disable-verify", tmp_path / "hostile.ll", "-o", tmp_path / "hostile.bc"]
    if run(f"{LLVM}/llvm-as", *words, check=False).returncode:
        pytest.fail(f"{name}: llvm-as refuses the text")
    with_bitcode(foreign, (tmp_path / "hostile.bc").read_bytes())
    program = """
import sys, pixie
sys.path.insert(0, sys.argv[1])
try:
    import foreign
    print("imported", foreign.total(memoryview(bytes(64)).cast("d")))
except ImportError as error:
    print(error)
print("alive")
"""
    # A processor of which it is known what it lacks.
    done = run("qemu-x86_64-static", "-cpu", "Nehalem", sys.executable, "-c", program, foreign.parent)
    assert done.stdout.endswith("alive\n") and not done.stderr
    assert "compiling its bitcode for this machine failed" in done.stdout and word in done.stdout, done.stdout
    assert not entries(cache)


@pytest.mark.parametrize("size", [0, 3, 4, 100, 2000])
def test_bitcode_that_is_none(size, foreign, cache, tmp_path):  # noqa: F811
    if size == 0:
        data = b"BC\xc0\xde"
    else:
        data = bytes((i * 7919) % 251 for i in range(size))
    with_bitcode(foreign, data)
    done = call(foreign, check=False)
    assert done.returncode == 1 and "ImportError" in done.stderr and "compiling its bitcode for this machine failed" in done.stderr
    assert not entries(cache)
