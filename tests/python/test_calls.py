"""`pixie run --calls`: the lines that two machines compare."""

import re

import pytest
from conftest import ROOT, host_levels, pixie, refused

CALLS = ROOT / "tests/bochs/kernels.txt"


def test_every_level_prints_the_same_lines(kernels_plain):
    lines = pixie("run", kernels_plain, "--calls", CALLS).stdout.splitlines()
    assert lines[0] == f"kernels chosen {host_levels()[-1]}"
    ran = {}
    for level, outcome in re.findall(r"^kernels ran (\S+) (.+)$", "\n".join(lines), re.M):
        ran.setdefault(level, []).append(outcome)
    assert list(ran) == host_levels()
    calls = [line for line in CALLS.read_text().splitlines() if line and line[0] != "#"]
    for outcomes in ran.values():
        assert outcomes == ran[host_levels()[0]]
        assert [outcome.split()[0] for outcome in outcomes] == [call.split()[0] for call in calls]
    forced = pixie("run", kernels_plain, "--calls", CALLS, "--isa", "baseline").stdout.splitlines()
    assert len(forced) == 1 + len(calls) and forced[0] == "kernels chosen x86-64"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no calls"),
        ("# dot n=1", "no calls"),
        ("\ndotty n=1", "line 2: the module `kernels` has no function `dotty`"),
        ("dot", "line 1: `dot(a: f64[n], b: f64[n], n: usize) -> f64`: `n` is not given"),
        ("dot n", "line 1: expected `parameter=value`, found `n`"),
        ("dot n=x", "`n=x`: expected a whole number"),
        ("dot n=1 a=2", "it has no number `a`"),
        ("dot n=-1", "an array cannot have -1 elements"),
        ("dot n=9223372036854775807", "the array is too large"),
    ],
)
def test_a_wrong_line_is_named(kernels_plain, tmp_path, text, message):
    calls = tmp_path / "calls.txt"
    calls.write_text(text)
    error = refused("run", kernels_plain, "--calls", calls)
    assert message in error and "calls.txt" in error
