"""Projects with fat modules for the tests of wheels, and fresh environments to install them in."""

import base64
import csv
import hashlib
import io
import os
import sys
import zipfile
from pathlib import Path

from conftest import PIXIE, ROOT, run

PYPROJECT = """\
[build-system]
requires = ["pixie-toolchain"]
build-backend = "pixie_build"

[project]
name = "fast-math"
version = "0.1.0"
description = "Fast mathematics"
readme = "README.md"
requires-python = ">=3.11"
license = "MIT"
authors = [{name = "A. Author", email = "author@example.org"}, {name = "B"}]
keywords = ["numeric", "fast"]
classifiers = ["Programming Language :: Python :: 3"]
dependencies = ["pixie-runtime"]

[project.urls]
Home = "https://example.org"

[project.optional-dependencies]
numpy = ["numpy>=2 ; python_version >= '3.11'"]

[project.scripts]
fast-area = "fastmath:main"

[project.entry-points."some.group"]
one = "fastmath:main"

[tool.pixie]
module = "fastmath._kernels"
sources = ["csrc/kernels.c"]
exports = ["dot(a: f64[n], b: f64[n], n: usize) -> f64", "area"]
"""

FILES = {
    "README.md": "# fastmath\n",
    "LICENSE": "MIT\n",
    "csrc/kernels.c": """\
#include <stddef.h>
#include "pi.h"

double dot(const double *restrict a, const double *restrict b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

double area(double radius) { return PI * radius * radius; }
""",
    "csrc/pi.h": "#define PI 3.141592653589793\n",
    "src/fastmath/__init__.py": "from ._kernels import area, dot\n\n\ndef main():\n    print(area(1.0))\n",
}


def project(folder, pyproject=PYPROJECT, **files):
    """Writes a project into `folder`, which is made; `files` are further ones, or others, by path."""
    for path, text in {**FILES, "pyproject.toml": pyproject, **files}.items():
        if text is None:
            continue
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


def wheel(folder, *words):
    """The wheel of a project, which lies in its folder `dist`."""
    run(PIXIE, "wheel", *words, cwd=folder)
    (found,) = (folder / "dist").glob("*.whl")
    return found


def runtime():
    """The wheel of the runtime that was built for this machine."""
    wheels = sorted((ROOT / "target/wheels").glob("pixie_runtime-*.whl"), key=lambda path: path.stat().st_mtime)
    assert wheels, "cargo xtask setup builds it"
    return wheels[-1]


class Environment:
    """A fresh virtual environment, into which nothing comes but what is named."""

    def __init__(self, folder, *wheels):
        self.folder = folder
        run(sys.executable, "-m", "venv", "--without-pip", folder)
        self.interpreter = folder / "bin/python"
        if wheels:
            self.pip("install", "--no-index", *wheels)

    def pip(self, *words, env=None, **options):
        # The pip of the tests' own environment works on this one.
        command = [sys.executable, "-m", "pip", "--python", self.interpreter, "--disable-pip-version-check", *words]
        return run(*command, env={**os.environ, **(env or {})}, **options)

    def python(self, program, env=None, **options):
        clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PIXIE_COMMAND")}
        return run(self.interpreter, "-c", program, env={**clean, **(env or {})}, cwd=self.folder, **options)

    def files(self):
        """Everything below the folder of the installed packages."""
        (packages,) = self.folder.glob("lib/python3*/site-packages")
        return {path.relative_to(packages) for path in packages.rglob("*")}


def digest_of(content):
    """A file's hash as `RECORD` writes it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def check_record(path):
    """Every file of a wheel stands in its RECORD with its hash and size, and nothing else does."""
    with zipfile.ZipFile(path) as archive:
        (record,) = [name for name in archive.namelist() if name.endswith(".dist-info/RECORD")]
        rows = {name: (digest, size) for name, digest, size in csv.reader(io.StringIO(archive.read(record).decode()))}
        assert rows.keys() == set(archive.namelist())
        for name, (digest, size) in rows.items():
            if name == record:
                assert (digest, size) == ("", "")
                continue
            content = archive.read(name)
            assert (digest, size) == (digest_of(content), str(len(content))), name
    return len(rows)


def check_installed_record(distribution, folder):
    """As `check_record`, of what is installed below `folder`."""
    record = next(folder.glob(f"lib/python3*/site-packages/{distribution}-*.dist-info/RECORD"))
    for name, digest, size in csv.reader(record.read_text().splitlines()):
        path = record.parent.parent / name
        if digest:
            content = Path(path).read_bytes()
            assert (digest, size) == (digest_of(content), str(len(content))), name
