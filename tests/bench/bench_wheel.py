"""One wheel for all platforms against wheels of a C extension with the same functions. argv[1]: a folder to work in.

Of the extension one wheel is built by setuptools, as each job of a matrix would; the other three are as large as zig makes them.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from common import PEER, PIXIE, processes, table

ROOT = Path(__file__).parents[2]
COMMAND = os.environ["PIXIE_COMMAND"]
folder = Path(sys.argv[1]) / "wheel"
shutil.rmtree(folder, ignore_errors=True)
ours, theirs = folder / "ours", folder / "theirs"

PYPROJECT = """\
[build-system]
requires = ["pixie-toolchain"]
build-backend = "pixie_build"

[project]
name = "ours"
version = "1.0"
dependencies = ["pixie-runtime"]

[tool.pixie]
module = "ours._kernels"
sources = ["kernels.c"]
export-files = ["kernels.sig"]
"""
SETUP = """\
from setuptools import Extension, setup
setup(name="theirs", version="1.0", packages=["theirs"],
      ext_modules=[Extension("theirs.peer", ["tests/bench/peer.c"], extra_compile_args=["-O3", "-g0", "-fvisibility=hidden"])])
"""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run(*words, **options):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True, **options).stdout


write(ours / "pyproject.toml", PYPROJECT)
write(ours / "src/ours/__init__.py", "from . import _kernels\n")
write(theirs / "setup.py", SETUP)
write(theirs / "theirs/__init__.py", "from . import peer\n")
for name in ("kernels.c", "kernels.sig"):
    shutil.copy(ROOT / "tests/kernels" / name, ours)
for name in ("tests/bench/peer.c", "tests/bench/calls.c", "tests/kernels/kernels.c"):
    (theirs / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / name, theirs / name)

quiet = {"PATH": os.environ["PATH"], "HOME": str(folder), "CC": "clang-22"}
builds = {
    PIXIE: lambda: run(COMMAND, "wheel", "--output", folder / "dist", cwd=ours),
    PEER: lambda: run(sys.executable, "setup.py", "-q", "bdist_wheel", "-d", folder / "dist", cwd=theirs, env=quiet),
}
times = {name: [] for name in builds}
for _ in range(7):
    for name, build in builds.items():
        shutil.rmtree(theirs / "build", ignore_errors=True)
        start = time.perf_counter()
        build()
        times[name].append(time.perf_counter() - start)
wheels = {PIXIE: next((folder / "dist").glob("ours*.whl")), PEER: next((folder / "dist").glob("theirs*.whl"))}

sizes = {}
include = run(sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('include'))").strip()
for target in ("x86_64-linux-gnu", "aarch64-linux-gnu", "aarch64-macos"):
    library = folder / f"peer-{target}.so"
    flags = ["-O3", "-shared", "-fPIC", "-fvisibility=hidden", "-s", f"-I{include}", "-Wl,-undefined,dynamic_lookup"]
    run(sys.executable, "-m", "ziglang", "cc", "-target", target, *flags, ROOT / "tests/bench/peer.c", "-o", library)
    with zipfile.ZipFile(library.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(library)
    sizes[target] = library.with_suffix(".zip").stat().st_size
overhead = sum(info.compress_size for info in zipfile.ZipFile(wheels[PEER]).infolist() if not info.filename.endswith(".so"))
# There are no headers of Python for Windows here.
four = sum(sizes.values()) + sizes["x86_64-linux-gnu"] + 4 * overhead

environments = {}
installs = {name: [] for name in wheels}
for name, wheel in wheels.items():
    environments[name] = folder / f"env-{'ours' if name == PIXIE else 'theirs'}"
    run(sys.executable, "-m", "venv", "--without-pip", environments[name])
pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
runtime = max((ROOT / "target/wheels").glob("pixie_runtime-*.whl"), key=lambda path: path.stat().st_mtime)
run(*pip, "--python", environments[PIXIE] / "bin/python", "install", "--no-index", runtime)
for _ in range(5):
    for name, wheel in wheels.items():
        start = time.perf_counter()
        run(*pip, "--python", environments[name] / "bin/python", "install", "--no-index", "--force-reinstall", "--no-deps", wheel)
        installs[name].append(time.perf_counter() - start)

PROGRAM = "import time\nstart = time.perf_counter_ns()\nimport {0}\nprint(time.perf_counter_ns() - start)"
imports = processes(
    {
        PIXIE: [environments[PIXIE] / "bin/python", "-I", "-c", PROGRAM.format("ours")],
        PEER: [environments[PEER] / "bin/python", "-I", "-c", PROGRAM.format("theirs")],
        "after pixie": [environments[PIXIE] / "bin/python", "-I", "-c", "import pixie\n" + PROGRAM.format("ours")],
    },
    40,
    int,
)


def row(what, unit, mine, peer):
    middle = statistics.median
    return [what, unit.format(middle(mine)), unit.format(middle(peer)), f"{middle([a / b for a, b in zip(mine, peer)]):.2f}"]


size = wheels[PIXIE].stat().st_size
microseconds = {name: [value / 1000 for value in values] for name, values in imports.items()}
table(
    "a wheel of twelve functions, medians",
    ["", PIXIE, PEER, "ratio"],
    [
        ["size: one for all platforms, 14 variants | four platforms, baseline (Windows counted as Linux)", f"{size:,}", f"{four:,}", f"{size / four:.2f}"],
        row("from source: all platforms | setuptools, this platform", "{:.2f} s", times[PIXIE], times[PEER]),
        row("installing it, pip's start included", "{:.2f} s", installs[PIXIE], installs[PEER]),
        row("import in a fresh process, the runtime's included", "{:.0f} us", microseconds[PIXIE], microseconds[PEER]),
        row("import after `import pixie`", "{:.0f} us", microseconds["after pixie"], microseconds[PEER]),
    ],
)
