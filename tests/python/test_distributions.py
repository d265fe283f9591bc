"""The project's own distributions: installed where there is nothing else, and looked at by the tools of the trade."""

import importlib.metadata
import json
import os
import shutil
import sys
import zipfile

import pytest
from conftest import ROOT, TABLES, run
from projects import Environment, check_record, project
from test_guide import blocks, numpy_in, write

DIST = ROOT / "target/dist"
ARM = ROOT / "target/cross/linux-aarch64/python3"
PLATFORMS = ["linux-64", "linux-aarch64", "win-64", "osx-arm64"]
RUNTIMES = ["*manylinux*x86_64.whl", "*manylinux*aarch64.whl", "*win_amd64.whl", "*macosx_11_0_arm64.whl"]
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """A package index that is a folder: our wheels, and what they depend on, which comes from the registry of packages."""
    for pattern in ("pixie_toolchain*manylinux*x86_64.whl", "pixie_runtime" + RUNTIMES[0], "pixie_runtime" + RUNTIMES[1]):
        assert len(list(DIST.glob(pattern))) == 1, f"{pattern} is missing in {DIST}; cargo xtask dist builds it"
    folder = tmp_path_factory.mktemp("index")
    for path in DIST.iterdir():
        os.symlink(path, folder / path.name)
    ziglang = f"ziglang=={importlib.metadata.version('ziglang')}"
    # A pip that needs no installation: it runs out of its wheel.
    pip = f"pip=={importlib.metadata.version('pip')}"
    run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, ziglang, pip)
    return folder


@pytest.fixture(scope="module")
def inspectors(tmp_path_factory):
    """An environment with the programs that look at distributions."""
    folder = tmp_path_factory.mktemp("inspectors")
    run(sys.executable, "-m", "venv", folder)
    run(folder / "bin/pip", "install", "--quiet", "-r", ROOT / "tests/inspectors.txt")
    return folder / "bin"


