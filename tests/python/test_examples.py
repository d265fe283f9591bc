"""The programs of `examples/` run, and print what their readers are told."""

import re
import sys

import pytest
from conftest import PIXIE, ROOT, host_levels, pixie, run

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the module of the examples is, built as their README says."""
    command = re.search(r"^target/release/pixie (build .+)$", (EXAMPLES / "README.md").read_text(), re.M)[1]
    folder = tmp_path_factory.mktemp("examples")
    pixie(*command.replace("target/examples", str(folder)).split(), cwd=ROOT)
    return folder


@pytest.fixture
def example(folder, tmp_path, monkeypatch):
    monkeypatch.delenv("PIXIE_USE_ISA", raising=False)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))

    def example(name):
        return run(sys.executable, EXAMPLES / f"{name}.py", folder, timeout=120).stdout.splitlines()

    return example


def test_every_example_is_listed_and_tested(request):
    programs = {path.stem for path in EXAMPLES.glob("*.py")}
    listed = set(re.findall(r"^\| `(\w+)\.py FOLDER`", (EXAMPLES / "README.md").read_text(), re.M))
    tested = set(re.findall(r'example\("(\w+)"\)', open(__file__).read()))
    assert programs == listed == tested


def test_scipy(example):
    lines = example("scipy_quad")
    forms = ["double (double)", "double (double, void *)", "double (int, double *)", "double (int, double *, void *)"]
    assert [line[:32].rstrip() for line in lines] == forms
    for line in lines:
        value, analytic = re.fullmatch(r".+ (\S+), analytically (\S+)", line).groups()
        assert abs(float(value) - float(analytic)) < 1e-9


def test_numba(example):
    first, second = example("numba_cached")
    assert re.fullmatch(r"process 1: (area .+); 0 from the cache, 2 compiled", first)
    assert second == first.replace("process 1", "process 2").replace("0 from the cache, 2", "2 from the cache, 0")


def test_numba_inlined(example):
    assert example("numba_inlined") == ["inline: no call in the loop, vectors", "opaque: a call in the loop, numbers one by one"]


def test_multiprocessing(example):
    kinds = [f"{how:<14} pi = 3.141592654 at {host_levels()[-1]}" for how in ("by name", "by path", "with the file")]
    assert example("multiprocessing_pool") == [f"{method:<6} {kind}" for method in ("fork", "spawn") for kind in kinds]


def test_joblib(example):
    kinds = ("by path", "with the file", "with a file that is gone")
    assert example("joblib_parallel") == [f"{kind:<26} pi = 3.141592654 at {host_levels()[-1]}" for kind in kinds]


def test_fused(example, monkeypatch):
    monkeypatch.setenv("PIXIE_COMMAND", PIXIE)
    assert example("fused_solver") == [
        "by pointer  3.141592654",
        "fused       3.141592654, 0 calls, midpoint(a: f64, b: f64, n: i64) -> f64",
        "constants   3.141592654, midpoint(n: i64) -> f64",
    ]


def test_dask(example):
    refusal, hint, blank, *workers, pi = example("dask_cluster")
    assert "cannot restore `circle` of the fat module `functions` from a pickle: there is no module `functions` here" in refusal
    assert hint.startswith("hint: ") and blank == "" and pi.startswith("pi = 3.14159265359")
    highest = host_levels()[-1]
    assert workers == [
        f"whole  from its file    {highest}",
        f"lower  from its file    {host_levels()[:2][-1]}",
        f"bare   from the pickle  {highest}",
    ]
