"""What a process that imports a module touches: no LLVM, no other file, no temporary file; and how large the runtime is."""

import sys
import sysconfig
from pathlib import Path

from conftest import python, run

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import pixie
open("/proc/self/comm").close()
import kernels
data = bytes(range(256))
assert kernels.popcount(memoryview(data).cast("Q")) == 1024
open("/proc/self/comm").close()
"""


def test_no_llvm_is_mapped(kernels):
    maps = python(PROGRAM + "print(open('/proc/self/maps').read())", kernels.parent).stdout
    assert "_core" in maps and "LLVM" not in maps and "clang" not in maps


def test_only_the_module_is_touched(kernels, tmp_path):
    """Between the two marks, an import and a call open the module's file and nothing is created anywhere."""
    log = tmp_path / "strace"
    run("strace", "-f", "-o", log, "-e", "trace=%file,openat,creat,mkdir,unlink,rename,memfd_create", sys.executable, "-B", "-c", PROGRAM, kernels.parent)
    lines = log.read_text().splitlines()
    marks = [index for index, line in enumerate(lines) if "/proc/self/comm" in line]
    between = lines[marks[0] + 1 : marks[1]]
    opened = [line for line in between if "open" in line and "ENOENT" not in line]
    assert any("kernels.pixie" in line for line in opened)
    strangers = [line for line in opened if str(kernels.parent) not in line and "O_DIRECTORY" not in line]
    assert not strangers, strangers
    assert not [line for line in between if "O_CREAT" in line or "mkdir" in line or "rename" in line or "memfd_create" in line]


def test_the_installed_runtime_is_small():
    package = Path(sysconfig.get_path("purelib")) / "pixie"
    sizes = {path.name: path.stat().st_size for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert 100_000 < sum(sizes.values()) < 3_000_000, sizes
