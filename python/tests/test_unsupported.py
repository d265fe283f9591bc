"""`import pixie` where its extension is missing, or is of another platform."""

import shutil
import subprocess
import sys
from pathlib import Path

import pixie

PACKAGE = Path(pixie.__file__).parent


def imported(folder, before=""):
    """What a process says that imports a copy of the package's Python files."""
    command = [sys.executable, "-S", "-c", f"{before}\nimport sys; sys.path.insert(0, {str(folder)!r}); import pixie"]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder).stderr


def copied(tmp_path):
    ignored = shutil.ignore_patterns("_core*", "__pycache__")
    return Path(shutil.copytree(PACKAGE, tmp_path / "pixie", ignore=ignored))


def test_missing(tmp_path):
    copied(tmp_path)
    said = imported(tmp_path)
    assert "ImportError: pixie cannot load its extension `pixie._core` with CPython 3." in said
    assert "No module named 'pixie._core'" in said
    assert "hint: expected CPython 3.11 or later" in said
    assert "AArch64" in said and "Windows x86-64" in said and "macOS 11" in said


def test_of_another_platform(tmp_path):
    package = copied(tmp_path)
    (package / "_core.abi3.so").write_bytes(b"\xcf\xfa\xed\xfe" + bytes(64))
    said = imported(tmp_path)
    assert "_core.abi3.so: " in said and "hint: expected CPython 3.11 or later" in said


def test_free_threaded(tmp_path):
    copied(tmp_path)
    before = "import sys, sysconfig; sys.abiflags = 't'; sysconfig.get_config_var = {'Py_GIL_DISABLED': 1}.get"
    said = imported(tmp_path, before)
    assert f"with CPython {sys.version.split()[0]}, free-threaded on " in said
    assert ": it needs the GIL\nhint: expected CPython 3.11 or later, not free-threaded" in said
