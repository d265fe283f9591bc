"""docs/guide.md, word for word: its files are written, its commands run, and the package that it moves passes its own tests."""

import os
import re
import shutil
import sys
import tarfile

from conftest import PIXIE, ROOT, run
from projects import Environment, runtime, wheel

GUIDE = (ROOT / "docs/guide.md").read_text()
BLOCK = re.compile(r"<!-- (file|run)(?:: (\S+))? -->\n```\w*\n(.*?)```\n", re.DOTALL)


def blocks(kind):
    found = [(name, text) for found, name, text in BLOCK.findall(GUIDE) if found == kind]
    assert found
    return found


def write(folder, prefix=""):
    """Writes the guide's files whose path begins with `prefix` into `folder`."""
    for name, text in blocks("file"):
        inside = name.startswith("blurhash/")
        if inside != bool(prefix):
            continue
        path = folder / name.removeprefix(prefix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def numpy_in(environment):
    """What the tests' own environment has, since nothing about NumPy is tested here."""
    (packages,) = environment.folder.glob("lib/python3*/site-packages")
    import numpy

    source = os.path.dirname(os.path.dirname(numpy.__file__))
    for name in ("numpy", "numpy.libs"):
        os.symlink(os.path.join(source, name), packages / name)


def test_the_guides_example_runs_as_it_stands(tmp_path):
    write(tmp_path)
    commands = blocks("run")
    assert [name for name, _ in commands] == ["", "", "user"]
    assert commands[0][1].split() == ["pip", "install", "pixie-toolchain"]
    run(PIXIE, *commands[1][1].split()[1:], cwd=tmp_path)
    environment = Environment(tmp_path / "env", runtime())
    numpy_in(environment)
    install, use = commands[2][1].strip().split("\n")
    environment.pip(*install.split()[1:], "--no-index", cwd=tmp_path)
    shell = {"PATH": f"{environment.folder}/bin:/usr/bin:/bin"}
    printed = run("sh", "-c", use, cwd=tmp_path, env=shell).stdout
    assert printed.strip() in GUIDE and printed == "[1.0, 1.5, 4.0]\n"
    printed = environment.python("import signals, numpy; print(signals.decay(numpy.zeros(2), 1.0), type(signals.decay).__name__)")
    assert printed.stdout == "[1. 1.] ufunc\n"


def test_the_package_that_the_guide_moves_passes_its_own_tests(tmp_path):
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", tmp_path]
    # Its build would ask for cffi, which is what it no longer needs.
    run(*download, "--no-build-isolation", "blurhash-python==0.3.3")
    with tarfile.open(tmp_path / "blurhash-python-0.3.3.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    folder = tmp_path / "blurhash-python-0.3.3"
    original = (folder / "src/encode.c").read_bytes()
    write(folder, "blurhash/")
    assert (folder / "src/encode.c").read_bytes() == original
    path = wheel(folder)
    environment = Environment(tmp_path / "env", runtime())
    environment.pip("install", "--quiet", "Pillow==13.0.0", "pytest==9.2.0")
    environment.pip("install", "--no-index", "--no-deps", path)
    shutil.rmtree(folder / "src")
    for level in ("", "baseline"):
        done = run(environment.interpreter, "-m", "pytest", "-q", "tests", cwd=folder, env={**os.environ, "PIXIE_USE_ISA": level})
        assert "7 passed" in done.stdout, done.stdout
