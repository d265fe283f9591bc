"""The cross-built command and runtime: they do under qemu and Wine what the native ones do; for macOS, what was built."""

import json
import re

import pytest
from conftest import PLATFORMS, ROOT, pixie, run
from emulated import COMMANDS, CPUS, CROSS, command, python, wine  # noqa: F401, a fixture that every test here uses


IMPORT = """
import sys
sys.path[:0] = sys.argv[1:]
import pixie, cases, kernels
for name, make, reference in cases.CASES:
    cases.check(kernels, name, make, reference, cases.SMALL)
print(kernels.__pixie__.platform, kernels.__pixie__.isa, len(cases.CASES))
"""


#: A dot product that is exact in any order of its sums.
DOT = ["dot", "1,2,3,4,5,6,7,8,9", "9,8,7,6,5,4,3,2,1"]


@pytest.mark.parametrize("cpu", CPUS)
def test_qemu_processors_run_the_levels_that_they_have(cpu):
    host = json.loads(command("linux-aarch64", "host", "--json", cpu=cpu).stdout)
    assert host["platform"] == "linux-aarch64"
    assert host["levels"] == CPUS[cpu]


def test_wine_shows_the_processor_that_there_is():
    there, here = (json.loads(result.stdout) for result in (command("win-64", "host", "--json"), pixie("host", "--json")))
    assert there.pop("platform") == "win-64" and here.pop("platform") == "linux-64"
    assert there == here


@pytest.mark.parametrize("platform", COMMANDS)
class TestCommand:
    @pytest.mark.parametrize("words", [["inspect"], ["inspect", "--json"], ["verify"]])
    def test_reads_modules_as_the_native_one_does(self, platform, kernels, words):
        assert command(platform, *words, kernels).stdout == pixie(*words, kernels).stdout

    def test_finds_damage(self, platform, kernels, tmp_path):
        damaged = bytearray(kernels.read_bytes())
        damaged[-100] ^= 1
        path = tmp_path / "damaged.pixie"
        path.write_bytes(damaged)
        there, here = command(platform, "verify", path, check=False), pixie("verify", path, check=False)
        assert there.returncode == here.returncode == 1
        assert there.stderr == here.stderr

    def test_thins_merges_and_extracts_the_same_bytes(self, platform, kernels, tmp_path):
        for name in PLATFORMS:
            command(platform, "thin", kernels, "--platform", name, "-o", tmp_path / f"{name}.pixie")
            pixie("thin", kernels, "--platform", name, "-o", tmp_path / "here.pixie")
            assert (tmp_path / f"{name}.pixie").read_bytes() == (tmp_path / "here.pixie").read_bytes()
        parts = [tmp_path / f"{name}.pixie" for name in PLATFORMS]
        command(platform, "merge", *parts, "-o", tmp_path / "merged.pixie")
        assert (tmp_path / "merged.pixie").read_bytes() == kernels.read_bytes()
        words = ["extract", kernels, "--platform", "win-64", "-o"]
        command(platform, *words, tmp_path / "there.obj")
        pixie(*words, tmp_path / "here.obj")
        assert (tmp_path / "there.obj").read_bytes() == (tmp_path / "here.obj").read_bytes()

    @pytest.mark.parametrize("words", [["build", "kernels.c"], ["inspect", "--llvm"], ["inspect", "--asm", "--platform", "linux-64"]])
    def test_says_that_it_has_no_compiler(self, platform, kernels, words):
        words = words if words[0] == "build" else [*words, kernels]
        result = command(platform, *words, check=False, cwd=ROOT / "tests/kernels")
        assert result.returncode == 1
        assert "this build of pixie has no compiler" in result.stderr and "hint: " in result.stderr


@pytest.mark.parametrize("cpu", CPUS)
def test_a_module_runs_under_qemu(cpu, kernels):
    printed = json.loads(command("linux-aarch64", "run", "--json", kernels, *DOT, cpu=cpu).stdout)
    assert printed["isa"] == CPUS[cpu][-1]
    assert printed["result"] == json.loads(pixie("run", "--json", kernels, *DOT).stdout)["result"] == "165"


@pytest.mark.parametrize("cpu", CPUS)
def test_cpython_imports_a_module_and_its_kernels_agree_with_numpy(cpu, kernels):
    printed = python(IMPORT, kernels.parent, ROOT / "tests/kernels", cpu=cpu).stdout
    assert printed.split() == ["linux-aarch64", CPUS[cpu][-1], "12"]


def test_a_module_runs_under_wine(kernels):
    there, here = (json.loads(result.stdout) for result in (command("win-64", "run", "--json", kernels, *DOT), pixie("run", "--json", kernels, *DOT)))
    assert there["isa"] == here["isa"] and there["result"] == here["result"] == "165"


def test_the_runtime_for_windows_is_a_module_of_the_stable_abi():
    shown = run("x86_64-w64-mingw32-objdump", "--private-headers", CROSS / "win-64/python/pixie/_core.pyd").stdout
    assert "pei-x86-64" in shown
    assert "PyInit__core" in shown.split("[Ordinal/Name Pointer] Table")[1]
    libraries = {name.lower() for name in re.findall(r"DLL Name: (\S+)", shown)}
    assert "python3.dll" in libraries
    # What every Windows has; a DLL of mingw's would have to be shipped.
    assert not {name for name in libraries if "gcc" in name or "pthread" in name or "stdc" in name}


@pytest.mark.parametrize("name, kind", [("pixie", "EXECUTE"), ("python/pixie/_core.abi3.so", "DYLIB")])
def test_what_is_built_for_macos_needs_macos_11_and_its_own_libraries_alone(name, kind):
    path = CROSS / "osx-arm64" / name
    assert re.search(r"Mach-O 64-bit .*arm64", run("file", path).stdout)
    header = run("llvm-objdump-22", "--macho", "--private-headers", path).stdout
    assert re.search(rf"^MH_MAGIC_64 +ARM64 +ALL +0x00 +{kind} ", header, re.M)
    version = re.search(r"cmd LC_BUILD_VERSION\n *cmdsize \d+\n *platform (\w+)\n *sdk \S+\n *minos (\S+)", header)
    assert version.groups() == ("macos", "11.0")
    libraries = re.findall(r"cmd LC_LOAD_\w*DYLIB\n *cmdsize \d+\n *name (\S+)", header)
    assert libraries == ["/usr/lib/libSystem.B.dylib"]


def test_the_runtime_for_macos_takes_from_python_what_it_does_not_have():
    path = CROSS / "osx-arm64/python/pixie/_core.abi3.so"
    bound = run("llvm-objdump-22", "--macho", "--bind", path).stdout + run("llvm-objdump-22", "--macho", "--lazy-bind", path).stdout
    python_functions = re.findall(r"flat-namespace +(_Py\w+)", bound)
    assert "_PyModule_Create2" in python_functions or "_PyModuleDef_Init" in python_functions
    assert "_PyInit__core" in run("llvm-nm-22", "--extern-only", "--defined-only", path).stdout
