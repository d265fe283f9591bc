"""The twelve kernels on every level that this CPU runs, against NumPy."""

import cases
import pytest
from conftest import host_levels

import pixie


@pytest.mark.parametrize("level", host_levels())
@pytest.mark.parametrize("size", [cases.SMALL, cases.LARGE])
def test_every_level_agrees_with_numpy(kernels, level, size):
    module = pixie.load(kernels, isa=level)
    assert module.__pixie__.isa == level
    for name, make, reference in cases.CASES:
        cases.check(module, name, make, reference, size)
