"""`pixie run --as`: another platform's code on this processor, and what the C library of Windows really exports."""

import re
from pathlib import Path

import ziglang
from conftest import ROOT, pixie, refused

CALLS = ROOT / "tests/bochs/kernels.txt"
DEFINITIONS = Path(ziglang.__file__).parent / "lib/libc/mingw/lib-common/ucrtbase-common.def.in"


def test_the_code_for_windows_gives_the_same_bits(kernels_plain):
    own = pixie("run", kernels_plain, "--calls", CALLS).stdout
    assert own.count("kernels ran ") > 10
    assert pixie("run", "--as", "win-64", kernels_plain, "--calls", CALLS).stdout == own
    assert pixie("run", "--as", "linux-64", kernels_plain, "--calls", CALLS).stdout == own


def test_a_level_can_be_forced(kernels_plain):
    words = "run", "--as", "win-64", kernels_plain, "dot", "1,2,3", "4,5,6", "--json"
    assert '"isa": "x86-64"' in pixie(*words, "--isa", "baseline").stdout
    assert "has no variant `x86-64-v9` for win-64" in refused(*words, "--isa", "x86-64-v9")


def test_long_has_the_width_of_the_platform(build):
    module = build("#include <math.h>\nlong nearest(double x) { return lrint(x); }", "--export", "nearest(x: f64) -> long")
    for platform, expected in ("linux-64", "3000000000"), ("win-64", "-2147483648"):
        assert pixie("run", "--as", platform, module, "nearest", "3e9").stdout.strip() == expected


def test_other_processors_are_refused(kernels_plain):
    error = refused("run", "--as", "osx-arm64", kernels_plain, "dot", "1,2,3", "4,5,6")
    assert "objects of osx-arm64 cannot run on linux-64" in error
    assert "hint: linux-64 runs objects of linux-64 and win-64" in error
    assert "objects of osx-arm64 run on osx-arm64 and linux-aarch64" in error
    assert "unknown platform `win`" in refused("run", "--as", "win", kernels_plain, "dot", "1", "1", code=2)


def exported():
    """The functions that `ucrtbase.dll` exports on x86-64, by mingw-w64's definitions."""
    names = set()
    for line in DEFINITIONS.read_text().splitlines():
        line = line.split(";")[0].strip()
        if conditional := re.fullmatch(r"F_(\w+)\((.*)\)", line):
            if conditional[1] not in ("X64", "NON_I386", "64"):
                continue
            line = conditional[2]
        names.add(re.split(r"[ =]", line)[0])
    return names


def test_windows_has_what_the_list_says_it_has():
    text = (ROOT / "spec/runtime-symbols.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \| (\w+) \| (\w+) \| ([^|]+) \|", text, re.M)
    of_windows = [row for row in rows if row[3] == "all" or "win-64" in row[3]]
    named = {name for name, _, provider, _ in of_windows if provider in ("libc", "libm")}
    own = {name for name, kind, provider, _ in of_windows if provider == "runtime" and kind == "function"}
    assert len(named) > 100
    assert named <= exported(), sorted(named - exported())
    assert own.isdisjoint(exported()), "the runtime has what the system has"
    assert {"fabsf", "frexpf", "hypotf", "ldexpf", "__chkstk"} <= own
