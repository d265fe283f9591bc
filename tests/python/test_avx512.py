"""AVX-512, executed: the twelve kernels at x86-64-v4 on an emulated processor, against the lower levels natively."""

import json
import re
import sys
from pathlib import Path

import pytest
from conftest import ROOT, host_levels, pixie, run

sys.path.insert(0, str(ROOT / "tests/bochs"))
import machine

LEVELS = ["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"]
CALLS = ROOT / "tests/bochs/calls.txt"


@pytest.fixture(scope="module")
def program():
    """pixie-ld's example that loads a module and calls its functions at every level."""
    command = ["cargo", "build", "--release", "--quiet", "--package", "pixie-ld", "--features", "build", "--example", "execute"]
    messages = run(*command, "--message-format", "json", cwd=ROOT).stdout.splitlines()
    (path,) = {message["executable"] for message in map(json.loads, messages) if message.get("executable")}
    return Path(path)


@pytest.fixture(scope="module")
def reproducible(tmp_path_factory):
    """The twelve kernels without contraction, so that every level gives the same bits."""
    path = tmp_path_factory.mktemp("reproducible") / "kernels.pixie"
    folder = ROOT / "tests/kernels"
    words = ["--reproducible", "--platform", "linux-64", "-o", path]
    pixie("build", folder / "kernels.c", "--exports", folder / "kernels.sig", *words)
    return path


def parse(text):
    """The chosen level, level -> what each call gave, and level -> why it was refused."""
    chosen = re.findall(r"^chosen (\S+)$", text, re.M)
    ran = {}
    for level, outcome in re.findall(r"^ran (\S+) (.+)$", text, re.M):
        ran.setdefault(level, []).append(outcome)
    assert len(chosen) == 1, text
    return chosen[0], ran, dict(re.findall(r"^refused (\S+) (.+)$", text, re.M))


@pytest.fixture(scope="module")
def native(program, reproducible):
    return parse(run(program, reproducible, CALLS).stdout)


@pytest.fixture
def emulate(tmp_path, program, reproducible):
    def boot(**options):
        files = {"program": program.read_bytes(), "kernels.pixie": reproducible.read_bytes(), "calls.txt": CALLS.read_bytes()}
        machine.make(tmp_path, files | machine.libraries(program), ["/kernels.pixie", "/calls.txt"], **options)
        return parse(machine.run(tmp_path))

    return boot


def test_the_object_uses_the_wide_registers(reproducible, tmp_path):
    """Otherwise the tests below would show nothing."""
    path = tmp_path / "v4.o"
    pixie("extract", reproducible, "--platform", "linux-64", "--isa", "x86-64-v4", "--object", "-o", path)
    assert run("llvm-objdump-22", "--disassemble", path).stdout.count("%zmm") > 100


def test_every_kernel_is_called(native):
    names = {line.split("(")[0] for line in (ROOT / "tests/kernels/kernels.sig").read_text().splitlines() if line[0] != "#"}
    assert len(names) == 12
    chosen, ran, refused = native
    assert chosen == host_levels()[-1] and list(ran) == host_levels() and list(ran) + list(refused) == LEVELS
    for outcomes in ran.values():
        assert {outcome.split()[0] for outcome in outcomes} == names
        assert outcomes == ran["x86-64"]


def test_v4_is_chosen_and_agrees_to_the_bit_and_lower_levels_can_be_forced(emulate, native):
    chosen, ran, refused = emulate()
    assert chosen == "x86-64-v4"
    assert list(ran) == LEVELS and not refused
    for level in LEVELS:
        assert ran[level] == native[1]["x86-64"], level


def test_what_the_system_does_not_save_is_not_used(emulate, native):
    """The processor has AVX-512 and says so, but the system does not keep its registers: using it would be an illegal instruction."""
    chosen, ran, refused = emulate(without=["avx512f"])
    assert chosen == "x86-64-v3"
    assert list(ran) == LEVELS[:3] and list(refused) == LEVELS[3:]
    assert "avx512f" in refused["x86-64-v4"]
    assert ran["x86-64-v3"] == native[1]["x86-64"]