def bare(environment, index):
    """What a new machine has: the environment's own programs and a shell. No compiler, none of our variables."""
    return {
        "PATH": f"{environment.folder}/bin",
        "HOME": str(environment.folder),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(index),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def shell(command, **options):
    """A command of the guide; `sh` itself is not looked for on the PATH that is tested."""
    return run("/bin/sh", "-c", command, **options)


@pytest.fixture(scope="module")
def author(tmp_path_factory, index):
    """An author's machine after the guide's first command."""
    environment = Environment(tmp_path_factory.mktemp("author") / "env")
    run(environment.interpreter, "-m", "ensurepip", "--upgrade", "--default-pip")
    (_, install), *_ = blocks("run")
    shell(install, env=bare(environment, index))
    return environment


@pytest.fixture(scope="module")
def guide(tmp_path_factory, author, index):
    """The project of the guide, after `pixie wheel`."""
    folder = tmp_path_factory.mktemp("guide")
    write(folder)
    shell(blocks("run")[1][1], cwd=folder, env=bare(author, index))
    return folder


def test_the_guide_word_for_word_on_a_machine_with_nothing(tmp_path, guide, author, index):
    for compiler in ("cc", "gcc", "clang", "clang-22", "rustc"):
        assert shell(f"command -v {compiler} || true", env=bare(author, index)).stdout == ""
    user = Environment(tmp_path / "user")
    run(user.interpreter, "-m", "ensurepip", "--upgrade", "--default-pip")
    numpy_in(user)
    printed = shell(blocks("run")[2][1], cwd=guide, env=bare(user, index)).stdout
    assert printed.strip().endswith("[1.0, 1.5, 4.0]")
    assert "pixie-runtime" in shell("pip list", env=bare(user, index)).stdout
    assert "pixie-toolchain" not in shell("pip list", env=bare(user, index)).stdout
    assert "No broken requirements" in shell("pip check", env=bare(author, index)).stdout


def test_pip_builds_in_an_environment_of_its_own(tmp_path, author, index):
    folder = project(tmp_path / "p")
    shell("pip install .", cwd=folder, env=bare(author, index))
    printed = shell("python -c 'import fastmath; print(fastmath.area(1.0))'", cwd=tmp_path, env=bare(author, index)).stdout
    assert printed == "3.141592653589793\n"
    shell("pip uninstall --yes fast-math", env=bare(author, index))
    shell("pip install -e .", cwd=folder, env=bare(author, index))
    printed = shell("python -c 'import fastmath; print(fastmath.__file__)'", cwd=tmp_path, env=bare(author, index)).stdout
    assert printed.strip() == str(folder / "src/fastmath/__init__.py")
    # What is not there for this machine is compiled by the toolchain that was installed.
    (folder / "other.ll").write_text("define double @twice(double %x) {\n  %y = fadd double %x, %x\n  ret double %y\n}\n")
    environment = {**bare(author, index), "PIXIE_CACHE_DIR": str(tmp_path / "cache")}
    shell("pixie build other.ll --platform osx-arm64 --export 'twice(x: f64) -> f64'", cwd=folder, env=environment)
    printed = shell("python -c 'import pixie, other; print(other.twice(2.0))'", cwd=folder, env=environment).stdout
    assert printed == "4.0\n"


@pytest.mark.parametrize("pattern", RUNTIMES[:2])
def test_what_an_import_runs_lies_together(tmp_path, pattern):
    """The names in `python/order.ld` are still those that the compiler gives."""
    (wheel,) = DIST.glob("pixie_runtime" + pattern)
    with zipfile.ZipFile(wheel) as archive:
        library = archive.extract("pixie/_core.abi3.so", tmp_path)
    sections = dict(line.split()[:2] for line in run("llvm-size-22", "-A", library).stdout.splitlines() if line.startswith(".text"))
    assert 150_000 < int(sections[".text.load"]) < int(sections[".text"])


def test_uv_builds_the_same_wheel(tmp_path, guide, author, index, inspectors):
    """From a source distribution, in an environment that uv makes."""
    project = tmp_path / "project"
    shutil.copytree(guide, project, ignore=shutil.ignore_patterns("dist"))
    command = [inspectors / "uv", "build", "--quiet", "--no-index", "--find-links", index, "--python", author.interpreter]
    run(*command, cwd=project, env={**bare(author, index), "UV_CACHE_DIR": str(tmp_path / "cache")})
    (built,), (sdist,) = (project / "dist").glob("*.whl"), (project / "dist").glob("*.tar.gz")
    assert built.read_bytes() == next((guide / "dist").glob("*.whl")).read_bytes()
    assert sdist.name == "signals_example-0.1.0.tar.gz"


def installed_on_arm(packages, index, *wheels):
    """The wheels and what they depend on, by the pip of the arm64 CPython."""
    (pip,) = index.glob("pip-*.whl")
    command = [ARM, pip / "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action", "ignore"]
    run(*command, "--no-index", "--find-links", index, "--target", packages, *wheels)


def test_the_same_wheel_on_arm(tmp_path, guide, index):
    (wheel,) = (guide / "dist").glob("*.whl")
    packages = tmp_path / "packages"
    installed_on_arm(packages, index, wheel)
    assert list(packages.glob("pixie_runtime-*.dist-info"))
    program = f"import sys; sys.path.insert(0, {str(packages)!r})\n" + "import array, signals; print(signals.smooth(array.array('d', [1, 2, 6]), 2).tolist(), signals._kernels.__pixie__)"
    # The part for macOS, in a process of the same processor.
    emulated = ROOT / "target/cross/linux-aarch64"
    module = packages / "signals/_kernels.pixie"
    alone = run(emulated / "run", emulated / "pixie", "run", module, "--as", "osx-arm64", "smooth", "1,2,6", "2")
    assert alone.stdout == "y = 1,1.5,4\n"
    for processor, level in [("cortex-a53", "armv8-a"), ("max", "sve2")]:
        printed = run(ARM, "-c", program, env={**os.environ, "QEMU_CPU": processor}).stdout
        assert printed == f"[1.0, 1.5, 4.0] <fat module 'signals._kernels' on linux-aarch64 at {level}>\n"


def test_wheels_that_bring_the_runtime(tmp_path, guide, author, index):
    # CI has no time for those that cannot be installed here.
    platforms = [platform for platform, pattern in zip(PLATFORMS, RUNTIMES) if list(DIST.glob("pixie_runtime" + pattern))]
    words = " ".join(f"--platform {platform}" for platform in platforms)
    shell(f"pixie wheel --standalone --runtimes {DIST} {words} -o alone", cwd=guide, env=bare(author, index))
    wheels = sorted((guide / "alone").glob("*.whl"))
    assert len(wheels) == len(platforms) >= 2
    for wheel in wheels:
        check_record(wheel)
        with zipfile.ZipFile(wheel) as archive:
            assert not any(name.startswith("pixie") for name in archive.namelist())
    packages = tmp_path / "packages"
    (arm,) = [wheel for wheel in wheels if "aarch64" in wheel.name]
    installed_on_arm(packages, index, arm)
    program = f"import sys; sys.path.insert(0, {str(packages)!r})\n" + "import array, signals; print(signals.smooth(array.array('d', [1, 2, 6]), 2).tolist(), 'pixie' in sys.modules)"
    printed = run(ARM, "-c", program, env={**os.environ, "QEMU_CPU": "max"}).stdout
    assert printed == "[1.0, 1.5, 4.0] False\n"


def test_what_the_tools_of_the_trade_say(tmp_path, guide, inspectors, author, index):
    """Each tool on each distribution that it applies to; a table at the end."""
    shell("pixie sdist", cwd=guide, env=bare(author, index))
    shell(f"pixie wheel --standalone --runtimes {DIST} --platform linux-64 -o alone-here", cwd=guide, env=bare(author, index))
    ours = sorted(path for path in DIST.iterdir() if path.suffix in (".whl", ".gz"))
    theirs = sorted([*(guide / "dist").iterdir(), *(guide / "alone-here").iterdir()])
    rows = []
    for path in [*ours, *theirs]:
        wheel = path.suffix == ".whl"
        name = path.name
        assert "PASSED" in run(inspectors / "twine", "check", "--strict", path).stdout
        said = {"twine check": "ok"}
        if wheel:
            check_record(path)
            said["RECORD"] = "ok"
            # PyInstaller asks for hooks of a name that nothing imports.
            ignored = ["--ignore", "W004"] if name.startswith("pixie_runtime") else []
            done = run(inspectors / "check-wheel-contents", *ignored, path).stdout.strip()
            said["check-wheel-contents"] = done.rsplit(": ", 1)[-1]
        if wheel and "manylinux" in name:
            shown = run(inspectors / "auditwheel", "show", path).stdout.replace("\n", " ")
            said["auditwheel"] = next(word.strip('".,') for word in shown.split() if word.startswith('"manylinux'))
        if wheel and "abi3" in name:
            report = json.loads(run(inspectors / "abi3audit", "--strict", "--report", path).stdout)
            scanned = [entry for spec in report["specs"].values() for entry in spec["wheel"]]
            assert scanned and all(not entry["result"]["non_abi3_symbols"] for entry in scanned)
            said["abi3audit"] = f"{len(scanned)} scanned"
        size = path.stat().st_size
        if name.startswith("pixie_runtime") and wheel:
            assert size < 1.5 * MEGABYTE
        if name.startswith("pixie_toolchain"):
            assert size <= 25 * MEGABYTE
        rows.append((name, f"{size:,}", *(said.get(tool, "") for tool in ("twine check", "RECORD", "check-wheel-contents", "auditwheel", "abi3audit"))))
    header = ("distribution", "bytes", "twine", "RECORD", "check-wheel-contents", "auditwheel", "abi3audit")
    widths = [max(len(row[at]) for row in [header, *rows]) for at in range(len(header))]
    TABLES.append(("distributions", "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in [header, *rows])))
