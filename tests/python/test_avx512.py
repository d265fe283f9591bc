"""AVX-512, executed: modules at x86-64-v4 on an emulated processor, against the lower levels natively."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
from conftest import ROOT, host_levels, pixie, run

sys.path.insert(0, str(ROOT / "tests/bochs"))
import machine

MODULES = ["plain", "contracted", "hashes"]
LEVELS = ["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"]
CALLS = {"plain": "kernels.txt", "contracted": "kernels.txt", "hashes": "hashes.txt"}
HASHES = [
    "XXH64(input: u8[length], length: usize, seed: u64) -> u64",
    "XXH3_64bits_withSeed(input: u8[length], length: usize, seed: u64) -> u64",
]


@pytest.fixture(scope="module")
def program():
    """The command without its compiler, whose library would take most of the guest's memory."""
    command = ["cargo", "build", "--release", "--quiet", "--package", "pixie-cli", "--no-default-features"]
    command += ["--target-dir", ROOT / "target/plain"]
    messages = run(*command, "--message-format", "json", cwd=ROOT).stdout.splitlines()
    (path,) = {message["executable"] for message in map(json.loads, messages) if message.get("executable")}
    return Path(path)


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """The twelve kernels without contraction, so that every level gives the same bits, and with it, as by default; and xxHash,
    whose source has a road of its own for each instruction set."""
    folder = tmp_path_factory.mktemp("modules")
    kernels = ROOT / "tests/kernels"
    words = [kernels / "kernels.c", "--exports", kernels / "kernels.sig"]
    hashes = folder / "hashes.c"
    hashes.write_text("#define XXH_STATIC_LINKING_ONLY\n#define XXH_IMPLEMENTATION\n#include \"xxhash.h\"\n")
    shutil.copy("/usr/include/xxhash.h", folder)
    inputs = {
        "plain": [*words, "--reproducible"],
        "contracted": words,
        "hashes": [hashes, *(word for signature in HASHES for word in ("--export", signature))],
    }
    for name, words in inputs.items():
        pixie("build", *words, "--name", name, "--platform", "linux-64", "-o", folder / f"{name}.pixie")
    return folder


def parse(text):
    """module -> the chosen level, level -> what each call gave, and level -> why it was refused."""
    outcomes = {}
    for name in MODULES:
        (chosen,) = re.findall(rf"^{name} chosen (\S+)$", text, re.M)
        ran = {}
        for level, outcome in re.findall(rf"^{name} ran (\S+) (.+)$", text, re.M):
            ran.setdefault(level, []).append(outcome)
        outcomes[name] = chosen, ran, dict(re.findall(rf"^{name} refused (\S+) (.+)$", text, re.M))
    return outcomes


def words(folder, name, calls):
    return ["run", f"{folder}/{name}.pixie", "--calls", f"{calls}/{CALLS[name]}"]


@pytest.fixture(scope="module")
def native(program, modules):
    runs = (run(program, *words(modules, name, ROOT / "tests/bochs")).stdout for name in MODULES)
    return parse("".join(runs))


@pytest.fixture
def emulate(tmp_path, program, modules):
    def boot(**options):
        files = {"program": program.read_bytes(), **machine.libraries(program)}
        files |= {f"{name}.pixie": (modules / f"{name}.pixie").read_bytes() for name in MODULES}
        files |= {calls: (ROOT / "tests/bochs" / calls).read_bytes() for calls in CALLS.values()}
        arguments = [word for name in MODULES for word in ("--then", *words("", name, ""))][1:]
        machine.make(tmp_path, files, arguments, **options)
        return parse(machine.run(tmp_path))

    return boot


def agrees(name, ran, native):
    """Every level gave what the lowest gives natively, to the bit; where products are contracted, only those with FMA agree."""
    for level, outcomes in ran.items():
        fused = name == "contracted" and level in LEVELS[2:]
        assert outcomes == (ran[LEVELS[2]] if fused else native[name][1][LEVELS[0]]), f"{name} at {level}"


@pytest.mark.parametrize("name", MODULES)
def test_the_object_uses_the_wide_registers(modules, tmp_path, name):
    """Otherwise the tests below would show nothing."""
    path = tmp_path / "v4.o"
    pixie("extract", modules / f"{name}.pixie", "--platform", "linux-64", "--isa", "x86-64-v4", "--object", "-o", path)
    assert run("llvm-objdump-22", "--disassemble", path).stdout.count("%zmm") > 100


def test_every_function_is_called(native):
    kernels = {line.split("(")[0] for line in (ROOT / "tests/kernels/kernels.sig").read_text().splitlines() if line[0] != "#"}
    assert len(kernels) == 12
    names = {"plain": kernels, "contracted": kernels, "hashes": {signature.split("(")[0] for signature in HASHES}}
    for name, (chosen, ran, refused) in native.items():
        assert chosen == host_levels()[-1] and list(ran) == host_levels() and list(ran) + list(refused) == LEVELS
        for outcomes in ran.values():
            assert {outcome.split()[0] for outcome in outcomes} == names[name]
        agrees(name, ran, native)


def test_v4_is_chosen_and_agrees_to_the_bit_and_lower_levels_can_be_forced(emulate, native):
    for name, (chosen, ran, refused) in emulate().items():
        assert chosen == "x86-64-v4"
        assert list(ran) == LEVELS and not refused
        agrees(name, ran, native)


def test_what_the_system_does_not_save_is_not_used(emulate, native):
    """The processor has AVX-512 and says so, but the system does not keep its registers: using it would be an illegal instruction."""
    for name, (chosen, ran, refused) in emulate(without=["avx512f"]).items():
        assert chosen == "x86-64-v3"
        assert list(ran) == LEVELS[:3] and list(refused) == LEVELS[3:]
        assert "avx512f" in refused["x86-64-v4"]
        agrees(name, ran, native)
