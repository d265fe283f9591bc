"""xxHash as Debian ships it, unchanged, against the PyPI package, on every level that this CPU runs."""

import json
import random
import shutil
from pathlib import Path

import pytest
import xxhash
from conftest import host_levels, pixie

import pixie as runtime

HEADER = Path("/usr/include/xxhash.h")
SIGNATURES = [
    "XXH32(input: u8[length], length: usize, seed: u32) -> u32",
    "XXH64(input: u8[length], length: usize, seed: u64) -> u64",
    "XXH3_64bits_withSeed(input: u8[length], length: usize, seed: u64) -> u64",
]


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    folder = tmp_path_factory.mktemp("xxhash")
    shutil.copy(HEADER, folder)
    source = folder / "hashes.c"
    source.write_text("#define XXH_STATIC_LINKING_ONLY\n#define XXH_IMPLEMENTATION\n#include \"xxhash.h\"\n")
    exports = [word for signature in SIGNATURES for word in ("--export", signature)]
    output = folder / "hashes.pixie"
    pixie("build", source, *exports, "-o", output)
    return output


def buffers():
    chance = random.Random(20)
    lengths = list(range(300)) + [chance.randrange(300, 70_000) for _ in range(600)]
    lengths += [chance.randrange(70_000, 1 << 20) for _ in range(99)] + [1 << 20]
    assert len(lengths) == 1000
    return [(chance.randbytes(length), chance.getrandbits(64)) for length in lengths]


@pytest.mark.parametrize("level", host_levels())
def test_agrees_with_the_python_package(module, level):
    hashes = runtime.load(module, isa=level)
    for data, seed in buffers():
        assert hashes.XXH32(data, seed & 0xFFFFFFFF) == xxhash.xxh32_intdigest(data, seed & 0xFFFFFFFF)
        assert hashes.XXH64(data, seed) == xxhash.xxh64_intdigest(data, seed)
        assert hashes.XXH3_64bits_withSeed(data, seed) == xxhash.xxh3_64_intdigest(data, seed)


def test_the_front_end_ran_for_each_level_since_the_source_asks_for_isa_macros(module):
    inspected = json.loads(pixie("inspect", module, "--json").stdout)
    levels = {(entry["platforms"][0], entry["isa"]) for entry in inspected["bitcode"]}
    assert ("linux-64", "x86-64-v3") in levels and ("linux-64", "x86-64-v4") in levels
