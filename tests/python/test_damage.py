"""Damage: every truncation and every changed byte of a small module is refused by name, and nothing crashes."""

import random
import sys

import pytest
from conftest import pixie, refused, run


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    (folder / "small.c").write_text("double half(double x) { return x / 2; }")
    pixie("build", folder / "small.c", "-o", folder / "small.pixie", "--platform", "linux-64", "--platform", "win-64", "--isa", "linux-64=x86-64", "--isa", "win-64=x86-64")
    return folder / "small.pixie"


def test_the_small_module_is_sound(small):
    assert "sound" in pixie("verify", small).stdout


# Loads each damaged file in one process; a load may succeed only when the damage is in what it does not read.
LOADER = """
import sys, pixie
from pathlib import Path
damaged = Path(sys.argv[2])
data = Path(sys.argv[1]).read_bytes()
step = int(sys.argv[3])
refused = accepted = 0
for at in range(0, len(data), step):
    changed = bytearray(data)
    changed[at] ^= 1 << at % 8
    damaged.write_bytes(changed)
    try:
        module = pixie.load(damaged)
    except ImportError as error:
        assert str(damaged) in str(error), error
        refused += 1
    else:
        assert module.half(3.0) == 1.5
        accepted += 1
for length in range(0, len(data), step):
    damaged.write_bytes(data[:length])
    try:
        pixie.load(damaged)
    except ImportError as error:
        assert str(damaged) in str(error), error
    else:
        raise SystemExit(f"{length} bytes were accepted")
print(refused, accepted)
"""


def test_loading_refuses_any_change_in_what_it_reads(small, tmp_path):
    refused_count, accepted = map(int, run(sys.executable, "-c", LOADER, small, tmp_path / "damaged.pixie", 1).stdout.split())
    # The object for the other platform, both bitcodes and padding are not read.
    assert refused_count > 1000 and accepted > 0


def test_the_command_names_the_damage(small, tmp_path):
    """The exhaustive check of `verify` is a test of the reader; here the command's own messages."""
    data = small.read_bytes()
    chance = random.Random(3)
    damaged = tmp_path / "damaged.pixie"
    for at in [8, 20, 50, 100, 130, *(chance.randrange(len(data)) for _ in range(60))]:
        changed = bytearray(data)
        changed[at] ^= 0x10
        damaged.write_bytes(changed)
        message = refused("verify", damaged)
        assert "damaged.pixie" in message
    for length in [0, 7, 8, 100, 127, 128, 200, len(data) - 1]:
        damaged.write_bytes(data[:length])
        assert "damaged.pixie" in refused("verify", damaged)
    damaged.write_bytes(data + b"\0")
    assert "appended" in refused("verify", damaged)
