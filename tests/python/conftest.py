"""What every end-to-end test needs: the built command, the checkout, and modules built with them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/kernels"))
PIXIE = os.environ.get("PIXIE_COMMAND", str(ROOT / "target/release/pixie"))
PLATFORMS = {
    "linux-64": ["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"],
    "linux-aarch64": ["armv8-a", "armv8.2-a", "sve", "sve2"],
    "osx-arm64": ["apple-m1", "apple-m2"],
    "win-64": ["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"],
}

# What tests leave to be shown at the end: title and text.
TABLES = []


def run(*words, check=True, **options):
    """Runs a program, by default the pixie command's words; returns the finished process with text output."""
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)
    if check and result.returncode != 0:
        pytest.fail(f"{' '.join(map(str, words))} exited with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result


def pixie(*words, **options):
    return run(PIXIE, *words, **options)


def refused(*words, code=1, **options):
    """Runs a command that must fail cleanly, and returns its message."""
    result = pixie(*words, check=False, **options)
    assert result.returncode == code, f"exit code {result.returncode}:\n{result.stdout}{result.stderr}"
    assert "panicked" not in result.stderr
    return result.stderr


def python(program, *arguments, check=True, env=None, **options):
    """Runs a program in a fresh interpreter."""
    full = {**os.environ, **(env or {})}
    return run(sys.executable, "-c", program, *arguments, check=check, env=full, **options)


def host_levels():
    """The levels of linux-64 that this CPU runs, lowest first."""
    import json

    return json.loads(pixie("host", "--json").stdout)["levels"]


def build_kernels(folder, *words):
    source = ROOT / "tests/kernels"
    path = folder / "kernels.pixie"
    pixie("build", source / "kernels.c", "--exports", source / "kernels.sig", "-o", path, *words)
    return path


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_run(tmp_path_factory):
    """What tests compile for this machine is kept apart from the user's cache."""
    os.environ["PIXIE_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def kernels(tmp_path_factory):
    """The module of twelve kernels."""
    return build_kernels(tmp_path_factory.mktemp("kernels"))


@pytest.fixture(scope="session")
def kernels_plain(tmp_path_factory):
    """The same without contraction, so that every level gives the same bits."""
    return build_kernels(tmp_path_factory.mktemp("plain"), "--reproducible")


@pytest.fixture
def build(tmp_path):
    """Builds text as a module in a folder of its own and returns the module's path."""

    def make(source, *words, name="sample", suffix="c", **options):
        path = tmp_path / f"{name}.{suffix}"
        path.write_text(source)
        output = tmp_path / f"{name}.pixie"
        pixie("build", path, "-o", output, *words, **options)
        return output

    return make


def pytest_terminal_summary(terminalreporter):
    """Tables that tests leave are part of what a run shows."""
    for title, text in TABLES:
        terminalreporter.section(title)
        terminalreporter.write_line(text)
