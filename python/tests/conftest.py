"""Modules for the tests, built with the `pixie` command, and ways to run fresh interpreters."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pixie

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COMMAND = os.environ.get("PIXIE_COMMAND", str(ROOT / "target/release/pixie"))

SCALARS = ["bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "usize", "long", "ulong", "f32", "f64"]
ELEMENTS = ["bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64"]

SCALAR_EXPORTS = [
    *(f"same_{name}(x: {name}) -> {name}" for name in SCALARS),
    "nothing()",
    "weighted(a: i8, b: u16, c: i32, d: u64) -> i64",
    "mixed(x: f64, k: i32, y: f32, negate: bool) -> f64",
    "defaults(a: f64, b: f64 = 0.5, c: i64 = -3, d: bool = True, e: f32 = 2) -> f64",
    "infinite(a: f64 = -inf, b: f64 = nan) -> f64",
    "add(a: f64, b: f64) -> f64",
    "eight(a: f64, b: f64, c: f64, d: f64, e: f64, f: f64, g: f64, h: f64) -> f64",
    "check(code: i32) -> status",
    "next_address(p: ptr = None) -> ptr",
    "twice = twice_i64(x: i64) -> i64",
    "twice = twice_f64(x: f64) -> f64",
    "twice = twice_array(x: f64[n], n: usize) -> f64",
]


def result(element):
    if element.startswith("f"):
        return "f64"
    return "u64" if element.startswith("u") else "i64"


ARRAY_EXPORTS = [
    *(f"sum_{name}(a: {name}[n], n: usize) -> {result(name)}" for name in ELEMENTS),
    "imaginary_c64(a: c64[n], n: usize) -> f64",
    "imaginary_c128(a: c128[n], n: usize) -> f64",
    "dot(a: f64[n], b: f64[n], n: usize) -> f64",
    "axpy(alpha: f64, x: f64[n], y: inout f64[n], n: usize)",
    "copy(x: f64[n], y: inout f64[n], n: usize)",
    "at(a: f64[m, n], m: usize, n: usize, i: usize, j: usize) -> f64",
    "at_fortran(a: f64[m, n; order=F], m: usize, n: usize, i: usize, j: usize) -> f64",
    "strided_sum(a: f64[n; stride=s], n: usize, s: i64) -> f64",
    "strided_dot(a: f64[n; stride=s], b: f64[n; stride=s], n: usize, s: i64) -> f64",
    "halve(y: inout f64[n; stride=s], n: usize, s: i64)",
    "padded(a: f64[n], n: usize, b: f64[2*n+1]) -> f64",
    "prefix(a: f64[k], k: i64) -> f64",
    "apart(a: f64[k-1], k: i64) -> f64",
    "three(a: f64[3]) -> f64",
    "weights(a: f64[n], n: usize, w: f64[n] | None = None) -> f64",
    "small(a: u8[n], n: i8) -> i64",
    "product(a: f64[m*n*n], m: u64, n: u64) -> f64",
    "doubled(a: f64[n], n: usize, y: out f64[n])",
    "extremes(a: f64[n], n: usize, least: out f64, where: out i32) -> f64",
    "outer(a: f64[m], m: usize, b: f64[n], n: usize, c: out f64[m, n])",
    "counting(n: i64, y: out i32[n])",
    "parts(z: out c64)",
]


def command(*words):
    """Runs the pixie command; a failure is a failure of the test."""
    done = subprocess.run([COMMAND, *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.fail(f"pixie {' '.join(map(str, words))} exited with {done.returncode}:\n{done.stdout}{done.stderr}")


def build(source, output, exports, *words):
    """Builds `source` for this platform alone: the tests are about calls, not about compilers."""
    exports = [word for export in exports for word in ("--export", export)]
    command("build", source, "-o", output, "--platform", pixie.host().platform, *words, *exports)
    return output


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_run(tmp_path_factory):
    """What tests compile for this machine is kept apart from the user's cache."""
    os.environ["PIXIE_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """The paths of the built modules by name."""
    folder = tmp_path_factory.mktemp("modules")
    return {
        "scalars": build(HERE / "data/scalars.c", folder / "scalars.pixie", SCALAR_EXPORTS, "--unsafe-pointers"),
        "arrays": build(HERE / "data/arrays.c", folder / "arrays.pixie", ARRAY_EXPORTS),
    }


@pytest.fixture(scope="session")
def imported(files):
    """Makes the modules importable, as `import scalars` and `import arrays`."""
    sys.path.insert(0, str(files["scalars"].parent))
    yield
    sys.path.remove(str(files["scalars"].parent))


@pytest.fixture(scope="session")
def scalars(imported):
    import scalars

    return scalars


@pytest.fixture(scope="session")
def arrays(imported):
    import arrays

    return arrays


@pytest.fixture
def run():
    """Runs a program in a fresh interpreter and returns what it prints; any exit code but 0 fails."""

    def run(program, *arguments, cwd=None, env=None, check=True):
        done = subprocess.run(
            [sys.executable, "-c", program, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=cwd,
            env={**os.environ, **(env or {})},
        )
        if check and done.returncode != 0:
            pytest.fail(f"exit code {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout if check else done

    return run


def message(error, function, *arguments, **keywords):
    """The text of the exception of exactly this type that the call raises."""
    with pytest.raises(error) as caught:
        function(*arguments, **keywords)
    assert caught.type is error
    return str(caught.value)


def resident():
    """Bytes of memory that this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
