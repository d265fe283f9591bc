"""Pickles made here are opened on other processors and platforms, and the other way round: each runs its own variant."""

import pickle
import sys

import pytest
from conftest import run
from emulated import python

import pixie

OPEN = """
import sys
sys.path[:0] = sys.argv[2:]
import pickle
dot, again, about = pickle.load(open(sys.argv[1], "rb"))
x = memoryview(bytes(range(9)) * 8).cast("d")
print(about.platform, about.isa, about.portable, dot(x, x), pickle.loads(pickle.dumps(dot)) is dot, dot is again)
"""
MAKE = """
import sys
sys.path[:0] = sys.argv[1:]
import pickle, pixie, kernels
print(pickle.dumps([kernels.dot, pixie.portable(kernels.dot)]).hex())
"""


@pytest.fixture(scope="module")
def module(kernels_plain):
    return pixie.load(kernels_plain)


@pytest.fixture(scope="module")
def expected(module):
    x = memoryview(bytes(range(9)) * 8).cast("d")
    return module.dot(x, x)


@pytest.fixture
def opened(module, tmp_path):
    """Pickles `dot` and runs the program that opens it."""

    def opened(start, portable, *path):
        things = pixie.portable(module) if portable else module
        file = tmp_path / "pickle"
        file.write_bytes(pickle.dumps([things.dot, things.dot, things.__pixie__]))
        return start(OPEN, file, *path).stdout.strip()

    return opened


@pytest.mark.parametrize(("cpu", "level"), [("qemu64", "x86-64"), ("Nehalem", "x86-64-v2"), ("Haswell", "x86-64-v3")])
def test_on_other_processors(opened, expected, cpu, level):
    for portable in (False, True):
        printed = opened(lambda *words: run("qemu-x86_64-static", "-cpu", cpu, sys.executable, "-c", *words), portable)
        assert printed == f"linux-64 {level} {portable} {expected} True True"


@pytest.mark.parametrize(("cpu", "level"), [("cortex-a53", "armv8-a"), ("a64fx", "sve"), ("max", "sve2")])
def test_on_another_platform(opened, expected, cpu, level):
    # By path, which is the same here, and with the file.
    for portable in (False, True):
        printed = opened(lambda *words: python(*words, cpu=cpu), portable)
        assert printed == f"linux-aarch64 {level} {portable} {expected} True True"


def test_from_another_platform(kernels_plain, module, expected):
    data = bytes.fromhex(python(MAKE, kernels_plain.parent).stdout)
    assert kernels_plain.read_bytes() in data
    dot, portable = pickle.loads(data)
    x = memoryview(bytes(range(9)) * 8).cast("d")
    assert dot is module.dot and portable is pixie.portable(module.dot)
    assert dot(x, x) == portable(x, x) == expected
    assert pixie.info(dot).platform == module.__pixie__.platform == "linux-64"
